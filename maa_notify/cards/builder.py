"""The cards themselves: one look for every event.

A strip coloured by what is asked of the reader, the subject, the reason as a quote, facts, the next step, a
button to Intune, a short key. Version 1.4 with elements up to 1.2, which every Teams client shows.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from maa_notify.cards import strings
from maa_notify.cards.digest import digest_body
from maa_notify.cards.elements import Element, card, container, rich, run, sizes, trusted_text
from maa_notify.cards.facts import expires, facts
from maa_notify.cards.mentions import Mentions, mentioned_people, with_mentions
from maa_notify.cards.subject import subject_of, subject_runs
from maa_notify.cards.text import safe, safe_and_rest
from maa_notify.cards.timeline import timeline
from maa_notify.cards.times import TimeFormat, distance
from maa_notify.domain.event import Event, EventKind
from maa_notify.domain.request import APPROVED, EXPIRED, NEEDS_APPROVAL, REJECTED, STATUSES
from maa_notify.domain.risk import Reason, Risk, assess

MAX_BYTES = 20_000
"""Of a whole message on the wire."""

_ENVELOPE_BYTES = 700
"""With a summary and a recipient."""
_MAX_BYTES_KEPT = 24_000
"""Of the card as a text within JSON, which is how Workflows counts it: it refuses some 28 kB."""

_PLAIN_NAME_LIMIT = 60
_TENANT_LIMIT = 60

_REMINDERS = frozenset({EventKind.REMINDER, EventKind.COMPLETE_REMINDER})

_CALLED_OUT = frozenset({Reason.GUARD, Reason.APPLICATION})

_STYLE_OF_DECIDED = {APPROVED: "good", REJECTED: "accent", EXPIRED: "accent"}
"""Approved: somebody has to press Complete. Rejected, expired: somebody may have to ask again."""


class TextLimits(Struct, frozen=True):
    """How much of other people's text a card holds, in characters, and how many steps of the story."""

    quote: int
    name: int
    steps: int


_TEXT_LIMITS = (TextLimits(quote=1_024, name=120, steps=6), TextLimits(quote=700, name=60, steps=3))
"""The whole text that Intune takes; where the bytes of hostile text do not allow it, less."""


