"""Long outages at wire level, with a clock of the test: late by one poll at most, and no storm of tries."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme

from maa_notify.demo.loopback import free_port
from maa_notify.errors import StateError
from maa_notify.identity.secret import Secret
from maa_notify.net.client import Limits
from maa_notify.storage.rows import Rows
from maa_notify.storage.store import StateStore
from maa_notify.teams.webhook import WorkflowsWebhook
from tests.support.cards import strip, text
from tests.support.channels import FakeChannel
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import (
    HttpResponse,
    close_without_answer,
    drip,
    garbage,
    hang,
    redirect,
    reply,
    reset,
    truncated,
)

MINUTE = 60


@pytest.fixture
def notifier(graph: FakeGraph, teams: FakeTeams, tmp_path: Path) -> Iterator[Notifier]:
    """One installation, polled every minute."""
    installed = Notifier(graph, teams, tmp_path / "state.db")
    yield installed
    installed.close()


def in_ninety_seconds() -> str:
    """A moment as `Retry-After` may give it."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: reply(500), id="500"),
        pytest.param(lambda: reply(503, headers={"Retry-After": "90"}), id="503-seconds"),
        pytest.param(lambda: reply(429), id="429"),
        pytest.param(lambda: reply(429, headers={"Retry-After": in_ninety_seconds()}), id="429-date"),
        pytest.param(lambda: reply(429, headers={"Retry-After": "soon"}), id="429-nonsense"),
        pytest.param(lambda: reply(404), id="404"),
        pytest.param(lambda: redirect(302, "http://127.0.0.1:9/"), id="302"),
        pytest.param(reset, id="reset"),
        pytest.param(close_without_answer, id="closed"),
        pytest.param(garbage, id="garbage"),
        pytest.param(lambda: truncated(b"{", 5_000, status=502), id="truncated"),
    ],
)
def test_teams_is_down_for_two_hours(
    graph: FakeGraph,
    teams: FakeTeams,
    channel: FakeChannel,
    tmp_path: Path,
    answer: Callable[[], HttpResponse],
) -> None:
    """Every card waits, none is lost or doubled, about one try a poll, and one more poll brings them all."""
    notifier = Notifier(graph, teams, tmp_path / "state.db", None, **channel.settings)
    known = make_request(now=notifier.clock.now())
    graph.requests = [known]
    notifier.poll()
    channel.answer_all(answer())
    known["status"] = "approved"
    graph.requests += [make_request(now=notifier.clock.now()) for _ in range(3)]
    for _ in range(120):
        notifier.poll_after(MINUTE)
    tries = (channel.calls - 1) / channel.calls_a_try
    channel.answer_all(None)

    notifier.clock.advance(90)
    report = notifier.poll_after(MINUTE)
    notifier.close()

    assert (report.delivered, report.pending) == (4, 0)
    assert (
        sorted(strip(card).split(" ·")[0] for card in channel.rings)
        == ["Approved - Needs completion"] + ["Needs approval"] * 4
    )
    assert tries <= 130


