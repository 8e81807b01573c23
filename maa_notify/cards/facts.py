"""The rows of facts on a card: only those that tell the reader something."""

from collections.abc import Iterator
from datetime import datetime

from maa_notify.cards import strings, timeline
from maa_notify.cards.context import CardContext
from maa_notify.cards.elements import Element, fact
from maa_notify.cards.people import display_name
from maa_notify.cards.text import safe
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.request import EXPIRED, ApprovalRequest

_SERIAL_LIMIT = 64


def facts(card: CardContext) -> list[Element]:
    """What kind, how risky, on what, and until when; who asked and when, unless the story tells it."""
    return [fact(label, value) for label, value in _rows(card) if value]


def expires(request: ApprovalRequest, now: datetime, times: TimeFormat) -> str:
    """The deadline with the time left; "" for a request that none applies to any more."""
    if request.is_closed and request.status != EXPIRED:
        return ""
    return times.deadline(request.expires_at, now)


def _rows(card: CardContext) -> Iterator[tuple[str, str]]:
    request, target = card.request, card.request.target
    if not timeline.tells(card.event):
        yield strings.LABEL_REQUESTOR, display_name(request.requestor, card.limits.name)
        yield strings.LABEL_REQUESTED, card.times.format(request.requested_at)
    yield strings.LABEL_POLICY_TYPE, ", ".join(map(strings.policy_type, request.policy_types))
    yield strings.LABEL_PROTECTS, strings.policy_type(target.protects) if target.protects else ""
    yield strings.LABEL_PLATFORM, strings.PLATFORM.get(target.platform, "")
    yield strings.LABEL_RISK, _risk(card)
    yield strings.LABEL_DEVICE, safe(target.serial_number, _SERIAL_LIMIT)
    yield strings.LABEL_PRIMARY_USER, safe(target.primary_user, card.limits.name)
    yield strings.LABEL_ASSIGNED, strings.assignments(target.assignments)
    yield strings.LABEL_REMOVED, strings.assignments(target.removed_assignments)
    yield strings.LABEL_EXPIRES, expires(request, card.now, card.times)


def _risk(card: CardContext) -> str:
    """Where the strip does not tell it already."""
    risk = card.assessment.risk
    is_told = strings.risk_line(risk) in strings.headline(card.event, risk)
    return "" if is_told else strings.RISK[risk]
