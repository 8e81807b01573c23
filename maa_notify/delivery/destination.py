"""One destination during one delivery: takes its lease, posts its messages and records the outcomes.

After a post the notification leaves the outbox and the destination's row is renewed in one transaction, so
that pace and outcome cannot drift apart; a crash between the post and that costs one duplicate with the same
key.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.delivery import lease, pacing, retries
from maa_notify.delivery.compose import MOST_TOGETHER, Composer
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.order import due_now, for_first_recipient, in_order, unblocked
from maa_notify.delivery.sender import Message, Receipt, Sender
from maa_notify.domain.log_fields import log_fields, seconds_since
from maa_notify.domain.notification import CardLocation
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    RecipientUnreachable,
    StateError,
)
from maa_notify.storage.outbox import Outbox, Outcome, PendingNotification
from maa_notify.storage.records import DestinationState, JournalEntry, Versioned
from maa_notify.storage.rows import ConflictError

_LOG = logs.logger(__name__)

_LOOK_AGAIN = timedelta(seconds=2)
_UNREACHED_FOR = timedelta(days=1)
"""A person without the app is not tried again sooner."""

_MOST_CONFLICTS = 20
"""Each one means that somebody else wrote; so many in one poll, that something is wrong with the store."""


class Shared(Struct, frozen=True):
    """What all destinations of one delivery share.

    Attributes:
        outbox: where notifications and destinations are remembered.
        composer: makes messages.
        clock: the time.
        limits: how to deliver.
        random: for the jitter of pauses.
        holder: the name under which this poll leases destinations.
    """

    outbox: Outbox
    composer: Composer
    clock: Clock
    limits: DeliveryLimits
    random: Random
    holder: str


class DestinationRun:
    """One destination during one delivery.

    Attributes:
        name: of the destination in the settings.
        waiting: what waits for it, in order.
        ready_at: when to go on with it (UTC).
        is_closed: nothing more is done there in this poll.
        delivered: notifications accepted so far.
        dead: notifications given up so far.
    """

    def __init__(
        self,
        name: str,
        sender: Sender,
        shared: Shared,
        state: Versioned[DestinationState],
        pending: Iterable[PendingNotification],
    ) -> None:
        """Begins with what was read: `state` no later than `pending`.

        Whoever delivers there writes `state`. So if its etag still holds when the lease is taken, nothing was
        delivered since `pending` was read.
        """
        self.name = name
        now = shared.clock.now()
        self.waiting = in_order(retries.without_future_times(pending, now))
        self.ready_at = now
        self.is_closed = False
        self.delivered = 0
        self.dead = 0
        self._sender = sender
        self._shared = shared
        self._is_stale = False
        self._conflicts = 0
        self._other: tuple[str, datetime | None] | None = None
        self._state = lease.without_future_times(state, now, shared.limits)
        # Where it failed last it tries once a poll, so that a long outage causes no storm of calls.
        self._tries = 1 if self.is_failing else shared.limits.max_attempts

    @property
    def is_failing(self) -> bool:
        """Whether the destination did not take what it was sent last."""
        return self._state.value.failing_since is not None

    def advance(self, end: float) -> None:
        """Posts the next message, or notes when that can be; past `end` (monotonic seconds) it closes."""
        clock = self._shared.clock
        wait = max(0.0, (self.ready_at - clock.now()).total_seconds())
        if clock.monotonic() + wait > end:
            self._close()
            return
        if wait:
            clock.sleep(wait)
        if self._is_stale:
            self._read_again()
        now = clock.now()
        ready = self._next_post_at(now)
        if ready is None:
            self._close()
        elif ready > now:
            self.ready_at = ready
        elif self._acquire_lease(now):
            self._post(now)

    def _read_again(self) -> None:
        """Reads the state and then the outbox again, in this order for the reason in `__init__`."""
        self._is_stale = False
        now = self._shared.clock.now()
        state = self._shared.outbox.read_destination(self.name)
        self._state = lease.without_future_times(state, now, self._shared.limits)
        pending = [each for each in self._shared.outbox.read_pending() if each.value.destination == self.name]
        self.waiting = in_order(retries.without_future_times(pending, now))

    def _next_post_at(self, now: datetime) -> datetime | None:
        """When the next card may go out; None when nothing waits."""
        moments = [each.value.not_before or now for each in unblocked(self.waiting)]
        if not moments:
            return None
        return max(min(moments), pacing.ready_at(self._state.value, now, self._shared.limits))

    def _acquire_lease(self, now: datetime) -> bool:
        """Takes the lease, so that no other poll posts there meanwhile; returns whether this poll has it."""
        state, holder = self._state.value, self._shared.holder
        if lease.lasts(state, holder, now):
            return True
        if lease.is_taken(state, holder, now):
            # Another poll holds it: it is left alone if it shows life, else waited for until its lease ends.
            sign = (state.holder, state.lease_expires_at)
            self.is_closed = self._other not in {None, sign}
            self._other, self._is_stale = sign, True
            self.ready_at = min(state.lease_expires_at or now, now + _LOOK_AGAIN)
            return False
        until = now + self._shared.limits.lease_time
        taken = Versioned(lease.leased(state, holder, until), self._state.etag)
        try:
            self._state = self._shared.outbox.write_destination(self.name, taken)
        except ConflictError:
            self._is_stale = True
            self._conflicts += 1
            self.is_closed = self._conflicts >= _MOST_CONFLICTS
            return False
        return True

    def _post(self, now: datetime) -> None:
        items, message = self._compose(now)
        try:
            receipt = self._send(message, now)
        except RecipientUnreachable as error:
            self._unreached(items, error)
        except DeliveryError as error:
            self._failed(items, error)
        else:
            self._accepted(items, receipt)

    def _compose(self, now: datetime) -> tuple[Sequence[PendingNotification], Message]:
        due = for_first_recipient(due_now(self.waiting, now))
        locations: Mapping[str, CardLocation] = {}
        if self._sender.updates_cards:
            subjects = dict.fromkeys(each.value.event.subject_id for each in due[:MOST_TOGETHER])
            locations = self._shared.outbox.read_card_locations(self.name, subjects)
        return self._shared.composer.compose(due, locations, now)

    def _send(self, message: Message, now: datetime) -> Receipt:
        """Posts a message, unless its recipient could not be reached within the last day."""
        recipient, since = message.recipient, now - _UNREACHED_FOR
        if recipient and self._shared.outbox.is_unreached(self.name, recipient, since, now):
            raise RecipientUnreachable("could not be written to less than a day ago")
        return self._sender.post(message)

    def _unreached(self, items: Sequence[PendingNotification], error: RecipientUnreachable) -> None:
        """Moves the notifications to the journal as unreached: without the app no retry could succeed."""
        now = self._shared.clock.now()
        outcomes = [
            Outcome(each, entry=JournalEntry(replace(each.value, last_error=str(error)), now, unreached=True))
            for each in items
        ]
        self._commit(outcomes, lambda state: state)
        for each in items:
            key = each.value.event.short_key
            _LOG.info("deliver.unreached", key=key, destination=self.name, text=str(error))

    def _accepted(self, items: Sequence[PendingNotification], receipt: Receipt) -> None:
        now, limits = self._shared.clock.now(), self._shared.limits
        failing_since = self._state.value.failing_since
        location = receipt.location if len(items) == 1 else None  # a digest is no subject's own card
        entries = [JournalEntry(each.value, now, receipt.run_id, receipt.message_id) for each in items]
        self._commit(
            [
                Outcome(item, entry=entry, location=location)
                for item, entry in zip(items, entries, strict=True)
            ],
            lambda state: pacing.after_post(state, now, limits),
        )
        self.delivered += len(items)
        self._tries = limits.max_attempts
        for event in (each.value.event for each in items):
            _LOG.info(
                "deliver.sent",
                key=event.short_key,
                destination=self.name,
                **log_fields(event),
                after_s=seconds_since(event, now),
            )
        if failing_since:
            _LOG.warning("deliver.recovered", destination=self.name, failing_since=failing_since)

    def _failed(self, items: Sequence[PendingNotification], error: DeliveryError) -> None:
        now, limits = self._shared.clock.now(), self._shared.limits
        is_its_own = not isinstance(error, CardRefused)
        if is_its_own and not self.is_failing:
            _LOG.error(
                "deliver.failing",
                destination=self.name,
                code=error.code,
                waiting=len(self.waiting),
                text=f"{error}; what waits is kept",
            )
        self._tries -= 1
        # After a refusal a person has to mend something, so a second try now could only fail again.
        self.is_closed = isinstance(error, DestinationRefused) or self._tries <= 0
        self._commit(
            [self._outcome_of_failure(each, error, now) for each in items],
            lambda state: retries.failing(state, error, now, limits) if is_its_own else state,
        )

    def _outcome_of_failure(self, item: PendingNotification, error: DeliveryError, now: datetime) -> Outcome:
        after = retries.after_failure(item.value, error, now, self._shared.random.uniform(0.5, 1.0))
        if now - after.recorded_at <= self._shared.limits.max_age:
            return Outcome(item, kept=after)
        self.dead += 1
        _LOG.error(
            "deliver.dead",
            key=after.event.short_key,
            destination=self.name,
            attempts=after.attempts,
            text=f"given up after {self._shared.limits.max_age.days} days;"
            " mend the destination and run 'maa-notify outbox retry'",
        )
        return Outcome(item, entry=JournalEntry(after, now), dead=True)

    def _commit(
        self, outcomes: Sequence[Outcome], update: Callable[[DestinationState], DestinationState]
    ) -> None:
        """Records the outcomes of a message; if rows changed meanwhile, those whose rows are still there.

        Raises:
            StateError: also when rows changed at every try.
        """
        self.waiting = _without(self.waiting, outcomes)
        self.is_closed = self.is_closed or not (self.waiting or any(each.kept for each in outcomes))
        for _ in range(_MOST_CONFLICTS):
            if not outcomes:
                return
            state = Versioned(self._renewed(update(self._state.value)), self._state.etag)
            try:
                self._state, kept = self._shared.outbox.commit_outcomes(self.name, state, outcomes)
            except ConflictError:
                _LOG.warning(
                    "deliver.overtaken", destination=self.name, text="another poller or a person was faster"
                )
                self._read_again()
                found = {each.value.key: each for each in self.waiting}
                # A person or another poll may have moved a notification; only what still waits is written.
                outcomes = [
                    replace(each, pending=found[each.pending.value.key])
                    for each in outcomes
                    if each.pending.value.key in found
                ]
                self.waiting = _without(self.waiting, outcomes)
            else:
                self.waiting = in_order([*self.waiting, *kept])
                return
        raise StateError(
            f"what became of a card for destination {self.name!r} could not be recorded:"
            f" its rows changed at each of {_MOST_CONFLICTS} tries"
        )

    def _renewed(self, state: DestinationState) -> DestinationState:
        """The state with our lease renewed, or released after the last post; another poll's lease stays."""
        if state.holder != self._shared.holder:
            return state
        if self.is_closed:
            return lease.released(state)
        until = self._shared.clock.now() + self._shared.limits.lease_time
        return lease.leased(state, self._shared.holder, until)

    def _close(self) -> None:
        self.is_closed = True
        if self._state.value.holder != self._shared.holder:
            return
        free = Versioned(lease.released(self._state.value), self._state.etag)
        try:
            self._state = self._shared.outbox.write_destination(self.name, free)
        except ConflictError:
            # Whoever wrote the row has taken the destination over: nothing is left to release.
            _LOG.debug("deliver.lost", destination=self.name)


def _without(
    waiting: Iterable[PendingNotification], outcomes: Iterable[Outcome]
) -> list[PendingNotification]:
    keys = {each.pending.value.key for each in outcomes}
    return [each for each in waiting if each.value.key not in keys]
