"""What each fault looks like to health, to a script and to the doctor: the table in docs/operations.md."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient

from maa_notify import app
from maa_notify.clock import SystemClock
from maa_notify.demo.entra_api import make_token
from maa_notify.demo.loopback import free_port
from maa_notify.demo.permissions import ALL_PERMISSIONS
from maa_notify.storage.records import SourceMark
from maa_notify.storage.rows import Put
from maa_notify.storage.sqlite import SqliteRows
from tests.cli.conftest import Command, Health
from tests.docs.test_docs import OPERATIONS, section
from tests.support.azurite import Azurite
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT
from tests.support.teams import FakeTeams
from tests.support.wire import reply

KEY = "c29tZS1rZXktc29tZS1rZXktc29tZS1rZXk="


def documented() -> dict[str, list[str]]:
    """The cells of the table by fault, without their backticks."""
    lines = section(OPERATIONS, "What each fault looks like").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {fault: [cell.replace("`", "") for cell in told] for fault, *told in cells[2:]}


@dataclass(slots=True)
class Scene:
    """An installation in which something is about to break."""

    command: Command
    health: Callable[..., Health]
    settings: dict[str, str]
    request: pytest.FixtureRequest
    graph: FakeGraph
    teams: FakeTeams
    changes: dict[str, str] = field(default_factory=dict)

    def poll(self) -> int:
        """The exit code of a poll."""
        return self.command("poll", **self.changes).code

    def doctor(self) -> str:
        """The exit code of the doctor, and the first line that it complains about."""
        said = self.command("doctor", **self.changes)
        failed = re.search(r"^FAILED\s+([^:]+):", said.out, re.MULTILINE)
        return f"{said.code}, FAILED {failed[1]}" if failed else str(said.code)

    def told(self) -> str:
        """What the health address says."""
        seen = self.health(**self.changes)
        return ", ".join(filter(None, [f"{seen.code} {seen.told['status']}", seen.told["reason"]]))


def never_granted(scene: Scene) -> None:
    """The token shows no role, and Graph refuses it."""
    scene.changes["MAA_ACCESS_TOKEN"] = make_token(roles=[])
    refused_all_the_same(scene)


def taken_away(scene: Scene) -> None:
    """A good poll, then the same."""
    assert scene.poll() == 0
    never_granted(scene)


def one_kind_never_granted(scene: Scene) -> None:
    """The token shows all permissions but that of device actions, and a wipe waits."""
    kept = [each for each in ALL_PERMISSIONS if "ManagedDevices" not in each]
    scene.graph.requests = [make_request()]
    scene.changes["MAA_ACCESS_TOKEN"] = make_token(roles=kept)


def one_kind_taken_away(scene: Scene) -> None:
    """A good poll that saw the wipe, then the same."""
    scene.graph.requests = [make_request()]
    assert scene.poll() == 0
    one_kind_never_granted(scene)


def refused_all_the_same(scene: Scene) -> None:
    """The token shows the permission, and Graph refuses it."""
    scene.graph.fail_next(*[reply(403)] * 20)


def throttled(scene: Scene) -> None:
    """Graph wants an hour of patience, whenever it is asked."""
    scene.graph.fail_next(*[reply(429, headers={"Retry-After": "3600"})] * 20)


def unresolved(scene: Scene) -> None:
    """The code receives the reference itself."""
    scene.changes["MAA_TEAMS_WEBHOOK_URL"] = (
        "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)"
    )


def table_deleted(scene: Scene) -> None:
    """A real table, deleted under a notifier that knew it."""
    azurite: Azurite = scene.request.getfixturevalue("azurite")
    table = f"T{uuid4().hex}"
    scene.changes |= {"MAA_STATE": azurite.connection_string, "MAA_TABLE_NAME": table}
    assert scene.poll() == 0
    with TableServiceClient.from_connection_string(azurite.connection_string) as tables:
        tables.delete_table(table)


def account_gone(scene: Scene) -> None:
    """Nobody listens where the account was."""
    address = f"http://127.0.0.1:{free_port()}/a"
    scene.changes["MAA_STATE"] = f"AccountName=a;AccountKey={KEY};TableEndpoint={address};"


def webhook_gone(scene: Scene) -> None:
    """A card waits, and its flow was deleted."""
    scene.graph.requests = [make_request()]
    scene.teams.answer_all(reply(404))


def nothing(_scene: Scene) -> None:
    """All is well so far."""


def clock_went_on(scene: Scene) -> None:
    """The last good poll is half an hour old by now."""
    notifier = app.build({**scene.settings, **scene.changes})
    notifier.store.requests.write_mark("approvals", SourceMark(SystemClock().now() - timedelta(minutes=31)))
    notifier.close()


Break = Callable[[Scene], None]
FAULTS: dict[str, tuple[Break, Break]] = {
    "the identity never had the permission": (never_granted, nothing),
    "the permission was taken away": (taken_away, nothing),
    "the permission of one kind of requests was taken away while some are open": (
        one_kind_taken_away,
        nothing,
    ),
    "the permission of one kind of requests was never granted": (one_kind_never_granted, nothing),
    "Graph refuses a token that has the permission": (refused_all_the_same, nothing),
    "Graph is throttled or down": (throttled, nothing),
    "a Key Vault reference was not resolved": (unresolved, nothing),
    "the table was deleted": (table_deleted, nothing),
    "the storage account is gone": (account_gone, nothing),
    "the webhook is gone": (webhook_gone, nothing),
    "nothing polled for half an hour": (nothing, clock_went_on),
}
"""What happens before a poll, and what after it."""


@pytest.fixture
def scene(
    command: Command,
    health: Callable[..., Health],
    settings: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Scene:
    """An installation whose token shows its permission."""
    settings["MAA_STATE"] = f"sqlite:///{tmp_path / 'state.db'}"
    settings["MAA_ACCESS_TOKEN"] = make_token(roles=ALL_PERMISSIONS)
    graph, teams = request.getfixturevalue("graph"), request.getfixturevalue("teams")
    return Scene(command, health, settings, request, graph, teams)


@pytest.mark.azurite
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_looks_as_documented(scene: Scene, fault: str) -> None:
    """Whoever meets one finds it in the table, and the alarm that it raises is the one that is described."""
    before, after = FAULTS[fault]
    before(scene)
    poll = scene.poll()
    after(scene)
    doctor, health = scene.doctor(), scene.told()

    assert documented()[fault] == [health, str(poll), doctor]


def test_every_documented_fault_is_tried() -> None:
    """The table says nothing that nobody has seen."""
    assert list(documented()) == list(FAULTS)


@pytest.mark.parametrize("words", [["poll"], ["outbox", "list"], ["history"]])
def test_a_state_of_another_version_is_refused(command: Command, tmp_path: Path, words: list[str]) -> None:
    """With the settings to change, and without a word about notifications that it cannot read."""
    store = SqliteRows(tmp_path / "state.db", TENANT)
    store.commit([Put("meta:poll", "{}")])
    store.close()
    outcome = command(*words, MAA_STATE=f"sqlite:///{tmp_path / 'state.db'}")

    assert outcome.code == 1
    assert "another version of maa-notify" in outcome.err
    assert "MAA_STATE" in outcome.err
