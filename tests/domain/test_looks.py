"""For how long it counts that somebody looks at a request, and what is told of it."""

from datetime import datetime, timedelta

import pytest

from maa_notify.domain.approvers import Decider
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Look, RequestEvent
from maa_notify.domain.looks import LOOKS_FOR, in_force, with_looks
from maa_notify.domain.request import APPROVED
from tests.support.approval import NOW, approval

AIKO = Look(Decider("1", "Aiko Mori"), NOW)
OPEN = RequestState(approval())
KEY = OPEN.request.id


def told(state: RequestState, look: Look | None, now: datetime) -> list[Change[RequestState]]:
    """The changes of a poll that found nothing else new."""
    return with_looks([], {KEY: state}, {KEY: look} if look else {}, now)


@pytest.mark.parametrize(
    "after,counts",
    [
        (timedelta(), True),
        (LOOKS_FOR - timedelta(seconds=1), True),
        (LOOKS_FOR, False),
        (-LOOKS_FOR, False),  # a clock was set back
    ],
)
def test_it_counts_for_half_an_hour(after: timedelta, *, counts: bool) -> None:
    """And never for what is decided."""
    assert timedelta(minutes=30) == LOOKS_FOR
    assert in_force(AIKO, OPEN.request, NOW + after) == (AIKO if counts else None)
    assert in_force(AIKO, approval(APPROVED), NOW + after) is None


def test_it_is_told_once_and_its_end_once() -> None:
    """What the cards say is remembered with the request."""
    [change] = told(OPEN, AIKO, NOW)
    known = change.after
    assert known is not None
    [over] = told(known, AIKO, NOW + LOOKS_FOR)

    assert isinstance(change.event, RequestEvent)
    assert isinstance(over.event, RequestEvent)
    assert (change.event.look, known.look) == (AIKO, AIKO)
    assert told(known, AIKO, NOW + timedelta(minutes=1)) == []
    assert over.event.look is None
    assert over.after == OPEN
    assert told(OPEN, None, NOW) == []
    # Though nobody is noted to look any more, it was not told yet.
    [forgotten] = with_looks([], {KEY: known}, {}, NOW)
    assert forgotten.after == OPEN
    assert change.event.what != over.event.what
