"""Looks at the outbox after each poll: news that nothing keeps from being told must not wait for long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.pacing import recent_posts
from maa_notify.domain.notification import Notification
from maa_notify.storage.records import DESTINATION, OUTBOX, DestinationState, decode
from maa_notify.storage.rows import prefix_end
from tests.reliability.lives.teams import FOR_EVER, Trouble, seen
from tests.reliability.lives.world import World

POLLS_TO_ARRIVE = 12
"""Through so many polls healthy news may wait at a destination that takes other cards, plus those below."""

POLLS_PER_ILL = 8
"""More polls for each ill request or person there: what it was in one digest with is taken apart."""

TIME_TO_ARRIVE = timedelta(hours=2)
"""Healthy news that wait for less are not late, however many polls came meanwhile."""


@dataclass(slots=True)
class _Wait:
    since: float
    polls: int = 0


@dataclass(slots=True)
class Watch:
    """Remembers how long each healthy notification waits, by its key."""

    waits: dict[str, _Wait] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)

    def look(self, world: World, *, is_calm: bool) -> None:
        """Counts one poll; one with faults of its own counts for nothing.

        Args:
            world: as the poll left it.
            is_calm: whether nothing failed in the poll but what ails destinations.
        """
        pending = [decode(row, Notification) for row in list(world.rows.read(OUTBOX, prefix_end(OUTBOX)))]
        healthy = _healthy(world, pending)
        self.waits = {key: each for key, each in self.waits.items() if key in healthy}
        if not is_calm:
            return
        now = world.clock.monotonic()
        for key, item in healthy.items():
            wait = self.waits.setdefault(key, _Wait(now))
            wait.polls += 1
            bound = POLLS_TO_ARRIVE + POLLS_PER_ILL * _ills(world, item.destination)
            if wait.polls > bound and now - wait.since > TIME_TO_ARRIVE.total_seconds():
                self._say(world, key, wait, now)

    def _say(self, world: World, key: str, wait: _Wait, now: float) -> None:
        if key not in self.said:
            self.said.add(key)
            hours = (now - wait.since) / 3_600
            world.flaws.append(f"stalled for {wait.polls} polls and {hours:.1f} hours: {key}")


def _healthy(world: World, pending: list[Notification]) -> Mapping[str, Notification]:
    """What waits although nothing ails it, nor what it has to come after, by key."""
    states = {
        row.key.removeprefix(DESTINATION): decode(row, DestinationState)
        for row in list(world.rows.read(DESTINATION, prefix_end(DESTINATION)))
    }
    now = world.clock.now()
    held = {each.line for each in pending if each.doubts or _trouble(world, each) is not None}
    found = {}
    for each in pending:
        state = states.get(world.settings.address_of(each.destination), DestinationState())
        asked = state.retry_after_until
        limits = DeliveryLimits().in_chats() if each.is_for_approver else DeliveryLimits()
        is_asked_to_wait = asked is not None and asked > now
        most = limits.silent_limit if each.told else limits.rate_limit
        is_at_its_pace = len(recent_posts(state, now, limits)) >= most
        is_gone = each.destination not in world.settings.listed
        if not (is_asked_to_wait or is_at_its_pace or is_gone or each.line in held):
            found[each.key] = each
    return found


def _ills(world: World, destination: str) -> int:
    now, address_of = world.clock.monotonic(), world.settings.address_of
    return sum(
        address_of(each.destination) == address_of(destination) and bool(each.whom) and each.until > now
        for each in world.teams.troubles
    )


def _trouble(world: World, item: Notification) -> Trouble | None:
    if item.is_for_approver:
        return world.teams.trouble(item.destination, (item.recipient,))
    return world.teams.trouble(item.destination, world.whom(seen(item.event, item.destination)))


def is_excused(world: World, item: Notification) -> bool:
    """Whether a notification may still wait at the end: its destination is gone, it is ill, or it is new.

    New ones may wait only where something is ill, until what they are in one digest with is taken apart.
    """
    trouble = _trouble(world, item)
    is_new = world.clock.now() - item.recorded_at < TIME_TO_ARRIVE and _ills(world, item.destination) > 0
    is_ill = trouble is not None and trouble.until == FOR_EVER
    return is_ill or is_new or item.destination not in world.settings.listed
