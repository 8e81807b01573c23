"""Delivers each waiting notification to its destination: at least once, in order, within the rate limit.

A destination is leased by one poller at a time, for a limited time that each post renews. So nothing is
posted twice, the pace is kept whatever number of pollers run, and a poller that was killed blocks nobody for
long: the next one waits until its lease has ended.

Nothing sleeps longer than the time budget of the delivery. What is left waits for the next poll.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.delivery import lease, pacing
from maa_notify.delivery.compose import CardMaker, Composer
from maa_notify.delivery.destination import DestinationRun, Shared
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.order import count_overdue
from maa_notify.delivery.sender import Sender
from maa_notify.storage.outbox import Outbox, PendingNotification
from maa_notify.storage.records import NEW_DESTINATION, DestinationState, Versioned

_LOG = logs.logger(__name__)


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

    def followed_by(self, later: "DeliveryResult") -> "DeliveryResult":
        """The result of two deliveries in one poll: what both did, and what waits after the second."""
        return replace(later, delivered=self.delivered + later.delivered, dead=self.dead + later.dead)


@dataclass(slots=True)
class Delivery:
    """Delivers what waits, for all destinations of one tenant."""

    outbox: Outbox
    senders: Mapping[str, Sender]
    cards: CardMaker
    clock: Clock
    limits: DeliveryLimits = DeliveryLimits()
    random: Random = field(default_factory=Random)
    _holder: str = field(default_factory=lambda: uuid4().hex)

    def leases(
        self, states: Mapping[str, Versioned[DestinationState]]
    ) -> dict[str, Versioned[DestinationState]]:
        """The destinations that can take a card now, as leased by this delivery, to be written with news.

        Each has the etag under which it was read. So whoever has written it since makes that fail, and it is
        leased later, as any other.
        """
        now, found = self.clock.now(), {}
        for name in self.senders:
            state = lease.without_future_times(states.get(name, NEW_DESTINATION), now, self.limits)
            is_taken = lease.is_taken(state.value, self._holder, now)
            if not is_taken and pacing.ready_at(state.value, now, self.limits) <= now:
                until = now + self.limits.lease_time
                found[name] = Versioned(lease.leased(state.value, self._holder, until), state.etag)
        return found

    def run(
        self, states: Mapping[str, Versioned[DestinationState]], pending: Iterable[PendingNotification]
    ) -> DeliveryResult:
        """Delivers what is due, and returns what was done.

        Args:
            states: what is remembered of the destinations, read no later than `pending`.
            pending: what waits in the outbox.

        Raises:
            StateError: the state store failed; what was posted before is recorded.
        """
        waiting: dict[str, list[PendingNotification]] = {}
        for each in pending:
            waiting.setdefault(each.value.destination, []).append(each)
        runs = self._runs(states, waiting)
        end = self.clock.monotonic() + self.limits.time_budget_s
        while ready := [each for each in runs if not each.is_closed]:
            # Those that work before those that failed last, so that one that hangs delays no other.
            min(ready, key=lambda each: (each.ready_at, each.is_failing)).advance(end)
        unknown = [each.value for name in waiting.keys() - self.senders.keys() for each in waiting[name]]
        left = [*unknown, *(each.value for run in runs for each in run.waiting)]
        refused = {each.destination for each in left if each.attempts or each.destination not in self.senders}
        return DeliveryResult(
            delivered=sum(each.delivered for each in runs),
            pending=len(left),
            dead=sum(each.dead for each in runs),
            refused=tuple(sorted(refused)),
            overdue=count_overdue(left, self.clock.now()),
        )

    def _runs(
        self,
        states: Mapping[str, Versioned[DestinationState]],
        waiting: Mapping[str, Iterable[PendingNotification]],
    ) -> list[DestinationRun]:
        """A run for each destination that something waits for, if it is still in the settings."""
        composer = Composer(self.cards, self.limits.digest_above)
        shared = Shared(self.outbox, composer, self.clock, self.limits, self.random, self._holder)
        runs = []
        for name, items in waiting.items():
            if name in self.senders:
                state = states.get(name, NEW_DESTINATION)
                runs.append(DestinationRun(name, self.senders[name], shared, state, items))
            else:
                _LOG.error(
                    "deliver.unknown",
                    destination=name,
                    pending=len(list(items)),
                    text="it is not in the settings any more; add it again, or drop its notifications with"
                    " 'maa-notify outbox discard'",
                )
        return runs
