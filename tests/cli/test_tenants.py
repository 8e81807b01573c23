"""A fleet on the command line: whose settings are wrong, and one tenant at a time."""

import json

import pytest

from tests.cli.conftest import Command
from tests.support.graph import FakeGraph, make_request
from tests.support.teams import FakeTeams

CONTOSO, FABRIKAM = "contoso.example", "fabrikam.example"
HOOK = {"setting": "FABRIKAM_HOOK"}


def fleet(teams: FakeTeams, **fabrikam: object) -> str:
    """A list of two, the second with these settings on top."""
    return json.dumps(
        [
            {"tenant_id": CONTOSO, "tenant_name": "Contoso", "teams_webhook_url": teams.url_for("contoso")},
            {"tenant_id": FABRIKAM, "tenant_name": "Fabrikam", "teams_webhook_url": HOOK, **fabrikam},
        ]
    )


def test_a_sound_list_is_shown_and_nothing_is_sent(
    command: Command, graph: FakeGraph, teams: FakeTeams
) -> None:
    """Before a deployment, with the settings that the list refers to."""
    outcome = command("tenants", MAA_TENANTS=fleet(teams), FABRIKAM_HOOK=teams.url)

    assert outcome.code == 0
    assert outcome.out.splitlines() == [f"ok     {CONTOSO}  Contoso", f"ok     {FABRIKAM}  Fabrikam"]
    assert "2 tenants, 0 wrong" in outcome.err
    assert (graph.calls, teams.calls) == ([], [])


def test_every_mistake_of_every_tenant_is_told_at_once(command: Command, teams: FakeTeams) -> None:
    """Nobody mends one tenant per deployment, and no webhook is shown."""
    wrong = fleet(teams, reminders="soon", cloud="mars")
    outcome = command("tenants", MAA_TENANTS=wrong, FABRIKAM_HOOK=teams.url)
    as_json = command("tenants", "--json", MAA_TENANTS=wrong)

    assert outcome.code == as_json.code == 2
    for word in (f"WRONG  {FABRIKAM}  Fabrikam", "MAA_REMINDERS", "MAA_CLOUD"):
        assert word in outcome.out
    assert teams.secret not in outcome.out + outcome.err
    told = json.loads(as_json.out)
    assert told["tenants"] == [{"id": CONTOSO, "name": "Contoso", "problems": []}]
    assert told["problems"] == [
        "MAA_TENANTS: entry 2 refers to the setting FABRIKAM_HOOK, which does not exist"
    ]


@pytest.mark.parametrize("name", [FABRIKAM, "fabrikam"])
def test_a_command_works_on_the_tenant_that_is_named(
    command: Command, graph: FakeGraph, teams: FakeTeams, name: str
) -> None:
    """Poll and history are that tenant's, and nobody else's."""
    graph.requests = [make_request()]
    where = {"MAA_TENANTS": fleet(teams), "FABRIKAM_HOOK": teams.url_for("fabrikam")}

    assert command("--tenant", name, "poll", "--json", **where).report["delivered"] == 1

    assert [len(teams.cards_in(each)) for each in ("contoso", "fabrikam")] == [0, 1]
    histories = [command("--tenant", each, "history", **where).out for each in ("Contoso", name)]
    assert [len(each.splitlines()) for each in histories] == [1, 2]


@pytest.mark.parametrize(
    "arguments, is_fleet, told",
    [
        (["poll"], True, "--tenant"),
        (["--tenant", "nobody", "poll"], True, "it has Contoso, Fabrikam"),
        (["--tenant", "Contoso", "poll"], False, "MAA_TENANTS: is not set"),
        (["tenants"], False, "MAA_TENANTS: is not set"),
    ],
)
def test_who_is_meant_has_to_be_clear(
    command: Command, teams: FakeTeams, arguments: list[str], is_fleet: bool, told: str
) -> None:
    """Exit 2 with the way out, and nothing is polled."""
    listed = fleet(teams) if is_fleet else None
    outcome = command(*arguments, MAA_TENANTS=listed, FABRIKAM_HOOK=teams.url)

    assert outcome.code == 2
    assert told in outcome.err
    assert teams.calls == []
