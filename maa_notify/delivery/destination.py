"""One address during one delivery: takes its lease, posts its messages and records the outcomes.

After a post the notification leaves the outbox and the destination's row is renewed in one transaction, so
that pace and outcome cannot drift apart; a crash between the post and that costs one duplicate with the same
key.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.delivery import lease, outcomes, pacing, retries, said
from maa_notify.delivery.addressing import addressees
from maa_notify.delivery.compose import Composer
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.order import (
    Waiting,
    due_first,
    for_first_recipient,
    handed_over,
    in_order,
    outdated,
    timed,
)
from maa_notify.delivery.places import Places
from maa_notify.delivery.sender import Message, Receipt, Sender
from maa_notify.domain.notification import APPROVER_CHAT
from maa_notify.domain.times import DAWN
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
    RecipientUnreachable,
    StateError,
)
from maa_notify.storage.outbox import Outbox, Outcome, PendingNotification, recorded_together
from maa_notify.storage.records import DestinationState, StoredCard, Versioned
from maa_notify.storage.rows import ConflictError

_LOG = logs.logger(__name__)

_LOOK_AGAIN = timedelta(seconds=2)
_STAND_BACK = timedelta(seconds=20)
"""So much sooner others may be ready and still go first: they pause for a second after each card."""

_LEFT_TO_CHANNELS = 15.0
"""Seconds of a poll in which the chats with approvers begin nothing: further sources may have news."""

_UNREACHED_FOR = timedelta(days=1)
"""A person who is out of reach is not tried again sooner."""

_MOST_CONFLICTS = 20
"""Each one means that somebody else wrote; so many in one poll, that something is wrong with the store."""

Update = Callable[[DestinationState], DestinationState]


class Shared(Struct, frozen=True):
    """What all destinations of one delivery share.

    Attributes:
        outbox: where notifications and destinations are remembered.
        senders: what posts to each destination, by its name.
        leaders: the first destination at the same address, for all others there.
        composer: makes messages.
        clock: the time.
        limits: how to deliver.
        random: for the jitter of pauses, and the names of digests.
        holder: the name under which this poll leases destinations.
        over: when the last post has to be over (monotonic seconds).
        began: when the delivery began (UTC), so that all are ready at the same time then.
    """

    outbox: Outbox
    senders: Mapping[str, Sender]
    leaders: Mapping[str, str]
    composer: Composer
    clock: Clock
    limits: DeliveryLimits
    random: Random
    holder: str
    over: float
    began: datetime


class DestinationRun:
    """One address during one delivery, with all destinations that post there.

    Attributes:
        name: of the destination in the settings, or of the first of those at the same address.
        waiting: what waits for all of them, in order.
        ready_at: when to go on (UTC).
        is_closed: nothing more is done there in this poll.
        delivered: notifications accepted so far.
        dead: notifications given up so far.
        unreached: notifications so far whose recipient is out of reach.
    """

    def __init__(
        self,
        name: str,
        shared: Shared,
        state: Versioned[DestinationState],
        pending: Iterable[PendingNotification],
    ) -> None:
        """Begins with what was read: `state` no later than `pending`.

        Whoever delivers there writes `state`. So if its etag still holds when the lease is taken, nothing was
        delivered since `pending` was read.
        """
        self.name = name
        self._is_of_approvers = name == APPROVER_CHAT
        self._limits = shared.limits.in_chats() if self._is_of_approvers else shared.limits
        now = shared.began
        self.waiting = in_order(retries.in_full(retries.without_future_times(pending, now)))
        self.ready_at = now
        self.is_closed = False
        self.delivered = 0
        self.dead = 0
        self.unreached = 0
        self._shared = shared
        self._is_stale = False
        self._was_asked = False
        self._conflicts = 0
        self._ill = 0
        self._other: tuple[str, datetime | None] | None = None
        self._places = Places(shared.outbox)
        self._state = lease.without_future_times(state, now, self._limits)
        # Where it failed last it tries once a poll, so that a long outage causes no storm of calls.
        self._tries = 1 if self.is_failing else self._limits.max_attempts

    @property
    def is_failing(self) -> bool:
        """Whether the destination did not take what it was sent last."""
        return self._state.value.failing_since is not None

    @property
    def turn(self) -> tuple[datetime, datetime]:
        """When it has its turn among all destinations (UTC), and of two at once whoever was tried before.

        The chats with approvers let every channel that works go first, for each of them tells many. What
        fails or is slow lets all others go first. There may be more of that than a poll has time for, so
        whatever was not tried for longest is the first of it.
        """
        state = self._state.value
        if self.is_failing or state.is_slow:
            tried = [each for each in (state.failed_at, state.last_accepted) if each is not None]
            return self.ready_at + 2 * _STAND_BACK, max(tried, default=DAWN)
        return self.ready_at + (_STAND_BACK if self._is_of_approvers else timedelta()), DAWN

    def advance(self, end: float) -> None:
        """Posts the next message, or notes when that can be; past `end` (monotonic seconds) it closes."""
        clock = self._shared.clock
        end -= _LEFT_TO_CHANNELS if self._is_of_approvers else 0.0
        wait = max(0.0, (self.ready_at - clock.now()).total_seconds())
        if clock.monotonic() + wait > end:
            self._close()
            return
        if wait:
            clock.sleep(wait)
        if self._is_stale:
            self._read_again()
        now = clock.now()
        self._ask_if_mute(now)
        waiting = self._timed(now)
        if not waiting:
            self._close()
            return
        if for_many := [each.pending for each in waiting if each.pending.value.is_for_many]:
            self._address(for_many[0], now)
            return
        if untrue := outdated(self.waiting):
            self._leave_out(untrue, now)
            return
        pace = pacing.ready_at(self._state.value, now, self._limits)
        ready = max(pace, min(each.due_at for each in waiting))
        if ready > now:
            self.ready_at = ready
        elif self._acquire_lease(now, self._limits.post_s):
            self._post(due_first(waiting, now, self._state.value), now)

    def _read_again(self) -> None:
        """Reads the state and then the outbox again, in this order for the reason in `__init__`."""
        self._is_stale = False
        self._places.forget()
        now = self._shared.clock.now()
        state = self._shared.outbox.read_destination(self.name)
        self._state = lease.without_future_times(state, now, self._limits)
        senders, leaders = self._shared.senders, self._shared.leaders
        ours = {each for each in senders if leaders.get(each, each) == self.name}
        pending = [each for each in self._shared.outbox.read_pending() if each.value.destination in ours]
        self.waiting = in_order(retries.without_future_times(pending, now))

    def _timed(self, now: datetime) -> list[Waiting]:
        return timed(self.waiting, self._state.value, now, self._limits)

    def _ask_if_mute(self, now: datetime) -> None:
        """Asks an address that answered nothing at all, once a poll, whether it answers again.

        What is in doubt waits long, for each repeat may be one more copy. This ends the wait after an outage.
        """
        if self._was_asked or not self._state.value.is_mute or not self.waiting:
            return
        if any(each.pending.value.doubts and each.due_at <= now for each in self._timed(now)):
            return  # its own try will tell
        self._was_asked = True
        if self._shared.senders[self.waiting[0].value.destination].answers():
            self._state = Versioned(retries.heard(self._state.value, now), self._state.etag)
        elif not lease.is_taken(self._state.value, self._shared.holder, now):
            # Noted, for the question took its time: in the next poll others have their turn before.
            asked = Versioned(replace(self._state.value, failed_at=now), self._state.etag)
            try:
                self._state = self._shared.outbox.write_destination(self.name, asked)
            except ConflictError:
                # Whoever was faster may have had an answer: what waits for one is due then.
                self._read_again()

    def _acquire_lease(self, now: datetime, seconds: float) -> bool:
        """Takes the lease for a post of so many seconds, so that no other poll posts there meanwhile."""
        state, holder = self._state.value, self._shared.holder
        if lease.lasts(state, holder, now, seconds):
            return True
        if lease.is_taken(state, holder, now):
            # Another poll holds it: it is left alone if it shows life, else waited for until its lease ends.
            sign = (state.holder, state.lease_expires_at)
            self.is_closed = self._other not in {None, sign}
            self._other, self._is_stale = sign, True
            self.ready_at = min(state.lease_expires_at or now, now + _LOOK_AGAIN)
            return False
        until = now + self._limits.lease_time(seconds)
        taken = Versioned(lease.leased(state, holder, until), self._state.etag)
        try:
            self._state = self._shared.outbox.write_destination(self.name, taken)
        except ConflictError:
            self._is_stale = True
            self._conflicts += 1
            self.is_closed = self._conflicts >= _MOST_CONFLICTS
            return False
        return True

    def _address(self, pending: PendingNotification, now: datetime) -> None:
        """Puts a notification to each person in the place of one for many."""
        if not self._acquire_lease(now, self._limits.post_s):
            return
        try:
            people = addressees(pending.value, self.waiting, self._shared.outbox)
            self._state, told = self._shared.outbox.address(self.name, self._state, pending, people)
        except ConflictError:
            self._is_stale = True
            self._conflicts += 1
            self.is_closed = self._conflicts >= _MOST_CONFLICTS
        else:
            self.waiting = in_order([*_without(self.waiting, [pending]), *told])

    def _leave_out(self, untrue: Sequence[PendingNotification], now: datetime) -> None:
        """Has news leave for the journal without being told, as many as one transaction takes."""
        if self._acquire_lease(now, self._limits.post_s):
            gone = [outcomes.left_out(each, now) for each in untrue]
            # A wait that a person's chat asked for does not end with what found it.
            heirs = [Outcome(each, kept=each.value) for each in handed_over(untrue, self.waiting)]
            self._commit(recorded_together((), [*heirs, *gone]), lambda state: state)

    def _post(self, due: Sequence[PendingNotification], now: datetime) -> None:
        items, message = self._compose(for_first_recipient(due), now)
        clock, outbox, first = self._shared.clock, self._shared.outbox, items[0].value
        if not self._acquire_lease(clock.now(), message.seconds):
            return
        since = now - _UNREACHED_FOR
        is_unreached = bool(message.recipient) and outbox.is_unreached(
            first.destination, message.recipient, since, now
        )
        # Asked once more, since the store may have been slow: a post must end before its lease.
        if not lease.lasts(self._state.value, self._shared.holder, clock.now(), message.seconds):
            return
        if (first.told or first.event.only_changes_cards) and message.location is None:
            # The row of its card is gone, or cards are not changed there any more.
            leave = outcomes.left_out if first.event.only_changes_cards else outcomes.done
            self._commit([leave(each, now) for each in items], lambda state: state)
            return
        if is_unreached:
            reason = "could not be written to less than a day ago"
            self._unreached(outcomes.left_alone(items, reason, now, is_known=True))
            return
        began = clock.monotonic()
        try:
            receipt = self._shared.senders[first.destination].post(message)
        except RecipientUnreachable as error:
            self._unreached(outcomes.out_of_reach(items, str(error), clock.now()))
        except DeliveryError as error:
            self._failed(items, message, error)
        else:
            self._accepted(items, message, receipt, clock.monotonic() - began)

    def _compose(
        self, due: Sequence[PendingNotification], now: datetime
    ) -> tuple[Sequence[PendingNotification], Message]:
        state, limits = self._state.value, self._limits
        # What could not be recorded may have a number that the destination does not know of.
        taken = max(state.serial, *(each.value.serial for each in self.waiting), 0)
        state = replace(state, serial=taken)
        places = self._cards_of(due)
        is_updated = self._shared.senders[due[0].value.destination].updates_cards
        apart = self._places.apart(due, self.waiting) if is_updated else frozenset[str]()
        items, message = self._shared.composer.compose(due, places, apart, state, now)
        # A repeat waits for as long as an answer can take, unless nothing is answered there at all.
        is_patient = state.is_slow or any(each.value.doubts for each in items)
        seconds = limits.patient_post_s if is_patient and not state.is_mute else limits.post_s
        # An answer that comes after the host has ended the poll could not be written down.
        left = max(1.0, self._shared.over - self._shared.clock.monotonic())
        return items, replace(message, seconds=min(seconds, left))

    def _cards_of(self, due: Sequence[PendingNotification]) -> Mapping[str, StoredCard]:
        """The cards of these subjects that stand at their destination and are changed there, by id."""
        is_updated = self._shared.senders[due[0].value.destination].updates_cards
        return self._places.of(due, self.waiting) if is_updated else {}

    def _accepted(
        self, items: Sequence[PendingNotification], message: Message, receipt: Receipt, took_s: float
    ) -> None:
        now, limits, before = self._shared.clock.now(), self._limits, self._state.value
        others, places = _without(self.waiting, items), self._cards_of(items)
        told = outcomes.accepted(items, message, receipt, others, places, now)
        self._places.remember(told)
        try:
            self._commit(
                told,
                lambda state: pacing.after_post(state, now, limits, took_s=took_s, serial=message.serial),
            )
        except StateError:
            self._note_unrecorded(items, message.serial, now)
            raise
        self.delivered += sum(each.entry is not None for each in told)
        self._tries = limits.max_attempts
        said.sent([each for each in items if not each.value.told], now)
        said.recovered(self.name, before.failing_since)

    def _note_unrecorded(self, items: Sequence[PendingNotification], serial: int, now: datetime) -> None:
        """Notes of each card whose outcome could not be recorded, by itself, that it may be there.

        A store that refuses the larger transaction may take these, which bound and mark the copies.
        """
        error = DestinationUnavailable("posted, but that could not be recorded", in_doubt=True)
        for item in items:
            doubtful = retries.after_failure(item.value, retries.Failure(error, now))
            with suppress(StateError, ConflictError):
                self._shared.outbox.keep(item, replace(doubtful, serial=serial))

    def _unreached(self, found: Sequence[Outcome]) -> None:
        self._commit(found, lambda state: state)
        self.unreached += sum(each.entry is not None for each in found)
        said.left(found, self._limits.max_age.days)

    def _failed(self, items: Sequence[PendingNotification], message: Message, error: DeliveryError) -> None:
        now, limits = self._shared.clock.now(), self._limits
        others = _without(self.waiting, items)
        jitter, token = self._shared.random.uniform(0.5, 1.0), f"{self._shared.random.getrandbits(32):08x}"
        failure = retries.Failure(error, now, limits.max_retry_after, jitter, token=token)
        verdict = retries.judge(items, others, self._state.value, failure)
        # The card may be there under this number, which is its own from now on.
        serial = message.serial if failure.in_doubt or error.may_show else 0
        if serial:
            verdict = replace(verdict, kept=[replace(each, serial=serial) for each in verdict.kept])
        if verdict.blame is None or isinstance(error, CardRefused):
            # A card that is at fault says nothing of others, so it does not use up their tries.
            self._ill += 1
            self.is_closed = self._ill >= limits.max_ill
        else:
            self._tries -= 1
            # After a refusal a person has to mend something, so a second try now could only fail again.
            self.is_closed = isinstance(error, DestinationRefused) or self._tries <= 0
        said.failed(self.name, items, verdict, is_news=not self.is_failing, waiting=len(self.waiting))
        found = outcomes.failed(items, verdict, limits.max_age, now)
        if error.may_show:
            found = outcomes.shown(found, message, self._cards_of(items), now)
            self._places.remember(found)
        self._commit(found, self._after(failure, verdict, items, serial))
        self.dead += sum(each.dead for each in found)
        said.left(found, limits.max_age.days)

    def _after(
        self,
        failure: retries.Failure,
        verdict: retries.Verdict,
        items: Sequence[PendingNotification],
        serial: int,
    ) -> Update:
        """What a failure changes of the destination's state."""
        blame, limits = verdict.blame, self._limits
        sender = self._shared.senders[items[0].value.destination]
        was_mute = self._state.value.is_mute
        is_mute = failure.in_doubt and blame is not None and (was_mute or not sender.answers())
        is_repeat = any(each.value.doubts for each in items)

        def update(state: DestinationState) -> DestinationState:
            state = replace(state, serial=max(state.serial, serial), failed_at=failure.at)
            if failure.in_doubt:
                state = retries.in_doubt(state, failure.at, limits, is_repeat=is_repeat, is_mute=is_mute)
            return state if blame is None else retries.failing(state, replace(failure, error=blame))

        return update

    def _commit(self, found: Sequence[Outcome], update: Update) -> None:
        """Records the outcomes of a message; if rows changed meanwhile, those whose rows are still there.

        Raises:
            StateError: also when rows changed at every try.
        """
        self.waiting = _without(self.waiting, [each.pending for each in found])
        self.is_closed = self.is_closed or not (self.waiting or any(each.kept for each in found))
        for _ in range(_MOST_CONFLICTS):
            if not found:
                return
            state = Versioned(self._renewed(update(self._state.value)), self._state.etag)
            try:
                self._state, kept = self._shared.outbox.commit_outcomes(self.name, state, found)
            except ConflictError:
                _LOG.warning(
                    "deliver.overtaken", destination=self.name, text="another poller or a person was faster"
                )
                self._read_again()
                waiting = {each.value.key: each for each in self.waiting}
                # A person or another poll may have moved a notification; only what still waits is written.
                found = [
                    replace(each, pending=waiting[each.pending.value.key])
                    for each in found
                    if each.pending.value.key in waiting
                ]
                self.waiting = _without(self.waiting, [each.pending for each in found])
            else:
                self.waiting = in_order([*self.waiting, *kept]) if kept else self.waiting
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
        until = self._shared.clock.now() + self._limits.lease_time()
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
    waiting: Iterable[PendingNotification], gone: Iterable[PendingNotification]
) -> list[PendingNotification]:
    keys = {each.value.key for each in gone}
    return [each for each in waiting if each.value.key not in keys]
