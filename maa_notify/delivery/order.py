"""Which notification comes next: fewest failures first, then high risk, then age; one subject in order. Pure.

Where nothing is taken, turns come before failures: a healthy card that failed often in an outage must not
wait until each of many ill ones has failed as often.

A flood of harmless requests must not delay one of high risk. Requests of high risk must not delay the others
without end: the others count as if they had been recorded a day later.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.delivery import pacing
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.retries import due_at
from maa_notify.domain.notification import Notification
from maa_notify.domain.risk import Risk
from maa_notify.domain.times import DAWN
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import DestinationState

_OVERDUE = timedelta(minutes=15)
_LETS_PASS = timedelta(days=1)
"""What was recorded so much later may still go ahead of news of lower risk, if it is of high risk itself."""

_Key = TypeVar("_Key")
_Load = tuple[datetime, int]
_OfSubject = tuple[int, bool, datetime]
_Value = TypeVar("_Value", datetime, int, _Load, _OfSubject)
_Turn = tuple[datetime, datetime, str]
_Rank = tuple[bool, _Load, _Load]
_Place = tuple[bool, bool, bool, _Rank]
_Line = tuple[str, str, str]


class Waiting(Struct, frozen=True):
    """A notification and when it may be tried (UTC)."""

    pending: PendingNotification
    due_at: datetime


def in_order(waiting: Sequence[PendingNotification]) -> list[PendingNotification]:
    """The notifications as they have their turn, and those of one subject in the order of their events."""
    by_subject: dict[str, list[PendingNotification]] = {}
    for item in waiting:
        by_subject.setdefault(item.value.event.subject_id, []).append(item)
    turns: list[tuple[_Turn, int, PendingNotification]] = []
    for items in by_subject.values():
        items.sort(key=lambda each: each.value.place)
        # Earlier news have their turn no later than later ones, which have to wait for them.
        soonest = [*accumulate(map(_turn, reversed(items)), min)]
        turns += zip(reversed(soonest), range(len(items)), items, strict=True)
    return [item for _, _, item in sorted(turns, key=lambda each: each[:2])]


def _turn(item: PendingNotification) -> _Turn:
    """When it has its turn by itself: of equal risk whatever was recorded first."""
    value = item.value
    waits = timedelta() if _is_urgent(value) else _LETS_PASS
    return value.recorded_at + waits, value.event.happened_at, value.key


def _is_urgent(notification: Notification) -> bool:
    return notification.event.risk is Risk.HIGH


def timed(
    waiting: Sequence[PendingNotification], state: DestinationState, now: datetime, limits: DeliveryLimits
) -> list[Waiting]:
    """When each of them may be tried, none before earlier news of its subject that it must not overtake.

    The members of a digest may be tried when one of them may that is the first of its subject there, so that
    it stays whole.

    Args:
        waiting: what waits at one address, in order.
        state: what is remembered of the address.
        now: the current time (UTC).
        limits: how to deliver.
    """
    newest = _highest((each.value.line, each.value.recorded_at) for each in waiting)
    silent = pacing.ready_at(state, now, limits, silent=True)
    rests = _rests(each.value for each in waiting)
    own = [
        max(
            due_at(each.value, state, newest[each.value.line], now, limits),
            silent if each.value.told else now,
            rests.get(each.value.group, now),
        )
        for each in waiting
    ]
    whole: dict[tuple[str, str], datetime] = {}
    lines: set[tuple[str, ...]] = set()
    for item, moment in zip(waiting, own, strict=True):
        digest = item.value.digest, item.value.recipient
        # Later news on it cannot come without the first ones of their subject, which have their own time.
        if (*digest, *item.value.line) not in lines:
            whole[digest] = min(moment, whole.get(digest, moment))
        lines.add((*digest, *item.value.line))
    before: dict[_Line, list[Waiting]] = {}
    found = []
    for item, moment in zip(waiting, own, strict=True):
        earlier = before.setdefault(item.value.line, [])
        blocking = [each.due_at for each in earlier if _blocks(each.pending.value, item.value, state)]
        # The second look at a person has its time, whatever else of the digest is due.
        is_with_others = item.value.digest and item.value.unreached_at is None
        alone = whole[item.value.digest, item.value.recipient] if is_with_others else moment
        found.append(Waiting(item, max([alone, *blocking])))
        earlier.append(found[-1])
    return found


def _rests(waiting: Iterable[Notification]) -> dict[tuple[str, str], datetime]:
    """Until when each person is left alone whose chat asked for that."""
    asked = ((each.group, each.not_before) for each in waiting if each.personal)
    return _highest((group, until) for group, until in asked if until is not None)


def _blocks(earlier: Notification, later: Notification, state: DestinationState) -> bool:
    """Whether later news of a subject have to wait for earlier ones that wait."""
    if later.event.is_reminder and later.event.revision == earlier.event.revision:
        # Who looks is told on that very card, once it is there for sure.
        return later.event.only_changes_cards or not earlier.doubts
    # A card in doubt may be there, and what a digest told is. One that may be overtaken does so only where
    # others are taken: while the address takes nothing, nobody can tell whose fault it is.
    may_pass = earlier.overtakable and state.failing_since is None
    return not (earlier.doubts or earlier.told or may_pass)


def outdated(waiting: Sequence[PendingNotification]) -> list[PendingNotification]:
    """What later news of the same request have made untrue before it came.

    In a person's chat that is all news of before: a card there shows how things are by now, and rings once;
    so nobody is rung for a request that is settled. Anywhere it is a reminder of before, which asks for what
    is done. What may have arrived, or has a second look, goes its way. Anywhere it is who looked, too:
    whatever comes later says who looks now, and must not be undone. That itself outdates nothing that posts a
    card, for it posts none.
    """
    values = [each.value for each in waiting]
    said = _highest((each.line, each.place) for each in values)
    posted = _highest(
        (each.line, each.event.revision) for each in values if not each.event.only_changes_cards
    )
    return [each for each in waiting if _is_outdated(each.value, said, posted)]


def handed_over(
    gone: Sequence[PendingNotification], waiting: Sequence[PendingNotification]
) -> list[PendingNotification]:
    """What still waits for people whose chat asked for a wait, with the wait that would leave with these.

    Args:
        gone: what leaves untold.
        waiting: all that waits, in order, these as well.
    """
    keys = {each.value.key for each in gone}
    left = [each for each in waiting if each.value.key not in keys]
    known, heirs = _rests(each.value for each in left), {each.value.group: each for each in reversed(left)}
    return [
        replace(heirs[group], value=replace(heirs[group].value, personal=True, not_before=until))
        for group, until in _rests(each.value for each in gone).items()
        if group in heirs and until > known.get(group, heirs[group].value.not_before or DAWN)
    ]


def _is_outdated(older: Notification, said: Mapping[_Line, _OfSubject], posted: Mapping[_Line, int]) -> bool:
    if older.event.only_changes_cards:
        return older.place < said[older.line]
    is_of_before = older.event.revision < posted[older.line]
    is_replaced = bool(older.person) or older.event.is_reminder
    return is_of_before and is_replaced and not (older.doubts or older.told or older.unreached_at)


def due_first(timed: Sequence[Waiting], now: datetime, state: DestinationState) -> list[PendingNotification]:
    """Those that are due: what failed least first, so that one ill thing holds up nothing else.

    Where nothing is taken, what was not tried for longest. A person counts before a subject: other people
    come first, then other news for the same person.

    Args:
        timed: what waits, in order.
        now: the current time (UTC).
        state: what is remembered of the destination.
    """
    values = [each.pending.value for each in timed]
    loads = _highest((each.line, _load(each, state)) for each in values)
    # What is ill by itself says nothing of its person: others were taken since.
    of_groups = _highest((each.group, _load(each, state)) for each in values if not each.ill)
    # Where nothing is taken it may be well again, and the first to be: so its own load alone counts.
    ill = {each.line for each in values if each.ill and state.failing_since is None}
    told_first = state.failing_since is not None and _rang_last(values)
    ranked: list[tuple[_Place, PendingNotification]] = []
    ranks: dict[tuple[str, ...], _Rank] = {}
    rings: set[tuple[str, ...]] = set()
    for value, item in ((each.pending.value, each) for each in timed):
        news = value.line
        # Never less than that of earlier news of the same subject, which come first whoever they are for.
        rank = news in ill, max(of_groups.get(value.group, loads[news]), loads[news]), loads[news]
        ranks[news] = max(rank, ranks.get(news, rank))
        if item.due_at > now:
            continue
        if not value.told:
            rings.add(news)
        # What changes a card that is yet to come has its turn with it, and so after it.
        is_last = not value.told or news in rings if told_first else value.told
        ranked.append((_place(ranks[news], value, is_last=is_last), item.pending))
    return [item for _, item in sorted(ranked, key=lambda each: each[0])]


def _rang_last(waiting: Sequence[Notification]) -> bool:
    """Whether the last try of all that wait would have rung: what only changes cards has its turn then."""
    tried = ((each.tried_at, not each.told) for each in waiting if each.tried_at is not None)
    _, rang = max(tried, default=(DAWN, False))
    return rang


def _place(rank: _Rank, waiting: Notification, *, is_last: bool) -> _Place:
    """The place among all that is due, by how often it failed.

    The smaller form of a card comes right after the larger one, while the cause is surely the same. To change
    the card of what is told already rings nobody, so all that is not ill goes first. What is ill may be more
    than a poll tries, so even that does not wait for it. Where nothing is taken both may be the cause, so
    they take turns.
    """
    is_ill, _, _ = rank
    return not waiting.plain, is_ill, is_last, rank


def _highest(found: Iterable[tuple[_Key, _Value]]) -> dict[_Key, _Value]:
    """The highest value under each key."""
    highest: dict[_Key, _Value] = {}
    for key, value in found:
        highest[key] = max(value, highest.get(key, value))
    return highest


def _load(notification: Notification, state: DestinationState) -> _Load:
    """What puts it behind others: its last try where nothing is taken, then how often it failed.

    Both count as far as that may be its own fault. What is of high risk need not stand behind all that were
    never tried because its destination was down: once another card is taken there, it is tried again, once.
    If it fails even so it is ill, and that counts.
    """
    tried_at, accepted = notification.tried_at, state.last_accepted
    is_over = tried_at is not None and accepted is not None and accepted > tried_at
    is_suspect = notification.ill or notification.doubts > 0
    if not notification.attempts or (is_over and not is_suspect and _is_urgent(notification)):
        return DAWN, 0
    return tried_at if tried_at and state.failing_since else DAWN, notification.attempts


def for_first_recipient(due: Sequence[PendingNotification]) -> list[PendingNotification]:
    """The notifications for the first one's recipient, except those behind another one of their subject."""
    together: list[PendingNotification] = []
    behind: set[tuple[str, str]] = set()
    first = due[0].value
    for item in due:
        value = item.value
        subject = value.event.subject_id, value.person
        # A digest for two people would show each of them the requests of the other.
        is_for_same = (value.destination, value.recipient) == (first.destination, first.recipient)
        if is_for_same and subject not in behind:
            together.append(item)
        else:
            behind.add(subject)
    return together


def count_overdue(waiting: Iterable[Notification], now: datetime) -> int:
    """How many notifications have waited for more than 15 minutes, longer than a passing fault takes.

    Of what is told already the cards are changed in their turn, which may be later.
    """
    untold = (each for each in waiting if each.attempts or not each.told)
    return sum(now - each.recorded_at > _OVERDUE for each in untold)
