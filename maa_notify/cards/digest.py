"""The body of a digest: many events as one card, as loud as the loudest of them, which stands on top."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from maa_notify.cards import strings
from maa_notify.cards.bursts import Burst, bursts, together
from maa_notify.cards.elements import Element, container, rich, run, trusted_text
from maa_notify.cards.folding import FOLD_ABOVE, SHOWN, names_in_short, place_of
from maa_notify.cards.notice import shown
from maa_notify.cards.people import display_name
from maa_notify.cards.request_card import footer
from maa_notify.cards.subject import subject_of, subject_runs
from maa_notify.cards.times import distance, readers_time, span
from maa_notify.cards.toast import person
from maa_notify.domain.decision import odd_approvers
from maa_notify.domain.event import Event, EventKind, Notice, NoticeKind, RequestEvent
from maa_notify.domain.request import APPROVED, EXPIRED, NEEDS_APPROVAL, STATUSES
from maa_notify.domain.risk import Risk

_FACTS_OF_AN_ALERT = 2
_NAME_LIMIT = 60
_STATES = 4
_BURSTS_TOLD, _BURSTS_IN_TOAST, _TITLES_IN_TOAST = 3, 2, 2
_MINUTE = timedelta(minutes=1)

News = Sequence[RequestEvent]
"""The events of one request, in order."""


def digest_body(everything: Sequence[Event], count: int, now: datetime, *, in_chat: bool) -> list[Element]:
    """The body: two lines for each request, with the latest of its events and the keys of all of them.

    Many entries that are alike but for their names are folded into one line.

    Args:
        everything: all that is told now, on this card and the next ones.
        count: how many of them, counted from the first, this card tells.
        now: the time of posting (UTC).
        in_chat: its reader is the requestor.
    """
    events = everything[:count]
    news = _by_request(event for event in events if isinstance(event, RequestEvent))
    notices = _notices(events)
    found = bursts(_high(_latest(everything)))
    return [
        _strip(everything, count, found, now),
        *(_burst(each) for each in found[:_BURSTS_TOLD]),
        *(element for notice in notices for element in _notice_lines(notice)),
        *_entries(news, now),
        *_next_steps([each[-1] for each in news], in_chat=in_chat),
        footer(""),
    ]


def digest_toast(events: Sequence[Event]) -> str:
    """The loudest of the news in one breath."""
    latest = _latest(events)
    high = _high(latest)
    told = [f"{_told(each)} ({person(each.requestor)})" for each in bursts(high)[:_BURSTS_IN_TOAST]]
    loud = [each.title for each in _notices(events) if each.risk is Risk.HIGH]
    alarm = strings.digest_alarm(len(high), len(_odd(latest)), len(loud))
    titles = list(dict.fromkeys(loud))[:_TITLES_IN_TOAST]
    return strings.digest_fallback(len(events), [*([alarm] if alarm else []), *titles, *told])


def entry(news: News, now: datetime) -> list[Element]:
    """The two lines of one request: what it is about; where it stands, by whom, until when, and the keys."""
    event = news[-1]
    told = [
        _story(news),
        _requestor(event),
        strings.after_the_change(event.request.target.assignments),
        _time_left(event, now),
        ", ".join(dict.fromkeys(each.short_key for each in news)),
    ]
    subject = subject_runs(subject_of(event.request, _NAME_LIMIT), weight="Bolder")
    details = rich(run(" · ".join(filter(None, told))), spacing="Small")
    return [rich(*subject, separator=True), details]


def _latest(events: Sequence[Event]) -> News:
    """The latest event of each request."""
    return [each[-1] for each in _by_request(event for event in events if isinstance(event, RequestEvent))]


def _notices(events: Sequence[Event]) -> list[Notice]:
    """The notices among them, those of the highest risk first."""
    found = [event for event in events if isinstance(event, Notice)]
    return sorted(found, key=lambda each: -(each.risk or 0))


def _strip(everything: Sequence[Event], count: int, found: Sequence[Burst], now: datetime) -> Element:
    told, notices = _latest(everything), _notices(everything)
    latest, shown = _latest(everything[:count]), _notices(everything[:count])
    found_high = sum(each.risk is Risk.HIGH for each in notices)
    alarm = strings.digest_alarm(len(_high(told)), len(_odd(told)), found_high)
    title = strings.burst(*together(found)) if found else strings.digest_title(len(latest), len(shown))
    status = strings.digest_status_line(count, len(everything), alarm)
    ends = [end for each in told if each.wants_decision and (end := each.request.expires_at) and end > now]
    deadline = strings.first_deadline(readers_time(min(ends)), distance(min(ends), now)) if ends else ""
    return container(
        _style(told, {each.risk for each in notices}),
        trusted_text(status, size="Small", weight="Bolder"),
        trusted_text(title, size="Large", weight="Bolder"),
        *([rich(run(_summary(latest)), spacing="Small")] if latest else []),
        *([trusted_text(deadline, spacing="Small")] if deadline else []),
        bleed=True,
    )


def _style(latest: News, risks: Collection[Risk | None]) -> str:
    """The colour of the loudest card among them; blue where none of them is red or yellow.

    `risks` are those of the notices.
    """
    if _high(latest) or _odd(latest) or any(map(_is_blocked, latest)) or Risk.HIGH in risks:
        return "attention"
    is_unclear = any(_is_unclear(each) or each.wants_decision for each in latest)
    return "warning" if is_unclear or Risk.MEDIUM in risks else "accent"


def _is_blocked(event: RequestEvent) -> bool:
    """Whether certainly nobody can decide it."""
    obstacle = strings.obstacle_of(event)
    return obstacle is not None and obstacle.is_certain


def _is_unclear(event: RequestEvent) -> bool:
    kinds = {EventKind.NO_LONGER_LISTED, EventKind.COMPLETE_REMINDER}
    return event.kind in kinds or event.request.status not in STATUSES or _stands_out(event)


def _stands_out(event: RequestEvent) -> bool:
    """Whether its own card tells more about its approval."""
    return bool(event.signs) and event.request.status != NEEDS_APPROVAL


def _high(latest: News) -> list[RequestEvent]:
    return [each for each in latest if each.wants_decision and each.risk is Risk.HIGH]


def _odd(latest: News) -> list[RequestEvent]:
    return [each for each in latest if odd_approvers(each)]


def _burst(burst: Burst) -> Element:
    """What one account asks for all at once, who that is, and what to do before anybody approves it."""
    name = display_name(burst.requestor, _NAME_LIMIT)
    is_told = name != strings.NOT_TOLD
    who = [rich(run(strings.requested_by(name), weight="Bolder"), spacing="Small")] if is_told else []
    step = strings.BURST_STEP if is_told else strings.BURST_STEP_NAMELESS
    told = trusted_text(f"{_told(burst)}.", weight="Bolder")
    return container("attention", told, *who, trusted_text(step, weight="Bolder", spacing="Small"))


def _told(burst: Burst) -> str:
    is_one_account = burst.requestor.kind != "unknown"
    length = span(max(1, -(-burst.span // _MINUTE)) * _MINUTE)
    what = strings.burst(burst.count, burst.kinds, burst.devices)
    return strings.burst_in_time(what, length, is_one_account=is_one_account)


def _notice_lines(notice: Notice) -> list[Element]:
    """The lines of a notice: what was found, of an alert about what and by whom, and its key."""
    told = [strings.risk_line(notice.risk)] if notice.risk is not None else []
    title = trusted_text(notice.title, weight="Bolder", separator=True)
    facts = notice.facts[:_FACTS_OF_AN_ALERT] if notice.kind is NoticeKind.ALERT else ()
    about = [rich(run(f"{each.label}: "), run(shown(each, _NAME_LIMIT)), spacing="Small") for each in facts]
    return [title, *about, rich(run(" · ".join([*told, notice.short_key])), spacing="Small")]


def _by_request(events: Iterable[RequestEvent]) -> list[list[RequestEvent]]:
    """The events of each request in order, with the requests that need somebody most and soonest first."""
    news: dict[str, list[RequestEvent]] = {}
    for event in events:
        news.setdefault(event.request.id, []).append(event)
    return sorted(news.values(), key=lambda each: (_urgency(each[-1]), -each[-1].risk, _end(each[-1])))


def _end(event: RequestEvent) -> datetime:
    """When it expires; last of all where that is not told."""
    return event.request.expires_at or datetime.max.replace(tzinfo=UTC)


def _urgency(event: RequestEvent) -> int:
    if odd_approvers(event):
        return 0
    if event.kind is EventKind.NO_LONGER_LISTED:
        return 2
    if event.request.status == NEEDS_APPROVAL:
        return 1
    return 3 if event.request.is_closed else 2


def _entries(news: Sequence[News], now: datetime) -> list[Element]:
    """The entries of all requests, with one line in place of many that are alike but for their names."""
    alike: dict[tuple[str, ...], list[News]] = {}
    for each in news:
        alike.setdefault((*_look(each), _units_left(each[-1], now)), []).append(each)
    lines = []
    for found in alike.values():
        is_long = len(found) > FOLD_ABOVE
        group = sorted(found, key=lambda each: place_of(_name(each))) if is_long else found
        shown = SHOWN if is_long else len(group)
        lines += [element for each in group[:shown] for element in entry(each, now)]
        lines += [_folded(group[shown:])] if group[shown:] else []
    is_folded = any(len(group) > FOLD_ABOVE for group in alike.values())
    history = trusted_text(strings.DIGEST_HISTORY, isSubtle=True, spacing="Small")
    return [*lines, *([history] if is_folded else [])]


def _look(news: News) -> tuple[str, ...]:
    """What an entry shows but the name, the key and the exact time left."""
    event = news[-1]
    assigned = strings.assignments(event.request.target.assignments)
    return subject_of(event.request).lead, _story(news), _requestor(event), assigned


def _units_left(event: RequestEvent, now: datetime) -> str:
    """The time left in whole days, in its last day in whole hours: what differs in it is not alike."""
    return " ".join(_time_left(event, now).split()[:2])


def _folded(group: Sequence[News]) -> Element:
    return rich(run(strings.folded(len(group), names_in_short(map(_name, group)))), spacing="Small")


def _name(news: News) -> str:
    """The name of what a request is about, or its key where it has none."""
    return subject_of(news[-1].request, _NAME_LIMIT).name or news[-1].short_key


def _summary(latest: News) -> str:
    """`Needs approval: 3 · Completed: 1`."""
    counts = Counter(strings.status_line(event) for event in latest)
    return " · ".join(strings.labelled(state, count) for state, count in counts.items())


def _story(news: News) -> str:
    """`Needs approval → Approved → Completed`, for a request that moved on before anybody was told."""
    states = [
        *(strings.status_line(event, is_past=True) for event in news[-_STATES:-1]),
        strings.headline(news[-1], news[-1].risk),
    ]
    stands_out = [strings.SIGNS_IN_DIGEST] if _stands_out(news[-1]) else []
    return " · ".join([" → ".join(states), *stands_out])


def _requestor(event: RequestEvent) -> str:
    name = display_name(event.request.requestor, _NAME_LIMIT)
    return strings.REQUESTOR_NOT_TOLD if name == strings.NOT_TOLD else name


def _time_left(event: RequestEvent, now: datetime) -> str:
    request = event.request
    if request.is_closed and request.status != EXPIRED:
        return ""
    if request.expires_at is None:
        return strings.EXPIRY_NOT_TOLD.lower()
    told, is_past = distance(request.expires_at, now), request.expires_at <= now
    return strings.expired(told) if is_past and request.status != EXPIRED else told


def _next_steps(latest: News, *, in_chat: bool) -> list[Element]:
    listed = [event.request for event in latest if event.kind is not EventKind.NO_LONGER_LISTED]
    odd = {event.request.id for event in _odd(latest)}
    approved = [request for request in listed if request.status == APPROVED and request.id not in odd]
    by_application = [request for request in approved if request.is_filed_by_application]
    waiting = strings.STILL_WAITING if in_chat else strings.DIGEST_APPROVERS
    texts = [strings.DIGEST_CHECK] if odd else []
    texts += [waiting] if any(request.status == NEEDS_APPROVAL for request in listed) else []
    texts += [strings.DIGEST_REQUESTORS] if len(approved) > len(by_application) else []
    texts += [strings.DIGEST_APPLICATIONS] if by_application else []
    return [trusted_text(text, spacing="Medium") for text in texts]
