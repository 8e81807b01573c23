"""What a destination that is new in the settings is told: all that is open now, once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.domain.routing import Route, route
from maa_notify.storage.records import Versioned

_TOGETHER = "open"
"""The digest that all of it belongs to, however little it is."""


def with_welcome(
    changes: Sequence[Change[RequestState]],
    tracked: Mapping[str, Versioned[RequestState]],
    routes: Sequence[Route],
    newcomers: Collection[str],
    now: datetime,
) -> list[Change[RequestState]]:
    """The changes, and with them, for new destinations, the open requests that nothing else tells now.

    It is recorded as a change of the request that changes nothing, so that two pollers tell it once.

    Args:
        changes: what this poll found.
        tracked: the requests remembered as listed, by id.
        routes: which events each destination gets.
        newcomers: the names of the destinations that are new.
        now: the time of the poll (UTC).
    """
    found = {change.subject_id: change for change in changes}
    for request_id, known in tracked.items() if newcomers else ():
        change = found.get(request_id) or Change(request_id, known.value, known.value)
        present = change.after
        if present is None or present.request.is_closed or change.event is not None:
            continue
        event = RequestEvent(EventKind.CREATED, present.request, present.revision, now, steps=present.steps)
        told = tuple(
            Notification(event, each.destination, now, recipient=each.recipient, digest=_TOGETHER)
            for each in route(event, routes)
            if each.destination in newcomers
        )
        if told:
            found[request_id] = replace(change, notifications=told)
    return list(found.values())
