"""The report in words, for a terminal."""

from collections.abc import Iterator, Mapping, Sequence

from maa_notify.insight import wording
from maa_notify.insight.figures import Figures, Person
from maa_notify.insight.hours import LABEL

_ROWS = 10
_BAR = 24


def lines_of(found: Figures, title: str) -> list[str]:
    """The lines of the report."""
    return [
        f"Multi Admin Approval, {title}: {found.requests} requests",
        "",
        *_counts("Outcomes", {wording.outcome(word): count for word, count in found.outcomes.items()}),
        *_counts(
            "Policy types",
            {wording.policy_type(kind): sum(each.values()) for kind, each in found.types.items()},
        ),
        *_waiting(found),
        *_people("Who decides", found.approvers, "Approver"),
        *_people("Who asks", found.requestors, "Requestor"),
        "Worth a look",
        *(f"  - {each}" for each in wording.remarks(found) or ["Nothing stands out."]),
    ]


def _waiting(found: Figures) -> Iterator[str]:
    inside, outside = (
        wording.length(each) for each in (found.waiting_in_hours_s, found.waiting_out_of_hours_s)
    )
    yield "Time to decision"
    yield f"  {wording.decision_times(found)}"
    yield f"  waiting in working hours ({LABEL}) {inside}, outside {outside}"
    yield f"  from approval to completion: median {wording.length(found.completion.median_s)}"
    yield ""


def _counts(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield title
    most, wide = max(counts.values(), default=1), max(map(len, counts), default=0)
    for name, count in counts.items():
        yield f"  {name:{wide}}  {count:6}  {'#' * max(1, round(_BAR * count / most))}"
    yield ""


def _people(title: str, people: Sequence[Person], role: str) -> Iterator[str]:
    yield title
    if not people:
        yield "  nobody"
    for rank, each in enumerate(people[:_ROWS], 1):
        told = f"{each.count}, median time to decision {wording.length(each.decision.median_s)}"
        yield f"  {wording.person(each, role, rank)}: {told}"
    if len(people) > _ROWS:
        yield f"  and {len(people) - _ROWS} more"
    yield ""
