"""The timeline of a request: when it was filed, and each status since with who decided."""

from collections.abc import Iterator

from maa_notify.cards import strings
from maa_notify.cards.context import CardContext
from maa_notify.cards.elements import Element, fact, trusted_text
from maa_notify.cards.people import display_name
from maa_notify.cards.rows import timed
from maa_notify.cards.times import readers_time
from maa_notify.domain.event import EventKind, RequestEvent, Step
from maa_notify.domain.request import APPROVED, COMPLETED, EXPIRED, NEEDS_APPROVAL, REJECTED, Identity

_NAMELESS = frozenset({APPROVED, REJECTED})
"""Statuses that somebody decides: where nobody is told, that is said."""


def timeline(card: CardContext) -> list[Element]:
    """A row for each step; empty for a request to which nothing has happened yet."""
    if not tells(card.event):
        return []
    heading = trusted_text(strings.SO_FAR, size="Small", isSubtle=True, spacing="Medium")
    return [heading, timed(strings.LABEL_REQUESTED, readers_time(card.request.requested_at)), *_later(card)]


def tells(event: RequestEvent) -> bool:
    """Whether the card has a timeline, so that no other row need say when it was asked for."""
    return bool(_steps(event)) or event.kind is EventKind.NO_LONGER_LISTED


def _steps(event: RequestEvent) -> tuple[Step, ...]:
    """The steps that polls saw; at least the status that the event is about."""
    request = event.request
    if event.steps or request.status == NEEDS_APPROVAL:
        return event.steps
    return (Step(request.status, request.modified_at or event.at, request.approver),)


def _later(card: CardContext) -> Iterator[Element]:
    event, steps, name_limit = card.event, _steps(card.event), card.limits.name
    hidden = len(steps) - card.limits.steps
    if hidden > 0:
        yield fact(strings.LABEL_EARLIER, strings.earlier_steps(hidden))
    if _approval_was_missed(event, steps):
        by = _by(event.request.approver, name_limit)
        yield timed(strings.step(APPROVED), strings.TIME_NOT_SEEN, by)
    for step in steps[-card.limits.steps :]:
        if step.status == EXPIRED and event.request.expires_at and event.request.expires_at <= card.now:
            continue  # the strip says since when
        yield _told(card, step, steps)
    if event.kind is EventKind.NO_LONGER_LISTED:
        yield timed(strings.LABEL_GONE, readers_time(event.at))


def _approval_was_missed(event: RequestEvent, steps: tuple[Step, ...]) -> bool:
    """Whether the approval happened unseen between two polls: a completed request must have been approved."""
    return event.request.status == COMPLETED and not any(step.status == APPROVED for step in steps)


def _told(card: CardContext, step: Step, steps: tuple[Step, ...]) -> Element:
    index = steps.index(step)
    was_approved = index > 0 and steps[index - 1].status == APPROVED
    extra = strings.TAKEN_BACK if step.status == NEEDS_APPROVAL and was_approved else ""
    by = _by(step.by, card.limits.name) if step.status in _NAMELESS else ""
    return timed(strings.step(step.status), readers_time(step.at), by, extra)


def _by(approver: Identity, name_limit: int) -> str:
    if approver.kind == "unknown":
        return strings.APPROVER_NOT_TOLD
    return strings.by(display_name(approver, name_limit))
