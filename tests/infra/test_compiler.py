"""Microsoft's compiler over the templates: nothing to complain of, and the snapshots are what it predicts."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.infra.predictions import NAMES
from tools.templates import (
    DEPLOYMENTS,
    ROOT,
    VERSION,
    Compilation,
    Compiler,
    CompilerError,
    is_current,
)

FAULTS = {
    "a misspelt output": (
        "infra/main.bicep",
        "storage.outputs.blobEndpoint",
        "storage.outputs.blobEndpont",
        "Error BCP083",
    ),
    "a loop over what is not known at the start": (
        "infra/modules/network.bicep",
        "for service in services: {",
        "for service in network.properties.subnets: {",
        "Error BCP178",
    ),
    "an unknown property": (
        "infra/modules/storage.bicep",
        "accessTier:",
        "acessTier:",
        "Warning BCP089",
    ),
    "a parameter that does nothing": (
        "infra/modules/identity.bicep",
        "  tags: tags\n",
        "",
        "Error no-unused-params",
    ),
    "an API version of years ago": (
        "infra/modules/monitoring.bicep",
        "workspaces@2025-07-01",
        "workspaces@2020-08-01",
        "Error use-recent-api-versions",
    ),
    "a form that is not the compiler's": (
        "infra/modules/network.bicep",
        "  name: name\n",
        "   name:  name\n",
        "not in the form",
    ),
    "a misspelt parameter": (
        f"{DEPLOYMENTS}/bot.bicepparam",
        "param bot ",
        "param boot ",
        "Error BCP259",
    ),
}


def copy_into(folder: Path) -> Path:
    """The templates and parameter files where a test may change them."""
    for name in ("infra", DEPLOYMENTS):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def test_nothing_is_found(compilation: Compilation) -> None:
    """No error, no warning, no other form than the compiler's own, no API version of over two years ago."""
    assert compilation.faults == []
    assert len(compilation.templates) == len(list((ROOT / "infra").rglob("*.bicep")))


@pytest.fixture(scope="module")
def found(compiler: Compiler, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is found in a copy that has all the faults."""
    root = copy_into(tmp_path_factory.mktemp("broken"))
    for file, right, wrong, _ in FAULTS.values():
        text = (root / file).read_text(encoding="utf-8")
        assert right in text
        (root / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    return compiler.compilation(root).faults


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(found: list[str], fault: str) -> None:
    """A template broken on purpose turns the check red, and the report names the file."""
    file, _, _, expected = FAULTS[fault]

    assert [line for line in found if line.startswith(file) and expected in line]


@pytest.mark.parametrize("name", NAMES)
def test_a_snapshot_is_what_the_templates_make(compiler: Compiler, name: str) -> None:
    """A change of the templates shows in review as a change of resources: run make snapshots."""
    if compiler.version != VERSION:
        pytest.skip(f"the snapshots are by Bicep {VERSION}, and this one is {compiler.version}")

    assert is_current(name, compiler)


def test_the_file_for_azd_makes_what_the_portal_makes(
    compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no variable set but one, all is the same, but for a group of its own for the alarm."""
    for name in os.environ:
        if name.startswith(("AZURE_", "MAA_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_ALARM_EMAILS", "ops@contoso.example, night@contoso.example")
    root = copy_into(tmp_path)
    text = (root / "infra" / "main.bicepparam").read_text(encoding="utf-8")
    (root / DEPLOYMENTS / "azd.bicepparam").write_text(
        text.replace("using 'main.bicep'", "using '../../../infra/main.bicep'"), encoding="utf-8"
    )
    plain = (root / DEPLOYMENTS / "plain.bicepparam").read_text(encoding="utf-8")
    beside = f"{plain}\nparam alarmGroupName = 'rg-maa-notify-alarms'\n"
    (root / DEPLOYMENTS / "plain.bicepparam").write_text(beside, encoding="utf-8")
    made = compiler.predicted("azd", root)["predictedResources"]
    groups = [each for each in made if each["type"] == "Microsoft.Resources/resourceGroups"]

    assert [each["name"] for each in groups] == ["rg-maa-notify-alarms"]
    assert [each for each in made if each not in groups] == compiler.predicted("plain", root)[
        "predictedResources"
    ]


@pytest.mark.parametrize(
    "line, said",
    [
        ("param tenantId = 'contoso'", "neither the id of a tenant nor a domain name"),
        ("param pollSchedule = 'every minute'", "is no NCRONTAB"),
        ("param alarmEmails = 'ops@contoso.example, night'", '"night" is no mail address'),
        ("param callers = ['10.0.0']", "is no range such as"),
        ("param deployers = ['10.0.0.0/99']", "'10.0.0.0/99' is not valid"),
        ("param privateNetwork = true\nparam networkPrefix = '10.61.0.0/33'", "'10.61.0.0/33' is not valid"),
        ("param privateNetwork = true\nparam appSubnetPrefix = '10.61.0.0'", "is no range such as"),
        ("param ticketLink = 'https://tickets.contoso.example/{}'", "give both, or neither"),
        ("param bot = true\nparam approverChat = true\nparam approvers = 'on'", "a destination with a bot"),
        ("param bot = true\nparam tenantId = 'contoso.example'", "a bot takes the id of the tenant"),
    ],
    ids=[
        "tenant",
        "schedule",
        "mail",
        "caller",
        "deployer",
        "network",
        "subnet",
        "ticket",
        "approver chat",
        "bot",
    ],
)
def test_what_is_misspelt_fails_before_the_deployment(
    compiler: Compiler, tmp_path: Path, line: str, said: str
) -> None:
    """Not in the app, which would tell nobody."""
    root = copy_into(tmp_path)
    mail = "" if "alarmEmails" in line else "\nparam alarmEmails = 'ops@contoso.example'"
    text = f"using '../../../infra/main.bicep'\n{line}{mail}\n"
    (root / DEPLOYMENTS / "odd.bicepparam").write_text(text, encoding="utf-8")

    with pytest.raises(CompilerError, match=said):
        compiler.predicted("odd", root)


def test_the_group_of_the_alarm_is_never_the_own_one(compiler: Compiler, tmp_path: Path) -> None:
    """Made once more, in whatever case its name is written, the notifier's group would lose its tags."""
    root = copy_into(tmp_path)
    asked = "param alarmGroupName = 'RG-MAA-Notify'\nparam makeAlarmGroup = true\n"
    file = root / DEPLOYMENTS / "plain.bicepparam"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{asked}", encoding="utf-8")
    made = [each["type"] for each in compiler.predicted("plain", root)["predictedResources"]]

    assert "Microsoft.Resources/resourceGroups" not in made
    assert made.count("Microsoft.Authorization/locks") == 1


def test_a_mail_named_twice_hears_once(compiler: Compiler, tmp_path: Path) -> None:
    """Azure refuses two receivers of one name."""
    root = copy_into(tmp_path)
    file = root / DEPLOYMENTS / "plain.bicepparam"
    text = file.read_text(encoding="utf-8")
    twice = re.sub("param alarmEmails = .*", "param alarmEmails = 'ops@a.example, Ops@a.example,'", text)
    file.write_text(twice, encoding="utf-8")
    made = compiler.predicted("plain", root)["predictedResources"]
    [group] = [each for each in made if each["type"] == "Microsoft.Insights/actionGroups"]

    assert [each["emailAddress"] for each in group["properties"]["emailReceivers"]] == ["ops@a.example"]
