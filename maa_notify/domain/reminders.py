"""When reminders are due: for a request that waits for an approver, or to be completed. Pure.

`MAA_REMINDERS`, for example `50%,24h,4h`, is anchored to the request's own `expirationDateTime`, which Intune
sets and may change: a share of the lifetime gone by, or a time left. A lifetime is never assumed.
`MAA_COMPLETE_REMINDERS`, for example `4h,24h`, counts from the approval.

In quiet hours a reminder is held: it is not due, and comes when the day begins, with what has come meanwhile.
So there is always one more to come: for an approver the last of the plan is never held, and to complete none
that could be too late by then.
"""

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from maa_notify.domain.quiet import QuietHours
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL, ApprovalRequest

_STAGE = re.compile(r"(?P<number>[0-9]{1,4})\s*(?P<unit>%|m|h|d)")
_WHOLE = 100
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Stage(Struct, frozen=True):
    """One reminder of a plan, `name` as written: after a `share` of the lifetime, or by a `span` of time.

    The span is what is left until expiry in `MAA_REMINDERS`, and what has passed since the approval in
    `MAA_COMPLETE_REMINDERS`.
    """

    name: str
    share: float | None = None
    span: timedelta | None = None

    def before_expiry(self, request: ApprovalRequest) -> datetime | None:
        """When it is due for a request that waits (UTC); None without the times that it counts from."""
        if request.expires_at is None:
            return None
        if self.span is not None:
            return request.expires_at - self.span
        if self.share is None or request.requested_at is None:
            return None
        return request.requested_at + (request.expires_at - request.requested_at) * self.share

    def after_approval(self, approved_at: datetime) -> datetime | None:
        """When it is due for a request approved then (UTC); None for a share."""
        return None if self.span is None else approved_at + self.span


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
    return Stage(name, span=number * _UNITS[match["unit"]])


_IN_TIME = timedelta(hours=1)
"""A last reminder to complete is held only if so much is left when the day begins: polls may be rare."""

_NEVER_QUIET = QuietHours()


class Due(Struct, frozen=True):
    """The reminders of a plan that are due, oldest first, and when the next one will be told (UTC)."""

    stages: tuple[str, ...]
    next_at: datetime | None


_NOTHING = Due((), None)


def due(
    plan: Plan,
    request: ApprovalRequest,
    done: Collection[str],
    now: datetime,
    quiet: QuietHours = _NEVER_QUIET,
) -> Due:
    """The reminders due and not yet `done`; none unless the request still waits for an approver."""
    if request.status != NEEDS_APPROVAL:
        return _NOTHING
    times = ((stage.before_expiry(request), stage.name) for stage in plan)
    return _due(request, times, done, now, quiet)


def due_to_complete(  # noqa: PLR0913, PLR0917 - as `due`, and since when
    plan: Plan,
    request: ApprovalRequest,
    approved_at: datetime | None,
    done: Collection[str],
    now: datetime,
    quiet: QuietHours = _NEVER_QUIET,
) -> Due:
    """The reminders due for an approved request that waits for its requestor to press Complete."""
    if request.status != APPROVED or approved_at is None:
        return _NOTHING
    times = ((stage.after_approval(approved_at), stage.name) for stage in plan)
    return _due(request, times, done, now, quiet)


def _is_over(request: ApprovalRequest, now: datetime) -> bool:
    return request.expires_at is not None and request.expires_at <= now


def _due(
    request: ApprovalRequest,
    times: Iterable[tuple[datetime | None, str]],
    done: Collection[str],
    now: datetime,
    quiet: QuietHours,
) -> Due:
    """What is due now of the stages at these times; none is promised for when the request has expired."""
    if _is_over(request, now):
        return _NOTHING
    known = sorted((at, name) for at, name in times if at and name not in done and not _is_over(request, at))
    come = tuple(name for at, name in known if at <= now)
    later = [at for at, _ in known if at > now]
    told = [_told_at(at, request, quiet, is_last=at == later[-1]) for at in later]
    told_now = _told_at(now, request, quiet, is_last=not later)
    if come and told_now > now:
        return Due((), min([told_now, *told]))
    return Due(come, min(told, default=None))


def _told_at(at: datetime, request: ApprovalRequest, quiet: QuietHours, *, is_last: bool) -> datetime:
    """When a reminder is told that comes then (UTC): at once, or when the quiet hours around it end."""
    end = quiet.until(at)
    if end is None or not is_last:
        return end or at
    is_in_time = request.expires_at is None or request.expires_at - end >= _IN_TIME
    return end if is_in_time and request.status == APPROVED else at
