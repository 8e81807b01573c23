"""What of an event stands in a log line: words from closed lists, never a name or a note."""

from datetime import datetime
from typing import Any

from maa_notify.domain.event import Event, EventKind
from maa_notify.domain.request import POLICY_TYPES
from maa_notify.domain.risk import assess

_OF_THE_REQUEST = frozenset({EventKind.CREATED, EventKind.STATUS_CHANGED})


def labels(event: Event) -> dict[str, Any]:
    """`event`, `type` and `risk`; a policy type that nobody knows is `other`, and a heartbeat has neither."""
    if event.kind is EventKind.HEARTBEAT:
        return {"event": event.name, "type": "none", "risk": "none"}
    types = [each if each in POLICY_TYPES else "other" for each in event.request.policy_types]
    kinds = "+".join(dict.fromkeys(types)) or "unknown"
    return {"event": event.name, "type": kinds, "risk": assess(event.request).risk.name.lower()}


def seconds_since(event: Event, now: datetime) -> int:
    """How long ago it happened: to the request in Intune, or when a poll found that it was time."""
    request = event.request
    happened_at = request.modified_at or request.requested_at
    if happened_at is None or event.kind not in _OF_THE_REQUEST:
        happened_at = event.at
    return max(0, int((now - happened_at).total_seconds()))
