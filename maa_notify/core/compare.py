"""What changed between what we knew and what Graph lists now: a pure function, the heart of a poll."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from maa_notify.core.event import Event, EventKind
from maa_notify.core.reminders import Plan, due
from maa_notify.core.request import ApprovalRequest


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is remembered of one request.

    Attributes:
        request: as it was last listed.
        revision: counts the changes of status and the disappearances seen, from 1.
        reminded: the stages of the reminder plan that are done with.
        missing_since: when a poll first found it missing from the list (UTC); cleared when it is back.
    """

    request: ApprovalRequest
    revision: int = 1
    reminded: tuple[str, ...] = ()
    missing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to record: from `before` (None: not remembered as listed) to `after` (None: listed no more).

    A request that is listed no more is kept as `before` in case it comes back. `event` is what is told about
    it; None when it is only worth remembering.
    """

    request_id: str
    before: Tracked | None
    after: Tracked | None
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How to compare: on a `first_run` closed requests are recorded in silence; `reminders` is the plan."""

    first_run: bool = False
    reminders: Plan = ()


def compare(  # noqa: PLR0913, PLR0917 - all that a poll has found out
    known: Mapping[str, Tracked],
    past: Mapping[str, Tracked],
    listed: Mapping[str, ApprovalRequest],
    gone: Collection[str],
    now: datetime,
    rules: Rules,
) -> list[Change]:
    """Everything that has to be recorded, in the order in which it should be told.

    Args:
        known: requests remembered as listed, by id.
        past: of the requests in `listed` that are not in `known`, those we knew before they left the list.
        listed: what Graph lists now, by id, plus what a look-up by id brought back.
        gone: ids in `known` that neither the list nor a look-up by id shows.
        now: the time of the poll (UTC).
        rules: how to compare.
    """
    found = [_compare_listed(known, past, request, now, rules) for request in _oldest_first(listed)]
    lost = [_compare_gone(known[request_id], now) for request_id in gone]
    return [change for change in (*found, *lost) if change is not None]


def _oldest_first(listed: Mapping[str, ApprovalRequest]) -> list[ApprovalRequest]:
    unknown = datetime.max.replace(tzinfo=UTC)
    return sorted(
        listed.values(), key=lambda each: (each.modified_at or each.requested_at or unknown, each.id)
    )


def _compare_listed(
    known: Mapping[str, Tracked],
    past: Mapping[str, Tracked],
    request: ApprovalRequest,
    now: datetime,
    rules: Rules,
) -> Change | None:
    before = known.get(request.id)
    remembered = before or past.get(request.id)
    if remembered is None:
        return _created(request, now, rules)
    if remembered.request.status != request.status:
        return _status_changed(before, remembered, request, now, rules)
    return _unchanged(before, remembered, request, now, rules)


def _created(request: ApprovalRequest, now: datetime, rules: Rules) -> Change:
    after = Tracked(request, reminded=due(rules.reminders, request, (), now).stages)
    if rules.first_run and request.is_closed:
        return Change(request.id, None, after)
    return Change(request.id, None, after, Event(EventKind.CREATED, request, 1, now))


def _status_changed(
    before: Tracked | None, remembered: Tracked, request: ApprovalRequest, now: datetime, rules: Rules
) -> Change:
    overdue = due(rules.reminders, request, remembered.reminded, now).stages
    after = Tracked(request, remembered.revision + 1, remembered.reminded + overdue)
    previous = remembered.request.status
    event = Event(EventKind.STATUS_CHANGED, request, after.revision, now, previous)
    return Change(request.id, before, after, event)


def _unchanged(
    before: Tracked | None, remembered: Tracked, request: ApprovalRequest, now: datetime, rules: Rules
) -> Change | None:
    come = due(rules.reminders, request, remembered.reminded, now)
    after = replace(
        remembered, request=request, reminded=remembered.reminded + come.stages, missing_since=None
    )
    if not come.stages:
        return None if after == before else Change(request.id, before, after)
    event = Event(
        EventKind.REMINDER,
        request,
        remembered.revision,
        now,
        previous=request.status,
        stage=come.stages[-1],
        next_reminder=come.next_at,
    )
    return Change(request.id, before, after, event)


def _compare_gone(known: Tracked, now: datetime) -> Change:
    """A closed request leaves in silence; an open one must be missing twice before anybody is told."""
    request = known.request
    if request.is_closed:
        return Change(request.id, replace(known, missing_since=now), None)
    if known.missing_since is None:
        return Change(request.id, known, replace(known, missing_since=now))
    kept = replace(known, revision=known.revision + 1)
    event = Event(EventKind.NO_LONGER_LISTED, request, kept.revision, now, previous=request.status)
    return Change(request.id, kept, None, event)
