"""The fields of an event in a log line: words from fixed lists, never a name or a note. Pure."""

from datetime import datetime
from typing import Any

from maa_notify.domain.event import Event, Notice, NoticeKind
from maa_notify.domain.request import POLICY_TYPES

_NONE = "none"


def log_fields(event: Event) -> dict[str, Any]:
    """The fields `event`, `type` and `risk`; an unknown topic is `other`, and no topic `none`.

    Of an alert `alert` and `severity` as well.
    """
    of_alert = {}
    if isinstance(event, Notice) and event.kind is NoticeKind.ALERT:
        of_alert = {"alert": "+".join(event.words), "severity": event.severity}
    topics = [each if each in POLICY_TYPES else "other" for each in event.topics]
    return {
        "event": event.name,
        "type": "+".join(dict.fromkeys(topics)) or _NONE,
        "risk": _NONE if event.risk is None else event.risk.name.lower(),
        **of_alert,
    }


def seconds_since(event: Event, now: datetime) -> int:
    """How long ago an event happened, in whole seconds; 0 if a clock was set back since."""
    return max(0, int((now - event.happened_at).total_seconds()))
