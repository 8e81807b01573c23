"""`maa-notify poll` as a script uses it: report, exit codes, both state stores."""

from uuid import uuid4

import pytest

from tests.cli.conftest import Command
from tests.support.azurite import Azurite
from tests.support.cards import text
from tests.support.graph import FakeGraph, make_request
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, reply

QUIET: dict[str, object] = {
    "error": None,
    "malformed": 0,
    "missing_permission": None,
    "refused": [],
    "hidden": [],
    "stale": 0,
    "unreached": 0,
    "unheard": 0,
    "alerts": 0,
    "token_issued_at": None,
}


def test_the_right_cards_once_each(command: Command, graph: FakeGraph, teams: FakeTeams) -> None:
    """A first poll tells, a second has nothing to tell; state lives in a file of the current folder."""
    graph.requests = [make_request(), make_request()]

    first, second = command("poll", "--json"), command("poll", "--json")

    assert (first.code, second.code) == (0, 0)
    assert first.report == {"listed": 2, "events": 2, "delivered": 2, "pending": 0, "dead": 0, **QUIET}
    assert second.report == {"listed": 2, "events": 0, "delivered": 0, "pending": 0, "dead": 0, **QUIET}
    names = {request["payloadName"] for request in graph.requests}
    assert {name for name in names for card in teams.cards if name in text(card)} == names
    assert len(teams.cards) == 2


@pytest.mark.azurite
def test_the_same_with_table_storage(
    command: Command, graph: FakeGraph, teams: FakeTeams, azurite: Azurite
) -> None:
    """On a real Azurite, where the table does not exist yet."""
    where = {"MAA_STATE": azurite.connection_string, "MAA_TABLE_NAME": f"T{uuid4().hex}"}
    graph.requests = [make_request()]
    first = command("poll", "--json", **where)
    graph.requests[0]["status"] = "approved"

    second, third = command("poll", "--json", **where), command("poll", "--json", **where)

    assert [each.report["delivered"] for each in (first, second, third)] == [1, 1, 0]
    assert [each.code for each in (first, second, third)] == [0, 0, 0]
    assert len(teams.cards) == 2


@pytest.mark.parametrize(
    "answer, times",
    [
        (reply(429), 3),
        (reply(500), 3),
        (reply(200, json={"items": []}), 3),
    ],
    ids=["429", "500", "shape"],
)
def test_a_page_that_fails_fails_the_poll(
    command: Command, graph: FakeGraph, teams: FakeTeams, answer: HttpResponse, times: int
) -> None:
    """Exit 1, nothing compared, nothing lost: the next poll tells everything."""
    graph.page_size = 1
    graph.requests = [make_request(), make_request()]
    graph.fail_page(2, *[answer] * times)

    failed = command("poll", "--json")
    told_while_failing = len(teams.cards)
    recovered = command("poll", "--json")

    assert (failed.code, failed.report["error"], told_while_failing) == (1, "graph_unavailable", 0)
    assert (recovered.code, len(teams.cards)) == (0, 2)
    assert "nothing" in failed.err
    assert "Traceback" not in failed.err


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_permission_is_named(command: Command, graph: FakeGraph, status: int) -> None:
    """Exit 1 with what a person has to do."""
    graph.fail_next(*[reply(status)] * 3)

    outcome = command("poll", "--json")

    assert (outcome.code, outcome.report["error"]) == (1, "graph_denied")
    assert "DeviceManagementRBAC.Read.All" in outcome.err or "MAA_ACCESS_TOKEN" in outcome.err


@pytest.mark.parametrize("status", [401, 404, 302])
def test_a_destination_that_refuses_is_exit_3_until_it_is_mended(
    command: Command, graph: FakeGraph, teams: FakeTeams, status: int
) -> None:
    """Everything stays pending, and drains by itself."""
    graph.requests = [make_request()]
    teams.answer_all(reply(status))
    refused = command("poll", "--json")
    teams.answer_all(None)

    mended = command("poll", "--json")

    assert (refused.code, refused.report["pending"], refused.report["refused"]) == (3, 1, ["default"])
    assert (mended.code, mended.report["delivered"], len(teams.cards)) == (0, 1, 1)
    assert teams.secret not in refused.out + refused.err


def test_an_unreachable_destination_is_exit_3(command: Command, graph: FakeGraph) -> None:
    """Nothing listens there: the card waits."""
    graph.requests = [make_request()]

    outcome = command("poll", "--json", MAA_TEAMS_WEBHOOK_URL="http://127.0.0.1:9/hook?sig=s3cret")

    assert (outcome.code, outcome.report["pending"]) == (3, 1)
    assert "s3cret" not in outcome.out + outcome.err


def test_a_state_store_that_fails_posts_nothing(command: Command, graph: FakeGraph, teams: FakeTeams) -> None:
    """Exit 1 with the reason; a card that could not be recorded is not sent."""
    graph.requests = [make_request()]

    outcome = command("poll", "--json", MAA_STATE="sqlite:///no/such/folder/state.db")

    assert (outcome.code, len(teams.cards)) == (1, 0)
    assert "MAA_STATE" in outcome.err


def test_only_get_goes_to_graph(command: Command, graph: FakeGraph, teams: FakeTeams) -> None:
    """It reads, it never decides: through a whole life nothing but GET is on the wire."""
    graph.requests = [make_request()]
    for status in ("needsApproval", "approved", "completed"):
        graph.requests[0]["status"] = status
        command("poll")
    graph.requests = []
    command("poll")
    command("doctor", "--send")

    assert {call.method for call in graph.calls} == {"GET"}
    assert len(teams.cards) == 4
