"""Delivers each waiting notification to its destination: at least once, in order, within the rate limit.

A destination is leased by one poller at a time, for a limited time that each post renews. So nothing is
posted twice, the pace is kept whatever number of pollers run, and a poller that was killed blocks nobody for
long: the next one waits until its lease has ended.

Nothing sleeps longer than the time budget of the delivery. What is left waits for the next poll.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.clock import Clock
from maa_notify.delivery import lease, pacing, said
from maa_notify.delivery.compose import CardMaker, Composer
from maa_notify.delivery.destination import DestinationRun, Shared
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.order import count_overdue
from maa_notify.delivery.sender import Sender
from maa_notify.domain.notification import APPROVER_CHAT
from maa_notify.storage.outbox import Outbox, PendingNotification
from maa_notify.storage.records import NEW_DESTINATION, DestinationState, Versioned


class DeliveryResult(Struct, frozen=True):
    """What a delivery did.

    Attributes:
        delivered: notifications accepted.
        pending: notifications that still wait.
        dead: notifications given up.
        unreached: notifications whose recipient is out of reach.
        refused: destinations that did not take what waits for them.
        overdue: of those that still wait, the ones that have waited for long.
    """

    delivered: int = 0
    pending: int = 0
    dead: int = 0
    unreached: int = 0
    refused: tuple[str, ...] = ()
    overdue: int = 0

    def followed_by(self, later: "DeliveryResult") -> "DeliveryResult":
        """The result of two deliveries in one poll: what both did, and what waits after the second."""
        return replace(
            later,
            delivered=self.delivered + later.delivered,
            dead=self.dead + later.dead,
            unreached=self.unreached + later.unreached,
        )


@dataclass(slots=True)
class Delivery:
    """Delivers what waits, for all destinations of one tenant.

    `leaders` names, for each destination whose address another one has as well, the first of them: they share
    a pace and a lease, which are remembered under its name. `left` is the keys of what still waited after
    the last run.
    """

    outbox: Outbox
    senders: Mapping[str, Sender]
    cards: CardMaker
    clock: Clock
    limits: DeliveryLimits = DeliveryLimits()
    leaders: Mapping[str, str] = field(default_factory=dict)
    random: Random = field(default_factory=Random)
    left: Sequence[str] = ()
    _holder: str = field(default_factory=lambda: uuid4().hex)

    def leases(
        self, states: Mapping[str, Versioned[DestinationState]]
    ) -> dict[str, Versioned[DestinationState]]:
        """The destinations that can take a card now, as leased by this delivery, to be written with news.

        Each has the etag under which it was read. So whoever has written it since makes that fail, and it is
        leased later, as any other.
        """
        now, found = self.clock.now(), {}
        for name in self.senders.keys() - self.leaders.keys():
            limits = self.limits.in_chats() if name == APPROVER_CHAT else self.limits
            state = lease.without_future_times(states.get(name, NEW_DESTINATION), now, limits)
            is_taken = lease.is_taken(state.value, self._holder, now)
            if not is_taken and pacing.ready_at(state.value, now, limits) <= now:
                until = now + self.limits.lease_time()
                found[name] = Versioned(lease.leased(state.value, self._holder, until), state.etag)
        return found

    def end(self) -> float:
        """When a delivery that begins now has to begin nothing more (monotonic seconds)."""
        return self.clock.monotonic() + self.limits.time_budget_s

    def run(
        self,
        states: Mapping[str, Versioned[DestinationState]],
        pending: Iterable[PendingNotification],
        end: float | None = None,
        over: float = math.inf,
    ) -> DeliveryResult:
        """Delivers what is due, and returns what was done.

        Args:
            states: what is remembered of the destinations, read no later than `pending`.
            pending: what waits in the outbox.
            end: when nothing more is begun (monotonic seconds); by default after the usual time.
            over: when the last post has to be over (monotonic seconds), however slow the destination is.

        Raises:
            StateError: the state store failed; what was posted before is recorded.
        """
        waiting: dict[str, list[PendingNotification]] = {}
        for each in pending:
            waiting.setdefault(each.value.destination, []).append(each)
        unknown = {name: waiting.pop(name) for name in waiting.keys() - self.senders.keys()}
        said.unknown(unknown)
        runs = self._runs(states, waiting, over)
        end = min(self.end() if end is None else end, over - self.limits.post_s)
        while ready := [each for each in runs if not each.is_closed]:
            # Those that work before those that fail or are slow, so that one that hangs delays no other.
            min(ready, key=lambda each: each.turn).advance(end)
        left = [each.value for items in (*unknown.values(), *(run.waiting for run in runs)) for each in items]
        self.left = tuple(each.key for each in left)
        refused = {each.destination for each in left if each.attempts or each.destination in unknown}
        return DeliveryResult(
            delivered=sum(each.delivered for each in runs),
            pending=len(left),
            dead=sum(each.dead for each in runs),
            unreached=sum(each.unreached for each in runs),
            refused=tuple(sorted(refused)),
            overdue=count_overdue(left, self.clock.now()),
        )

    def _runs(
        self,
        states: Mapping[str, Versioned[DestinationState]],
        waiting: Mapping[str, Sequence[PendingNotification]],
        over: float,
    ) -> list[DestinationRun]:
        """A run for each address that something waits for."""
        composer = Composer(self.cards, self.limits.digest_above)
        shared = Shared(
            self.outbox,
            self.senders,
            self.leaders,
            composer,
            self.clock,
            self.limits,
            self.random,
            self._holder,
            over,
            self.clock.now(),
        )
        together: dict[str, list[PendingNotification]] = {}
        for name, items in waiting.items():
            together.setdefault(self.leaders.get(name, name), []).extend(items)
        return [
            DestinationRun(name, shared, states.get(name, NEW_DESTINATION), items)
            for name, items in together.items()
        ]
