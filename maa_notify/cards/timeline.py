"""The story of a request so far: when it was filed, by whom, and what became of it."""

from collections.abc import Iterator

from maa_notify.cards import strings
from maa_notify.cards.elements import Element, fact, trusted_text
from maa_notify.cards.people import display_name
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.event import Event, EventKind, Step
from maa_notify.domain.request import APPROVED, COMPLETED, NEEDS_APPROVAL, REJECTED, Identity

_NAMELESS = frozenset({APPROVED, REJECTED})
"""Statuses that somebody decides: where nobody is told, that is said."""


def timeline(event: Event, times: TimeFormat, steps_shown: int, name_limit: int) -> list[Element]:
    """A row for each step; empty for a request that nothing has happened to yet."""
    steps = _steps(event)
    if not steps and event.kind is not EventKind.NO_LONGER_LISTED:
        return []
    rows = [*_filed(event, times, name_limit), *_later(event, steps, times, steps_shown, name_limit)]
    heading = trusted_text(strings.SO_FAR, size="Small", isSubtle=True, spacing="Medium")
    return [heading, *(fact(label, value) for label, value in rows)]


def tells(event: Event) -> bool:
    """Whether the story is told, so that no other row need say who asked and when."""
    return bool(_steps(event)) or event.kind is EventKind.NO_LONGER_LISTED


def _steps(event: Event) -> tuple[Step, ...]:
    """What was seen; at least the status of which the news is."""
    request = event.request
    if event.steps or request.status == NEEDS_APPROVAL:
        return event.steps
    return (Step(request.status, request.modified_at or event.at, request.approver),)


def _filed(event: Event, times: TimeFormat, name_limit: int) -> Iterator[tuple[str, str]]:
    request = event.request
    told = [times.format(request.requested_at), display_name(request.requestor, name_limit)]
    yield strings.LABEL_REQUESTED, " · ".join(told)


def _later(
    event: Event, steps: tuple[Step, ...], times: TimeFormat, steps_shown: int, name_limit: int
) -> Iterator[tuple[str, str]]:
    hidden = len(steps) - steps_shown
    if hidden > 0:
        yield strings.LABEL_EARLIER, strings.earlier_steps(hidden)
    if _approval_was_missed(event, steps):
        yield (
            strings.status(APPROVED),
            " · ".join([strings.TIME_NOT_SEEN, _by(event.request.approver, name_limit)]),
        )
    for step in steps[-steps_shown:]:
        yield strings.status(step.status), _told(step, steps, times, name_limit)
    if event.kind is EventKind.NO_LONGER_LISTED:
        yield strings.LABEL_GONE, times.format(event.at)


def _approval_was_missed(event: Event, steps: tuple[Step, ...]) -> bool:
    """Completed between two polls: somebody must have approved it."""
    return event.request.status == COMPLETED and not any(step.status == APPROVED for step in steps)


def _told(step: Step, steps: tuple[Step, ...], times: TimeFormat, name_limit: int) -> str:
    place = steps.index(step)
    was_approved = place > 0 and steps[place - 1].status == APPROVED
    extra = strings.TAKEN_BACK if step.status == NEEDS_APPROVAL and was_approved else ""
    by = _by(step.by, name_limit) if step.status in _NAMELESS else ""
    return " · ".join(filter(None, [times.format(step.at), by, extra]))


def _by(approver: Identity, name_limit: int) -> str:
    return strings.APPROVER_NOT_TOLD if approver.kind == "unknown" else display_name(approver, name_limit)
