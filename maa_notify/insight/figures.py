"""The figures of a report: what became of requests, and whether approvers look before they approve. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.cards.text import plain
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import EXPIRED
from maa_notify.insight.hours import seconds_in_hours
from maa_notify.insight.people import NOBODY, People, Who, is_application
from maa_notify.insight.span import Span

HASTY = timedelta(minutes=1)
"""Within it an approval was hardly read."""
_LONGEST_WORD = 64
_DEPENDENT = 3
"""Decisions from which on it says something that all of them are one person's."""
_DAYS_BY_DAY = 31
_DAYS_BY_WEEK = 130

WAITS = (("5 min", 300), ("1 h", 3_600), ("4 h", 14_400), ("1 d", 86_400), ("3 d", 259_200))
"""The upper ends of the groups of waiting times, in seconds."""
LONGER = "longer"


class Times(Struct, frozen=True):
    """Lengths of time: how many, their median and 90th percentile in seconds; None where there are none."""

    count: int = 0
    median_s: float | None = None
    p90_s: float | None = None


class Person(Struct, frozen=True):
    """An approver or a requestor.

    Attributes:
        name: the account, else the name or id; "" where names are left out.
        is_application: it is no person.
        count: requests decided or filed.
        outcomes: how many of them by outcome.
        decision: how long they waited for their decision.
    """

    name: str
    is_application: bool
    count: int
    outcomes: dict[str, int]
    decision: Times


class Pair(Struct, frozen=True):
    """Two people whose requests were decided by each other and by nobody else; names may be ""."""

    names: tuple[str, str]
    counts: tuple[int, int]


class Period(Struct, frozen=True):
    """A part of the span, by its first day in the display time zone, with its requests by outcome."""

    first_day: str
    outcomes: dict[str, int]


class Figures(Struct, frozen=True):
    """All figures of the requests that were filed in a span.

    Attributes:
        since: the beginning of the span (UTC); None for none.
        until: its end, which does not belong to it (UTC); None for none.
        requests: how many were filed.
        outcomes: how many by outcome: a status, or `noLongerListed`.
        types: by policy type, the first of those of a request, how many by outcome.
        decision: how long requests waited for their decision.
        completion: how long approved ones waited to be completed.
        waiting_in_hours_s: of all waiting for decisions, the seconds in working hours.
        waiting_out_of_hours_s: and the others.
        waits: how many were decided within each group of `WAITS`, and later.
        expired_undecided: requests that expired without a decision.
        hasty_approvals: approved, or completed at the latest, within `HASTY`.
        own_approvals: decided by whoever asked, be it by one of several who decided.
        by_applications: filed by applications.
        reminded: requests of which approvers had to be reminded.
        reminders: how often in all.
        approvers: whoever decided, who decided most first.
        requestors: whoever asked, who asked most first.
        pairs: two people whose requests are decided by each other alone.
        top_approver_share: the part of all decisions that one person made; None where nothing was decided.
        one_person_types: policy types of which one person decided everything, with how many.
        periods: the span in days, weeks or months.
        period: what these are: `day`, `week` or `month`.
        decisions: requests that were decided, also those of which no poll saw when.
        decided_by_applications: requests that an application decided.
    """

    since: datetime | None
    until: datetime | None
    requests: int
    outcomes: dict[str, int]
    types: dict[str, dict[str, int]]
    decision: Times
    completion: Times
    waiting_in_hours_s: int
    waiting_out_of_hours_s: int
    waits: dict[str, int]
    expired_undecided: int
    hasty_approvals: int
    own_approvals: int
    by_applications: int
    reminded: int
    reminders: int
    approvers: list[Person]
    requestors: list[Person]
    pairs: list[Pair]
    top_approver_share: float | None
    one_person_types: dict[str, int]
    periods: list[Period]
    period: str
    decisions: int = 0
    decided_by_applications: int = 0


_Key = TypeVar("_Key", str, Who)