@pytest.mark.parametrize("fault", ["name", "tls", "refused"])
def test_teams_cannot_be_reached_for_two_hours(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, fault: str
) -> None:
    """The name is gone, the certificate is wrong, nobody listens: everything waits and comes afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    addresses = {"name": "https://no-such-host.invalid/x", "refused": f"http://127.0.0.1:{free_port()}/x"}
    senders = notifier.app.senders
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(2)]
    with FakeTeams(tls=context) as impostor:
        url = Secret(addresses.get(fault, impostor.url))
        notifier.app.senders = {"default": WorkflowsWebhook("default", url)}
        during = [notifier.poll_after(MINUTE) for _ in range(120)]
    notifier.app.senders = senders

    after = notifier.poll_after(MINUTE)

    assert {(report.pending, report.refused) for report in during} == {(2, ("default",))}
    assert (after.delivered, after.pending, len(teams.cards)) == (2, 0, 2)


@pytest.mark.parametrize(
    "answer", [hang(), drip(b"", pause=0.05, head=True, status=202)], ids=["hang", "drip"]
)
def test_teams_is_slow_beyond_measure(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, answer: HttpResponse
) -> None:
    """An answer that never comes, or byte by byte, ends with its time limit; the card comes later."""
    notifier.app.senders = {"default": WorkflowsWebhook("default", Secret(teams.url), Limits(seconds=0.2))}
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_all(answer)
    began = time.monotonic()
    during = [notifier.poll_after(MINUTE) for _ in range(10)]
    spent = time.monotonic() - began
    teams.answer_all(None)

    after = notifier.poll_after(MINUTE)

    assert {report.pending for report in during} == {1}
    assert spent < 8
    assert (after.delivered, len(teams.cards)) == (1, 1)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reply(200, text="Webhook message delivery failed with error"), id="words"),
        pytest.param(reply(201), id="201"),
        pytest.param(reply(204), id="204"),
        pytest.param(reply(206, json={"partly": True}), id="206"),
        pytest.param(garbage(b"HTTP/1.1 202 Accepted\r\nbare words\r\n\r\n"), id="loose header"),
        pytest.param(garbage(b"HTTP/1.1 200 OK\nX:y\n folded\n\xff\xfe\n\n"), id="odd bytes"),
    ],
)
def test_every_success_is_one(
    graph: FakeGraph, channel: FakeChannel, tmp_path: Path, teams: FakeTeams, answer: HttpResponse
) -> None:
    """Whatever the words in its body or its headers, the card is not posted a second time."""
    notifier = Notifier(graph, teams, tmp_path / "state.db", None, **channel.settings)
    graph.requests = [make_request(now=notifier.clock.now())]
    channel.fail_next(answer, posted=True)

    reports = [notifier.poll(), notifier.poll_after(MINUTE)]
    notifier.close()

    assert ([report.delivered for report in reports], len(channel.rings)) == ([1, 0], 1)


def test_a_web_page_is_no_success(
    graph: FakeGraph, channel: FakeChannel, tmp_path: Path, teams: FakeTeams
) -> None:
    """While a captive portal answers in Teams' place, every card waits, loudly; then each comes once."""
    notifier = Notifier(graph, teams, tmp_path / "state.db", None, **channel.settings)
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(2)]
    channel.answer_all(reply(200, text="<!DOCTYPE html><html><title>Sign in</title></html>"))
    during = [notifier.poll_after(MINUTE) for _ in range(5)]
    channel.answer_all(None)

    after = notifier.poll_after(MINUTE)
    notifier.close()

    assert {(report.delivered, report.pending, len(report.refused)) for report in during} == {(0, 2, 1)}
    assert (after.delivered, after.pending, len(channel.rings)) == (2, 0, 2)


