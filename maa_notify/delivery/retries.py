"""What a failure means, when a notification is tried again, and in which form. Pure.

One failure does not show its cause: the card, the person or the destination. Whether the destination takes
other cards does. So a notification that failed although other cards were taken since is itself the cause,
and only it waits. Until that is known, the destination counts as failing, and each poll offers it what
was not tried for longest.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.domain.notification import Notification
from maa_notify.domain.times import unless_later
from maa_notify.errors import CardRefused, DeliveryError, DestinationRefused, DestinationUnavailable
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import DestinationState

SHORT_BACK_OFF = timedelta(seconds=45)
"""The longest pause after a failure that may pass within the poll."""

LONG_BACK_OFF = timedelta(minutes=15)
"""The longest pause of a card that fails although others are taken."""

_DAY = timedelta(days=1)
_NEXT_POLL = timedelta(seconds=50)
"""Longer than a delivery goes on, and shorter than a minute."""
_FIRST_REPEAT = timedelta(minutes=1)
_REPEAT_PAST_BOUND = timedelta(hours=1)
_GROWTH = 4.0
"""Each copy comes at four times the age of the one before, in minutes: seven on the first day."""
_LONGEST_GAP = timedelta(hours=25)
"""Between two tries while somebody tries at all; a longer one is no time of failing. Twice that in doubt."""
_MAY_BE_OVERTAKEN_AFTER = timedelta(hours=1)
_MANY_DOUBTS = 3
"""A digest without an answer stays one so often, for its members are there already, perhaps."""

_WHOLE_TRIES = 3
"""After so many a digest is tried by turns as a whole and by one of its members."""


class Failure(Struct, frozen=True):
    """What became of a card that was not accepted.

    Attributes:
        error: what the destination said, or did not say.
        at: when (UTC).
        longest_wait: the longest wait that it may ask for.
        jitter: what share of a pause is kept, from 0.5 to 1, so that pollers do not come back all at once.
        ill: other cards were taken since it first failed.
        personal: the wait that was asked for is that of one person's chat.
        together: how many notifications the card told.
        token: a random word, to name digests with.
    """

    error: DeliveryError
    at: datetime
    longest_wait: timedelta = timedelta(hours=1)
    jitter: float = 1.0
    ill: bool = False
    personal: bool = False
    together: int = 1
    token: str = ""

    @property
    def in_doubt(self) -> bool:
        """Whether the card may have arrived all the same."""
        return isinstance(self.error, DestinationUnavailable) and self.error.in_doubt

    @property
    def asked(self) -> timedelta | None:
        """The wait that the destination asked for, as far as that is believed; None for none."""
        seconds = self.error.retry_after if isinstance(self.error, DestinationUnavailable) else None
        return None if seconds is None else min(timedelta(seconds=seconds), self.longest_wait)


class Verdict(Struct, frozen=True):
    """What a failed message leads to.

    Attributes:
        kept: the notifications as they wait from now on, in the order in which they were tried.
        blame: why the destination counts as failing; None where the cards or their person are at fault.
    """

    kept: Sequence[Notification]
    blame: DeliveryError | None


def without_future_times(pending: Iterable[PendingNotification], now: datetime) -> list[PendingNotification]:
    """The notifications without times so far ahead that a clock must have been set back since."""
    return [replace(each, value=_credible(each.value, now)) for each in pending]


def in_full(pending: Iterable[PendingNotification]) -> list[PendingNotification]:
    """The notifications in their full form: a refusal of before may have been the destination's fault."""
    return [
        replace(each, value=replace(each.value, plain=False)) if each.value.plain else each
        for each in pending
    ]


def _credible(waiting: Notification, now: datetime) -> Notification:
    if waiting.not_before is None and waiting.tried_at is None and waiting.unreached_at is None:
        return waiting
    tried_at, unreached_at = unless_later(waiting.tried_at, now), unless_later(waiting.unreached_at, now)
    # A pause after a try, or a first look, that has not come yet was reckoned by a wrong clock.
    is_wrong = (tried_at, unreached_at) != (waiting.tried_at, waiting.unreached_at)
    return replace(
        waiting,
        not_before=None if is_wrong else unless_later(waiting.not_before, now + _DAY),
        tried_at=tried_at,
        failing_since=unless_later(waiting.failing_since, now),
        unreached_at=unreached_at,
    )


