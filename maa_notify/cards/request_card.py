"""The body of a card about one request: strip, reasons, quotes, facts, story, next step, key."""

from datetime import datetime

from maa_notify.cards import strings
from maa_notify.cards.context import CardContext
from maa_notify.cards.elements import Element, container, rich, run, trusted_text
from maa_notify.cards.facts import expires, facts
from maa_notify.cards.links import ticket_row
from maa_notify.cards.subject import subject_of, subject_runs
from maa_notify.cards.text import safe_and_rest
from maa_notify.cards.timeline import timeline
from maa_notify.cards.times import TimeFormat, distance
from maa_notify.domain.event import EventKind
from maa_notify.domain.request import APPROVED, EXPIRED, NEEDS_APPROVAL, REJECTED, STATUSES
from maa_notify.domain.risk import Reason, Risk

_SHORT_NAME = 60
_REMINDERS = frozenset({EventKind.REMINDER, EventKind.COMPLETE_REMINDER})
_CALLED_OUT = frozenset({Reason.GUARD, Reason.APPLICATION})
_STYLE_OF_DECIDED = {APPROVED: "good", REJECTED: "accent", EXPIRED: "accent"}
"""Approved: somebody has to press Complete. Rejected, expired: somebody may have to ask again."""


def full_body(card: CardContext) -> list[Element]:
    """Everything a reader can use, in the order in which it is needed."""
    return [
        _strip(card),
        *_reasons(card),
        _quote(strings.REASON, card.request.justification, card.limits.quote),
        *_notes(card),
        *facts(card),
        *ticket_row(card),
        *timeline(card),
        *_reminder(card),
        *([trusted_text(strings.TOLD_ANEW, spacing="Medium")] if card.event.memory_lost else []),
        trusted_text(strings.next_step(card.event, in_chat=card.in_chat), weight="Bolder", spacing="Medium"),
        footer(card.event.short_key, card.times, card.now),
    ]


def reply_body(card: CardContext) -> list[Element]:
    """What rings in the thread of a card that was changed: the news in three lines."""
    return [
        rich(run(strings.headline(card.event, card.assessment.risk), weight="Bolder")),
        rich(*subject_runs(subject_of(card.request, _SHORT_NAME))),
        *_reminder(card),
        trusted_text(strings.next_step(card.event, in_chat=card.in_chat), spacing="Small"),
        footer(card.event.short_key, card.times, card.now),
    ]


def plain_body(card: CardContext) -> list[Element]:
    """The least that still rings."""
    deadline = expires(card.request, card.now, card.times)
    return [
        rich(run(strings.status_line(card.event), weight="Bolder")),
        rich(*subject_runs(subject_of(card.request, _SHORT_NAME))),
        *([trusted_text(strings.labelled(strings.LABEL_EXPIRES, deadline))] if deadline else []),
        footer(card.event.short_key, card.times, card.now),
    ]


def footer(key: str, times: TimeFormat, now: datetime) -> Element:
    """The last line of each card: its key, when it was sent, and by whom."""
    return trusted_text(strings.footer(key, times.format(now)), size="Small", isSubtle=True, separator=True)


def _strip(card: CardContext) -> Element:
    state = run(strings.headline(card.event, card.assessment.risk), size="Small", weight="Bolder")
    subject = subject_runs(subject_of(card.request), size="Large", weight="Bolder")
    return container(_style(card), rich(state), rich(*subject), *_time_left(card), bleed=True)


def _time_left(card: CardContext) -> list[Element]:
    """How long the reader has, where somebody has to act; our own words only."""
    request, now = card.request, card.now
    is_gone = card.event.kind is EventKind.NO_LONGER_LISTED
    is_asked = request.status in {NEEDS_APPROVAL, APPROVED} and not is_gone
    if not is_asked or request.expires_at is None or request.expires_at <= now:
        return []
    left = distance(request.expires_at, now)
    return [trusted_text(strings.time_left(card.event, left), spacing="Small")]


def _style(card: CardContext) -> str:
    """The colour of the strip: what is asked of whom, not how nice the news is."""
    status, kind = card.request.status, card.event.kind
    if kind in {EventKind.NO_LONGER_LISTED, EventKind.COMPLETE_REMINDER} or status not in STATUSES:
        return "warning"
    if status == NEEDS_APPROVAL:
        return "attention" if card.assessment.risk is Risk.HIGH else "warning"
    return _STYLE_OF_DECIDED.get(status, "emphasis")


def _reasons(card: CardContext) -> list[Element]:
    """Why the risk is high: all of it to whoever decides, what is odd about it until it is closed."""
    request = card.request
    if request.is_closed:
        return []
    loud = [reason for reason in card.assessment.reasons if reason in _CALLED_OUT]
    quiet = [reason for reason in card.assessment.reasons if reason not in _CALLED_OUT]
    warnings = [trusted_text(strings.RISK_REASON[each], weight="Bolder") for each in loud]
    return [
        *([container("attention", *warnings)] if warnings else []),
        *(trusted_text(strings.RISK_REASON[each]) for each in quiet if request.status == NEEDS_APPROVAL),
    ]


def _quote(label: str, text: str, limit: int) -> Element:
    """Somebody else's words, boxed and labelled, so that no line of them can look like ours."""
    quoted, left_out = safe_and_rest(text, limit)
    shown = run(quoted) if quoted else run(strings.NOTHING_SAID, isSubtle=True)
    more = [run(strings.more_characters(left_out), isSubtle=True)] if left_out else []
    title = trusted_text(label, size="Small", isSubtle=True)
    return container("emphasis", title, rich(shown, *more, spacing="Small"))


def _notes(card: CardContext) -> list[Element]:
    notes = card.request.approval_notes
    has_notes = notes and card.request.status != NEEDS_APPROVAL
    return [_quote(strings.NOTES, notes, card.limits.quote)] if has_notes else []


def _reminder(card: CardContext) -> list[Element]:
    event = card.event
    if event.kind not in _REMINDERS:
        return []
    next_at = card.times.format(event.next_reminder) if event.next_reminder else ""
    return [trusted_text(strings.reminder_line(event, next_at), spacing="Medium")]
