"""Changes as a poll records them."""

from datetime import timedelta

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.graph.requests import parse_request
from tests.support.clock import START
from tests.support.graph import make_request

RequestChange = Change[RequestState]


def tracked(**overrides: object) -> RequestState:
    """What is remembered of a request as Graph lists it."""
    request = parse_request({**make_request(now=START), **overrides})
    return RequestState(request, reminders_sent=("50%",), missing_since=START)


def created(known: RequestState, destination: str = "default", recipient: str = "") -> RequestChange:
    """A new request with its notification."""
    event = RequestEvent(EventKind.CREATED, known.request, 1, START, next_reminder=START + timedelta(days=1))
    notification = Notification(event, destination, START, recipient=recipient)
    return Change(known.request.id, None, known, event, (notification,))


def changed(before: RequestState, after: RequestState | None) -> RequestChange:
    """A request that is remembered otherwise from now on, or has left the list, with nothing to tell."""
    return Change(before.request.id, before, after)
