"""Troubles from their beginning to their end: what `poll`, `doctor` and the health address say meanwhile."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient
from msgspec.structs import replace

from maa_notify.demo.entra_api import make_token
from maa_notify.demo.loopback import free_port
from maa_notify.identity.tokens import PERMISSION
from maa_notify.storage import records as codec
from maa_notify.storage.rows import Put
from maa_notify.storage.sqlite import SqliteRows
from maa_notify.storage.store import StateStore
from tests.cli.conftest import Command, Health
from tests.support.azurite import Azurite
from tests.support.entra import FakeIdentityEndpoint
from tests.support.graph import FakeGraph, graph_error, make_request
from tests.support.notifier import TENANT
from tests.support.process import Outcome
from tests.support.teams import FakeTeams
from tests.support.wire import reply

FORBIDDEN = graph_error(403, "Forbidden", "no")


def findings(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Result and text of each check of `doctor --json`."""
    return {each["check"]: (each["result"], each["text"]) for each in json.loads(outcome.out)}


def test_no_role(command: Command, health: Callable[..., Health], graph: FakeGraph) -> None:
    """The permission by name, and that the token is from before a grant of this morning."""
    token = make_token(roles=["User.Read.All"], iat=int(time.time()) - 10 * 3600)
    graph.fail_next(FORBIDDEN, FORBIDDEN)
    poll = command("poll", "--json", MAA_ACCESS_TOKEN=token)
    doctor = command("doctor", "--json", MAA_ACCESS_TOKEN=token)
    seen = health(MAA_ACCESS_TOKEN=token)

    assert (poll.code, poll.report["error"]) == (1, "graph_denied")
    assert poll.report["missing_permission"] == PERMISSION
    age = datetime.now(UTC) - datetime.fromisoformat(poll.report["token_issued_at"])
    assert timedelta(hours=10) <= age < timedelta(hours=10, minutes=5)
    assert doctor.code == 1
    checks = findings(doctor)
    assert checks["token"][0] == checks["graph"][0] == checks["polls"][0] == "failed"
    assert (
        f"lacks the application permission {PERMISSION} (it has: User.Read.All; issued 20"
        in checks["token"][1]
    )
    assert f"the token lacks {PERMISSION}, it is 10 h" in checks["polls"][1]
    assert (seen.code, seen.told["status"], seen.told["reason"]) == (503, "failing", "graph_denied")
    assert seen.told["missing_permission"] == PERMISSION
    assert 600 <= seen.told["token_age_minutes"] < 605


def test_a_role_that_was_revoked_and_granted_again(
    command: Command, health: Callable[..., Health], graph: FakeGraph
) -> None:
    """With the identity of the Function: well, refused by name, and well again by itself."""
    with FakeIdentityEndpoint() as azure:
        identity = {**azure.environ, "MAA_ACCESS_TOKEN": None}
        well = [command("poll", **identity).code, command("doctor", **identity).code]
        azure.roles, azure.age = (), 300
        graph.fail_next(FORBIDDEN, FORBIDDEN)
        refused = command("poll", "--json", **identity)
        doctor = command("doctor", "--json", **identity)
        during = health(**identity)
        azure.roles, azure.age = (PERMISSION,), 0
        again = [command("poll", **identity).code, command("doctor", **identity).code]
        after = health(**identity)

    assert (well, again) == ([0, 0], [0, 0])
    assert (refused.code, refused.report["missing_permission"]) == (1, PERMISSION)
    assert (doctor.code, findings(doctor)["token"][0]) == (1, "failed")
    assert "(it has: none; issued 20" in findings(doctor)["token"][1]
    assert (during.code, during.told["missing_permission"]) == (503, PERMISSION)
    assert 5 <= during.told["token_age_minutes"] < 10
    assert (after.code, after.told["status"], after.told["missing_permission"]) == (200, "ok", "")
    assert after.told["token_age_minutes"] is None


@pytest.mark.azurite
def test_a_table_that_is_gone(
    command: Command, health: Callable[..., Health], graph: FakeGraph, teams: FakeTeams, azurite: Azurite
) -> None:
    """Health rings until the next poll, which makes it anew and announces what is open once more."""
    table = f"T{uuid4().hex}"
    where = {"MAA_STATE": azurite.connection_string, "MAA_TABLE_NAME": table}
    graph.requests = [make_request()]
    command("poll", **where)
    with TableServiceClient.from_connection_string(azurite.connection_string) as service:
        service.delete_table(table)
    during = health(**where)
    doctor = command("doctor", "--json", **where)
    poll = command("poll", "--json", **where)
    after = health(**where)

    assert (during.code, during.told["status"]) == (503, "starting")
    assert (doctor.code, findings(doctor)["polls"]) == (0, ("warning", "none was good yet"))
    assert (poll.code, poll.report["delivered"], len(teams.cards)) == (0, 1, 2)
    assert (after.code, after.told["status"]) == (200, "ok")


def test_a_storage_account_that_is_gone(
    command: Command, health: Callable[..., Health], graph: FakeGraph, teams: FakeTeams
) -> None:
    """Nothing is posted; every check of `doctor` is made all the same, and health answers in time."""
    account = f"http://127.0.0.1:{free_port()}/a"
    where = {"MAA_STATE": f"AccountName=a;AccountKey=c29tZS1rZXk=;TableEndpoint={account};"}
    graph.requests = [make_request()]
    poll = command("poll", "--json", **where)
    doctor = command("doctor", "--json", **where)
    seen = health(**where)

    assert (poll.code, poll.report["error"], teams.cards) == (1, "state", [])
    assert "poll.failed poll=" in poll.err
    checks = findings(doctor)
    assert doctor.code == 1
    assert (checks["graph"][0], checks["state"][0]) == ("ok", "failed")
    assert "MAA_STATE" in checks["state"][1]
    assert "destination default" in checks
    assert (seen.code, seen.told["status"], seen.told["reason"]) == (503, "failing", "state")


def test_a_webhook_that_is_gone(
    command: Command, health: Callable[..., Health], graph: FakeGraph, teams: FakeTeams, tmp_path: Path
) -> None:
    """Polls go on and are well; that a card is late shows after a quarter of an hour, and ends by itself."""
    graph.requests = [make_request()]
    teams.answer_all(reply(404))
    poll = command("poll", "--json")
    at_once = health()
    age_the_outbox(tmp_path / "maa-notify.db", timedelta(minutes=20))
    doctor, late = command("doctor", "--json"), health()
    teams.answer_all(None)
    mended = command("poll", "--json")

    assert (poll.code, poll.report["pending"], poll.report["refused"]) == (3, 1, ["default"])
    assert (at_once.code, at_once.told["status"], at_once.told["pending"]) == (200, "ok", 1)
    assert (late.code, late.told["status"], late.told["overdue"]) == (200, "degraded", 1)
    checks = findings(doctor)
    assert (doctor.code, checks["outbox"][0], checks["destination default"][0]) == (3, "failed", "failed")
    assert "failing since" in checks["destination default"][1]
    assert "deleted, turned off" in checks["destination default"][1]
    assert (mended.code, len(teams.cards)) == (0, 1)
    assert health().told["status"] == "ok"


def age_the_outbox(state: Path, span: timedelta) -> None:
    """Makes what waits older than it is."""
    rows = SqliteRows(state, TENANT)
    for held in StateStore(rows).outbox.read_pending():
        older = replace(held.value, recorded_at=held.value.recorded_at - span)
        rows.commit([Put(codec.OUTBOX + older.key, codec.encode(older))])
    rows.close()
