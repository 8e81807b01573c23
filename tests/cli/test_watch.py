"""`watch` as a service: figures for Prometheus, signs of life for systemd, every tenant of a fleet."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from maa_notify.cli.metrics import Metrics
from maa_notify.errors import GraphUnavailable, StateError
from maa_notify.polling.report import Report
from tests.cli.conftest import Command
from tests.docs.test_docs import COMMANDS, first_cells, section
from tests.support.clock import START, FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT
from tests.support.process import environment
from tests.support.teams import FakeTeams
from tests.support.wire import hang, reply

ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a console signal cannot be sent there")
ODD = 'a"b\\c\nd'


class Watch:
    """A `watch` that runs, and its log line by line as JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def wait_for(self, message: str) -> dict[str, Any]:
        """The next line of the log about this."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            told: dict[str, Any] = json.loads(line)
            if told["message"] == message:
                return told
        pytest.fail(f"it ended before {message}")

    def stop(self) -> int:
        """Asks it to stop; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=40)
        return self.process.returncode


@contextmanager
def watching(settings: Mapping[str, str], cwd: Path, *words: str) -> Iterator[Watch]:
    """`watch` every second, with these settings."""
    process = subprocess.Popen(
        [sys.executable, "-m", "maa_notify", "watch", "--every", "1", *words],
        env=environment({**settings, "MAA_LOG_FORMAT": "json"}),
        cwd=cwd,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Watch(process)
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def read(text: str) -> dict[str, float]:
    """Figures by name, as Prometheus' own parser understands them; with labels other than the tenant."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            others = {name: value for name, value in sample.labels.items() if name != "tenant"}
            found[sample.name + (str(others) if others else "")] = sample.value
    return found


@ON_POSIX
def test_a_scrape_tells_what_the_polls_did(
    settings: dict[str, str], graph: FakeGraph, teams: FakeTeams, tmp_path: Path
) -> None:
    """Over real HTTP, on this machine alone, in the form that Prometheus asks for."""
    graph.requests = [make_request(), make_request(status="approved")]
    with watching(settings, tmp_path, "--metrics", "0") as watch:
        told = watch.wait_for("watch.metrics")
        assert told["host"] == "127.0.0.1"
        watch.wait_for("poll.done")
        watch.wait_for("poll.done")  # so the first one is noted
        with urlopen(f"http://127.0.0.1:{told['port']}/metrics", timeout=20) as answer:
            kind, text = answer.headers["Content-Type"], answer.read().decode()
        assert watch.stop() == 0
    figures = read(text)

    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert figures["maa_notify_polls_total"] >= 1
    assert figures["maa_notify_events_total"] == figures["maa_notify_delivered_total"] == 2
    assert (figures["maa_notify_requests_listed"], figures["maa_notify_requests_waiting"]) == (2, 1)
    assert figures["maa_notify_last_poll_good"] == 1
    assert abs(figures["maa_notify_last_good_poll_timestamp_seconds"] - datetime.now(UTC).timestamp()) < 60
    assert f'tenant="{TENANT}"' in text
    assert graph.requests[0]["id"] not in text


def test_what_a_failed_poll_does_not_know_stays_as_it_was() -> None:
    """A store that is down does not look like an empty outbox, nor Graph that is down like an empty list."""
    metrics = Metrics(FakeClock())
    metrics.note(ODD, Report(listed=7, waiting=3, oldest_waiting_s=60, pending=2, dead=1, events=4))
    metrics.note(ODD, Report(pending=5, delivered=1, failure=GraphUnavailable("down")))
    metrics.note(ODD, Report(failure=StateError("down")))
    figures = read(metrics.text())

    assert (figures["maa_notify_requests_listed"], figures["maa_notify_requests_waiting"]) == (7, 3)
    assert (figures["maa_notify_notifications_pending"], figures["maa_notify_notifications_dead"]) == (5, 0)
    assert (figures["maa_notify_polls_total"], figures["maa_notify_last_poll_good"]) == (3, 0)
    assert figures["maa_notify_last_good_poll_timestamp_seconds"] == START.timestamp()
    for code in ("graph_unavailable", "state"):
        assert figures[f"maa_notify_poll_failures_total{{'code': '{code}'}}"] == 1


def test_any_tenant_is_a_label() -> None:
    """Read back as it was, and by itself."""
    metrics = Metrics(FakeClock())
    metrics.note(ODD, Report(listed=1))
    metrics.note("other", Report(listed=2))
    families = {each.name: each for each in text_string_to_metric_families(metrics.text())}

    listed = families["maa_notify_requests_listed"].samples
    assert [(each.labels["tenant"], each.value) for each in listed] == [(ODD, 1), ("other", 2)]


def test_before_the_first_poll_only_the_version_is_known() -> None:
    """A zero would be a claim."""
    assert list(read(Metrics(FakeClock()).text()).values()) == [1]


def test_every_figure_is_explained() -> None:
    """With its kind, in the order in which they are served."""
    metrics = Metrics(FakeClock())
    metrics.note("x", Report())
    metrics.note("x", Report(failure=StateError("down")))
    served = [line.split()[2:4] for line in metrics.text().splitlines() if line.startswith("# TYPE")]
    rows = [line.split("|") for line in section(COMMANDS, "maa-notify watch").splitlines()]
    told = [[row[1].strip(" `"), row[2].strip()] for row in rows if row[1:] and "maa_notify_" in row[1]]

    assert told == served
    assert "maa_notify_info" in first_cells(section(COMMANDS, "maa-notify watch"))


def test_a_port_that_is_taken_is_told(command: Command, graph: FakeGraph) -> None:
    """Exit 1 before the first poll: somebody relies on these figures."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = command("watch", "--metrics", str(port))

    assert outcome.code == 1
    assert f"--metrics: cannot listen on port {port} of 127.0.0.1: Address already in use" in outcome.err
    assert graph.calls == []


@ON_POSIX
def test_systemd_hears_that_it_is_ready_alive_and_stopping(settings: dict[str, str], tmp_path: Path) -> None:
    """By its own protocol, on a real socket; and while it waits it hears more often than it asks for."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(40)
        given = {**settings, "NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "200000"}
        with watching(given, tmp_path) as watch:
            heard = [manager.recv(64).decode() for _ in range(5)]
            watch.process.send_signal(signal.SIGTERM)
            while heard[-1] != "STOPPING=1":
                heard.append(manager.recv(64).decode())
            watch.process.communicate(timeout=20)

    assert heard[0] == "READY=1"
    assert set(heard[1:-1]) == {"WATCHDOG=1"}
    assert watch.process.returncode == 0


@ON_POSIX
def test_every_tenant_is_polled_and_none_waits_for_another(
    graph: FakeGraph, teams: FakeTeams, tmp_path: Path
) -> None:
    """One whose Graph hangs, one whose settings are wrong and a malformed entry delay no other."""
    graph.requests = [make_request()]
    with ExitStack() as fakes:
        hanging, refusing = (fakes.enter_context(FakeGraph()) for _ in range(2))
        hanging.fail_next(hang(30))
        refusing.fail_next(*[reply(403)] * 20)
        entries = [
            {"tenant_id": f"{name}.example", "graph_url": fake.url, "teams_webhook_url": teams.url_for(name)}
            for name, fake in (("hanging", hanging), ("refused", refusing), ("well", graph))
        ]
        settings = {
            "MAA_TENANTS": json.dumps(
                [{"tenant_id": "wrong.example", "cloud": "mars"}, {"tenant_name": "none"}, *entries]
            ),
            "MAA_ACCESS_TOKEN": "x",
        }
        with watching(settings, tmp_path, "--metrics", "0") as watch:
            port = watch.wait_for("watch.metrics")["port"]
            hanging.wait_for_calls(1)
            teams.wait_for(1)
            graph.requests.append(make_request())
            teams.wait_for(2)  # in a later turn, while the first tenant still hangs
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
                text = answer.read().decode()
            assert len(hanging.calls) == 1
            watch.process.send_signal(signal.SIGTERM)
            fakes.close()  # the hanging poll fails, and ends
            watch.process.communicate(timeout=40)

    assert watch.process.returncode == 0
    assert len(teams.cards_in("well")) == 2
    polls = {
        sample.labels["tenant"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "maa_notify_last_poll_good"
    }
    assert polls == {"wrong.example": 0, "refused.example": 0, "well.example": 1}


def test_a_malformed_list_of_tenants_stops_the_start(command: Command) -> None:
    """As any wrong setting does."""
    outcome = command("watch", MAA_TENANTS="{}")

    assert outcome.code == 2
    assert "MAA_TENANTS" in outcome.err


@ON_POSIX
def test_one_tenant_of_a_fleet_can_be_watched_alone(
    graph: FakeGraph, teams: FakeTeams, tmp_path: Path
) -> None:
    """The others are not polled."""
    with FakeGraph() as other:
        entries = [
            {"tenant_id": f"{name}.example", "graph_url": fake.url, "teams_webhook_url": teams.url_for(name)}
            for name, fake in (("one", graph), ("other", other))
        ]
        settings = {"MAA_TENANTS": json.dumps(entries), "MAA_ACCESS_TOKEN": "x"}
        with watching(settings, tmp_path, "--tenant", "one.example") as watch:
            watch.wait_for("poll.done")
            watch.wait_for("poll.done")
            assert watch.stop() == 0

        assert other.calls == []
