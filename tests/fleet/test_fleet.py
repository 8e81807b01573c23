"""One process of a fleet: each tenant polled when asked for, in a turn of its own, with its own faults."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.data.tables import TableServiceClient

from maa_notify import app
from maa_notify.demo.loopback import free_port
from maa_notify.errors import StateError
from maa_notify.fleet.fleet import Fleet
from maa_notify.fleet.messages import PollMessage, UnreadablePollMessageError, read_message
from maa_notify.fleet.shared import SharedResources
from maa_notify.identity.tokens import ManagedIdentity
from maa_notify.storage.table import connect_with_string
from tests.support.cards import text
from tests.support.clock import FakeClock
from tests.support.entra import CLIENT, TENANT, FakeEntra, FakeIdentityEndpoint
from tests.support.graph import FakeGraph, make_request
from tests.support.teams import FakeTeams
from tests.support.wire import ScriptedServer, hang, reply

NAMES = ("Contoso", "Fabrikam", "Tailspin")
MINUTE = 60.0
HOUR = timedelta(hours=1)
IDENTITY = "0b1d4f9a-0000-4000-8000-000000000009"


class Scene:
    """Three tenants, each with a Graph and a channel of its own."""

    def __init__(self, graphs: dict[str, FakeGraph], teams: FakeTeams, state: str) -> None:
        """Knows them by name."""
        self.graphs = graphs
        self.teams = teams
        self.state = state
        self.clock = FakeClock()
        self.running: list[Fleet] = []

    def fleet(self, *more: dict[str, Any], **settings: str) -> Fleet:
        """A process of the fleet; another one is another process."""
        entries = [self.entry(name) for name in self.graphs]
        environ = {"MAA_TENANTS": json.dumps([*entries, *more]), "MAA_STATE": self.state, **settings}
        self.running.append(
            Fleet({"MAA_ACCESS_TOKEN": "x", "MAA_REMINDERS": "", **environ}, app.build, self.clock)
        )
        return self.running[-1]

    def entry(self, name: str) -> dict[str, Any]:
        """A tenant's entry of the list."""
        return {
            "tenant_id": id_of(name),
            "tenant_name": name,
            "graph_url": self.graphs[name].url,
            "teams_webhook_url": self.teams.url_for(name),
        }

    def file(self, name: str) -> None:
        """A request comes into being."""
        self.graphs[name].requests.append(make_request(now=self.clock.now()))

    def lists(self, name: str) -> int:
        """How often Graph was asked for a tenant's list."""
        return len(self.graphs[name].calls)

    def cards(self, name: str) -> int:
        """How many cards came to a tenant's channel."""
        return len(self.teams.cards_in(name))


def id_of(name: str) -> str:
    """A tenant's id."""
    return f"{name.lower()}.example"


@pytest.fixture
def graphs() -> Iterator[dict[str, FakeGraph]]:
    """One for each tenant, by its name."""
    found = {name: FakeGraph() for name in NAMES}
    with found["Contoso"], found["Fabrikam"], found["Tailspin"]:
        yield found


@pytest.fixture
def scene(graphs: dict[str, FakeGraph], teams: FakeTeams, tmp_path: Path) -> Iterator[Scene]:
    """The tenants, with their state in one file."""
    made = Scene(graphs, teams, f"sqlite:///{tmp_path / 'state.db'}")
    yield made
    for fleet in made.running:
        fleet.close()


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIdentityEndpoint]:
    """The managed identity that Azure gives to the app."""
    with FakeIdentityEndpoint(IDENTITY) as serving:
        for name, value in serving.environ.items():
            monkeypatch.setenv(name, value)
        yield serving


def poll_all(fleet: Fleet) -> None:
    """Asks for everybody and does what is asked."""
    for message in fleet.asks():
        fleet.poll(message)


def ask_for(name: str, scene: Scene) -> str:
    """A message for one tenant."""
    return PollMessage(id_of(name), scene.clock.now()).as_text()


def test_each_tenant_is_polled_and_told_in_its_own_channel(scene: Scene) -> None:
    """Nobody's request shows up with somebody else, and the card says whose it is."""
    for name in NAMES[:2]:
        scene.file(name)
    poll_all(scene.fleet())

    assert [scene.cards(name) for name in NAMES] == [1, 1, 0]
    for name in NAMES[:2]:
        [card] = scene.teams.cards_in(name)
        assert name in text(card)
        assert scene.graphs[name].requests[0]["payloadName"] in text(card)


