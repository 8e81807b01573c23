"""The body of a digest: a burst of news as one card, what needs somebody first."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from maa_notify.cards import strings
from maa_notify.cards.elements import Element, container, rich, run, trusted_text
from maa_notify.cards.facts import expires
from maa_notify.cards.people import display_name
from maa_notify.cards.subject import subject_of, subject_runs
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.event import Event, EventKind
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL
from maa_notify.domain.risk import assess

_NAME_LIMIT = 60
_STATES = 4


def digest_body(events: Sequence[Event], now: datetime, times: TimeFormat, *, in_chat: bool) -> list[Element]:
    """Two lines for each request, with the latest of its events and the keys of all of them."""
    news = _by_request(events)
    latest = [each[-1] for each in news]
    strip = container(
        "accent",
        trusted_text(strings.digest_status_line(len(events)), size="Small", weight="Bolder"),
        trusted_text(strings.digest_title(len(news)), size="Large", weight="Bolder"),
        rich(run(_summary(latest)), spacing="Small"),
        bleed=True,
    )
    lines = [element for each in news for element in entry(each, now, times)]
    footer = trusted_text(strings.footer("", times.format(now)), size="Small", isSubtle=True, separator=True)
    return [strip, *lines, *_next_steps(latest, in_chat=in_chat), footer]


def entry(news: Sequence[Event], now: datetime, times: TimeFormat) -> list[Element]:
    """The two lines of one request: what it is about; where it stands, by whom, until when, and the keys."""
    event = news[-1]
    deadline = "" if event.request.is_closed else expires(event.request, now, times)
    told = [
        _story(news),
        _requestor(event),
        strings.expires(deadline) if deadline else "",
        ", ".join(dict.fromkeys(each.short_key for each in news)),
    ]
    subject = subject_runs(subject_of(event.request, _NAME_LIMIT), weight="Bolder")
    details = rich(run(" · ".join(filter(None, told))), spacing="None")
    return [rich(*subject, separator=True), details]


def _by_request(events: Sequence[Event]) -> list[list[Event]]:
    """The events of each request in order, the requests by how much they need somebody."""
    news: dict[str, list[Event]] = {}
    for event in events:
        news.setdefault(event.request.id, []).append(event)
    return sorted(news.values(), key=lambda each: (_place(each[-1]), -assess(each[-1].request).risk))


def _place(event: Event) -> int:
    if event.kind is EventKind.NO_LONGER_LISTED:
        return 1
    if event.request.status == NEEDS_APPROVAL:
        return 0
    return 2 if event.request.is_closed else 1


def _summary(latest: Sequence[Event]) -> str:
    """`Needs approval: 3 · Approved: 1`."""
    counts = Counter(strings.status_line(event) for event in latest)
    return " · ".join(strings.labelled(state, count) for state, count in counts.items())


def _story(news: Sequence[Event]) -> str:
    """`Needs approval → Approved`, for a request that moved on before anybody was told."""
    states = [*(strings.status_line(event) for event in news[-_STATES:-1]), strings.headline(news[-1])]
    return " → ".join(states)


def _requestor(event: Event) -> str:
    name = display_name(event.request.requestor, _NAME_LIMIT)
    return strings.REQUESTOR_NOT_TOLD if name == strings.NOT_TOLD else name


def _next_steps(latest: Sequence[Event], *, in_chat: bool) -> list[Element]:
    present = [event.request.status for event in latest if event.kind is not EventKind.NO_LONGER_LISTED]
    waiting = strings.STILL_WAITING if in_chat else strings.DIGEST_APPROVERS
    texts = [waiting] if NEEDS_APPROVAL in present else []
    texts += [strings.DIGEST_REQUESTORS] if APPROVED in present else []
    return [trusted_text(text, weight="Bolder", spacing="Medium") for text in texts]
