"""The pulse after each poll: what the monitor hears, and that it never holds up or fails a poll."""

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from maa_notify import app
from maa_notify.errors import GraphDenied, SettingsError, StateError
from maa_notify.identity.secret import Secret
from maa_notify.net.client import Limits
from maa_notify.polling.pulse import Pulse, address_of, reason_of
from maa_notify.polling.report import Report
from maa_notify.polling.run import poll_once
from tests.support.graph import FakeGraph, make_request
from tests.support.leaks import everything_logged
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, ScriptedServer, garbage, hang, redirect, reply, reset

MINUTE = 60.0
TOKEN = "d7a1f3c2-a-secret-of-the-monitor"
SHORT = Limits(seconds=0.3, max_bytes=100)


@pytest.fixture
def monitor() -> Iterator[ScriptedServer]:
    """Takes each pulse."""
    with ScriptedServer(default=reply(200, text="OK")) as server:
        yield server


@pytest.fixture
def watched(make_notifier: Callable[..., Notifier], monitor: ScriptedServer) -> Notifier:
    """A notifier whose polls the monitor hears of."""
    return make_notifier(MAA_PING_URL=f"{monitor.url}/{TOKEN}")


def heard(monitor: ScriptedServer) -> list[tuple[str, str]]:
    """Method and path of each pulse, with its reason where it has one."""
    found = []
    for seen in monitor.requests:
        reason = next((each for each in seen.query.split("&") if each.startswith("reason=")), "")
        found.append((seen.method, f"{seen.path.removeprefix(f'/{TOKEN}')} {reason}".strip()))
    return found


def test_each_poll_is_told_after_its_cards(
    graph: FakeGraph, teams: FakeTeams, watched: Notifier, monitor: ScriptedServer
) -> None:
    """One GET for each poll, with nothing in it, when the card is there already."""
    cards_before: list[int] = []
    pulse = watched.app.pulse
    assert pulse is not None
    send = pulse.send

    def send_and_count(reason: str = "", fingerprint: str = "") -> str:
        cards_before.append(len(teams.cards))
        return send(reason, fingerprint)

    pulse.send = send_and_count  # type: ignore[method-assign]
    graph.requests = [make_request(now=watched.clock.now())]
    watched.poll()
    watched.poll_after(MINUTE)

    assert heard(monitor) == [("GET", ""), ("GET", "")]
    assert cards_before == [1, 1]
    assert not any(seen.body for seen in monitor.requests)


def test_a_poll_that_fails_says_why(graph: FakeGraph, watched: Notifier, monitor: ScriptedServer) -> None:
    """By the code word that its report has, and the next good one is a success again."""
    graph.fail_next(*[reply(503)] * 3)
    watched.poll()
    watched.poll_after(MINUTE)

    assert heard(monitor) == [("GET", "/fail reason=graph_unavailable"), ("GET", "")]


def test_a_state_store_that_fails_is_told_too(watched: Notifier, monitor: ScriptedServer) -> None:
    """Though there is no report of such a poll."""
    watched.app.store.close()

    with pytest.raises(StateError):
        watched.poll()

    assert heard(monitor) == [("GET", "/fail reason=state")]


def test_a_card_that_does_not_arrive_is_told_when_it_is_late(
    graph: FakeGraph, teams: FakeTeams, watched: Notifier, monitor: ScriptedServer
) -> None:
    """A flow that was switched off: the first polls are good, later ones are not."""
    teams.fail_next(*[reply(404)] * 30)
    graph.requests = [make_request(now=watched.clock.now())]
    watched.poll()
    watched.poll_after(20 * MINUTE)

    assert heard(monitor) == [("GET", ""), ("GET", "/fail reason=overdue")]


def test_an_event_that_nobody_takes_is_told(
    graph: FakeGraph, make_notifier: Callable[..., Notifier], monitor: ScriptedServer, teams: FakeTeams
) -> None:
    """A filter that leaves nobody for it."""
    listed = f'[{{"name": "ops", "webhook_url": "{teams.url}", "events": ["rejected"]}}]'
    narrow = make_notifier(
        MAA_PING_URL=f"{monitor.url}/{TOKEN}", MAA_TEAMS_WEBHOOK_URL="", MAA_DESTINATIONS=listed
    )
    graph.requests = [make_request(now=narrow.clock.now())]
    report = narrow.poll()

    assert (report.unheard, teams.cards) == (1, [])
    assert heard(monitor) == [("GET", "/fail reason=unheard")]


