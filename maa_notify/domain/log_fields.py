"""What of an event stands in a log line: words from closed lists, never a name or a note. Pure."""

from datetime import datetime
from typing import Any

from maa_notify.domain.event import Event
from maa_notify.domain.request import POLICY_TYPES

_NONE = "none"


def log_fields(event: Event) -> dict[str, Any]:
    """`event`, `type` and `risk`; a topic that nobody knows is `other`, and what has none is `none`."""
    topics = [each if each in POLICY_TYPES else "other" for each in event.topics]
    return {
        "event": event.name,
        "type": "+".join(dict.fromkeys(topics)) or _NONE,
        "risk": _NONE if event.risk is None else event.risk.name.lower(),
    }


def seconds_since(event: Event, now: datetime) -> int:
    """How long ago it happened, in whole seconds; 0 where a clock went back since."""
    return max(0, int((now - event.happened_at).total_seconds()))