def due_at(
    waiting: Notification, state: DestinationState, newest: datetime, now: datetime, limits: DeliveryLimits
) -> datetime:
    """When a notification may be tried (UTC), `now` at the earliest; others of its subject apart.

    Args:
        waiting: the notification.
        state: what is remembered of its destination.
        newest: when the newest of the waiting news of its subject was recorded (UTC).
        now: the current time (UTC).
        limits: how to deliver.
    """
    moment = waiting.not_before or now
    tried_at = waiting.tried_at
    # The second look at a person has its time, whatever else is taken.
    if tried_at is not None and waiting.attempts and waiting.unreached_at is None:
        # A sign of life after the failure ends the pause; not for what fails although others are taken.
        is_own = waiting.ill or waiting.personal
        shows_life = state.heard_at is not None and state.heard_at > tried_at and not is_own
        # In doubt, it gets one more chance to come before later news of the same subject.
        # Not by a time that has not come yet, which would be later than every try.
        if shows_life or (waiting.doubts and tried_at < newest <= now):
            moment = now
    # Whoever tries it again by hand, which ends its count, knows better.
    if waiting.doubts and waiting.attempts:
        moment = max(moment, _may_be_repeated_at(state, now, limits))
    return max(moment, now)


def _may_be_repeated_at(state: DestinationState, now: datetime, limits: DeliveryLimits) -> datetime:
    """When the address may be sent a card again that may be there already (UTC).

    Past the bound one an hour still tells whether it answers again: once it takes one, all others follow.
    """
    recent = _recent_repeats(state, now)
    if len(recent) < limits.max_repeats:
        return now
    return datetime.fromtimestamp(recent[-1], now.tzinfo) + _REPEAT_PAST_BOUND


def is_ill(
    items: Sequence[PendingNotification], waiting: Iterable[PendingNotification], state: DestinationState
) -> bool:
    """Whether the destination has taken other cards since one of these, or of their group, first failed."""
    groups = {each.value.group for each in items}
    times = [each.value.failing_since for each in (*items, *waiting) if each.value.group in groups]
    first = min((each for each in times if each is not None), default=None)
    accepted = state.last_accepted
    return first is not None and accepted is not None and accepted > first


def sends_one_ahead(digest: Sequence[Notification], state: DestinationState) -> bool:
    """Whether one member of a failed digest is tried now, to learn whether it or the destination is at fault.

    It stays a member, so a long outage takes nothing apart. Once any card is taken, the whole is tried again.

    Args:
        digest: its members; all were tried.
        state: what is remembered of the destination.
    """
    times = {each.tried_at for each in digest if each.tried_at is not None}
    # What other people's chats take says nothing of one that took nothing since.
    is_chats = all((each.ill or each.personal) and each.recipient and not each.chat_works for each in digest)
    accepted = None if is_chats else state.last_accepted
    if accepted is not None and accepted >= max(times, default=accepted):
        return False
    is_failing = is_chats or state.failing_since is not None
    is_failing = is_failing and min(each.attempts for each in digest) >= _WHOLE_TRIES
    was_whole, has_many_doubts = len(times) == 1, min(each.doubts for each in digest) >= _MANY_DOUBTS
    is_turn = has_many_doubts or (was_whole and not digest[0].unanswered)
    return is_turn and (is_failing or digest[0].refused)


def judge(
    items: Sequence[PendingNotification],
    others: Sequence[PendingNotification],
    state: DestinationState,
    failure: Failure,
) -> Verdict:
    """Whose fault a failure is, and what follows from it.

    Args:
        items: what was tried in one card; at least one.
        others: what else waits there.
        state: what is remembered of the destination.
        failure: what became of the card.
    """
    ill, error = is_ill(items, others, state), failure.error
    # Where others are taken, it may be the card: only that waits, and a digest is taken apart.
    personal = _asks_for_wait(items, failure) and (
        ill or not _others_ask(items[0].value, others, state, failure.at)
    )
    failure = replace(failure, ill=ill, personal=personal, together=len(items))
    kept = [after_failure(each.value, failure) for each in items]
    if len(items) > 1:
        kept = kept if kept[0].digest else _counted_alike(kept)
        # What one card had no room for is another card, which has not failed.
        is_part = any(each.value.digest == kept[0].digest for each in others)
        kept = _parted(kept, failure, "" if is_part else kept[0].digest)
    if ill or personal:
        return Verdict(kept, None)
    if not isinstance(error, CardRefused):
        return Verdict(kept, error)
    if kept[0].refused and any(_was_refused_lately(each.value, state) for each in others):
        reason = f"{error}, nor any other, however small: see what the destination itself wants"
        return Verdict(kept, DestinationRefused(reason))
    return Verdict(kept, None)


