"""The outbox at work: every waiting notification to its destination, at least once, in order, in pace.

A destination is held by one poller at a time, for a limited span that each post renews. So nothing is posted
twice, the pace is kept whatever number of pollers run, and a poller that was killed blocks nobody for long:
the next one waits until its span has run out. After a post the notification leaves the outbox and the row of
the destination is renewed in one transaction; a crash between the two costs one duplicate with the same key.

Nothing sleeps longer than the time budget of the delivery. What is left waits for the next poll.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.delivery.compose import MOST_TOGETHER, CardMaker, Composer
from maa_notify.delivery.order import (
    count_overdue,
    due_now,
    for_first_recipient,
    in_order,
    unblocked,
    without_future_times,
)
from maa_notify.delivery.sender import Message, Receipt, Sender
from maa_notify.domain.log_fields import log_fields, seconds_since
from maa_notify.domain.notification import CardLocation, Notification
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
    RecipientUnreachable,
)
from maa_notify.storage.outbox import Outbox, Outcome, PendingNotification
from maa_notify.storage.records import NEW_DESTINATION, DestinationState, JournalEntry, Versioned
from maa_notify.storage.rows import ConflictError

_LOG = logs.logger(__name__)

_POST_SECONDS = timedelta(seconds=26)
_LOOK_AGAIN = timedelta(seconds=2)
_SKEW = timedelta(minutes=5)
_SHORT_BACK_OFF = 45.0
_LONG_BACK_OFF = 900.0
_UNREACHED_FOR = timedelta(days=1)
"""A person without the app is not tried again sooner."""


class DeliveryLimits(Struct, frozen=True):
    """How to deliver.

    Attributes:
        digest_above: more due notifications than this for one destination become one card.
        time_budget_s: seconds after which nothing more is begun; the rest waits for the next poll.
        max_attempts: failures in a row at one destination until the next poll; one where it failed before.
        lease_time: how long a destination is held without a sign of life.
        rate_window: the time over which `rate_limit` is counted.
        rate_limit: cards for one destination within `rate_window`. The Workflows bot takes 25 in 300 s
            (connector reference "Microsoft Teams", throttling limits).
        min_interval: the least time between two cards for one destination.
        max_retry_after: the most that a `Retry-After` is believed.
        max_age: after this a notification that still fails is given up, loudly.
    """

    digest_above: int = 5
    time_budget_s: float = 45.0
    max_attempts: int = 3
    lease_time: timedelta = timedelta(seconds=30)
    rate_window: timedelta = timedelta(seconds=300)
    rate_limit: int = 25
    min_interval: timedelta = timedelta(seconds=1)
    max_retry_after: timedelta = timedelta(hours=1)
    max_age: timedelta = timedelta(days=7)


class DeliveryResult(Struct, frozen=True):
    """What a delivery did.

    Attributes:
        delivered: notifications accepted.
        pending: notifications that still wait.
        dead: notifications given up.
        refused: destinations that did not take what waits for them.
        overdue: of those that still wait, the ones that have waited for long.
    """

    delivered: int = 0
    pending: int = 0
    dead: int = 0
    refused: tuple[str, ...] = ()
    overdue: int = 0


@dataclass(slots=True)
class DestinationRun:
    """One destination during one delivery."""

    name: str
    waiting: list[PendingNotification]
    lane: Versioned[DestinationState]
    ready_at: datetime
    tries: int
    has_lease: bool = False
    closed: bool = False
    stale: bool = False
    other: tuple[str, datetime | None] | None = None


@dataclass(slots=True)
class Delivery:
    """Delivers what waits, for all destinations of one tenant."""

    store: Outbox
    senders: Mapping[str, Sender]
    cards: CardMaker
    clock: Clock
    limits: DeliveryLimits = DeliveryLimits()
    random: Random = field(default_factory=Random)
    _id: str = field(default_factory=lambda: uuid4().hex)
    _delivered: int = 0
    _dead: int = 0

    def run(self, states: Mapping[str, Versioned[DestinationState]]) -> DeliveryResult:
        """Delivers what is due; `states` was read before the outbox is.

        Raises:
            StateError: the state store failed; what was posted before is recorded.
        """
        turns = self._turns(states)
        end = self.clock.monotonic() + self.limits.time_budget_s
        while turn := _next(turns):
            self._take_turn(turn, end)
        left = [held.value for turn in turns for held in turn.waiting]
        refused = {each.destination for each in left if each.attempts or each.destination not in self.senders}
        overdue = count_overdue(left, self.clock.now())
        return DeliveryResult(self._delivered, len(left), self._dead, tuple(sorted(refused)), overdue)

    def _turns(self, states: Mapping[str, Versioned[DestinationState]]) -> list[DestinationRun]:
        waiting: dict[str, list[PendingNotification]] = {}
        for held in self._read_waiting():
            waiting.setdefault(held.value.destination, []).append(held)
        now = self.clock.now()
        return [
            self._turn(name, items, states.get(name, NEW_DESTINATION), now) for name, items in waiting.items()
        ]

    def _read_waiting(self) -> list[PendingNotification]:
        latest = self.clock.now() + timedelta(seconds=_LONG_BACK_OFF) + _SKEW
        return [
            replace(
                held,
                value=replace(held.value, not_before=without_future_times(held.value.not_before, latest)),
            )
            for held in self.store.read_pending()
        ]

    def _without_future_times(self, lane: Versioned[DestinationState]) -> Versioned[DestinationState]:
        """Without times further ahead than any poller sets them: a clock was set back since."""
        now = self.clock.now()
        lease_expires_at = without_future_times(
            lane.value.lease_expires_at, now + self.limits.lease_time + _SKEW
        )
        retry_after_until = without_future_times(
            lane.value.retry_after_until, now + self.limits.max_retry_after + _SKEW
        )
        return replace(
            lane,
            value=replace(lane.value, lease_expires_at=lease_expires_at, retry_after_until=retry_after_until),
        )

    def _turn(
        self, name: str, waiting: list[PendingNotification], lane: Versioned[DestinationState], now: datetime
    ) -> DestinationRun:
        tries = 1 if lane.value.failing_since else self.limits.max_attempts
        turn = DestinationRun(name, in_order(waiting), self._without_future_times(lane), now, tries)
        if name not in self.senders:
            turn.closed = True
            _LOG.error(
                "deliver.unknown",
                destination=name,
                pending=len(waiting),
                text="it is not in the settings any more; add it again, or drop its notifications with"
                " 'maa-notify outbox discard'",
            )
        return turn

    def _take_turn(self, turn: DestinationRun, end: float) -> None:
        wait = max(0.0, (turn.ready_at - self.clock.now()).total_seconds())
        if self.clock.monotonic() + wait > end:
            self._close(turn)
            return
        if wait:
            self.clock.sleep(wait)
        if turn.stale:
            self._read_again(turn)
        self._step(turn)

    def _step(self, turn: DestinationRun) -> None:
        now = self.clock.now()
        ready = self._ready_at(turn, now)
        if ready is None:
            self._close(turn)
        elif ready > now:
            turn.ready_at = ready
        elif self._acquire_lease(turn, now):
            self._post(turn, now)

    def _ready_at(self, turn: DestinationRun, now: datetime) -> datetime | None:
        """When the next card may go out; None when nothing waits."""
        moments = [item.value.not_before or now for item in unblocked(turn.waiting)]
        if not moments:
            return None
        lane = turn.lane.value
        return max(now, min(moments), lane.retry_after_until or now, self._in_pace_at(lane, now))

    def _in_pace_at(self, lane: DestinationState, now: datetime) -> datetime:
        posts = [datetime.fromtimestamp(each, now.tzinfo) for each in self._recent(lane, now)]
        if not posts:
            return now
        after_gap = posts[-1] + self.limits.min_interval
        if len(posts) < self.limits.rate_limit:
            return after_gap
        return max(after_gap, posts[-self.limits.rate_limit] + self.limits.rate_window)

    def _recent(self, lane: DestinationState, now: datetime) -> list[float]:
        """Posts that still count; one from the future is the mark of a clock that was set back."""
        first = (now - self.limits.rate_window).timestamp()
        return [each for each in lane.posts if first < each <= now.timestamp()]

    def _acquire_lease(self, turn: DestinationRun, now: datetime) -> bool:
        """Makes sure that nobody else posts there meanwhile."""
        lane = turn.lane.value
        if (
            turn.has_lease
            and lane.lease_expires_at is not None
            and lane.lease_expires_at - now >= _POST_SECONDS
        ):
            return True
        if (
            lane.holder not in {"", self._id}
            and lane.lease_expires_at is not None
            and lane.lease_expires_at > now
        ):
            self._wait_for_other(turn, lane, now)
            return False
        held = replace(lane, holder=self._id, lease_expires_at=now + self.limits.lease_time)
        try:
            turn.lane = self.store.write_destination(turn.name, Versioned(held, turn.lane.etag))
        except ConflictError:
            turn.stale = True
            return False
        turn.has_lease = True
        return True

    def _wait_for_other(self, turn: DestinationRun, lane: DestinationState, now: datetime) -> None:
        """Another poller holds it: leave it alone if it shows life, else wait for its span to end."""
        sign = (lane.holder, lane.lease_expires_at)
        if turn.other not in {None, sign}:
            turn.closed = True
        turn.other = sign
        turn.stale = True
        turn.ready_at = min(lane.lease_expires_at or now, now + _LOOK_AGAIN)

    def _read_again(self, turn: DestinationRun) -> None:
        turn.stale = False
        turn.has_lease = False
        turn.lane = self._without_future_times(self.store.read_destination(turn.name))
        turn.waiting = in_order(
            [each for each in self._read_waiting() if each.value.destination == turn.name]
        )

    def _post(self, turn: DestinationRun, now: datetime) -> None:
        items, message = self._compose(turn, now)
        try:
            receipt = self._send(turn.name, message, now)
        except RecipientUnreachable as error:
            self._unreached(turn, items, error)
        except DeliveryError as error:
            self._failed(turn, items, error)
        else:
            self._accepted(turn, items, receipt)

    def _send(self, name: str, message: Message, now: datetime) -> Receipt:
        """Posts, unless it is for somebody who could not be written to lately."""
        if message.recipient and self.store.is_unreached(name, message.recipient, now - _UNREACHED_FOR):
            raise RecipientUnreachable("could not be written to less than a day ago")
        return self.senders[name].post(message)

    def _compose(self, turn: DestinationRun, now: datetime) -> tuple[Sequence[PendingNotification], Message]:
        due = for_first_recipient(due_now(turn.waiting, now))
        places: Mapping[str, CardLocation] = {}
        if self.senders[turn.name].updates_cards:
            requests = dict.fromkeys(item.value.event.subject_id for item in due[:MOST_TOGETHER])
            places = self.store.read_card_locations(turn.name, requests)
        return Composer(self.cards, self.limits.digest_above).compose(due, places, now)

    def _unreached(
        self, turn: DestinationRun, items: Sequence[PendingNotification], error: RecipientUnreachable
    ) -> None:
        """Nobody waits for a person who has no app: what was for them is put on record."""
        now = self.clock.now()
        entries = [
            JournalEntry(replace(item.value, last_error=str(error)), now, unreached=True) for item in items
        ]
        self._settle(
            turn,
            [Outcome(item, entry=entry) for item, entry in zip(items, entries, strict=True)],
            lambda lane: lane,
        )
        for item in items:
            key = item.value.event.short_key
            _LOG.info("deliver.unreached", key=key, destination=turn.name, text=str(error))

    def _accepted(self, turn: DestinationRun, items: Sequence[PendingNotification], receipt: Receipt) -> None:
        now = self.clock.now()
        was_failing = turn.lane.value.failing_since
        place = receipt.place if len(items) == 1 else None  # a digest is no request's own card
        outcomes = [
            Outcome(
                item,
                entry=JournalEntry(item.value, now, receipt.run_id, receipt.message_id),
                location=place,
            )
            for item in items
        ]
        posts = (*self._recent(turn.lane.value, now), now.timestamp())[-self.limits.rate_limit :]
        self._settle(
            turn,
            outcomes,
            lambda lane: replace(
                lane,
                posts=posts,
                retry_after_until=None,
                failing_since=None,
                last_error="",
                last_accepted=now,
            ),
        )
        self._delivered += len(items)
        turn.tries = self.limits.max_attempts
        for item in items:
            event = item.value.event
            _LOG.info(
                "deliver.sent",
                key=event.short_key,
                destination=turn.name,
                **log_fields(event),
                after_s=seconds_since(event, now),
            )
        if was_failing:
            _LOG.warning("deliver.recovered", destination=turn.name, failing_since=was_failing)

    def _failed(
        self, turn: DestinationRun, items: Sequence[PendingNotification], error: DeliveryError
    ) -> None:
        now = self.clock.now()
        turn.tries -= 1
        outcomes = [self._outcome_of_failure(item, error, now) for item in items]
        is_destination_failing = not isinstance(error, CardRefused)
        if is_destination_failing and turn.lane.value.failing_since is None:
            _LOG.error(
                "deliver.failing",
                destination=turn.name,
                code=error.code,
                waiting=len(turn.waiting),
                text=f"{error}; what waits is kept",
            )
        if isinstance(error, DestinationRefused) or turn.tries <= 0:
            turn.closed = True
        self._settle(
            turn, outcomes, lambda lane: self._failing(lane, error, now) if is_destination_failing else lane
        )

    def _failing(self, lane: DestinationState, error: DeliveryError, now: datetime) -> DestinationState:
        asked = error.retry_after if isinstance(error, DestinationUnavailable) else None
        hold = None if asked is None else now + min(timedelta(seconds=asked), self.limits.max_retry_after)
        return replace(
            lane, failing_since=lane.failing_since or now, last_error=str(error), retry_after_until=hold
        )

    def _outcome_of_failure(self, item: PendingNotification, error: DeliveryError, now: datetime) -> Outcome:
        after = self._after_failure(item.value, error, now)
        if now - after.recorded_at <= self.limits.max_age:
            return Outcome(item, kept=after)
        self._dead += 1
        _LOG.error(
            "deliver.dead",
            key=after.event.short_key,
            destination=after.destination,
            attempts=after.attempts,
            text=f"given up after {self.limits.max_age.days} days;"
            " mend the destination and run 'maa-notify outbox retry'",
        )
        return Outcome(item, entry=JournalEntry(after, now), dead=True)

    def _after_failure(self, before: Notification, error: DeliveryError, now: datetime) -> Notification:
        in_doubt = before.in_doubt or (isinstance(error, DestinationUnavailable) and error.in_doubt)
        after = replace(
            before, attempts=before.attempts + 1, last_error=str(error), not_before=None, in_doubt=in_doubt
        )
        if isinstance(error, CardRefused):
            if not before.plain:
                return replace(after, plain=True)
            return replace(
                after, overtakable=True, not_before=now + self._back_off(after.attempts, _LONG_BACK_OFF)
            )
        if isinstance(error, DestinationUnavailable) and error.retry_after is None:
            return replace(after, not_before=now + self._back_off(after.attempts, _SHORT_BACK_OFF))
        return after

    def _back_off(self, attempts: int, longest: float) -> timedelta:
        seconds = min(longest, 2.0 ** min(attempts, 20))
        return timedelta(seconds=seconds * self.random.uniform(0.5, 1.0))

    def _settle(
        self,
        turn: DestinationRun,
        outcomes: Sequence[Outcome],
        update: Callable[[DestinationState], DestinationState],
    ) -> None:
        """Writes down what happened; if rows moved under our hands, what still stands is written again."""
        self._forget(turn, outcomes)
        turn.closed = turn.closed or not (turn.waiting or any(each.kept for each in outcomes))
        while outcomes:
            try:
                turn.lane, staying = self.store.commit_outcomes(
                    turn.name, self._renewed(turn, update), outcomes
                )
            except ConflictError:
                outcomes = self._still_standing(turn, outcomes)
            else:
                turn.waiting = in_order([*turn.waiting, *staying])
                return

    def _renewed(
        self, turn: DestinationRun, update: Callable[[DestinationState], DestinationState]
    ) -> Versioned[DestinationState]:
        lane = update(turn.lane.value)
        if lane.holder == self._id:
            until = None if turn.closed else self.clock.now() + self.limits.lease_time
            lane = replace(lane, holder="" if turn.closed else self._id, lease_expires_at=until)
            turn.has_lease = not turn.closed
        return Versioned(lane, turn.lane.etag)

    def _forget(self, turn: DestinationRun, outcomes: Sequence[Outcome]) -> None:
        keys = {outcome.pending.value.key for outcome in outcomes}
        turn.waiting = [item for item in turn.waiting if item.value.key not in keys]

    def _still_standing(self, turn: DestinationRun, outcomes: Sequence[Outcome]) -> list[Outcome]:
        _LOG.warning("deliver.overtaken", destination=turn.name, text="another poller or a person was faster")
        self._read_again(turn)
        found = {item.value.key: item for item in turn.waiting}
        standing = [each for each in outcomes if each.pending.value.key in found]
        self._forget(turn, standing)
        return [replace(each, pending=found[each.pending.value.key]) for each in standing]

    def _close(self, turn: DestinationRun) -> None:
        turn.closed = True
        if turn.has_lease:
            free = replace(turn.lane.value, holder="", lease_expires_at=None)
            try:
                turn.lane = self.store.write_destination(turn.name, Versioned(free, turn.lane.etag))
            except ConflictError:
                _LOG.debug("deliver.lost", destination=turn.name)
            turn.has_lease = False


def _next(turns: Sequence[DestinationRun]) -> DestinationRun | None:
    """The destination whose turn it is: those that work before those that failed last."""
    ready = [turn for turn in turns if not turn.closed]
    return min(
        ready, key=lambda turn: (turn.ready_at, turn.lane.value.failing_since is not None), default=None
    )
