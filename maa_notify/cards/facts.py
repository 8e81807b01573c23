"""The rows of facts on a card: only those that tell the reader something."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from maa_notify.cards import strings as words
from maa_notify.cards import timeline
from maa_notify.cards.elements import Element, fact
from maa_notify.cards.people import who
from maa_notify.cards.subject import tells_assignments
from maa_notify.cards.text import safe, safe_account
from maa_notify.cards.times import Times
from maa_notify.domain.event import Event
from maa_notify.domain.request import EXPIRED, ApprovalRequest
from maa_notify.domain.risk import assess

_SERIAL_LIMIT = 64


def facts(event: Event, now: datetime, times: Times, name_limit: int) -> list[Element]:
    """What kind, how risky, on what, and until when; who asked and when, unless the story tells it."""
    return [fact(label, value) for label, value in _rows(event, now, times, name_limit) if value]


def expires(request: ApprovalRequest, now: datetime, times: Times) -> str:
    """The deadline with the time left; "" for a request that none applies to any more."""
    if request.is_closed and request.status != EXPIRED:
        return ""
    return times.deadline(request.expires_at, now)


def _rows(event: Event, now: datetime, times: Times, name_limit: int) -> Iterator[tuple[str, str]]:
    request, target = event.request, event.request.target
    if not timeline.tells(event):
        yield words.LABEL_REQUESTOR, who(request.requestor, name_limit)
        yield words.LABEL_REQUESTED, times.moment(request.requested_at)
    yield words.LABEL_POLICY_TYPE, ", ".join(map(words.policy_type, request.policy_types))
    yield words.LABEL_RISK, _risk(event)
    yield words.LABEL_DEVICE, safe(target.serial_number, _SERIAL_LIMIT)
    yield words.LABEL_PRIMARY_USER, safe_account(target.primary_user, name_limit)
    yield words.LABEL_ASSIGNED, _assigned(request)
    yield words.LABEL_EXPIRES, expires(request, now, times)


def _risk(event: Event) -> str:
    """Where the strip does not tell it already."""
    risk = assess(event.request).risk
    return "" if words.risk_line(risk) in words.headline(event) else words.RISK[risk]


def _assigned(request: ApprovalRequest) -> str:
    return "" if tells_assignments(request) else words.assignments(Counter(request.target.assigned_to))
