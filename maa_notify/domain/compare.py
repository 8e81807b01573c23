"""The changes between the requests of the last poll and those that Graph lists now. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.event import NO_LONGER_LISTED, EventKind, RequestEvent, Step
from maa_notify.domain.reminders import Due, Plan, due, due_to_complete
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL, REJECTED, ApprovalRequest, Identity

_STEPS_KEPT = 8
_CLOCK_SKEW = timedelta(minutes=5)
_UNKNOWN = datetime.max.replace(tzinfo=UTC)


class RequestState(Struct, frozen=True):
    """What is remembered of one request.

    Attributes:
        request: as it was last listed.
        revision: counts the changes of status and the disappearances seen, from 1.
        reminders_sent: the stages of the plan for approvers that are done with.
        complete_reminders_sent: the same of the plan for the requestor, since the approval.
        steps: the statuses it was seen to reach since it was filed, the latest eight, oldest first.
        missing_since: when a poll first found it missing from the list (UTC); cleared when it is back.
    """

    request: ApprovalRequest
    revision: int = 1
    reminders_sent: tuple[str, ...] = ()
    missing_since: datetime | None = None
    complete_reminders_sent: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def approved_at(self) -> datetime | None:
        """When it was last approved (UTC); None if it is not approved now, or the time is unknown."""
        step = self.steps[-1] if self.steps else None
        return step.at if step and step.status == APPROVED else None


class Rules(Struct, frozen=True):
    """How to compare.

    Attributes:
        first_run: closed requests are recorded in silence.
        reminders: when to remind approvers.
        complete_reminders: when to remind the requestor to press Complete.
    """

    first_run: bool = False
    reminders: Plan = ()
    complete_reminders: Plan = ()


def compare(  # noqa: PLR0913, PLR0917 - all that a poll has found out
    known: Mapping[str, RequestState],
    past: Mapping[str, RequestState],
    listed: Mapping[str, ApprovalRequest],
    gone: Collection[str],
    now: datetime,
    rules: Rules,
) -> list[Change[RequestState]]:
    """The changes to record, in the order in which they should be told.

    Args:
        known: requests remembered as listed, by id.
        past: of the requests in `listed` that are not in `known`, those we knew before they left the list.
        listed: what Graph lists now, by id, plus what a look-up by id brought back.
        gone: ids in `known` that neither the list nor a look-up by id shows.
        now: the time of the poll (UTC).
        rules: how to compare.
    """
    compared = (_compare_listed(known, past, request, now, rules) for request in listed.values())
    found = [change for change in compared if change is not None]
    lost = [_compare_gone(known[request_id], now) for request_id in gone]
    return [*sorted(found, key=lambda each: _age(listed[each.subject_id])), *lost]


def stale_ids(
    known: Mapping[str, RequestState], listed: Iterable[ApprovalRequest], now: datetime
) -> frozenset[str]:
    """The ids of requests that are listed in an older version than is known: an outdated answer of Graph.

    A time that is equal or missing says nothing, so that such an entry counts as of now.
    """
    times = ((each, known.get(each.id)) for each in listed)
    return frozenset(
        each.id
        for each, state in times
        if state and each.modified_at and state.request.modified_at
        if each.modified_at < state.request.modified_at
        # A time that has not come yet proves nothing, and must not keep news away until it comes.
        if state.request.modified_at <= now + _CLOCK_SKEW
    )


def _age(request: ApprovalRequest) -> tuple[datetime, str]:
    """The sort key that puts the oldest change first."""
    return request.modified_at or request.requested_at or _UNKNOWN, request.id


def _compare_listed(
    known: Mapping[str, RequestState],
    past: Mapping[str, RequestState],
    request: ApprovalRequest,
    now: datetime,
    rules: Rules,
) -> Change[RequestState] | None:
    before = known.get(request.id)
    remembered = before or past.get(request.id)
    if remembered is None:
        return _created(request, now, rules)
    if request.modified_at is None and remembered.request.modified_at is not None:
        # What is known of the time stays, so that an older answer is still told from a newer one.
        request = replace(request, modified_at=remembered.request.modified_at)
    # Of an open request that left the list everybody was told that nobody knows its outcome.
    is_back = before is None and not remembered.request.is_closed
    if remembered.request.status != request.status or is_back:
        return _status_changed(before, remembered, request, now, rules)
    return _unchanged(before, remembered, request, now, rules)


def _created(request: ApprovalRequest, now: datetime, rules: Rules) -> Change[RequestState]:
    is_fresh = request.status == NEEDS_APPROVAL
    steps = () if is_fresh else (_step(request, None, now),)
    after, _ = _reminded(RequestState(request, steps=steps), now, rules)
    if rules.first_run and request.is_closed:
        return Change(request.id, None, after)
    return Change(request.id, None, after, RequestEvent(EventKind.CREATED, request, 1, now, steps=steps))


def _status_changed(
    before: RequestState | None,
    remembered: RequestState,
    request: ApprovalRequest,
    now: datetime,
    rules: Rules,
) -> Change[RequestState]:
    """The change to a new status. Its card also replaces the reminders that are due, which count as sent."""
    steps = remembered.steps
    if remembered.request.status != request.status:
        steps = (*steps, _step(request, remembered.request, now))[-_STEPS_KEPT:]
    moved = RequestState(request, remembered.revision + 1, remembered.reminders_sent, steps=steps)
    after, _ = _reminded(moved, now, rules)
    is_back = before is None and remembered.request.status == request.status
    previous = NO_LONGER_LISTED if is_back else remembered.request.status
    event = RequestEvent(EventKind.STATUS_CHANGED, request, after.revision, now, previous, steps=steps)
    return Change(request.id, before, after, event)


def _unchanged(
    before: RequestState | None,
    remembered: RequestState,
    request: ApprovalRequest,
    now: datetime,
    rules: Rules,
) -> Change[RequestState] | None:
    is_as_known = remembered.missing_since is None and remembered.request == request
    found = remembered if is_as_known else replace(remembered, request=request, missing_since=None)
    after, come = _reminded(found, now, rules)
    if not come.stages:
        return None if after is before else Change(request.id, before, after)
    event = RequestEvent(
        EventKind.COMPLETE_REMINDER if request.status == APPROVED else EventKind.REMINDER,
        request,
        remembered.revision,
        now,
        previous=request.status,
        stage=come.stages[-1],
        next_reminder=come.next_at,
        steps=remembered.steps,
    )
    return Change(request.id, before, after, event)


def _reminded(tracked: RequestState, now: datetime, rules: Rules) -> tuple[RequestState, Due]:
    """The state with the reminders due now marked as sent, and these reminders."""
    request = tracked.request
    if request.status == APPROVED:
        come = due_to_complete(
            rules.complete_reminders, request, tracked.approved_at, tracked.complete_reminders_sent, now
        )
        if not come.stages:
            return tracked, come
        return replace(tracked, complete_reminders_sent=tracked.complete_reminders_sent + come.stages), come
    come = due(rules.reminders, request, tracked.reminders_sent, now)
    if not come.stages:
        return tracked, come
    return replace(tracked, reminders_sent=tracked.reminders_sent + come.stages), come


def _step(request: ApprovalRequest, before: ApprovalRequest | None, now: datetime) -> Step:
    """The step to the present status; its time is Intune's, or `now` if that did not change or lies ahead."""
    told = request.modified_at
    is_news = told is not None and told <= now and (before is None or told != before.modified_at)
    by = request.approver if request.status in {APPROVED, REJECTED} else Identity()
    return Step(request.status, told if told and is_news else now, by)


def left_in_silence(known: RequestState, now: datetime) -> Change[RequestState]:
    """The change of a request that leaves the list as expected, of which nobody is told."""
    return Change(known.request.id, replace(known, missing_since=now), None)


def _compare_gone(known: RequestState, now: datetime) -> Change[RequestState]:
    """The change for a missing request: no event if it was closed; if open, one when it is missing twice."""
    request = known.request
    if request.is_closed:
        return left_in_silence(known, now)
    if known.missing_since is None:
        return Change(request.id, known, replace(known, missing_since=now))
    kept = replace(known, revision=known.revision + 1)
    event = RequestEvent(
        EventKind.NO_LONGER_LISTED, request, kept.revision, now, previous=request.status, steps=known.steps
    )
    return Change(request.id, kept, None, event)
