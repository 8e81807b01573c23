"""When to ring again for a request that waits: `MAA_REMINDERS`, for example `50%,24h,4h`.

Every stage is anchored to the request's own `expirationDateTime`, which Intune sets and may change: a share
of the lifetime gone by, or a time left. A lifetime is never assumed.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maa_notify.core.request import NEEDS_APPROVAL, ApprovalRequest

_STAGE = re.compile(r"(?P<number>[0-9]{1,4})\s*(?P<unit>%|m|h|d)")
_WHOLE = 100
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Stage:
    """One point of the plan: `share` of the lifetime gone by, or `left` until expiry; `name` as written."""

    name: str
    share: float | None = None
    left: timedelta | None = None

    def due_at(self, request: ApprovalRequest) -> datetime | None:
        """When this stage rings for a request (UTC); None without the times it is counted from."""
        if request.expires_at is None:
            return None
        if self.left is not None:
            return request.expires_at - self.left
        if self.share is None or request.requested_at is None:
            return None
        return request.requested_at + (request.expires_at - request.requested_at) * self.share


Plan = tuple[Stage, ...]


def parse_plan(text: str) -> Plan:
    """Reads a list of stages such as `50%,24h,4h`; an empty text is the empty plan.

    Raises:
        ValueError: a stage is neither a share below 100% nor a time in m, h or d.
    """
    parts = (part.strip().lower() for part in text.split(","))
    return tuple(dict.fromkeys(_parse_stage(part) for part in parts if part))


def _parse_stage(text: str) -> Stage:
    match = _STAGE.fullmatch(text)
    number = int(match["number"]) if match else 0
    if match is None or number == 0 or (match["unit"] == "%" and number >= _WHOLE):
        raise ValueError(
            f"{text[:20]!r} is neither a share such as 50% nor a time left such as 24h, 30m or 2d"
        )
    name = f"{number}{match['unit']}"
    if match["unit"] == "%":
        return Stage(name, share=number / _WHOLE)
    return Stage(name, left=number * _UNITS[match["unit"]])


@dataclass(frozen=True, slots=True)
class Due:
    """The stages of a plan that have come, oldest first, and when the next one will."""

    stages: tuple[str, ...]
    next_at: datetime | None


def due(plan: Plan, request: ApprovalRequest, done: Collection[str], now: datetime) -> Due:
    """Which stages not yet `done` are due; none unless the request still waits for an approver."""
    if request.status != NEEDS_APPROVAL or (request.expires_at is not None and request.expires_at <= now):
        return Due((), None)
    times = _timetable(plan, request)
    come = tuple(name for at, name in times if at <= now and name not in done)
    return Due(come, next((at for at, name in times if at > now and name not in done), None))


def _timetable(plan: Plan, request: ApprovalRequest) -> Sequence[tuple[datetime, str]]:
    times = ((stage.due_at(request), stage.name) for stage in plan)
    return sorted((at, name) for at, name in times if at is not None)