def test_settings_that_were_changed_are_told(
    make_notifier: Callable[..., Notifier], monitor: ScriptedServer
) -> None:
    """A sink has every card of its own; the monitor hears of it in the poll that finds it, and once."""
    settings = {"MAA_PING_URL": f"{monitor.url}/{TOKEN}"}
    make_notifier(**settings).poll()
    with FakeTeams() as sink:
        make_notifier(**settings, MAA_TEAMS_WEBHOOK_URL=sink.url).poll_each(MINUTE, 2)

    assert heard(monitor) == [("GET", ""), ("GET", "/fail reason=settings_changed"), ("GET", "")]


def test_settings_that_are_wrong_are_told(notifier: Notifier, monitor: ScriptedServer) -> None:
    """No poll is made with them, and the monitor need not wait for its limit."""
    wrong = {
        **notifier.environ,
        "MAA_TEAMS_WEBHOOK_URL": "no address",
        "MAA_PING_URL": f"{monitor.url}/{TOKEN}",
    }
    reports = [poll_once(lambda: app.build_to_poll(wrong), "timer") for _ in range(2)]
    with pytest.raises(SettingsError):
        app.build(wrong)

    assert [report.failure.code for report in reports if report.failure] == ["settings"] * 2
    assert heard(monitor) == [("GET", "/fail reason=settings")] * 2


def test_a_monitor_whose_own_address_is_wrong_is_told_nothing(
    notifier: Notifier, monitor: ScriptedServer
) -> None:
    """A secret does not go where it was not meant to go."""
    wrong = {**notifier.environ, "MAA_PING_URL": f"{monitor.url}/{TOKEN}".replace("127.0.0.1", "u@127.0.0.1")}

    with pytest.raises(SettingsError, match="MAA_PING_URL"):
        app.build_to_poll(wrong)

    assert monitor.requests == []


@pytest.mark.parametrize(
    "answer",
    [reply(404), reply(500), redirect(302, "http://127.0.0.1:9/elsewhere"), reset(), garbage(), hang()],
)
def test_a_monitor_that_fails_costs_no_poll(
    answer: HttpResponse, teams: FakeTeams, watched: Notifier, monitor: ScriptedServer, graph: FakeGraph
) -> None:
    """The poll is as good as ever; the log says it once, without the address, and once that it is over."""
    watched.app.pulse = Pulse(Secret(f"{monitor.url}/{TOKEN}"), SHORT)
    monitor.script(answer, answer)
    graph.requests = [make_request(now=watched.clock.now())]
    with everything_logged() as ear:
        reports = [watched.poll(), *watched.poll_each(MINUTE, 2)]

    assert [report.failure for report in reports] == [None] * 3
    assert len(teams.cards) == 1
    lines = [line.split()[1] for line in ear.heard if " pulse." in line]
    assert lines == ["pulse.failing", "pulse.recovered"]
    assert not any(TOKEN in line for line in ear.heard)


@pytest.mark.parametrize(
    "url, told, is_failure, expected",
    [
        ("https://hc-ping.com/uuid", {}, False, "https://hc-ping.com/uuid"),
        (
            "https://hc-ping.com/uuid/",
            {"reason": "state"},
            True,
            "https://hc-ping.com/uuid/fail?reason=state",
        ),
        (
            "https://kuma.example/api/push/t?status=up&msg=OK&ping=",
            {"settings": "ab"},
            False,
            "https://kuma.example/api/push/t?status=up&msg=OK&ping=&settings=ab",
        ),
        (
            "https://x.logic.azure.com:443/invoke?sp=%2Ftriggers%2Fmanual%2Frun&sig=a_b-c",
            {"reason": "dead"},
            True,
            "https://x.logic.azure.com:443/invoke/fail?sp=%2Ftriggers%2Fmanual%2Frun&sig=a_b-c&reason=dead",
        ),
        ("https://example.com/a#b", {}, False, "https://example.com/a"),
    ],
)
def test_the_address_keeps_what_it_has(
    url: str, told: dict[str, str], is_failure: bool, expected: str
) -> None:
    """A signed query stays as it is, and `/fail` stands behind the path."""
    assert address_of(url, told, is_failure=is_failure) == expected


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({}, ""),
        ({"pending": 3, "malformed": 1}, ""),
        ({"unheard": 1}, "unheard"),
        ({"settings_changed": True}, "settings_changed"),
        ({"settings_changed": True, "memory_lost": True}, "memory_lost"),
        ({"unheard": 1, "overdue": 1}, "overdue"),
        ({"unheard": 1, "overdue": 1, "dead": 1}, "dead"),
        ({"dead": 1, "failure": GraphDenied("Graph refused")}, "graph_denied"),
    ],
)
def test_the_gravest_reason_counts(changes: dict[str, object], reason: str) -> None:
    """One word, since a monitor shows one."""
    assert reason_of(replace(Report(), **changes)) == reason