def test_report_health_and_outbox_agree(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """With cards waiting and one given up, the report, health and the outbox tell the same numbers."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_all(reply(404))
    for _ in range(8):
        notifier.poll_after(timedelta(days=1).total_seconds())
    graph.requests.append(make_request(now=notifier.clock.now()))

    report = notifier.poll()

    health, store = notifier.app.health(), notifier.app.store
    assert (report.pending, report.dead) == (1, 1)
    assert (health.pending, health.dead) == (1, 1)
    assert (len(store.outbox.read_pending()), len(store.journal.read_dead())) == (1, 1)


def test_graph_is_down_for_six_hours(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """What happened meanwhile is told once with the first answer; the log says twice what is to be said."""
    known = make_request(now=notifier.clock.now())
    graph.requests = [known]
    notifier.poll()
    known["status"] = "approved"
    for _ in range(72):
        graph.fail_next(*[reply(503)] * 3)
        assert notifier.poll_after(5 * MINUTE).failure is not None
    graph.requests.append(make_request(now=notifier.clock.now()))

    report = notifier.poll_after(MINUTE)

    assert (report.events, report.delivered, len(teams.cards)) == (2, 2, 3)
    messages = [record.message for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert [message.split()[0] for message in messages] == ["poll.failing", "poll.recovered"]


def test_graph_is_not_asked_more_than_it_allows(graph: FakeGraph, notifier: Notifier) -> None:
    """An hour of refusals: three tries a poll at most."""
    for _ in range(60):
        graph.fail_next(*[reply(500)] * 3)
        notifier.poll_after(MINUTE)

    assert len(graph.calls) <= 180


@pytest.mark.parametrize("days", [0.25, 40])
def test_the_notifier_was_off(graph: FakeGraph, teams: FakeTeams, notifier: Notifier, days: float) -> None:
    """Six hours or forty days later each request's present status is told once, and nothing more."""
    waiting, decided, expired = (make_request(now=notifier.clock.now()) for _ in range(3))
    graph.requests = [waiting, decided, expired]
    notifier.poll()
    notifier.clock.advance(timedelta(days=days))
    decided["status"], expired["status"] = "completed", "expired"
    graph.requests.append(make_request(now=notifier.clock.now(), status="rejected"))

    first, second = notifier.poll(), notifier.poll_after(MINUTE)

    told = [strip(card).split(" ·")[0] for card in teams.cards[3:]]
    assert sorted(line for line in told if line != "No news: this channel can be reached") == [
        "Completed",
        "Expired",
        "Rejected",
    ]
    assert (second.events, second.delivered, first.pending) == (0, 0, 0)


def test_the_state_store_is_down_for_an_hour(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """Nothing is posted that could not be recorded; afterwards everything is told once."""
    notifier.poll()
    well, notifier.app.store = notifier.app.store, StateStore(_Away())
    graph.requests = [make_request(now=notifier.clock.now())]
    for _ in range(60):
        with pytest.raises(StateError):
            notifier.poll_after(MINUTE)
    told_meanwhile = len(teams.cards)
    notifier.app.store = well

    report = notifier.poll_after(MINUTE)

    assert (told_meanwhile, report.delivered, len(teams.cards)) == (0, 1, 1)


class _Away(Rows):
    """A store that nobody reaches."""

    def read(self, first: str, end: str) -> None:  # type: ignore[override]
        raise StateError("away")

    def get(self, key: str) -> None:
        raise StateError("away")

    def commit(self, changes: object) -> None:  # type: ignore[override]
        raise StateError("away")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("fault", ["empty", "omits one", "twice", "half the pages"])
def test_half_answers_ring_no_alarm(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, fault: str
) -> None:
    """An odd list once, then the right one again: nobody hears of it."""
    graph.page_size = 2
    listed = [make_request(now=notifier.clock.now()) for _ in range(5)]
    graph.requests = list(listed)
    notifier.poll()
    odd = {"empty": [], "omits one": listed[1:], "twice": [*listed, listed[0]], "half the pages": listed}
    graph.requests = list(odd[fault])
    if fault == "half the pages":
        graph.fail_page(2, *[reply(500)] * 3)

    during = notifier.poll_after(MINUTE)
    graph.requests = list(listed)
    after = notifier.poll_after(MINUTE)

    assert (during.events, after.events, len(teams.cards)) == (0, 0, 5)


def test_a_status_is_news_even_when_its_time_is_not(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A `lastModifiedDateTime` that does not move with the status hides nothing; nor does a step back."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    for status in ("needsApproval", "approved", "needsApproval"):
        request["status"] = status
        notifier.poll_after(MINUTE)

    assert [strip(card).split(" ·")[0] for card in teams.cards] == [
        "Needs approval",
        "Approved - Needs completion",
        "Needs approval",
    ]
    assert "taken back" in text(teams.cards[2])


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_four_hundred_days(graph: FakeGraph, teams: FakeTeams, tmp_path: Path) -> None:
    """Twelve requests a day, polled every two hours: rows and time of a poll stay what they were."""
    notifier = Notifier(graph, teams, tmp_path / "state.db", MAA_RETENTION_DAYS="35")
    graph.page_size = 500
    rows, seconds = [], []
    for poll in range(400 * 12):
        graph.requests.append(make_request(now=notifier.clock.now()))
        for request in graph.requests[-40:-20]:
            request["status"] = "completed"
        del graph.requests[:-300]
        began = time.process_time()
        notifier.poll_after(120 * MINUTE)
        seconds.append(time.process_time() - began)
        if poll % 480 == 479:
            rows.append(sum(1 for _ in notifier.app.store.rows.read(" ", "~")))
    notifier.close()

    settled = rows[2:]
    assert max(settled) <= 1.05 * min(settled), rows
    assert sum(seconds[-480:]) <= 1.5 * sum(seconds[1_440:1_920]), rows
