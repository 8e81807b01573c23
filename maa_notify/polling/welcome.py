"""What a destination that is new in the settings is told: all that is open now, once."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Event, EventKind, RequestEvent, storage_key
from maa_notify.domain.notification import Notification
from maa_notify.domain.routing import Route, route
from maa_notify.storage.snapshot import Snapshot

_TOGETHER = "open"
"""The digest that all of it belongs to, however little it is."""


def with_welcome(
    changes: Sequence[Change[RequestState]],
    snapshot: Snapshot,
    routes: Sequence[Route],
    newcomers: Collection[str],
    now: datetime,
) -> list[Change[RequestState]]:
    """The changes, and with them, for new destinations, the open requests that nothing else tells there.

    It is recorded as a change of the request that changes nothing, so that two pollers tell it once. A
    reminder that is due now says no more than it, and tells nothing to those who do not take reminders.

    Args:
        changes: what this poll found.
        snapshot: what is remembered. Of what waits in its outbox another poll told the new destination, which
            is still new because nothing was posted there yet.
        routes: which events each destination gets.
        newcomers: the names of the destinations that are new.
        now: the time of the poll (UTC).
    """
    found = {change.subject_id: change for change in changes}
    waiting = snapshot.waiting() if newcomers else frozenset()
    for request_id, known in snapshot.tracked.items() if newcomers else ():
        change = found.get(request_id) or Change(request_id, known.value, known.value)
        present = change.after
        if present is None or present.request.is_closed:
            continue
        hearing = _hearing(change.event, routes)
        event = RequestEvent(EventKind.CREATED, present.request, present.revision, now, steps=present.steps)
        told = tuple(
            Notification(event, each.destination, now, recipient=each.recipient, digest=_TOGETHER)
            for each in route(event, routes)
            if each.destination in newcomers
            if each.destination not in hearing and (storage_key(request_id), each.destination) not in waiting
        )
        if told:
            found[request_id] = replace(change, notifications=told)
    return list(found.values())


def _hearing(event: Event | None, routes: Sequence[Route]) -> frozenset[str]:
    """The destinations that are told of the request by the event of its change."""
    if event is None or event.is_reminder:
        return frozenset()
    return frozenset(each.destination for each in route(event, routes))
