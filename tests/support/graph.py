"""The simulated Graph with faults in front of it, on a real socket.

A test sets what the tenant holds and looks at what was asked::

    with FakeGraph() as graph:
        graph.requests = [make_request(now=now), make_request(now=now, status="approved")]
        graph.fail_page(2, reply(503))
        ...
        assert {call.method for call in graph.calls} == {"GET"}
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from maa_notify.demo.graph_api import COLLECTION, GraphApi
from maa_notify.demo.graph_resources import error_answer
from maa_notify.demo.tenant import SimulatedTenant
from tests.support.wire import Fake, HttpResponse, Seen, played

if TYPE_CHECKING:
    import ssl


def make_request(
    *, now: datetime | None = None, age: timedelta = timedelta(minutes=1), **overrides: object
) -> dict[str, Any]:
    """Return a raw approval request as Graph sends it, filed ``age`` before ``now``.

    Overrides replace or add fields. Without any it is a device wipe that waits for a decision, with the
    undocumented fields seen in the wild.
    """
    filed = (now or datetime.now(UTC)) - age
    tenant = SimulatedTenant(lambda: filed)
    wipe = tenant.get(tenant.submit("wipe"))
    # The letter keeps it apart from the names that tests give, such as LT-6.
    device = f"CONTOSO-LT-X{uuid.uuid4().hex[:4].upper()}"
    named = {
        "payloadName": device,
        "payloadId": str(uuid.uuid4()),
        "displayPayload": wipe["displayPayload"].replace(wipe["payloadName"], device),
    }
    return {**wipe, **named, **overrides}


class FakeGraph(Fake, GraphApi):
    """The simulated Graph over whatever a test puts into ``requests``."""

    def __init__(self, *, page_size: int = 50, tls: ssl.SSLContext | None = None) -> None:
        """Hold an empty tenant."""
        Fake.__init__(self, tls=tls)
        GraphApi.__init__(self, lambda: self.requests, page_size=page_size)
        self.requests: list[Any] = []
        """What the tenant holds: raw requests, or whatever else a broken answer might list."""

    def fail_page(self, number: int, *answers: HttpResponse) -> None:
        """Give these answers when that page of a listing (1 is the first) is asked for, then serve it."""
        self.fail_next(*answers, on=f"page {number}")

    def _kind(self, seen: Seen) -> str:
        """Name the page of the listing that is asked for, if one is."""
        return f"page {seen.params.get('$skiptoken', 1)}" if seen.path == COLLECTION else seen.path

    def _serve(self, seen: Seen) -> HttpResponse:
        """Answer one call as Graph would."""
        return played(self.answer(seen))


def graph_error(status: int, code: str, message: str) -> HttpResponse:
    """Return an error in the shape all of Graph uses."""
    return played(error_answer(status, code, message))
