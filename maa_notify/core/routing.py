"""Who hears of an event: the pure part of a destination, and the choice among them."""

from collections.abc import Sequence
from dataclasses import dataclass

from maa_notify.core.event import Event, EventKind
from maa_notify.core.request import NEEDS_APPROVAL, STATUSES

EVENT_NAMES = (*(str(kind) for kind in EventKind if kind is not EventKind.HEARTBEAT), *STATUSES)


@dataclass(frozen=True, slots=True)
class Route:
    """What one destination wants to hear: empty sets mean everything.

    Attributes:
        name: the destination's name.
        policy_types: policy types as Graph spells them.
        events: words of `EVENT_NAMES`; a status stands for reaching it, `status_changed` for any new one.
        catch_all: hears only what no other route takes.
    """

    name: str
    policy_types: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    catch_all: bool = False

    def takes(self, event: Event) -> bool:
        """Whether this destination wants the event."""
        types = event.request.policy_types or ("unknown",)
        wanted_type = not self.policy_types or not self.policy_types.isdisjoint(types)
        wanted_event = not self.events or not self.events.isdisjoint(_names(event))
        return wanted_type and wanted_event


def _names(event: Event) -> set[str]:
    """What an event may be called in `events`.

    A request that was decided before we first saw it is new and has changed: whoever waits for decisions
    hears of it too.
    """
    if event.kind in {EventKind.REMINDER, EventKind.NO_LONGER_LISTED}:
        return {str(event.kind)}
    status = event.request.status
    names = {str(event.kind), status}
    return names if status == NEEDS_APPROVAL else names | {str(EventKind.STATUS_CHANGED)}


def route(event: Event, routes: Sequence[Route]) -> list[str]:
    """The names of the destinations that hear of an event, in the order of the settings."""
    takers = [each.name for each in routes if not each.catch_all and each.takes(event)]
    return takers or [each.name for each in routes if each.catch_all and each.takes(event)]