class TeamsCards(Struct, frozen=True):
    """Makes cards that lead to one place: Intune's own page of Multi Admin Approval.

    Attributes:
        approvals_url: where the button leads; from the settings' cloud, never from a request.
        mentions: whom to ring by name, by destination.
        times: how times are told.
        chats: the destinations that are no channel but the chat with the requestor.
        tenant: a name to put above each card, where cards of many tenants meet; "" for none.
    """

    approvals_url: str
    mentions: Mapping[str, Mentions] = field(default_factory=dict)
    times: TimeFormat = field(default_factory=TimeFormat)
    chats: Collection[str] = ()
    tenant: str = ""

    def card(self, event: Event, destination: str, now: datetime, *, again: bool = False) -> Element:
        """The full card of one event; `again` says that it may be there already."""
        if event.kind is EventKind.HEARTBEAT:
            return self._heartbeat(event, now)
        doubt = [trusted_text(strings.AGAIN, size="Small", isSubtle=True)] if again else []
        bodies = (self._body(event, destination, now, limits) for limits in _TEXT_LIMITS)
        made = (self._card([*body, *doubt], strings.fallback(event)) for body in bodies)
        card = next(filter(fits, made), None) or self.plain(event, now)
        return self._ringing(card, [event], destination)

    def reply(self, event: Event, destination: str, now: datetime) -> Element:
        """What rings in the thread of a card that was changed: the news in three lines."""
        in_chat = destination in self.chats
        body = [
            rich(run(strings.headline(event), weight="Bolder")),
            rich(*subject_runs(subject_of(event.request, _PLAIN_NAME_LIMIT))),
            *self._reminder(event),
            trusted_text(strings.next_step(event, in_chat=in_chat), spacing="Small"),
            self._footer(event, now),
        ]
        return self._ringing(self._card(body, strings.fallback(event)), [event], destination)

    def sample(self, event: Event, destination: str, now: datetime) -> Element:
        """A full card that says it is only a test, so that nobody goes looking for the request."""
        card = self.card(event, destination, now)
        notice = container("accent", trusted_text(strings.SAMPLE, weight="Bolder"), bleed=True)
        return {**card, "body": [notice, *card["body"]], "fallbackText": strings.SAMPLE}

    def plain(self, event: Event, now: datetime) -> Element:
        """The least that still rings: for a destination that refused the full card."""
        if event.kind is EventKind.HEARTBEAT:
            return self._heartbeat(event, now)
        deadline = expires(event.request, now, self.times)
        body = [
            rich(run(strings.status_line(event), weight="Bolder")),
            rich(*subject_runs(subject_of(event.request, _PLAIN_NAME_LIMIT))),
            *([trusted_text(strings.labelled(strings.LABEL_EXPIRES, deadline))] if deadline else []),
            self._footer(event, now),
        ]
        return self._card(body, strings.fallback(event))

    def digest(self, events: Sequence[Event], destination: str, now: datetime) -> tuple[Element, int]:
        """One card for many events, and how many of them it holds, counted from the first."""
        count = len(events)
        while True:
            body = digest_body(events[:count], now, self.times, in_chat=destination in self.chats)
            card = self._ringing(
                self._card(body, strings.digest_fallback(count)), events[:count], destination
            )
            if count == 1 or fits(card):
                return card, count
            count -= max(1, count // 8)

    def _body(self, event: Event, destination: str, now: datetime, limits: TextLimits) -> list[Element]:
        request = event.request
        next_step = strings.next_step(event, in_chat=destination in self.chats)
        return [
            _strip(event, now),
            *_reasons(event),
            _quote(strings.REASON, request.justification, limits),
            *_notes(event, limits),
            *facts(event, now, self.times, limits.name),
            *timeline(event, self.times, limits.steps, limits.name),
            *self._reminder(event),
            trusted_text(next_step, weight="Bolder", spacing="Medium"),
            self._footer(event, now),
        ]

    def _reminder(self, event: Event) -> list[Element]:
        if event.kind not in _REMINDERS:
            return []
        next_at = self.times.format(event.next_reminder) if event.next_reminder else ""
        return [trusted_text(strings.reminder_line(event, next_at), spacing="Medium")]

    def _footer(self, event: Event, now: datetime) -> Element:
        text = strings.footer(event.short_key, self.times.format(now))
        return trusted_text(text, size="Small", isSubtle=True, separator=True)

    def _heartbeat(self, event: Event, now: datetime) -> Element:
        title = trusted_text(strings.status_line(event), weight="Bolder")
        strip = container("emphasis", title, trusted_text(strings.HEARTBEAT), bleed=True)
        return self._card([strip, self._footer(event, now)], strings.HEARTBEAT)

    def _ringing(self, card: Element, events: Sequence[Event], destination: str) -> Element:
        """With the mentions that belong to it; a card that they would make too large comes without."""
        ringing = with_mentions(card, mentioned_people(events, self.mentions.get(destination, {})))
        return ringing if fits(ringing) else card

    def _card(self, body: list[Element], fallback: str) -> Element:
        name = rich(run(safe(self.tenant, _TENANT_LIMIT), weight="Bolder"))
        named = [name, *body] if self.tenant else body
        return card(named, fallback, button=strings.OPEN_IN_INTUNE, url=self.approvals_url)


def fits(card: Element) -> bool:
    """Whether a card can be posted."""
    posted, kept = sizes(card)
    return posted + _ENVELOPE_BYTES <= MAX_BYTES and kept <= _MAX_BYTES_KEPT


def _strip(event: Event, now: datetime) -> Element:
    state = run(strings.headline(event), size="Small", weight="Bolder")
    subject = subject_runs(subject_of(event.request), size="Large", weight="Bolder")
    return container(_style(event), rich(state), rich(*subject), *_time_left(event, now), bleed=True)


def _time_left(event: Event, now: datetime) -> list[Element]:
    """How long the reader has, where somebody has to act; our own words only."""
    request = event.request
    is_asked = request.status in {NEEDS_APPROVAL, APPROVED} and event.kind is not EventKind.NO_LONGER_LISTED
    if not is_asked or request.expires_at is None or request.expires_at <= now:
        return []
    return [trusted_text(strings.time_left(event, distance(request.expires_at, now)), spacing="Small")]


def _style(event: Event) -> str:
    """The colour of the strip: what is asked of whom, not how nice the news is."""
    status = event.request.status
    if event.kind in {EventKind.NO_LONGER_LISTED, EventKind.COMPLETE_REMINDER} or status not in STATUSES:
        return "warning"
    if status == NEEDS_APPROVAL:
        return "attention" if assess(event.request).risk is Risk.HIGH else "warning"
    return _STYLE_OF_DECIDED.get(status, "emphasis")


def _reasons(event: Event) -> list[Element]:
    """Why the risk is high: all of it to whoever decides, what is odd about it until it is closed."""
    request = event.request
    if request.is_closed:
        return []
    loud = [reason for reason in assess(request).reasons if reason in _CALLED_OUT]
    quiet = [reason for reason in assess(request).reasons if reason not in _CALLED_OUT]
    warnings = [trusted_text(strings.RISK_REASON[each], weight="Bolder") for each in loud]
    return [
        *([container("attention", *warnings)] if warnings else []),
        *(trusted_text(strings.RISK_REASON[each]) for each in quiet if request.status == NEEDS_APPROVAL),
    ]


def _quote(label: str, text: str, limits: TextLimits) -> Element:
    """Somebody else's words, boxed and labelled, so that no line of them can look like ours."""
    quoted, left_out = safe_and_rest(text, limits.quote)
    shown = run(quoted, italic=True) if quoted else run(strings.NOTHING_SAID, isSubtle=True)
    more = [run(strings.more_characters(left_out), isSubtle=True)] if left_out else []
    title = trusted_text(label, size="Small", isSubtle=True)
    return container("emphasis", title, rich(shown, *more, spacing="Small"))


def _notes(event: Event, limits: TextLimits) -> list[Element]:
    request = event.request
    has_notes = request.approval_notes and request.status != NEEDS_APPROVAL
    return [_quote(strings.NOTES, request.approval_notes, limits)] if has_notes else []
