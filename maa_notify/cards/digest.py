"""The body of a digest: many events as one card, requests that wait for somebody first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from maa_notify.cards import strings
from maa_notify.cards.elements import Element, container, rich, run, trusted_text
from maa_notify.cards.facts import expires
from maa_notify.cards.people import display_name
from maa_notify.cards.subject import subject_of, subject_runs
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.event import Event, EventKind, Notice, RequestEvent
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL

_NAME_LIMIT = 60
_STATES = 4


def digest_body(events: Sequence[Event], now: datetime, times: TimeFormat, *, in_chat: bool) -> list[Element]:
    """The body: two lines for each request, with the latest of its events and the keys of all of them."""
    news = _by_request(event for event in events if isinstance(event, RequestEvent))
    notices = [event for event in events if isinstance(event, Notice)]
    latest = [each[-1] for each in news]
    strip = container(
        "accent",
        trusted_text(strings.digest_status_line(len(events)), size="Small", weight="Bolder"),
        trusted_text(strings.digest_title(len(news), len(notices)), size="Large", weight="Bolder"),
        *([rich(run(_summary(latest)), spacing="Small")] if latest else []),
        bleed=True,
    )
    lines = [
        *(element for notice in notices for element in _notice_lines(notice)),
        *(element for each in news for element in entry(each, now, times)),
    ]
    footer = trusted_text(strings.footer("", times.format(now)), size="Small", isSubtle=True, separator=True)
    return [strip, *lines, *_next_steps(latest, in_chat=in_chat), footer]


def entry(news: Sequence[RequestEvent], now: datetime, times: TimeFormat) -> list[Element]:
    """The two lines of one request: what it is about; where it stands, by whom, until when, and the keys."""
    event = news[-1]
    deadline = "" if event.request.is_closed else expires(event.request, now, times)
    told = [
        _story(news),
        _requestor(event),
        strings.after_the_change(event.request.target.assignments),
        strings.expires(deadline) if deadline else "",
        ", ".join(dict.fromkeys(each.short_key for each in news)),
    ]
    subject = subject_runs(subject_of(event.request, _NAME_LIMIT), weight="Bolder")
    details = rich(run(" · ".join(filter(None, told))), spacing="Small")
    return [rich(*subject, separator=True), details]


def _notice_lines(notice: Notice) -> list[Element]:
    """The two lines of a notice: what was found, and its key."""
    told = [strings.risk_line(notice.risk)] if notice.risk is not None else []
    title = trusted_text(notice.title, weight="Bolder", separator=True)
    return [title, rich(run(" · ".join([*told, notice.short_key])), spacing="None")]


def _by_request(events: Iterable[RequestEvent]) -> list[list[RequestEvent]]:
    """The events of each request in order, with the requests that most need somebody first."""
    news: dict[str, list[RequestEvent]] = {}
    for event in events:
        news.setdefault(event.request.id, []).append(event)
    return sorted(news.values(), key=lambda each: (_urgency(each[-1]), -each[-1].risk))


def _urgency(event: RequestEvent) -> int:
    if event.kind is EventKind.NO_LONGER_LISTED:
        return 1
    if event.request.status == NEEDS_APPROVAL:
        return 0
    return 2 if event.request.is_closed else 1


def _summary(latest: Sequence[RequestEvent]) -> str:
    """`Needs approval: 3 · Completed: 1`."""
    counts = Counter(strings.status_line(event) for event in latest)
    return " · ".join(strings.labelled(state, count) for state, count in counts.items())


def _story(news: Sequence[RequestEvent]) -> str:
    """`Needs approval → Approved → Completed`, for a request that moved on before anybody was told."""
    states = [
        *(strings.status_line(event, is_past=True) for event in news[-_STATES:-1]),
        strings.headline(news[-1], news[-1].risk),
    ]
    return " → ".join(states)


def _requestor(event: RequestEvent) -> str:
    name = display_name(event.request.requestor, _NAME_LIMIT)
    return strings.REQUESTOR_NOT_TOLD if name == strings.NOT_TOLD else name


def _next_steps(latest: Sequence[RequestEvent], *, in_chat: bool) -> list[Element]:
    listed = [event.request for event in latest if event.kind is not EventKind.NO_LONGER_LISTED]
    approved = [request for request in listed if request.status == APPROVED]
    by_application = [request for request in approved if request.is_filed_by_application]
    waiting = strings.STILL_WAITING if in_chat else strings.DIGEST_APPROVERS
    texts = [waiting] if any(request.status == NEEDS_APPROVAL for request in listed) else []
    texts += [strings.DIGEST_REQUESTORS] if len(approved) > len(by_application) else []
    texts += [strings.DIGEST_APPLICATIONS] if by_application else []
    return [trusted_text(text, weight="Bolder", spacing="Medium") for text in texts]
