"""The cards themselves: one look for every event.

A strip coloured by what is asked of the reader, the subject, the reason as a quote, facts, the next step, a
button to Intune, a short key. Version 1.4 with elements up to 1.2, which every Teams client shows.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from maa_notify.cards import strings
from maa_notify.cards.context import CardContext, TextLimits
from maa_notify.cards.digest import digest_body, digest_toast
from maa_notify.cards.elements import (
    Element,
    card,
    container,
    rich,
    run,
    sizes,
    trusted_text,
    with_question,
)
from maa_notify.cards.links import device_button
from maa_notify.cards.mentions import Mentions, mentioned_people, with_mentions
from maa_notify.cards.notice import notice_body
from maa_notify.cards.request_card import full_body, plain_body, reply_body
from maa_notify.cards.text import safe
from maa_notify.cards.times import TimeFormat
from maa_notify.cards.toast import notice_toast, toast
from maa_notify.domain.event import Event, Notice, RequestEvent
from maa_notify.domain.risk import assess
from maa_notify.domain.tickets import TicketLinks

LOOK = "maa.look"
"""The verb of the button to say that one is looking."""
MAX_BYTES = 20_000
"""Of a whole message on the wire."""

_ENVELOPE_BYTES = 760
"""With a summary, a recipient and the number at the foot."""
_MAX_BYTES_KEPT = 24_000
"""Of the card as a text within JSON, which is how Workflows counts it: it refuses some 28 kB."""

_TENANT_LIMIT = 60
_FULL = TextLimits(quote=1_024, name=120, steps=6)
"""The whole text that Intune takes."""
_SHORTENED = TextLimits(quote=700, name=60, steps=3)
"""For hostile text, whose bytes do not allow more."""


class TeamsCards(Struct, frozen=True):
    """Makes cards with a button that opens Intune's own page of Multi Admin Approval.

    Attributes:
        approvals_url: where the button leads; from the settings' cloud, never from a request.
        mentions: whom to mention, by destination.
        times: how times are told.
        chats: the destinations that are no channel but the chat with the requestor.
        tenant: a name to put above each card, where cards of many tenants meet; "" for none.
        tickets: makes links of ticket numbers; None for none.
        asking: the destinations whose open cards have a button to say that one is looking.
    """

    approvals_url: str
    mentions: Mapping[str, Mentions] = field(default_factory=dict)
    times: TimeFormat = field(default_factory=TimeFormat)
    chats: Collection[str] = ()
    tenant: str = ""
    tickets: TicketLinks | None = None
    asking: Collection[str] = ()

    def card(
        self, event: Event, destination: str, now: datetime, *, again: bool = False, late: bool = False
    ) -> Element:
        """The full card; its foot says `again` if it may be there, `late` if newer news came first."""
        foot = _foot(again=again, late=late)
        if isinstance(event, Notice):
            made = self._notice(event, foot)
        else:
            made = self._request(event, destination, now, foot)
            made = self._asking(made, event, destination, now)
        return self._mentioning(made, [event], destination)

    def reply(self, event: Event, destination: str, now: datetime, *, again: bool = False) -> Element:
        """The short reply in the thread of an updated card, since an update notifies nobody."""
        if isinstance(event, Notice):
            return self.card(event, destination, now, again=again)
        body = [*reply_body(self._context(event, destination, now)), *_foot(again=again)]
        return self._mentioning(self._card(body, toast(event, now, self.times)), [event], destination)

    def sample(self, event: Event, destination: str, now: datetime) -> Element:
        """A full card that says it is only a test, so that nobody goes looking for the request."""
        # Nobody can look at a request that is invented.
        made = _marked(replace(self, asking=()).card(event, destination, now))
        return made if fits(made) else _marked(self.plain(event, now))

    def plain(self, event: Event, now: datetime, *, again: bool = False) -> Element:
        """The smallest card that still notifies, for a destination that refused the full one."""
        foot = _foot(again=again)
        if isinstance(event, Notice):
            return self._notice(replace(event, facts=()), foot)
        body = [*plain_body(self._context(event, "", now)), *foot]
        return self._card(body, toast(event, now, self.times))

    def digest(
        self,
        events: Sequence[Event],
        destination: str,
        now: datetime,
        *,
        again: bool = False,
        beside: Sequence[Event] = (),
    ) -> tuple[Element, int]:
        """One card for many events, and how many of them it holds, counted from the first.

        What is told `beside` it, on the next card, counts for the warnings of this one, too.
        """
        count, everything = len(events), [*events, *beside]
        fallback = digest_toast(everything)
        while True:
            body = digest_body(everything, count, now, in_chat=destination in self.chats)
            made = self._card([*body, *_foot(again=again)], fallback)
            card = self._mentioning(made, events[:count], destination)
            if count == 1 or fits(card):
                return card, count
            count -= max(1, count // 8)

    def _request(
        self, event: RequestEvent, destination: str, now: datetime, foot: Sequence[Element]
    ) -> Element:
        """The card with all foreign text; if too large with less of it and no tickets, or the plain one."""
        context = self._context(event, destination, now)
        for limits, tickets in ((_FULL, self.tickets), (_SHORTENED, None)):
            body = [*full_body(replace(context, limits=limits, tickets=tickets)), *foot]
            more = device_button(event.request, self.approvals_url)
            made = self._card(body, toast(event, now, self.times), more)
            if fits(made):
                return made
        return self.plain(event, now)

    def _notice(self, notice: Notice, foot: Sequence[Element] = ()) -> Element:
        body = [*notice_body(notice), *foot]
        return self._card(body, notice_toast(notice))

    def _context(self, event: RequestEvent, destination: str, now: datetime) -> CardContext:
        in_chat = destination in self.chats
        return CardContext(event, assess(event.request), now, self.times, _FULL, in_chat)

    def _asking(self, made: Element, event: RequestEvent, destination: str, now: datetime) -> Element:
        """The card of an open request with the button *I am looking at it*, where the bot gets the press."""
        can_be_decided = event.wants_decision and event.request.can_be_decided(now)
        if destination not in self.asking or not can_be_decided:
            return made
        asking = with_question(made, strings.LOOK, LOOK, {"request": event.subject_id})
        return asking if fits(asking) else made

    def _mentioning(self, card: Element, events: Sequence[Event], destination: str) -> Element:
        """The card with its mentions, unless they would make it too large."""
        mentioning = with_mentions(card, mentioned_people(events, self.mentions.get(destination, {})))
        return mentioning if fits(mentioning) else card

    def _card(self, body: list[Element], fallback: str, more: Sequence[tuple[str, str]] = ()) -> Element:
        name = rich(run(safe(self.tenant, _TENANT_LIMIT), weight="Bolder"))
        named = [name, *body] if self.tenant else body
        return card(named, fallback, button=strings.REVIEW_IN_INTUNE, url=self.approvals_url, more=more)


def fits(card: Element) -> bool:
    """Whether a card is small enough to be posted."""
    posted, kept = sizes(card)
    return posted + _ENVELOPE_BYTES <= MAX_BYTES and kept <= _MAX_BYTES_KEPT


def _marked(card: Element) -> Element:
    """The same under a line that says it is a test, without a button to a device that is invented."""
    mark = container("accent", trusted_text(strings.SAMPLE, weight="Bolder"), bleed=True)
    changes = {"body": [mark, *card["body"]], "actions": card["actions"][:1], "fallbackText": strings.SAMPLE}
    return {**card, **changes}


def _foot(*, again: bool, late: bool = False) -> list[Element]:
    """What a reader has to know of a card that may be repeated or comes late."""
    texts = [strings.AGAIN] * again + [strings.LATE] * late
    return [trusted_text(text, size="Small", isSubtle=True) for text in texts]
