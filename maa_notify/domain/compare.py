"""The changes between the requests of the last poll and those that Graph lists now. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.event import NO_LONGER_LISTED, EventKind, Look, RequestEvent, Step
from maa_notify.domain.quiet import QuietHours
from maa_notify.domain.reminders import Due, Plan, due, due_to_complete
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL, REJECTED, ApprovalRequest, Identity
from maa_notify.domain.times import DAWN, unless_later

_STEPS_KEPT = 8
_SURELY_GONE_AFTER = timedelta(seconds=50)
"""Two looks closer together may see the same glitch of Graph; polls are a minute apart as a rule."""

_FILED_ANEW_AFTER = timedelta(minutes=1)
"""Filing times that lie closer together may be two spellings of one."""

_TYPES_KEPT = 8
_NAMES_KEPT = 8
_UNKNOWN = datetime.max.replace(tzinfo=UTC)
_NEVER_QUIET = QuietHours()


class RequestState(Struct, frozen=True):
    """What is remembered of one request.

    Attributes:
        request: as it was last listed.
        revision: counts the changes of status and the disappearances seen, from 1.
        reminders_sent: the stages of the plan for approvers that are done with.
        complete_reminders_sent: the same of the plan for the requestor, since the approval.
        steps: the statuses it was seen to reach since it was filed, the latest eight, oldest first.
        missing_since: when a poll first found it missing from the list (UTC); cleared when it is back.
        looked_up_at: when it was last asked for by id while others had to wait for their turn (UTC).
        reminded_at: when stages of either plan were last done with (UTC).
        overruled: statuses told for the same moment as the present one, which count in no list any more.
        told_types: the sets of policy types under which it was told; empty while that is the present one.
        look: who is looking at it, as cards tell.
        former_names: names that its object had before, the latest eight, oldest first.
    """

    request: ApprovalRequest
    revision: int = 1
    reminders_sent: tuple[str, ...] = ()
    missing_since: datetime | None = None
    complete_reminders_sent: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    looked_up_at: datetime | None = None
    reminded_at: datetime | None = None
    overruled: tuple[str, ...] = ()
    told_types: tuple[tuple[str, ...], ...] = ()
    look: Look | None = None
    former_names: tuple[str, ...] = ()

    @property
    def approved_at(self) -> datetime | None:
        """When it was last approved (UTC); None if it is not approved now, or the time is unknown."""
        step = self.steps[-1] if self.steps else None
        return step.at if step and step.status == APPROVED else None

    @property
    def former_types(self) -> tuple[tuple[str, ...], ...]:
        """The sets of policy types under which it was told before, without the present one."""
        return tuple(each for each in self.told_types if each != self.request.policy_types)


class Rules(Struct, frozen=True):
    """How to compare.

    Attributes:
        first_run: closed requests are recorded in silence.
        since: requests that are new to us and ended before are recorded in silence, too (UTC); None for none.
        memory_lost_at: when what was remembered before was found to be gone (UTC); None if it never was.
        reminders: when to remind approvers.
        complete_reminders: when to remind the requestor to press Complete.
        quiet: when reminders are held.
    """

    first_run: bool = False
    reminders: Plan = ()
    complete_reminders: Plan = ()
    quiet: QuietHours = _NEVER_QUIET
    since: datetime | None = None
    memory_lost_at: datetime | None = None


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
    lost = (_compare_gone(_credible(known[request_id], now, rules), now) for request_id in gone)
    return [
        *sorted(found, key=lambda each: _age(listed[each.subject_id])),
        *(change for change in lost if change is not None),
    ]


def stale_ids(
    known: Mapping[str, RequestState],
    listed: Iterable[ApprovalRequest],
    now: datetime,
    found: Collection[str] = (),
) -> frozenset[str]:
    """The ids of requests that are listed in an older version than is known: an outdated answer of Graph.

    A time that is equal or missing says nothing, so that such an entry counts as of now, unless its status
    was overruled for that very moment.

    Args:
        known: requests remembered, by id.
        listed: what Graph answers now.
        now: the time of the poll (UTC).
        found: ids of those that were looked up: what Graph tells of this very request nothing overrules.
    """
    pairs = ((each, known.get(each.id)) for each in listed)
    return frozenset(
        each.id
        for each, state in pairs
        if state is not None
        if (each.id not in found and _is_overruled(each, state)) or _is_older(each, state, now)
    )


def _is_overruled(listed: ApprovalRequest, known: RequestState) -> bool:
    is_of_that_moment = listed.modified_at in {None, known.request.modified_at}
    return is_of_that_moment and listed.status in {*known.overruled} - {known.request.status}


def _is_older(listed: ApprovalRequest, known: RequestState, now: datetime) -> bool:
    # A time that has not come yet proves nothing, and must not keep news away until it comes.
    credible = unless_later(known.request.modified_at, now)
    return listed.modified_at is not None and credible is not None and listed.modified_at < credible


def in_turn(states: Iterable[RequestState], now: datetime) -> list[RequestState]:
    """The states in the order in which they are looked up by id: the longest waiting first."""
    return sorted(states, key=lambda each: (unless_later(each.looked_up_at, now) or DAWN, each.request.id))


def annotated(
    changes: Iterable[Change[RequestState]],
    known: Mapping[str, RequestState],
    looked_up: Collection[str],
    overruled: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> list[Change[RequestState]]:
    """The changes, which also remember how the requests were seen.

    Args:
        changes: as `compare` found them.
        known: requests remembered as listed, by id.
        looked_up: ids of those that were looked up while others had to wait.
        overruled: by id the statuses that count no more for this moment; what is not in it stays as it was.
        now: the time of the poll (UTC).
    """
    found = {change.subject_id: change for change in changes}
    for request_id in dict.fromkeys([*looked_up, *overruled]):
        change = found.get(request_id)
        after = change.after if change else known.get(request_id)
        if after is None:
            continue
        seen = replace(
            after,
            looked_up_at=now if request_id in looked_up else after.looked_up_at,
            overruled=overruled.get(request_id, after.overruled),
        )
        if seen != after:
            change = change or Change(request_id, known[request_id], None)
            found[request_id] = replace(change, after=seen)
    return list(found.values())


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
    remembered = _credible(remembered, now, rules)
    if _is_filed_anew(remembered.request, request):
        # Another life under the same id: what rang in the last one is owed to this one, too.
        remembered = replace(
            remembered,
            reminders_sent=(),
            complete_reminders_sent=(),
            steps=(),
            reminded_at=None,
            former_names=(),
        )
    else:
        request = _with_what_is_known(request, remembered.request)
        remembered = _with_former_name(remembered, request)
    remembered = _with_told_types(remembered, request)
    # Of an open request that left the list everybody was told that nobody knows its outcome.
    is_back = before is None and not remembered.request.is_closed
    if remembered.request.status != request.status or is_back:
        return _status_changed(before, remembered, request, now, rules)
    return _unchanged(before, remembered, request, now, rules)


def _created(request: ApprovalRequest, now: datetime, rules: Rules) -> Change[RequestState]:
    is_fresh = request.status == NEEDS_APPROVAL
    steps = () if is_fresh else (_step(request, None, now),)
    after, _ = _reminded(RequestState(request, steps=steps), now, rules)
    ended_at = request.modified_at or request.requested_at or DAWN
    is_history = rules.first_run or (rules.since is not None and ended_at < rules.since)
    if is_history and request.is_closed:
        return Change(request.id, None, after)
    # Filed before memory was lost, so whoever reads of it may have been told before.
    filed_at, lost_at = request.requested_at or request.modified_at or DAWN, rules.memory_lost_at
    is_repeat = lost_at is not None and filed_at < lost_at
    event = RequestEvent(EventKind.CREATED, request, 1, now, steps=steps, memory_lost=is_repeat)
    return Change(request.id, None, after, event)


def _is_filed_anew(known: ApprovalRequest, request: ApprovalRequest) -> bool:
    """Whether the id stands for another request than before: filed later, or open after it was closed."""
    if known.is_closed and not request.is_closed:
        return True
    before, now = known.requested_at, request.requested_at
    return before is not None and now is not None and now - before > _FILED_ANEW_AFTER


def _with_what_is_known(request: ApprovalRequest, known: ApprovalRequest) -> ApprovalRequest:
    """The request with what this answer of Graph leaves out and an earlier one told.

    The modification time tells an older answer from a newer one; the requestor's identity is the address of
    the chat in which the outcome has to be told.
    """
    if request.modified_at is None:
        request = replace(request, modified_at=known.modified_at)
    told, before = request.requestor, known.requestor
    is_same = told.kind in {before.kind, "unknown"} and all(
        not mine or not theirs or mine.lower() == theirs.lower()
        for mine, theirs in ((told.name, before.name), (told.upn, before.upn), (told.id, before.id))
    )
    if not is_same or told == before:
        return request
    whole = Identity(before.kind, told.name or before.name, told.upn or before.upn, told.id or before.id)
    return replace(request, requestor=whole)


def _with_told_types(state: RequestState, request: ApprovalRequest) -> RequestState:
    """The state that remembers under which policy types it was told, if the request has others now."""
    if state.told_types or state.request.policy_types == request.policy_types:
        return state
    return replace(state, told_types=(state.request.policy_types,))


def _with_former_name(state: RequestState, request: ApprovalRequest) -> RequestState:
    """The state that remembers what the object was called, if it has another name now."""
    name = state.request.target.name
    if name in {"", request.target.name, *state.former_names}:
        return state
    return replace(state, former_names=(*state.former_names, name)[-_NAMES_KEPT:])


def _now_told(state: RequestState) -> RequestState:
    """The state after the request was told under its present policy types."""
    present = state.request.policy_types
    if present in state.told_types or not state.told_types:
        return state
    return replace(state, told_types=(*state.told_types, present)[-_TYPES_KEPT:])


def _credible(state: RequestState, now: datetime, rules: Rules) -> RequestState:
    """The state without times more than five minutes ahead, which a wrong clock must have written."""
    own = (state.missing_since, state.looked_up_at, state.reminded_at)
    times = [each for each in (*own, *(step.at for step in state.steps)) if each is not None]
    if not times or unless_later(max(times), now) is not None:
        return state
    found = replace(
        state,
        missing_since=unless_later(state.missing_since, now),
        looked_up_at=unless_later(state.looked_up_at, now),
        steps=tuple(replace(each, at=unless_later(each.at, now) or now) for each in state.steps),
    )
    if unless_later(state.reminded_at, now) == state.reminded_at:
        return found
    # Done with are of these stages those that have come by now; the others were taken for due too early.
    request, plan = state.request, rules.complete_reminders
    come = due(rules.reminders, request, (), now).stages
    come_to_complete = due_to_complete(plan, request, found.approved_at, (), now).stages
    return replace(
        found,
        reminded_at=None,
        reminders_sent=_both(come, state.reminders_sent),
        complete_reminders_sent=_both(come_to_complete, state.complete_reminders_sent),
    )


def _both(come: Iterable[str], sent: Collection[str]) -> tuple[str, ...]:
    """The stages that have come and were sent; one that has come may be held for quiet hours."""
    return tuple(each for each in come if each in sent)


def _status_changed(
    before: RequestState | None,
    remembered: RequestState,
    request: ApprovalRequest,
    now: datetime,
    rules: Rules,
) -> Change[RequestState]:
    """The change to a new status. Its card also replaces the reminders that are due, which count as sent.

    Not that of a request that is listed again: whoever takes reminders may never have heard that it was gone.
    """
    steps = remembered.steps
    if remembered.request.status != request.status:
        steps = (*steps, _step(request, remembered.request, now))[-_STEPS_KEPT:]
    moved = RequestState(
        request,
        remembered.revision + 1,
        remembered.reminders_sent,
        steps=steps,
        looked_up_at=remembered.looked_up_at,
        reminded_at=remembered.reminded_at,
        told_types=remembered.told_types,
        former_names=remembered.former_names,
    )
    is_back = before is None and remembered.request.status == request.status
    after = _now_told(moved if is_back else _reminded(moved, now, rules)[0])
    previous = NO_LONGER_LISTED if is_back else remembered.request.status
    event = RequestEvent(
        EventKind.STATUS_CHANGED,
        request,
        after.revision,
        now,
        previous,
        steps=steps,
        former_types=after.former_types,
    )
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
    after, come = _reminded(found, now, rules, rules.quiet)
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
        former_types=after.former_types,
    )
    return Change(request.id, before, _now_told(after), event)


def _reminded(
    tracked: RequestState, now: datetime, rules: Rules, quiet: QuietHours = _NEVER_QUIET
) -> tuple[RequestState, Due]:
    """The state with the reminders due now marked as sent, and these reminders.

    Where another card tells the request anyway, no hour is quiet: what is due then is told with it.
    """
    request = tracked.request
    if request.status == APPROVED:
        plan, done = rules.complete_reminders, tracked.complete_reminders_sent
        come = due_to_complete(plan, request, tracked.approved_at, done, now, quiet)
        if not come.stages:
            return tracked, come
        return replace(tracked, complete_reminders_sent=done + come.stages, reminded_at=now), come
    done = tracked.reminders_sent
    come = due(rules.reminders, request, done, now, quiet)
    if not come.stages:
        return tracked, come
    return replace(tracked, reminders_sent=done + come.stages, reminded_at=now), come


def _step(request: ApprovalRequest, before: ApprovalRequest | None, now: datetime) -> Step:
    """The step to the present status; its time is Intune's, or `now` if that did not change or lies ahead."""
    told = request.modified_at
    is_news = told is not None and told <= now and (before is None or told != before.modified_at)
    by = request.approver if request.status in {APPROVED, REJECTED} else Identity()
    return Step(request.status, told if told and is_news else now, by)


def left_in_silence(known: RequestState, now: datetime) -> Change[RequestState]:
    """The change for a request that leaves the list as expected; nobody is notified."""
    return Change(known.request.id, replace(known, missing_since=now), None)


def _compare_gone(known: RequestState, now: datetime) -> Change[RequestState] | None:
    """The change for a missing request: no event if it was closed; if open, one when it is missing twice.

    None while the second look comes too soon after the first one to be worth anything.
    """
    request = known.request
    if request.is_closed:
        return left_in_silence(known, now)
    if known.missing_since is None:
        return Change(request.id, known, replace(known, missing_since=now))
    if now - known.missing_since < _SURELY_GONE_AFTER:
        return None
    kept = replace(known, revision=known.revision + 1)
    event = RequestEvent(
        EventKind.NO_LONGER_LISTED,
        request,
        kept.revision,
        now,
        previous=request.status,
        steps=known.steps,
        former_types=known.former_types,
    )
    return Change(request.id, kept, None, event)
