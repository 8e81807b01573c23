"""The cards themselves: one look for every event.

A strip coloured by what is asked of the reader, the subject, the reason as a quote, facts, the next step, a
button to Intune, a short key. Version 1.4 with elements up to 1.2, which every Teams client shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from maa_notify.cards import times, words
from maa_notify.cards.digest import digest_body
from maa_notify.cards.elements import Element, card, container, our_words, rich, run, sizes
from maa_notify.cards.facts import expires, facts
from maa_notify.cards.mentions import Mentions, rung_by, with_mentions
from maa_notify.cards.subject import subject_of, subject_runs
from maa_notify.cards.text import safe
from maa_notify.core.event import Event, EventKind
from maa_notify.core.request import APPROVED, EXPIRED, NEEDS_APPROVAL, REJECTED, STATUSES, ApprovalRequest
from maa_notify.core.risk import Risk, assess

MAX_BYTES = 20_000
"""Of a whole message on the wire."""

_ENVELOPE_BYTES = 700
"""With a summary and a recipient."""
_MAX_BYTES_KEPT = 24_000
"""Of the card as a text within JSON, which is how Workflows counts it: it refuses some 28 kB."""

_QUOTE_LIMIT = 1_000
_PLAIN_NAME_LIMIT = 60

_STYLE_OF_DECIDED = {APPROVED: "good", REJECTED: "accent", EXPIRED: "accent"}
"""Approved: somebody has to press Complete. Rejected, expired: somebody may have to ask again."""


@dataclass(frozen=True, slots=True)
class TeamsCards:
    """Makes cards that lead to one place: Intune's own page of Multi Admin Approval.

    Attributes:
        approvals_url: where the button leads; from the settings' cloud, never from a request.
        mentions: whom to ring by name, by destination.
    """

    approvals_url: str
    mentions: Mapping[str, Mentions] = field(default_factory=dict)

    def card(self, event: Event, destination: str, now: datetime) -> Element:
        """The full card of one event."""
        if event.kind is EventKind.HEARTBEAT:
            return self._heartbeat(event, now)
        request = event.request
        body = [
            _strip(event),
            *_warnings(request),
            _quote(words.REASON, request.justification),
            *_notes(event),
            *facts(event, now),
            *_reminder(event),
            our_words(words.next_step(event), weight="Bolder", spacing="Medium"),
            _footer(event, now),
        ]
        return self._ringing(self._card(body, words.fallback(event)), [event], destination)

    def sample(self, event: Event, destination: str, now: datetime) -> Element:
        """A full card that says it is only a test, so that nobody goes looking for the request."""
        card = self.card(event, destination, now)
        notice = container("accent", our_words(words.SAMPLE, weight="Bolder"), bleed=True)
        return {**card, "body": [notice, *card["body"]], "fallbackText": words.SAMPLE}

    def plain(self, event: Event, now: datetime) -> Element:
        """The least that still rings: for a destination that refused the full card."""
        if event.kind is EventKind.HEARTBEAT:
            return self._heartbeat(event, now)
        deadline = expires(event.request, now)
        body = [
            rich(run(words.strip(event), weight="Bolder")),
            rich(*subject_runs(subject_of(event.request, _PLAIN_NAME_LIMIT))),
            *([our_words(f"{words.LABEL_EXPIRES}: {deadline}")] if deadline else []),
            _footer(event, now),
        ]
        return self._card(body, words.fallback(event))

    def digest(self, events: Sequence[Event], destination: str, now: datetime) -> tuple[Element, int]:
        """One card for many events, and how many of them it holds, counted from the first."""
        count = len(events)
        while True:
            body = digest_body(events[:count], now)
            card = self._ringing(self._card(body, words.digest_fallback(count)), events[:count], destination)
            if count == 1 or fits(card):
                return card, count
            count -= max(1, count // 8)

    def _heartbeat(self, event: Event, now: datetime) -> Element:
        title = our_words(words.strip(event), weight="Bolder")
        strip = container("emphasis", title, our_words(words.HEARTBEAT), bleed=True)
        return self._card([strip, _footer(event, now)], words.HEARTBEAT)

    def _ringing(self, card: Element, events: Sequence[Event], destination: str) -> Element:
        """With the mentions that belong to it; a card that they would make too large comes without."""
        ringing = with_mentions(card, rung_by(events, self.mentions.get(destination, {})))
        return ringing if fits(ringing) else card

    def _card(self, body: list[Element], fallback: str) -> Element:
        return card(body, fallback, button=words.OPEN_IN_INTUNE, url=self.approvals_url)


def fits(card: Element) -> bool:
    """Whether a card can be posted."""
    posted, kept = sizes(card)
    return posted + _ENVELOPE_BYTES <= MAX_BYTES and kept <= _MAX_BYTES_KEPT


def _strip(event: Event) -> Element:
    state = run(words.headline(event), size="Small", weight="Bolder")
    subject = subject_runs(subject_of(event.request), size="Large", weight="Bolder")
    return container(_style(event), rich(state), rich(*subject), bleed=True)


def _style(event: Event) -> str:
    """The colour of the strip: what is asked of whom, not how nice the news is."""
    status = event.request.status
    if event.kind is EventKind.NO_LONGER_LISTED or status not in STATUSES:
        return "warning"
    if status == NEEDS_APPROVAL:
        return "attention" if assess(event.request).risk is Risk.HIGH else "warning"
    return _STYLE_OF_DECIDED.get(status, "emphasis")


def _warnings(request: ApprovalRequest) -> list[Element]:
    assessment = assess(request)
    texts = [words.BY_APPLICATION] if assessment.by_application else []
    texts += [words.GUARDS_ITSELF] if assessment.guards_itself else []
    return [our_words(text, color="Attention", weight="Bolder") for text in texts]


def _quote(label: str, text: str) -> Element:
    """Somebody else's words, boxed and labelled, so that no line of them can look like ours."""
    quoted = safe(text, _QUOTE_LIMIT)
    shown = run(quoted, italic=True) if quoted else run(words.NOTHING_SAID, isSubtle=True)
    return container("emphasis", our_words(label, size="Small", isSubtle=True), rich(shown, spacing="Small"))


def _notes(event: Event) -> list[Element]:
    request = event.request
    has_notes = request.approval_notes and request.status != NEEDS_APPROVAL
    return [_quote(words.NOTES, request.approval_notes)] if has_notes else []


def _reminder(event: Event) -> list[Element]:
    if event.kind is not EventKind.REMINDER:
        return []
    next_at = times.moment(event.next_reminder) if event.next_reminder else ""
    return [our_words(words.reminder_line(event.stage, next_at), spacing="Medium")]


def _footer(event: Event, now: datetime) -> Element:
    text = words.footer(event.short_key, times.moment(now))
    return our_words(text, size="Small", isSubtle=True, separator=True)
