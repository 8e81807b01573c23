"""What a poll reports, for its log line, its exit code and whoever asked for it."""

import json
from datetime import UTC, datetime

import pytest

from maa_notify.delivery.delivery import DeliveryResult
from maa_notify.errors import GraphDenied, GraphUnavailable
from maa_notify.polling.report import Report
from maa_notify.polling.run import poll_once
from maa_notify.polling.source import Seen
from tests.support.graph import FakeGraph
from tests.support.notifier import Notifier
from tests.support.wire import reply


@pytest.mark.parametrize(
    "report,is_eventful",
    [
        (Report(), False),
        (Report(listed=7, waiting=2, oldest_waiting_s=9), False),
        (Report(failure=GraphUnavailable("busy")), True),
        (Report(events=1), True),
        (Report(delivered=1), True),
        (Report(pending=1), True),
        (Report(dead=1), True),
        (Report(malformed=1), True),
        (Report(unreached=1), True),
    ],
)
def test_a_poll_is_eventful_when_anything_happened_waits_or_is_wrong(
    report: Report, is_eventful: bool
) -> None:
    """Of the others a large fleet leaves no line."""
    assert report.is_eventful is is_eventful


def test_a_failed_poll_leaves_a_line_even_in_a_quiet_fleet(
    graph: FakeGraph, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure by itself is worth one, though nothing happened."""
    caplog.set_level("INFO")
    poll_once(lambda: notifier.app, "queue", in_silence=True)
    quiet = [line for line in caplog.messages if line.startswith("poll.done")]
    graph.fail_next(reply(403))
    poll_once(lambda: notifier.app, "queue", in_silence=True)

    assert quiet == []
    assert [line for line in caplog.messages if line.startswith("poll.done")] != []


def test_a_report_tells_all_that_was_seen_and_done() -> None:
    """Each number in its place; what was given up before and now is one."""
    busy = GraphUnavailable("busy")
    seen, done = Seen(1, 2, 3, 4, ("apps",), 5), DeliveryResult(7, 8, 9, 10, ("default",), 11)

    report = Report.of(seen, 6, done, busy, dead_before=12)

    assert report == Report(1, 6, 7, 8, 21, 2, ("default",), busy, 11, 3, 4, ("apps",), 5, 10)
    assert json.loads(report.as_json()) == {
        "listed": 1,
        "events": 6,
        "delivered": 7,
        "pending": 8,
        "dead": 21,
        "malformed": 2,
        "refused": ["default"],
        "hidden": ["apps"],
        "stale": 5,
        "unreached": 10,
        "unheard": 0,
        "alerts": 0,
        "error": "graph_unavailable",
        "missing_permission": None,
        "token_issued_at": None,
    }


def test_the_report_tells_when_a_refused_token_was_issued() -> None:
    """So that whoever granted a permission knows whether the token is older than that."""
    issued_at = datetime(2026, 11, 2, 8, 59, tzinfo=UTC)
    denied = Report(failure=GraphDenied("no", "Policy.Read.All", issued_at))

    told = json.loads(denied.as_json())

    assert told["token_issued_at"] == "2026-11-02T08:59:00+00:00"
    assert told["missing_permission"] == "Policy.Read.All"
    assert json.loads(Report().as_json())["token_issued_at"] is None