def after_failure(before: Notification, failure: Failure) -> Notification:
    """The notification, as it was tried, as it waits in the outbox after a failure."""
    now = failure.at
    since = before.failing_since or now
    after = replace(
        before,
        attempts=before.attempts + 1,
        last_error=str(failure.error),
        not_before=None,
        plain=False,
        refused=False,
        doubts=before.doubts + failure.in_doubt,
        unanswered=failure.in_doubt,
        tried_at=now,
        failing_since=since,
        failing_for=before.failing_for + _time_of_failing(before, now).total_seconds(),
        ill=failure.ill,
        personal=failure.personal,
    )
    if isinstance(failure.error, CardRefused):
        if failure.together > 1:
            return replace(after, refused=True)
        if not before.plain:
            return replace(after, plain=True)
        # Refused even in its smallest form: later news of the same subject must not wait for it for ever.
        # The next try is the full one again, for the cause may be gone.
        pause = back_off(after.attempts, LONG_BACK_OFF, failure.jitter)
        until = now + (pause if failure.ill else _NEXT_POLL)
        return replace(after, refused=True, overtakable=True, not_before=until)
    overtakable = before.overtakable or (failure.ill and now - since >= _MAY_BE_OVERTAKEN_AFTER)
    return replace(after, overtakable=overtakable, not_before=_pause_ends(after, failure))


def _time_of_failing(before: Notification, now: datetime) -> timedelta:
    """How much of the time since its last try it failed: days in which nobody tried do not count.

    What is in doubt may have to let many others go before it, so that no more than the longest gap counts.
    """
    gap = now - before.tried_at if before.tried_at else timedelta()
    if before.doubts:
        return min(gap, _LONGEST_GAP * 2)
    return gap if gap <= _LONGEST_GAP else timedelta()


def _pause_ends(after: Notification, failure: Failure) -> datetime | None:
    """When a notification is tried again after a failure that is no refusal of the card (UTC)."""
    now, asked = failure.at, failure.asked
    if failure.in_doubt:
        # By their number, not by the time that passed: nobody may have tried for long.
        age = _FIRST_REPEAT * _GROWTH ** min(after.doubts - 1, 10)
        return now + min(_DAY, age if after.doubts == 1 else age - age / _GROWTH)
    if failure.ill or failure.personal:
        # All that waits for a person has the wait that their chat asked for, so it is no longer than that.
        longest = SHORT_BACK_OFF if failure.personal else LONG_BACK_OFF
        return now + max(back_off(after.attempts, longest, failure.jitter), asked or timedelta())
    if isinstance(failure.error, DestinationUnavailable) and asked is None:
        return now + back_off(after.attempts, SHORT_BACK_OFF, failure.jitter)
    # What is refused waits for the next poll; what asked for a wait has it in the destination's row.
    return None


def _parted(kept: Sequence[Notification], failure: Failure, name: str) -> list[Notification]:
    """The members of a failed digest as they are tried next: together again, or in halves.

    Halves were never tried, so the pause of the whole is not theirs. Where the person's chat took nothing
    since, it is the chat that is ill, and the digest stays whole.
    """
    is_slow = failure.in_doubt and min(each.doubts for each in kept) < _MANY_DOUBTS
    is_chats = bool(kept[0].recipient) and not any(each.chat_works for each in kept)
    if not failure.ill or is_slow or is_chats:
        return _named(kept, name or failure.token)
    until = failure.at + _FIRST_REPEAT if failure.in_doubt else None
    parts, middle = [replace(each, not_before=until, refused=False) for each in kept], len(kept) // 2
    return [*_named(parts[:middle], f"{failure.token}-1"), *_named(parts[middle:], f"{failure.token}-2")]


