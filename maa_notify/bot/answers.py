"""The questions that the bot understands, and the cards that answer them, from what polls saw. Pure.

In a channel of the settings or of one team everything is told. Anywhere else each person is told of requests
of their own, and a request whose requestor Graph does not tell is nobody's.
"""

import html
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from maa_notify.bot import strings
from maa_notify.cards.builder import TeamsCards, fits
from maa_notify.cards.digest import entry
from maa_notify.cards.elements import Element, card, container, rich, run, trusted_text
from maa_notify.cards.people import display_name
from maa_notify.cards.strings import REVIEW_IN_INTUNE, step
from maa_notify.cards.subject import subject_of, subject_runs
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, RequestEvent, short_key
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import NEEDS_APPROVAL, Identity
from maa_notify.domain.risk import assess
from maa_notify.insight.phrases import Asked, asked_in, query_of, readings_of
from maa_notify.insight.query import Query, is_like_key, key_in
from maa_notify.insight.span import Span

_MOST_LINES = 20
_FAR = datetime.max.replace(tzinfo=UTC)


class Word(StrEnum):
    """The commands of the bot."""

    PENDING = "pending"
    MINE = "mine"
    STATUS = "status"
    WHO = "who"
    HELP = "help"


class Command(Struct, frozen=True):
    """A command as understood.

    Attributes:
        word: what is asked.
        key: the short key of a request, for `status` only.
        asked: about what, for `who` only.
    """

    word: Word
    key: str = ""
    asked: Asked | None = None


class Question(Struct, frozen=True):
    """A command, who asks (an Entra object id; "" if not told), and whether others may read along."""

    command: Command
    asker: str
    is_private: bool


def command_of(text: str, own_mentions: Sequence[str] = ()) -> Command:
    """The command in a text; `help` for a text that is not understood."""
    for mention in own_mentions:
        text = text.replace(mention, " ")
    match html.unescape(text).lower().split():
        case ["pending" | "mine" as word]:
            return Command(Word(word))
        case ["status", key] if is_like_key(key):
            return Command(Word.STATUS, key_in(key))
        case ["who", *words] if asked := asked_in(words):
            return Command(Word.WHO, asked=asked)
    return Command(Word.HELP)


History = Callable[[datetime | None, datetime | None, str], Iterable[RequestRecord]]
"""Reads requests that are remembered, by the span in which something happened and a text that they hold."""


class Answers(Struct, frozen=True):
    """Makes the cards that answer; `cards` knows the address of the button and the time zone."""

    cards: TeamsCards

    def who(self, question: Question, read: History, now: datetime) -> Element:
        """The card for a question about any request that is remembered."""
        asked, zone = question.command.asked or Asked("", ()), self.cards.times.zone
        readings = list(dict.fromkeys(readings_of(asked, now, zone)))
        # The shortest has no word that another has not.
        shortest = min(readings, key=lambda query: len(query.text))
        records = read(None, None, shortest.needle)
        is_told = (each for each in records if not question.is_private or _is_of(question.asker, each.state))
        latest = [deque[RequestRecord](maxlen=_MOST_LINES) for _ in readings]
        counts = [0 for _ in readings]
        for record in is_told:
            for place, query in enumerate(readings):
                if query.fits(record):
                    latest[place].append(record)
                    counts[place] += 1
        chosen = next((place for place, count in enumerate(counts) if count), None)
        told = AnswerBuilder(self.cards, None, now)
        if chosen is None:
            return told.remembered([], 0, query_of(asked, now, zone))
        return told.remembered(list(reversed(latest[chosen])), counts[chosen], readings[chosen])

    def answer(
        self, question: Question, tracked: Sequence[RequestState], as_of: datetime | None, now: datetime
    ) -> Element:
        """The card for a question about what is listed; `as_of` is when the last good poll was."""
        own = [each for each in tracked if _is_of(question.asker, each)]
        visible = own if question.is_private else tracked
        told = AnswerBuilder(self.cards, as_of, now)
        match question.command.word:
            case Word.PENDING if question.is_private:
                return told.several(_waiting(own), strings.pending_of_yours, strings.NOTHING_PENDING_OF_YOURS)
            case Word.PENDING:
                return told.several(_waiting(visible), strings.pending, strings.NOTHING_PENDING)
            case Word.MINE:
                return told.several(sorted(own, key=_open_first), strings.of_yours, strings.NOTHING_OF_YOURS)
            case Word.STATUS:
                return told.named(
                    [each for each in visible if short_key(each.request.id) == question.command.key]
                )
            case Word.HELP | Word.WHO:
                return self._help(
                    strings.HELP_TITLE, strings.PRIVATE if question.is_private else strings.TEAM
                )

    def hello(self) -> Element:
        """The card that the bot posts where it was just installed."""
        return self._help(strings.HELLO)

    def sentence(self, text: str) -> Element:
        """A card of one sentence of ours."""
        return _card(self.cards, text, [])

    def _help(self, title: str, *notes: str) -> Element:
        lines = [
            rich(run(command, weight="Bolder"), run(f" · {meaning}"), spacing="Small")
            for command, meaning in strings.COMMANDS.items()
        ]
        closing = [trusted_text(text, isSubtle=True) for text in (*notes, strings.ONLY_READS)]
        return _card(self.cards, title, [*lines, *closing])


