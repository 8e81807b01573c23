"""The rows of facts on a card: only those that tell the reader something."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from maa_notify.cards import strings, timeline
from maa_notify.cards.elements import Element, fact
from maa_notify.cards.people import display_name
from maa_notify.cards.subject import tells_assignments
from maa_notify.cards.text import safe, safe_account
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.event import Event
from maa_notify.domain.request import EXPIRED, ApprovalRequest
from maa_notify.domain.risk import assess

_SERIAL_LIMIT = 64


def facts(event: Event, now: datetime, times: TimeFormat, name_limit: int) -> list[Element]:
    """What kind, how risky, on what, and until when; who asked and when, unless the story tells it."""
    return [fact(label, value) for label, value in _rows(event, now, times, name_limit) if value]


def expires(request: ApprovalRequest, now: datetime, times: TimeFormat) -> str:
    """The deadline with the time left; "" for a request that none applies to any more."""
    if request.is_closed and request.status != EXPIRED:
        return ""
    return times.deadline(request.expires_at, now)


def _rows(event: Event, now: datetime, times: TimeFormat, name_limit: int) -> Iterator[tuple[str, str]]:
    request, target = event.request, event.request.target
    if not timeline.tells(event):
        yield strings.LABEL_REQUESTOR, display_name(request.requestor, name_limit)
        yield strings.LABEL_REQUESTED, times.format(request.requested_at)
    yield strings.LABEL_POLICY_TYPE, ", ".join(map(strings.policy_type, request.policy_types))
    yield strings.LABEL_RISK, _risk(event)
    yield strings.LABEL_DEVICE, safe(target.serial_number, _SERIAL_LIMIT)
    yield strings.LABEL_PRIMARY_USER, safe_account(target.primary_user, name_limit)
    yield strings.LABEL_ASSIGNED, _assigned(request)
    yield strings.LABEL_EXPIRES, expires(request, now, times)


def _risk(event: Event) -> str:
    """Where the strip does not tell it already."""
    risk = assess(event.request).risk
    return "" if strings.risk_line(risk) in strings.headline(event) else strings.RISK[risk]


def _assigned(request: ApprovalRequest) -> str:
    return "" if tells_assignments(request) else strings.assignments(Counter(request.target.assigned_to))