def _counted_alike(members: Sequence[Notification]) -> list[Notification]:
    """The members of a new digest, with as many failures as the one that failed least.

    Whoever failed often before would have its turn alone only when all others have failed as often.
    """
    least = min(each.attempts for each in members)
    return [replace(each, attempts=least) for each in members]


def _named(part: Sequence[Notification], name: str) -> list[Notification]:
    """The members of a digest under a name of their own; one alone is no digest."""
    return [replace(each, digest=name if len(part) > 1 else "") for each in part]


def chat_works(
    taken: Sequence[PendingNotification], others: Iterable[PendingNotification]
) -> list[PendingNotification]:
    """What failed in the chat that has taken these now, with that mark: so it may be ill by itself."""
    groups = {each.value.group for each in taken if each.value.recipient}
    failed = [each for each in others if each.value.group in groups and each.value.failing_since is not None]
    return [
        replace(each, value=replace(each.value, chat_works=True))
        for each in failed
        if not each.value.chat_works
    ]


def _asks_for_wait(tried: Sequence[PendingNotification], failure: Failure) -> bool:
    """Whether one person's chat asks for a wait: not where it took other cards than these meanwhile.

    A service that is down may ask for a wait, too, and so may a flow: that is everybody's.
    """
    is_limit = isinstance(failure.error, DestinationUnavailable) and failure.error.is_limit
    is_chats = bool(tried[0].value.recipient) and not any(each.value.chat_works for each in tried)
    return is_limit and is_chats and failure.asked is not None


def _others_ask(
    tried: Notification, others: Iterable[PendingNotification], state: DestinationState, now: datetime
) -> bool:
    """Whether another person's chat asked for a wait since a card was taken.

    Teams limits each chat by itself and the bot as a whole, with the same answer to both.
    """
    return any(
        each.value.recipient != tried.recipient and _waits_lately(each.value, state, now) for each in others
    )


def _waits_lately(waiting: Notification, state: DestinationState, now: datetime) -> bool:
    """Whether a chat asked for a wait since the destination last took any, and it still waits or just did."""
    if not waiting.personal or waiting.tried_at is None or waiting.not_before is None:
        return False
    if waiting.not_before < now - _NEXT_POLL:
        return False
    return state.last_accepted is None or waiting.tried_at > state.last_accepted


def _was_refused_lately(waiting: Notification, state: DestinationState) -> bool:
    """Whether a card was refused as such since the destination last took any."""
    if not waiting.refused or waiting.ill or waiting.tried_at is None:
        return False
    return state.last_accepted is None or waiting.tried_at > state.last_accepted


def failing(state: DestinationState, failure: Failure) -> DestinationState:
    """The state after a failure of the destination itself, not of one card."""
    until = None if failure.asked is None else failure.at + failure.asked
    since = state.failing_since or failure.at
    return replace(state, failing_since=since, last_error=str(failure.error), retry_after_until=until)


def in_doubt(
    state: DestinationState, now: datetime, limits: DeliveryLimits, *, is_repeat: bool, is_mute: bool
) -> DestinationState:
    """The state after a card without an answer; `is_mute` says that nothing else is answered there either."""
    repeats = (
        (*_recent_repeats(state, now), now.timestamp())[-limits.max_repeats :] if is_repeat else state.repeats
    )
    return replace(state, is_slow=True, is_mute=is_mute, repeats=repeats)


def heard(state: DestinationState, now: datetime) -> DestinationState:
    """The state of a destination that answers again, after it had answered nothing at all."""
    return replace(state, heard_at=now, is_mute=False)


def _recent_repeats(state: DestinationState, now: datetime) -> list[float]:
    first = (now - _DAY).timestamp()
    return [each for each in state.repeats if first < each <= now.timestamp()]


def back_off(attempts: int, longest: timedelta, jitter: float) -> timedelta:
    """The pause after so many attempts: doubled after each up to `longest`, times `jitter` (0.5 to 1)."""
    return min(longest, timedelta(seconds=2.0 ** min(attempts, 20))) * jitter
