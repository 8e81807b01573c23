"""The body of a card about one request: strip, reasons, quotes, facts, story, next step, key."""

from maa_notify.cards import strings
from maa_notify.cards.context import CardContext
from maa_notify.cards.deciders import decider_rows, looking_rows, obstacle_lines, sign_lines
from maa_notify.cards.elements import Element, container, rich, run, trusted_text
from maa_notify.cards.facts import expires, facts
from maa_notify.cards.links import ticket_row
from maa_notify.cards.people import display_name
from maa_notify.cards.quote import quote
from maa_notify.cards.subject import subject_of, subject_runs
from maa_notify.cards.timeline import timeline
from maa_notify.cards.times import distance, readers_time
from maa_notify.domain.decision import odd_approvers
from maa_notify.domain.event import EventKind
from maa_notify.domain.request import APPROVED, CLOSED, EXPIRED, NEEDS_APPROVAL, REJECTED, STATUSES
from maa_notify.domain.risk import Reason, Risk

_SHORT_NAME = 60
_REMINDERS = frozenset({EventKind.REMINDER, EventKind.COMPLETE_REMINDER})
_CALLED_OUT = frozenset({Reason.GUARD, Reason.APPLICATION})
_STYLE_OF_DECIDED = {APPROVED: "good", REJECTED: "accent"}
"""Approved: somebody has to press Complete. Rejected: somebody said why, and it may have to be asked anew."""


def full_body(card: CardContext) -> list[Element]:
    """Everything a reader can use, in the order in which it is needed."""
    return [
        _strip(card),
        *_odd_approvers(card),
        *sign_lines(card),
        *_reasons(card),
        quote(strings.REASON, card.request.justification, card.limits.quote),
        *_notes(card),
        *facts(card),
        *decider_rows(card),
        *looking_rows(card),
        *ticket_row(card),
        *timeline(card),
        *_reminder(card),
        *([trusted_text(strings.TOLD_ANEW, spacing="Medium")] if card.event.memory_lost else []),
        trusted_text(_next_step(card), spacing="Medium"),
        footer(card.event.short_key),
    ]


def reply_body(card: CardContext) -> list[Element]:
    """The reply in the thread of a card that was changed: the news in three lines."""
    return [
        rich(run(strings.headline(card.event, card.assessment.risk), weight="Bolder")),
        rich(*subject_runs(subject_of(card.request, _SHORT_NAME))),
        *_odd_approvers(card),
        *sign_lines(card),
        *obstacle_lines(card),
        *looking_rows(card),
        *_reminder(card),
        trusted_text(_next_step(card), spacing="Small"),
        footer(card.event.short_key),
    ]


def plain_body(card: CardContext) -> list[Element]:
    """The shortest card that still notifies people."""
    deadline = expires(card.request, card.now, card.times)
    return [
        rich(run(strings.status_line(card.event), weight="Bolder")),
        rich(*subject_runs(subject_of(card.request, _SHORT_NAME))),
        rich(run(strings.requested_by(display_name(card.request.requestor, _SHORT_NAME)))),
        *([trusted_text(strings.labelled(strings.LABEL_EXPIRES, deadline))] if deadline else []),
        footer(card.event.short_key),
    ]


def footer(key: str) -> Element:
    """The last line of each card: its key, and who sends it."""
    return trusted_text(strings.footer(key), size="Small", isSubtle=True, separator=True)


def _next_step(card: CardContext) -> str:
    """What the reader has to do; nobody is asked for a decision, or for Complete, behind the deadline."""
    event, is_waiting = card.event, card.request.status == NEEDS_APPROVAL
    has_own = event.kind is EventKind.NO_LONGER_LISTED or (odd_approvers(event) and not is_waiting)
    return (
        strings.NEXT_STEP_PAST
        if card.is_past and not has_own
        else strings.next_step(event, in_chat=card.in_chat)
    )


def _strip(card: CardContext) -> Element:
    state = run(strings.headline(card.event, card.assessment.risk), size="Small", weight="Bolder")
    subject = subject_runs(subject_of(card.request), size="Large", weight="Bolder")
    requestor = display_name(card.request.requestor, card.limits.name)
    who = rich(run(strings.requested_by(requestor)), spacing="Small")
    lines = [rich(state), rich(*subject), who, *_time_left(card), *obstacle_lines(card)]
    return container(_style(card), *lines, bleed=True)


def _time_left(card: CardContext) -> list[Element]:
    """Until when there is time and for what, or since when there is none; our own words only."""
    request, now = card.request, card.now
    if request.status in CLOSED - {EXPIRED}:
        return []
    if request.expires_at is None:
        return [trusted_text(strings.EXPIRY_NOT_TOLD, spacing="Small")]
    is_past = request.expires_at <= now
    if request.status == EXPIRED and not is_past:
        return []
    moment, left = readers_time(request.expires_at), distance(request.expires_at, now)
    return [trusted_text(strings.time_left(card.event, moment, left, is_past=is_past), spacing="Small")]


def _style(card: CardContext) -> str:
    """The colour of the strip: what is asked of whom, not how nice the news is."""
    status, kind = card.request.status, card.event.kind
    if odd_approvers(card.event):
        return "attention"
    if kind in {EventKind.NO_LONGER_LISTED, EventKind.COMPLETE_REMINDER} or status not in STATUSES:
        return "warning"
    if status == NEEDS_APPROVAL:
        obstacle = strings.obstacle_of(card.event)
        is_blocked = obstacle is not None and obstacle.is_certain
        return "attention" if is_blocked or card.assessment.risk is Risk.HIGH else "warning"
    if card.event.signs or card.is_past:
        return "warning"
    return _STYLE_OF_DECIDED.get(status, "emphasis")


def _odd_approvers(card: CardContext) -> list[Element]:
    """What to check where no person, or the requestor's own identity, decided."""
    texts = [strings.ODD_APPROVER[each] for each in odd_approvers(card.event)]
    return [container("attention", *(trusted_text(each, weight="Bolder") for each in texts))] if texts else []


def _reasons(card: CardContext) -> list[Element]:
    """Why the risk is high: all of it to whoever decides, what is odd about it until it is closed."""
    request = card.request
    if request.is_closed:
        return []
    loud = [reason for reason in card.assessment.reasons if reason in _CALLED_OUT]
    quiet = [reason for reason in card.assessment.reasons if reason not in _CALLED_OUT]
    told = {each: strings.risk_reason(each, request.target.device_count) for each in (*loud, *quiet)}
    warnings = [trusted_text(told[each], weight="Bolder") for each in loud]
    return [
        *([container("attention", *warnings)] if warnings else []),
        *(trusted_text(told[each]) for each in quiet if request.status == NEEDS_APPROVAL),
    ]


def _notes(card: CardContext) -> list[Element]:
    notes = card.request.approval_notes
    has_notes = notes and card.request.status != NEEDS_APPROVAL
    return [quote(strings.NOTES, notes, card.limits.quote)] if has_notes else []


def _reminder(card: CardContext) -> list[Element]:
    event = card.event
    if event.kind not in _REMINDERS:
        return []
    next_at = readers_time(event.next_reminder) if event.next_reminder else ""
    return [trusted_text(strings.reminder_line(event, next_at), spacing="Medium")]