class _Case(Struct, frozen=True):
    """What counts of a request."""

    type: str
    outcome: str
    filed_at: datetime
    requestor: Who
    approver: Who
    deciders: tuple[Who, ...]
    is_decided: bool
    is_hasty: bool
    is_undecided_end: bool
    by_application: bool
    decision_s: int | None
    completion_s: int | None
    in_hours_s: int
    out_of_hours_s: int
    reminders: int


def figures(
    records: Iterable[RequestRecord], span: Span, now: datetime, zone: tzinfo | None, *, names: bool = True
) -> Figures:
    """The figures of those requests that were filed in the span.

    Args:
        records: requests of any time.
        span: when those that count were filed.
        now: until when undecided ones have waited (UTC).
        zone: the display time zone, for working hours and days; None for UTC.
        names: whether people are named.
    """
    place = zone or UTC
    people = People()
    cases = [
        _case(each, now, place, people)
        for each in records
        if each.filed_at is not None and span.holds(each.filed_at)
    ]
    cases = [_with_people(each, people) for each in cases]
    name = people.name if names else _nameless
    decided = [each for each in cases if each.is_decided]
    periods, period = _periods(cases, place)
    return Figures(
        since=span.start,
        until=span.end,
        requests=len(cases),
        outcomes=_outcomes(cases),
        types={kind: _outcomes(each) for kind, each in _by(cases, lambda case: case.type).items()},
        decision=_times(each.decision_s for each in decided),
        completion=_times(each.completion_s for each in cases),
        waiting_in_hours_s=sum(each.in_hours_s for each in cases),
        waiting_out_of_hours_s=sum(each.out_of_hours_s for each in cases),
        waits=_waits(decided),
        expired_undecided=sum(each.is_undecided_end for each in cases),
        hasty_approvals=sum(each.is_hasty for each in decided),
        own_approvals=sum(each.requestor in each.deciders for each in decided),
        by_applications=sum(each.by_application for each in cases),
        reminded=sum(each.reminders > 0 for each in cases),
        reminders=sum(each.reminders for each in cases),
        approvers=_persons(decided, lambda case: case.approver, name),
        requestors=_persons(cases, lambda case: case.requestor, name),
        pairs=_pairs(decided, name),
        top_approver_share=_top_share(decided),
        one_person_types=_one_person_types(decided),
        periods=periods,
        period=period,
        decisions=len(decided),
        decided_by_applications=sum(any(map(is_application, each.deciders)) for each in decided),
    )


def quantile(lengths: Sequence[int], share: float) -> float | None:
    """The length below which this share of them lies, between two where it falls between; None for none.

    Linear interpolation, as `quantile_cont` in SQL.
    """
    if not lengths:
        return None
    ordered = sorted(lengths)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _nameless(_: Who) -> str:
    return ""


def _case(record: RequestRecord, now: datetime, zone: tzinfo, people: People) -> _Case:
    request, filed = record.request, record.filed_at or now
    is_decided, closed_at = record.is_decided, record.closed_at
    # Of one that was decided, or left the list, while no poll looked, nobody knows until when it waited.
    is_waiting = not is_decided and not request.is_closed and record.is_listed
    end = record.decided_at or (None if is_decided else closed_at) or (now if is_waiting else filed)
    inside = seconds_in_hours(filed, end, zone)
    approved_at = record.approved_at or record.completed_at
    return _Case(
        type=plain(next(iter(request.policy_types), "unknown"), _LONGEST_WORD),
        outcome=plain(record.outcome, _LONGEST_WORD),
        filed_at=filed,
        requestor=people.meet(request.requestor),
        approver=people.meet(record.approver) if is_decided else NOBODY,
        deciders=tuple({*map(people.meet, record.deciders)} - {NOBODY}) if is_decided else (),
        is_decided=is_decided,
        is_hasty=approved_at is not None and timedelta() <= approved_at - filed <= HASTY,
        is_undecided_end=record.outcome == EXPIRED and not is_decided,
        by_application=request.is_filed_by_application,
        decision_s=record.decision_s,
        completion_s=record.completion_s,
        in_hours_s=inside,
        out_of_hours_s=max(0, int((end - filed).total_seconds()) - inside),
        reminders=record.reminders,
    )


