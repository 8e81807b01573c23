"""What becomes of the notifications of one message, to be recorded together. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify.delivery.retries import Verdict, chat_works
from maa_notify.delivery.sender import Message, Receipt
from maa_notify.domain.notification import CardLocation, Notification
from maa_notify.storage.outbox import Outcome, PendingNotification, recorded_together
from maa_notify.storage.records import JournalEntry, StoredCard, on_one_digest

_SECOND_LOOK = timedelta(minutes=5)
"""How long after the first answer that a person is out of reach the second one is asked for."""


def accepted(  # noqa: PLR0913, PLR0917 - all that is known of a post and of what waits
    items: Sequence[PendingNotification],
    message: Message,
    receipt: Receipt,
    waiting: Iterable[PendingNotification],
    places: Mapping[str, StoredCard],
    now: datetime,
) -> list[Outcome]:
    """They leave for the journal; a card of their own is remembered, and what it overtook is marked.

    What a digest told of a request with a card of its own waits on, as told, until that card is changed.

    Args:
        items: what the card told.
        message: as it was posted.
        receipt: what the destination answered.
        waiting: what else waits there.
        places: the cards of these subjects that stand there, by id.
        now: the time of the answer (UTC).
    """
    numbered = [replace(each.value, serial=message.serial) for each in items]
    newest = {each.value.event.subject_id: each for each in items}
    is_of_changes = len(items) > 1 and not message.beside
    to_change = {each.value.key for subject, each in newest.items() if is_of_changes and subject in places}
    passed = [each for each in waiting if any(_is_passed(each.value, one.value) for one in items)]
    keys = {each.value.key for each in passed}
    marked = [
        *(_overtaken(each, now) for each in passed),
        *(
            Outcome(each, kept=each.value)
            for each in chat_works(items, waiting)
            if each.value.key not in keys
        ),
    ]
    told = [
        Outcome(each, kept=_as_told(value))
        if value.key in to_change
        else Outcome(each, entry=JournalEntry(value, now, receipt.run_id, receipt.message_id))
        for each, value in zip(items, numbered, strict=True)
    ]
    # A digest is no subject's own card, unless it is changed in place. Of older news that came late nobody
    # has to remember one.
    is_current = (len(items) == 1 or message.beside) and message.changes_card
    if is_current and receipt.location is not None:
        moved = _moved(receipt.location, message, places, now)
        told = [_with_card(each, receipt.location, message, places, now) for each in told]
        # Said with each of them: a person may have dealt with one of them by hand.
        told = [replace(each, moved=moved) for each in told]
    # What a transaction has no room for beside a large digest comes without the mark.
    return recorded_together(told, marked)


def _with_card(
    told: Outcome,
    location: CardLocation,
    message: Message,
    places: Mapping[str, StoredCard],
    now: datetime,
) -> Outcome:
    value = told.pending.value
    before = places.get(value.event.subject_id)
    if value.overtaken or (before is not None and before.revision > value.event.revision):
        return told
    shown = value.event if message.beside else None
    card = StoredCard(location, now, value.event.revision, message.card_serial, message.beside, shown)
    return replace(told, card=card)


def _moved(
    location: CardLocation, message: Message, places: Mapping[str, StoredCard], now: datetime
) -> dict[str, StoredCard]:
    """The cards of all requests on a digest that came anew in the place of one that was gone, by id.

    Else the next news of each of them would look for the former one, and begin one more.
    """
    if message.location in {None, location}:
        return {}
    former = on_one_digest(message.location, message.beside, places)
    return {subject: replace(card, location=location, at=now) for subject, card in former.items()}


def _as_told(notification: Notification) -> Notification:
    """The notification as it waits for its card to be changed, as if it had never been tried."""
    return replace(notification.anew(notification.recorded_at), doubts=0, told=True)


def done(told: PendingNotification, now: datetime) -> Outcome:
    """What a digest told leaves for the journal: its card has not to be changed any more, or is nowhere."""
    return Outcome(told, entry=JournalEntry(told.value, now))


def left_out(untold: PendingNotification, now: datetime) -> Outcome:
    """What nobody has to be told any more leaves for the journal as that."""
    return Outcome(untold, entry=JournalEntry(untold.value, now, outdated=True))


def _overtaken(older: PendingNotification, now: datetime) -> Outcome:
    """Older news wait on with that mark; if they were told, newer ones change the card in their place."""
    if older.value.told:
        return done(older, now)
    return Outcome(older, kept=replace(older.value, overtaken=True))


def _is_passed(older: Notification, newer: Notification) -> bool:
    """Whether older news of the same subject at the same destination still wait.

    Of one revision only what is told already counts: its card would be changed back.
    """
    if older.line != newer.line or older.overtaken:
        return False
    return older.event.revision < newer.event.revision or (older.told and older.place < newer.place)


def failed(
    items: Sequence[PendingNotification], verdict: Verdict, max_age: timedelta, now: datetime
) -> list[Outcome]:
    """They wait as the verdict says, or are given up if they have failed for longer than `max_age`."""
    return [
        Outcome(item, entry=JournalEntry(kept, now), dead=True)
        if _has_failed_for(kept, max_age, now)
        else Outcome(item, kept=kept)
        for item, kept in zip(items, verdict.kept, strict=True)
    ]


def _has_failed_for(waiting: Notification, span: timedelta, now: datetime) -> bool:
    """Whether it has failed for so long, and began to as long ago.

    Of two pollers whose clocks lie hours apart each counts those hours at every try.
    """
    since = waiting.failing_since
    return waiting.failing_for >= span.total_seconds() and since is not None and now - since >= span


def shown(
    tried: Sequence[Outcome], message: Message, places: Mapping[str, StoredCard], now: datetime
) -> list[Outcome]:
    """What became of news that failed, with the card in its place that shows them, or may show them.

    So nothing older undoes it, whatever becomes of them. A repeat changes it again, which shows nothing new
    and tells whether it is still there.

    Args:
        tried: what became of them.
        message: as it was tried.
        places: the cards of these subjects that stand there, by id.
        now: the time of the failure (UTC).
    """
    place = message.location
    return [*tried] if place is None else [_with_card(each, place, message, places, now) for each in tried]


def out_of_reach(items: Sequence[PendingNotification], reason: str, now: datetime) -> list[Outcome]:
    """They wait for a second look at their recipient, or leave after it, and the person has a day's rest."""
    if any(each.value.unreached_at is not None for each in items):
        return left_alone(items, reason, now, is_known=False)
    until = now + _SECOND_LOOK
    return [
        Outcome(each, kept=replace(each.value, unreached_at=now, not_before=until, last_error=reason))
        for each in items
    ]


def left_alone(
    items: Sequence[PendingNotification], reason: str, now: datetime, *, is_known: bool
) -> list[Outcome]:
    """All of them leave for the journal as unreached; `is_known` that nobody was asked now.

    Only an answer counts against a person: what was not even tried must not put off the next try.
    """
    return [
        Outcome(
            each,
            entry=JournalEntry(replace(each.value, last_error=reason), now, unreached=True),
            unreached=not is_known,
        )
        for each in items
    ]
