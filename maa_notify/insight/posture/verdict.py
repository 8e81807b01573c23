"""What a check is, what it remarks, and the verdict that follows. Pure."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from enum import StrEnum

from msgspec import Struct

from maa_notify.insight.posture.facts import Facts, Gap
from maa_notify.insight.posture.rules import Acceptance, Limits


class Severity(StrEnum):
    """How much harm a fault can do, the gravest first."""

    HIGH = "high"
    MEDIUM = "medium"
    NOTE = "note"


GRAVEST_FIRST = tuple(Severity)


class Verdict(StrEnum):
    """What a check came to. Only `PASS` says that something is sound."""

    PASS = "pass"  # noqa: S105 - no password
    FINDING = "finding"
    ACCEPTED = "accepted"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class Problem(Struct, frozen=True):
    """A fault.

    Attributes:
        severity: how much harm it can do.
        thing: what it is about, the same from day to day: an id, with a word where one thing has several.
        text: what is wrong, as a sentence without its full stop; names in it are anybody's.
    """

    severity: Severity
    thing: str
    text: str


class Seen(Struct, frozen=True):
    """What was looked at and is no fault."""

    text: str


Remark = Problem | Gap | Seen
Remarks = Iterator[Remark]


class Check(Struct, frozen=True):
    """One check.

    Attributes:
        id: `P1` to `P15`.
        title: what should be so.
        why: what can happen where it is not.
        mend: the steps in the portals.
        source: where the rule comes from.
        permissions: of Microsoft Graph, application, all of them to check all.
        licence: that the tenant needs, for the check or for what it asks for; "" for none beside Intune.
        look: what there is to remark.
    """

    id: str
    title: str
    why: str
    mend: tuple[str, ...]
    source: str
    permissions: tuple[str, ...]
    licence: str
    look: Callable[[Facts, Limits], Remarks]


class Judgement(Struct, frozen=True):
    """A check and what it came to.

    Attributes:
        check: which one.
        verdict: what it came to.
        severity: of the gravest fault; None where there is none.
        problems: the faults, the gravest first.
        gaps: what could not be told.
        seen: what was looked at and is no fault.
        acceptance: by which the faults are borne; None where they are not.
    """

    check: Check
    verdict: Verdict
    severity: Severity | None
    problems: tuple[Problem, ...]
    gaps: tuple[Gap, ...]
    seen: tuple[Seen, ...]
    acceptance: Acceptance | None = None

    @property
    def evidence(self) -> tuple[str, ...]:
        """Everything remarked, a line each: faults, then gaps, then the rest."""
        accepted = (
            [f"accepted until {self.acceptance.until:%Y-%m-%d}: {self.acceptance.reason}"]
            if self.acceptance
            else []
        )
        return (
            *accepted,
            *(f"{each.severity}: {each.text}" for each in self.problems),
            *(f"not checked: {each.why}" for each in dict.fromkeys(self.gaps)),
            *(each.text for each in self.seen),
        )


def judge(check: Check, remarks: Iterable[Remark], acceptance: Acceptance | None, today: date) -> Judgement:
    """The verdict on what a check remarked.

    A fault that is certain stays one whatever else could not be read; where there is none, one gap is enough
    to take away the pass. An acceptance that has ended bears nothing, and is told beside the faults.
    """
    told = list(remarks)
    problems = sorted(
        (each for each in told if isinstance(each, Problem)),
        key=lambda each: GRAVEST_FIRST.index(each.severity),
    )
    gaps = tuple(each for each in told if isinstance(each, Gap))
    seen = [each for each in told if isinstance(each, Seen)]
    if problems and acceptance is not None and acceptance.until < today:
        seen.append(Seen(f"was accepted until {acceptance.until:%Y-%m-%d}: {acceptance.reason}"))
        acceptance = None
    if problems:
        verdict = Verdict.ACCEPTED if acceptance else Verdict.FINDING
    elif gaps:
        verdict = Verdict.SKIPPED if all(each.is_skipped for each in gaps) else Verdict.UNKNOWN
    else:
        verdict = Verdict.PASS
    return Judgement(
        check,
        verdict,
        problems[0].severity if problems else None,
        tuple(problems),
        gaps,
        tuple(seen),
        acceptance if verdict is Verdict.ACCEPTED else None,
    )