class AnswerBuilder(Struct, frozen=True):
    """Makes cards about requests as they were at the last good poll."""

    cards: TeamsCards
    as_of: datetime | None
    now: datetime

    def several(self, chosen: Sequence[RequestState], title: Callable[[int], str], nothing: str) -> Element:
        """A card with a list of requests, as many as fit; the rest is counted."""
        heading = title(len(chosen)) if chosen else nothing if self.as_of else strings.NEVER_POLLED
        shown = min(len(chosen), _MOST_LINES)
        while True:
            made = _card(self.cards, heading, [*self._lines(chosen, shown), self._closing()])
            if shown == 0 or fits(made):
                return made
            shown -= 1

    def named(self, found: Sequence[RequestState]) -> Element:
        """The full card of the request with this short key."""
        if len(found) != 1:
            return self.several(found, strings.with_this_key, strings.NOT_FOUND)
        full = self.cards.card(self._event(found[0]), "", self.now)
        dated = {**full, "body": [*full["body"], self._closing()]}
        return dated if fits(dated) else full

    def remembered(self, found: Sequence[RequestRecord], count: int, query: Query) -> Element:
        """The full card of one request that polls saw, or a line for each of several and who decided it.

        And how the question was understood: that nothing fits must not mislead.
        """
        looked_for = strings.looked_for(query.key or query.text, query.verb, self._time_in(query.span))
        note = rich(run(looked_for, size="Small", isSubtle=True), separator=True)
        foot = trusted_text(strings.REMEMBERED, size="Small", isSubtle=True)
        if count == 1:
            full = self.cards.card(self._event(found[0].state), "", self.now)
            dated = {**full, "body": [*full["body"], note, foot]}
            return dated if fits(dated) else full
        heading = strings.remembered(count) if count else strings.NOTHING_REMEMBERED
        shown = len(found)
        while True:
            lines = [line for each in found[:shown] for line in self._decided(each)]
            left = [trusted_text(strings.left_unsaid(count - shown), separator=True)] if count > shown else []
            made = _card(self.cards, heading, [*lines, *left, note, foot])
            if shown == 0 or fits(made):
                return made
            shown -= 1

    def _time_in(self, span: Span) -> str:
        """The first and the last day of a span; "" for any time."""
        zone = self.cards.times.zone or UTC
        first = f"{span.start.astimezone(zone):%Y-%m-%d}" if span.start else ""
        last = f"{(span.end - datetime.resolution).astimezone(zone):%Y-%m-%d}" if span.end else ""
        return strings.days(first, last)

    def _decided(self, record: RequestRecord) -> list[Element]:
        """Two lines: what it was about; then its outcome, by whom and when."""
        request, times = record.request, self.cards.times
        decider = "" if record.approver == Identity() else strings.decided_by(display_name(record.approver))
        told = (
            step(record.outcome),
            strings.asked_by(display_name(request.requestor)),
            decider,
            times.format(record.decided_at or record.filed_at),
            short_key(request.id),
        )
        subject = subject_runs(subject_of(request), weight="Bolder")
        return [rich(*subject, separator=True), rich(run(" · ".join(filter(None, told))), spacing="Small")]

    def _lines(self, chosen: Sequence[RequestState], shown: int) -> list[Element]:
        lines = [line for each in chosen[:shown] for line in entry([self._event(each)], self.now)]
        left = len(chosen) - shown
        return [*lines, *([trusted_text(strings.left_out(left), separator=True)] if left else [])]

    def _event(self, tracked: RequestState) -> RequestEvent:
        """An event with what is known of a request, since cards are made of events."""
        kind = EventKind.STATUS_CHANGED if tracked.revision > 1 else EventKind.CREATED
        at = self.as_of or self.now
        return RequestEvent(kind, tracked.request, tracked.revision, at, steps=tracked.steps)

    def _closing(self) -> Element:
        told = strings.as_of(self.cards.times.format(self.as_of)) if self.as_of else strings.NEVER_POLLED
        return trusted_text(told, size="Small", isSubtle=True, separator=True)


def _card(cards: TeamsCards, title: str, body: list[Element]) -> Element:
    strip = container(
        "accent",
        trusted_text(strings.PRODUCT, size="Small", weight="Bolder"),
        trusted_text(title, size="Large", weight="Bolder"),
        bleed=True,
    )
    return card([strip, *body], title, button=REVIEW_IN_INTUNE, url=cards.approvals_url)


def _is_of(asker: str, tracked: RequestState) -> bool:
    """Whether the asker filed a request; never for an asker without an id."""
    return bool(asker) and tracked.request.requestor.id.lower() == asker


def _waiting(tracked: Sequence[RequestState]) -> list[RequestState]:
    """The requests that wait for an approver, the riskiest first, then those that expire first."""
    waiting = [each for each in tracked if each.request.status == NEEDS_APPROVAL]
    return sorted(waiting, key=lambda each: (-assess(each.request).risk, _expiry(each)))


def _open_first(tracked: RequestState) -> tuple[bool, datetime]:
    return tracked.request.is_closed, _expiry(tracked)


def _expiry(tracked: RequestState) -> datetime:
    return tracked.request.expires_at or _FAR