def test_a_broken_tenant_is_said_and_the_others_hear(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A refused token, wrong settings and a malformed entry: one line each, with the tenant's id."""
    caplog.set_level("INFO")
    scene.graphs["Contoso"].fail_next(reply(403, json={"error": {"code": "Forbidden"}}))
    scene.file("Tailspin")
    poll_all(scene.fleet({"tenant_id": "wrong.example", "reminders": "soon"}, {"tenant_name": "nobody"}))

    assert scene.cards("Tailspin") == 1
    assert "poll.failing" in caplog.text
    [failed] = [line for line in caplog.messages if line.startswith("poll.failed")]
    assert "tenant=wrong.example code=settings" in failed
    assert "MAA_REMINDERS" in failed
    [wrong] = [line for line in caplog.messages if line.startswith("fleet.misconfigured")]
    assert "entry 5 needs a tenant_id" in wrong
    done = [line for line in caplog.messages if line.startswith("poll.done")]
    assert ["tenant=contoso.example" in line for line in done] == [True, False, False]
    assert "failure=graph_denied" in done[0]


def test_a_tenant_that_leaves_the_list_is_missed_by_its_monitor(scene: Scene) -> None:
    """Each entry has a monitor of its own; that of the deployment would be well with any tenant's poll."""
    with ScriptedServer(default=reply(200)) as monitor:
        entries = [
            {
                "tenant_id": id_of(name),
                "graph_url": scene.graphs[name].url,
                "teams_webhook_url": scene.teams.url_for(name),
                "ping_url": f"{monitor.url}/{name}",
            }
            for name in NAMES
        ]
        poll_all(scene.fleet(MAA_TENANTS=json.dumps(entries), MAA_PING_URL=f"{monitor.url}/all"))
        scene.clock.advance(MINUTE)
        poll_all(scene.fleet(MAA_TENANTS=json.dumps(entries[1:])))
        heard = [seen.path for seen in monitor.requests]

    assert heard == ["/Contoso", "/Fabrikam", "/Tailspin", "/Fabrikam", "/Tailspin"]


def test_an_entry_that_is_redirected_is_told_in_that_tenant_alone(scene: Scene) -> None:
    """Somebody edits one entry of the list: its channels hear, and those of nobody else."""
    poll_all(scene.fleet())
    scene.clock.advance(MINUTE)
    sink = {**scene.entry("Contoso"), "graph_url": scene.graphs["Fabrikam"].url}
    poll_all(scene.fleet(MAA_TENANTS=json.dumps([sink, scene.entry("Fabrikam"), scene.entry("Tailspin")])))

    assert [scene.cards(name) for name in NAMES] == [1, 0, 0]
    [card] = scene.teams.cards_in("Contoso")
    assert "MAA_GRAPH_URL" in text(card)


def test_a_slow_tenant_delays_nobody(scene: Scene) -> None:
    """While one Graph hangs, the others are polled; the slow one takes no second turn meanwhile."""
    fleet = scene.fleet()
    for name in NAMES:
        scene.file(name)
    scene.graphs["Contoso"].fail_next(hang())
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(fleet.poll, ask_for("Contoso", scene))
        scene.graphs["Contoso"].wait_for_calls(1)
        fleet.poll(ask_for("Contoso", scene))
        for name in NAMES[1:]:
            fleet.poll(ask_for(name, scene))
        seen = [scene.cards(name) for name in NAMES]
        scene.graphs["Contoso"].release()
        slow.result(timeout=20)

    assert seen == [0, 1, 1]


def test_a_poll_answers_all_that_was_asked_before_it(scene: Scene) -> None:
    """Where a backlog stands in the queue each tenant is polled once, not once for each message."""
    fleet, messages = scene.fleet(), []
    for _ in range(3):
        messages.append(ask_for("Contoso", scene))
        scene.clock.advance(5)
    for message in messages:
        fleet.poll(message)
    before = scene.lists("Contoso")
    scene.clock.advance(1)
    fleet.poll(ask_for("Contoso", scene))

    assert (before, scene.lists("Contoso")) == (1, 2)


def test_a_late_message_is_answered_by_the_poll_of_another_process(scene: Scene) -> None:
    """Its mark in the state store tells; a poll that failed answers nothing."""
    message = ask_for("Contoso", scene)
    scene.clock.advance(MINUTE)
    scene.graphs["Contoso"].fail_next(reply(403))
    scene.fleet().poll(message)
    scene.fleet().poll(message)
    polled = scene.lists("Contoso")
    scene.fleet().poll(message)

    assert (polled, scene.lists("Contoso")) == (2, 2)


def test_a_late_message_is_not_answered_by_a_poll_before_it(scene: Scene) -> None:
    """However often that one was good."""
    scene.fleet().poll(ask_for("Contoso", scene))
    scene.clock.advance(MINUTE)
    message = ask_for("Contoso", scene)
    scene.clock.advance(MINUTE)
    scene.fleet().poll(message)

    assert scene.lists("Contoso") == 2


def test_a_quiet_poll_leaves_a_line_now_and_then(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Every hour, whenever there is something to tell, and after it: alarms live on these lines."""
    caplog.set_level("INFO")
    fleet = scene.fleet()
    told = []
    for minute in range(70):
        if minute == 3:
            scene.file("Contoso")
        fleet.poll(ask_for("Contoso", scene))
        told += [(minute, "events=1" in line) for line in caplog.messages if line.startswith("poll.done")]
        caplog.clear()
        scene.clock.advance(MINUTE)

    assert told == [(0, False), (3, True), (4, False), (64, False)]


def unpolled_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The tenants that were said not to be polled, since the last look."""
    found = [line for line in caplog.messages if line.startswith("fleet.unpolled")]
    caplog.clear()
    return found


def test_a_tenant_that_stays_unpolled_is_named_for_ever(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """By the timer, for a tenant whose polls never come leaves no line of its own; also after two days."""
    poll_all(scene.fleet())
    fleet = scene.fleet()
    for _ in range(3):
        scene.clock.advance(86_400)
        for name in NAMES[1:]:
            fleet.poll(ask_for(name, scene))
        caplog.clear()
        fleet.asks()
        assert unpolled_in(caplog) == ["fleet.unpolled tenant=contoso.example code=stale"]


def test_who_is_not_polled_is_looked_up_every_quarter_of_an_hour(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Each look costs a read for each tenant; one that is polled again is not named any more."""
    fleet = scene.fleet()
    found = []
    for _ in range(31):
        fleet.asks()
        found.append(len(unpolled_in(caplog)))
        scene.clock.advance(MINUTE)
    poll_all(fleet)

    assert [minute for minute, tenants in enumerate(found) if tenants] == [0, 15, 30]
    scene.clock.advance(15 * MINUTE)
    for name in NAMES:
        fleet.poll(ask_for(name, scene))
    caplog.clear()
    fleet.asks()
    assert unpolled_in(caplog) == []


def test_a_tenant_that_left_the_list_is_no_fault(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Its messages may still stand in the queue."""
    scene.fleet().poll(PollMessage("gone.example", scene.clock.now()).as_text())

    assert "fleet.unknown tenant=gone.example" in caplog.text


@pytest.mark.parametrize(
    "message",
    [
        "",
        "contoso.example",
        "[]",
        "{}",
        '{"tenant": "x", "at": "yesterday"}',
        '{"tenant": "x", "at": "2026-08-18T07:42:00"}',
        '{"tenant": ["x"], "at": "2026-08-18T07:42:00+00:00"}',
        '{"tenant": "x", "at": "9999-12-31T23:59:59-23:59"}',
        '{"tenant": "x", "at": "0001-01-01T00:00:00+23:59"}',
        '{"tenant": "x", "at": "9999-12-31T23:59:59.999999-00:01"}',
        "[" * 100_000,
    ],
)
def test_a_malformed_message_is_put_aside(scene: Scene, message: str) -> None:
    """The host moves it to the poison queue, and its text is not repeated."""
    with pytest.raises(UnreadablePollMessageError) as caught:
        scene.fleet().poll(message)
    assert not message or message not in str(caught.value)


def test_an_ask_survives_the_queue(scene: Scene) -> None:
    """Whatever a tenant is called."""
    ask = PollMessage('ünd "so".example', scene.clock.now())

    assert read_message(ask.as_text()) == ask


def test_two_threads_never_poll_one_tenant_at_once(scene: Scene) -> None:
    """Twice the same list would be twice the work for the same news."""
    fleet, gate = scene.fleet(), threading.Barrier(8)
    scene.file("Contoso")
    message = ask_for("Contoso", scene)

    def poll() -> None:
        gate.wait(10)
        fleet.poll(message)

    with ThreadPoolExecutor(8) as threads:
        for each in [threads.submit(poll) for _ in range(8)]:
            each.result(timeout=30)

    assert (scene.lists("Contoso"), scene.cards("Contoso")) == (1, 1)


def test_one_identity_signs_in_to_every_tenant(scene: Scene, azure: FakeIdentityEndpoint) -> None:
    """As the app registration that each tenant consented to, without a secret."""
    with FakeEntra(trusted=azure) as entra:
        fleet = scene.fleet(
            {
                "tenant_id": TENANT,
                "client_id": CLIENT,
                "authority_url": entra.url,
                "graph_url": scene.graphs["Contoso"].url,
                "teams_webhook_url": scene.teams.url_for("signed in"),
            },
            MAA_ACCESS_TOKEN="",
            MAA_MANAGED_IDENTITY_CLIENT_ID=IDENTITY,
        )
        scene.file("Contoso")
        fleet.poll(PollMessage(TENANT, scene.clock.now()).as_text())
        sent = [call.headers["authorization"] for call in scene.graphs["Contoso"].calls]

    assert sent == [f"Bearer {entra.issued[0]}"]
    assert scene.cards("signed in") == 1


def test_the_identity_opens_the_table_whoever_asks_graph(azure: FakeIdentityEndpoint) -> None:
    """The app registration of a customer has no rights in our storage account."""
    nowhere = f"https://account.table.localhost:{free_port()}"
    built = app.build(
        {
            "MAA_TENANT_ID": TENANT,
            "MAA_CLIENT_ID": CLIENT,
            "MAA_CLIENT_SECRET": "of the customer",
            "MAA_MANAGED_IDENTITY_CLIENT_ID": IDENTITY,
            "MAA_STATE": nowhere,
            "MAA_TEAMS_WEBHOOK_URL": "https://example.com/hook?sig=0",
        }
    )
    with pytest.raises(StateError):
        built.store.requests.read_mark("approvals")
    built.close()
    asked = [call.params["resource"] for call in azure.calls]

    assert asked == ["https://storage.azure.com"]


def test_tenants_share_the_way_to_the_state_store_and_not_another_identity() -> None:
    """A thousand pools of connections to one account would be as many handshakes."""
    shared, first, second = SharedResources(), ManagedIdentity("one"), ManagedIdentity("two")
    made: list[TableServiceClient] = []

    def connect() -> TableServiceClient:
        made.append(connect_with_string("UseDevelopmentStorage=true"))
        return made[-1]

    found = [shared.service("here", each, connect) for each in (first, first, second)]
    shared.close()

    assert [found[0] is each for each in found] == [True, True, False]
    assert len(made) == 2


def starting(scene: Scene) -> None:
    """Nobody was polled yet."""


def one_silent(scene: Scene) -> None:
    """All were polled, and one not again for an hour."""
    poll_all(scene.fleet())
    scene.clock.advance(3_600)
    for name in NAMES[1:]:
        scene.fleet().poll(ask_for(name, scene))


def two_fail(scene: Scene) -> None:
    """Two of three are refused."""
    for name in NAMES[:2]:
        scene.graphs[name].fail_next(reply(403))
    poll_all(scene.fleet())


@pytest.mark.parametrize(
    "happens, status, unwell, is_well",
    [
        (starting, "failing", {"starting": 3}, False),
        (lambda scene: poll_all(scene.fleet()), "ok", {}, True),
        (one_silent, "degraded", {"stale": 1}, True),
        (two_fail, "failing", {"failing": 2}, False),
    ],
)
def test_health_counts_who_is_not_polled(
    scene: Scene, happens: Callable[[Scene], None], status: str, unwell: dict[str, int], is_well: bool
) -> None:
    """One broken tenant is for its people; when half are, somebody has to get up."""
    happens(scene)
    found = scene.fleet().health()

    assert (found.status, found.tenants, dict(found.unwell), found.is_well) == (status, 3, unwell, is_well)


def test_health_of_a_fleet_that_was_never_polled_has_no_time(scene: Scene) -> None:
    """Nothing is made up."""
    assert scene.fleet().health().last_good_poll is None


def test_health_is_looked_up_twice_a_minute_at_most(scene: Scene) -> None:
    """The address is open to everybody, and each look is a read for each tenant."""
    fleet = scene.fleet()
    first = fleet.health()
    poll_all(fleet)
    scene.clock.advance(20)
    second = fleet.health()
    scene.clock.advance(20)

    assert (first.status, second is first, fleet.health().status) == ("failing", True, "ok")


def test_health_counts_wrong_settings_and_names_nobody(scene: Scene) -> None:
    """The address is open to the whole internet: who the customers are is not told there."""
    fleet = scene.fleet({"tenant_id": "wrong.example", "reminders": "soon"}, {"tenant_name": "nobody"})
    poll_all(fleet)
    polled_at = scene.clock.now()
    scene.clock.advance(MINUTE)
    found = fleet.health()

    assert (found.status, found.tenants, dict(found.unwell)) == ("degraded", 5, {"settings": 2})
    assert found.last_good_poll is not None
    assert timedelta() <= polled_at - found.last_good_poll < timedelta(seconds=5)
    assert "example" not in repr(found)


def test_a_clock_that_is_set_back_stops_no_poll(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Of an hour set back none passes without polls, and health looks again."""
    caplog.set_level("INFO")
    fleet = scene.fleet()
    poll_all(fleet)
    assert fleet.health().status == "ok"
    scene.clock.advance(HOUR)
    poll_all(fleet)
    scene.clock.set_back(HOUR)
    caplog.clear()
    polled = []
    for _ in range(5):
        scene.clock.advance(MINUTE)
        before = scene.lists("Contoso")
        poll_all(fleet)
        polled.append(scene.lists("Contoso") - before)

    assert polled == [1] * 5
    assert sum("tenant=contoso.example" in line for line in caplog.messages if "poll.done" in line) == 1


def test_health_does_not_remember_ok_from_the_future(scene: Scene) -> None:
    """It is read again once the clock was set back, and a last poll in the future is no good sign."""
    fleet = scene.fleet()
    scene.clock.advance(HOUR)
    poll_all(fleet)
    ahead = fleet.health()
    scene.clock.set_back(HOUR)
    back = fleet.health()
    scene.clock.advance(MINUTE)
    poll_all(fleet)

    assert (ahead.status, back.status, back.unwell) == ("ok", "failing", {"stale": 3})
    assert back.last_good_poll is None
    assert fleet.health().status == "ok"


def test_a_late_message_is_not_answered_by_a_poll_in_the_future(scene: Scene) -> None:
    """Another process polled while its clock was days ahead: that mark answers nothing."""
    scene.clock.advance(24 * HOUR)
    scene.fleet().poll(ask_for("Contoso", scene))
    scene.clock.set_back(24 * HOUR)
    message = ask_for("Contoso", scene)
    scene.clock.advance(MINUTE)
    scene.fleet().poll(message)

    assert scene.lists("Contoso") == 2


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59+00:00", "ahead"])
def test_times_that_have_not_come_cost_one_poll(scene: Scene, at: str) -> None:
    """Whoever may write to the queue cannot have a tenant polled a thousand times."""
    ahead = (scene.clock.now() + HOUR).isoformat() if at == "ahead" else at
    message = json.dumps({"tenant": id_of("Contoso"), "at": ahead})
    fleet = scene.fleet()
    for _ in range(20):
        fleet.poll(message)
    flood = scene.lists("Contoso")
    scene.fleet().poll(message)  # of another process
    scene.clock.advance(MINUTE)
    fleet.poll(ask_for("Contoso", scene))

    assert (flood, scene.lists("Contoso")) == (1, 2)


def test_the_first_time_of_the_calendar_is_long_past(scene: Scene) -> None:
    """A message with it is read, and answered by any poll since."""
    fleet = scene.fleet()
    fleet.poll(ask_for("Contoso", scene))
    fleet.poll(json.dumps({"tenant": id_of("Contoso"), "at": "0001-01-01T00:00:00+00:00"}))

    assert scene.lists("Contoso") == 1