def _with_people(case: _Case, people: People) -> _Case:
    """The case with everybody as all the requests tell them."""
    return replace(
        case,
        requestor=people.known(case.requestor),
        approver=people.known(case.approver),
        deciders=tuple(map(people.known, case.deciders)),
    )


def _by(cases: Iterable[_Case], key: Callable[[_Case], _Key]) -> dict[_Key, list[_Case]]:
    """The cases by what `key` tells of them, the most first."""
    found: dict[_Key, list[_Case]] = defaultdict(list)
    for case in cases:
        found[key(case)].append(case)
    return dict(sorted(found.items(), key=lambda each: (-len(each[1]), each[0])))


def _outcomes(cases: Iterable[_Case]) -> dict[str, int]:
    return dict(Counter(each.outcome for each in cases).most_common())


def _times(lengths: Iterable[int | None]) -> Times:
    told = [each for each in lengths if each is not None]
    return Times(len(told), quantile(told, 0.5), quantile(told, 0.9))


def _waits(decided: Iterable[_Case]) -> dict[str, int]:
    found = dict.fromkeys([*(name for name, _ in WAITS), LONGER], 0)
    for case in decided:
        if case.decision_s is not None:
            found[next((name for name, most in WAITS if case.decision_s <= most), LONGER)] += 1
    return found


def _persons(cases: Sequence[_Case], key: Callable[[_Case], Who], name: Callable[[Who], str]) -> list[Person]:
    found = [
        Person(
            name(who),
            is_application(who),
            len(theirs),
            _outcomes(theirs),
            _times(each.decision_s for each in theirs),
        )
        for who, theirs in _by(cases, key).items()
        if who != NOBODY
    ]
    return sorted(found, key=lambda each: (-each.count, each.name))


def _pairs(decided: Sequence[_Case], name: Callable[[Who], str]) -> list[Pair]:
    deciders: dict[Who, Counter[Who]] = defaultdict(Counter)
    for case in decided:
        if NOBODY not in {case.requestor, case.approver}:
            deciders[case.requestor][case.approver] += 1
    only = {asker: next(iter(found)) for asker, found in deciders.items() if len(found) == 1}
    found = [
        sorted((name(each), deciders[each].total()) for each in (one, other))
        for one, other in only.items()
        if one < other and only.get(other) == one
    ]
    return [Pair((one, other), (ones, others)) for (one, ones), (other, others) in sorted(found)]


def _top_share(decided: Sequence[_Case]) -> float | None:
    counts = Counter(each.approver for each in decided if each.approver != NOBODY)
    return max(counts.values()) / counts.total() if counts else None


def _one_person_types(decided: Sequence[_Case]) -> dict[str, int]:
    found: Mapping[str, list[_Case]] = _by(decided, lambda case: case.type)
    return {
        kind: len(cases)
        for kind, cases in found.items()
        if len(cases) >= _DEPENDENT
        and len({each.approver for each in cases}) == 1
        and cases[0].approver != NOBODY
    }


def _periods(cases: Sequence[_Case], zone: tzinfo) -> tuple[list[Period], str]:
    """The days, weeks or months from the first request to the last, empty ones among them."""
    if not cases:
        return [], "day"
    dates = [each.filed_at.astimezone(zone).date() for each in cases]
    first, last = min(dates), max(dates)
    length = (last - first).days
    period = "day" if length < _DAYS_BY_DAY else "week" if length < _DAYS_BY_WEEK else "month"
    every = (_begin(first + timedelta(days=number), period) for number in range(length + 1))
    held: dict[date, list[_Case]] = {begin: [] for begin in every}
    for at, case in zip(dates, cases, strict=True):
        held[_begin(at, period)].append(case)
    return [Period(f"{begin}", _outcomes(found)) for begin, found in held.items()], period


def _begin(day: date, period: str) -> date:
    """The first day of the day, week or month that a day belongs to."""
    if period == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if period == "week" else day
