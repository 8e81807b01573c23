"""The rows of facts on a card: only those that tell something which the strip does not."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from maa_notify.cards import strings, timeline
from maa_notify.cards.context import CardContext
from maa_notify.cards.elements import Element, fact
from maa_notify.cards.names import quoted, tamed
from maa_notify.cards.rows import listed, timed
from maa_notify.cards.subject import repeats_types
from maa_notify.cards.text import safe
from maa_notify.cards.times import TimeFormat, readers_time
from maa_notify.domain.request import EXPIRED, ApprovalRequest, Device

_SERIAL_LIMIT = 64
_OF_MANY_LIMIT = 40
_JUST_NOW = timedelta(minutes=15)
"""So shortly after it was asked for, the time beside the message says when that was."""


def facts(card: CardContext) -> list[Element]:
    """What kind, how risky, on what; when it was asked for, unless the story or the message tells it."""
    rows = [fact(label, value) for label, value in _rows(card) if value]
    asked_at = card.request.requested_at
    is_told = timeline.tells(card.event) or (asked_at is not None and abs(card.now - asked_at) <= _JUST_NOW)
    asked = [] if is_told else [timed(strings.LABEL_REQUESTED, readers_time(asked_at))]
    return [*asked, *rows, *_devices(card)]


def expires(request: ApprovalRequest, now: datetime, times: TimeFormat) -> str:
    """The deadline with the time left, as plain text; "" for a request that none applies to any more."""
    if request.is_closed and request.status != EXPIRED:
        return ""
    return times.deadline(request.expires_at, now)


def _rows(card: CardContext) -> Iterator[tuple[str, str]]:
    request, target = card.request, card.request.target
    types = "" if repeats_types(request) else ", ".join(map(strings.policy_type, request.policy_types))
    yield strings.LABEL_POLICY_TYPE, types
    yield strings.LABEL_PROTECTS, strings.policy_type(target.protects) if target.protects else ""
    yield strings.LABEL_PLATFORM, strings.PLATFORM.get(target.platform, "")
    yield strings.LABEL_RISK, _risk(card)
    if target.device_count <= 1:
        yield strings.LABEL_DEVICE, safe(target.serial_number, _SERIAL_LIMIT)
        yield strings.LABEL_PRIMARY_USER, safe(target.primary_user, card.limits.name)
    yield strings.LABEL_KEPT, strings.kept(target)
    yield strings.LABEL_ASSIGNED, strings.assignments(target.assignments)
    yield strings.LABEL_REMOVED, strings.assignments(target.removed_assignments)


def _devices(card: CardContext) -> list[Element]:
    """The first few of several devices, and how many more there are."""
    target = card.request.target
    if target.device_count <= 1:
        return []
    told = [line for each in target.first_devices[: card.limits.steps] if (line := _line(each))]
    left_out = target.device_count - len(told)
    more = [strings.more_facts(left_out)] if told and left_out > 0 else []
    return [listed(strings.LABEL_DEVICES, [*told, *more])] if told else []


def _line(device: Device) -> str:
    return strings.device_line(
        quoted(device.name, _OF_MANY_LIMIT, brackets="[]"),
        tamed(device.serial_number, _OF_MANY_LIMIT),
        tamed(device.primary_user, _OF_MANY_LIMIT),
    )


def _risk(card: CardContext) -> str:
    """Where the strip does not tell it already."""
    risk = card.assessment.risk
    is_told = strings.risk_line(risk) in strings.headline(card.event, risk)
    return "" if is_told else strings.RISK[risk]
