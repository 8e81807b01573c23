"""Who may do what: the roles and the one permission in the templates, and the scripts that grant them."""

import json
import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.infra.predictions import INFRA, prediction
from tools.templates import ROOT

ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
}
"""Azure's built-in roles, as Microsoft documents their ids."""
FOR_ALL = {id_: name for id_, name in ROLES.items() if "Queue" not in name}
SCOPES = (
    "Microsoft.Storage/storageAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Insights/components",
)
PERMISSION, PERMISSION_ID = "DeviceManagementRBAC.Read.All", "58ca0d9a-1575-47e1-a3cb-007ef2e4583b"
GRAPH = "00000003-0000-0000-c000-000000000000"
PRINCIPAL = "11110000-0000-4000-8000-000000000001"
GUID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
RESOURCES = [
    ["Microsoft.ManagedIdentity/userAssignedIdentities", "id-maa"],
    ["Microsoft.Storage/storageAccounts", "stmaa"],
    ["Microsoft.KeyVault/vaults", "kv-maa"],
    ["microsoft.insights/components", "appi-maa"],
]

ROLES_FOR = {
    "principalId": PRINCIPAL,
    "storageAccountName": "stmaa",
    "vaultName": "kv-maa",
    "componentName": "appi-maa",
    "fleet": "false",
}
"""What grant.sh passes to roles/main.bicep."""

runs_bash = pytest.mark.skipif(os.name == "nt", reason="the scripts are for bash; on Windows use Cloud Shell")


def _deployed() -> dict[str, str]:
    files = [path for path in INFRA.rglob("*") if path.is_file()] + [ROOT / "azure.yaml"]
    return {path.name: path.read_text(encoding="utf-8") for path in files}


def test_only_the_documented_permission_is_named() -> None:
    """A second permission anywhere would be asked for, sooner or later."""
    text = "\n".join(_deployed().values())

    assert set(re.findall(r"\b\w+(?:\.\w+)*\.(?:Read|ReadWrite|ReadBasic)\.\w+", text)) == {PERMISSION}


def test_no_other_id_is_in_the_templates() -> None:
    """A role or permission can also be named by its id alone."""
    ids = set(re.findall(GUID, "\n".join(_deployed().values())))

    assert ids == {*ROLES, PERMISSION_ID, GRAPH}


@pytest.mark.parametrize("deployment, roles", [("plain", FOR_ALL), ("fleet", ROLES)])
def test_each_role_is_assigned_once_to_the_identity(deployment: str, roles: dict[str, str]) -> None:
    """Least privilege: four roles, and a fifth for a fleet, each on one resource and never on the group."""
    found = prediction(deployment)
    identity = found.only("Microsoft.ManagedIdentity/userAssignedIdentities")
    assigned = found.of("Microsoft.Authorization/roleAssignments")

    assert sorted(each["properties"]["roleDefinitionId"].rpartition("/")[2] for each in assigned) == sorted(
        roles
    )
    for each in assigned:
        assert each["properties"]["principalId"].startswith(f"[reference('{identity['id']}'")
        assert each["properties"]["principalType"] == "ServicePrincipal"
        [scope] = re.findall(r"^\[extensionResourceId\('([^']+)'", each["id"])
        assert scope in {found.only(kind)["id"] for kind in SCOPES}


def test_the_roles_take_what_the_script_gives(compiled: dict[str, dict[str, Any]]) -> None:
    """Neither a parameter that is missing nor one that the template does not know."""
    assert set(compiled["roles/main.bicep"]["parameters"]) == set(ROLES_FOR)


def test_the_permission_is_granted_to_the_identity_on_graph(compiled: dict[str, dict[str, Any]]) -> None:
    """The Bicep way and the script grant the same."""
    resources = compiled["graph/main.bicep"]["resources"]

    assert resources["graph"]["properties"] == {"appId": GRAPH}
    assert resources["permission"]["properties"]["appRoleId"] == PERMISSION_ID
    assert resources["permission"]["properties"]["principalId"] == "[parameters('principalId')]"


@dataclass(frozen=True, slots=True)
class Cloud:
    """A folder with the stand-in for az, and what it knows."""

    folder: Path

    @property
    def tenant(self) -> dict[str, Any]:
        """What the stand-in knows by now."""
        content: dict[str, Any] = json.loads((self.folder / "tenant.json").read_text(encoding="utf-8"))
        return content

    def change(self, **known: Any) -> None:
        """Makes the stand-in know something else."""
        (self.folder / "tenant.json").write_text(json.dumps({**self.tenant, **known}), encoding="utf-8")

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs one of the scripts as a person would."""
        return subprocess.run(
            [str(INFRA / script), *arguments],
            env={
                "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
                "FAKE_AZ": str(self.folder / "tenant.json"),
                "GRANT_WAIT_SECONDS": "0",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    def grants(self) -> list[str]:
        """The requests that asked Graph for a change."""
        return [each for each in self.tenant["asked"] if "--method post" in each]


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """A tenant with a deployed notifier whose identity may do nothing yet."""
    program = tmp_path / "az"
    script = Path(__file__).with_name("az.py")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    known = {"principal": PRINCIPAL, "granted": [], "refuses": "", "races": False, "unknown_for": 0}
    tenant = {**known, "resources": RESOURCES, "roles": [], "asked": []}
    (tmp_path / "tenant.json").write_text(json.dumps(tenant), encoding="utf-8")
    return Cloud(tmp_path)


@runs_bash
def test_granting_twice_changes_nothing(cloud: Cloud) -> None:
    """The script can be repeated: the second run only looks."""
    first = cloud.run("graph/grant.sh", PRINCIPAL)
    second = cloud.run("graph/grant.sh", PRINCIPAL)

    assert (first.returncode, second.returncode) == (0, 0)
    assert f"Granted: {PERMISSION}" in first.stderr
    assert "Nothing was changed" in second.stderr
    assert cloud.tenant["granted"] == [PERMISSION_ID]
    assert len(cloud.grants()) == 1


@runs_bash
def test_checking_only_looks(cloud: Cloud) -> None:
    """A pipeline can ask: 3 while the permission is missing, 0 once it is there."""
    missing = cloud.run("graph/grant.sh", "--check", PRINCIPAL)
    cloud.change(granted=[PERMISSION_ID.upper()])
    present = cloud.run("graph/grant.sh", "--check", PRINCIPAL)

    assert (missing.returncode, present.returncode) == (3, 0)
    assert cloud.grants() == []


@runs_bash
def test_another_permission_is_not_taken_for_it(cloud: Cloud) -> None:
    """The identity may have other permissions for other reasons."""
    cloud.change(granted=["df021288-bdef-4463-88db-98f22de89214"])

    assert cloud.run("graph/grant.sh", "--check", PRINCIPAL).returncode == 3


@runs_bash
@pytest.mark.parametrize("refused", ["post", "all"])
def test_a_refusal_names_the_role(cloud: Cloud, refused: str) -> None:
    """Whoever lacks the right learns whom to ask, and that Azure's Owner is not it."""
    cloud.change(refuses=refused)
    done = cloud.run("graph/grant.sh", PRINCIPAL)

    assert done.returncode == 1
    assert "Privileged Role Administrator or Global Administrator" in done.stderr
    assert cloud.tenant["granted"] == []


@runs_bash
def test_a_new_identity_is_waited_for(cloud: Cloud) -> None:
    """Entra takes a minute or two to know a new identity everywhere."""
    cloud.change(unknown_for=3)
    done = cloud.run("graph/grant.sh", PRINCIPAL)

    assert done.returncode == 0
    assert done.stderr.count("does not know the identity") == 3
    assert cloud.tenant["granted"] == [PERMISSION_ID]


@runs_bash
def test_a_wrong_identity_is_not_waited_for_forever(cloud: Cloud) -> None:
    """The wrong tenant or the client id in place of the object id."""
    cloud.change(unknown_for=1000)
    done = cloud.run("graph/grant.sh", PRINCIPAL, GRANT_TRIES="3")

    assert done.returncode == 1
    assert "the right tenant" in done.stderr


@runs_bash
def test_two_at_once_are_no_failure(cloud: Cloud) -> None:
    """Somebody else granted it between the look and the grant."""
    cloud.change(races=True)

    assert cloud.run("graph/grant.sh", PRINCIPAL).returncode == 0


@runs_bash
@pytest.mark.parametrize("arguments", [[], ["--check"], ["id-maa"], [f"{PRINCIPAL}'"]])
def test_only_an_object_id_is_taken(cloud: Cloud, arguments: list[str]) -> None:
    """A name or a typing mistake goes no further."""
    done = cloud.run("graph/grant.sh", *arguments)

    assert done.returncode == 1
    assert "Usage" in done.stderr
    assert cloud.tenant["asked"] == []


@runs_bash
def test_the_colleague_needs_only_the_name_of_the_group(cloud: Cloud) -> None:
    """One command finds the identity, assigns its roles and grants the permission."""
    for _ in range(2):
        assert cloud.run("grant.sh", "rg-maa").returncode == 0

    assert set(cloud.tenant["roles"]) == {f"{name}={value}" for name, value in ROLES_FOR.items()}
    assert cloud.tenant["granted"] == [PERMISSION_ID]


@runs_bash
@pytest.mark.parametrize(
    "part, roles, granted",
    [("--roles-only", True, False), ("--graph-only", False, True), ("--check", False, False)],
)
def test_two_colleagues_can_share(cloud: Cloud, part: str, roles: bool, granted: bool) -> None:
    """Who may assign roles in Azure may often not grant in Entra, and the other way round."""
    done = cloud.run("grant.sh", "rg-maa", part)

    assert done.returncode == (3 if part == "--check" else 0)
    assert bool(cloud.tenant["roles"]) is roles
    assert bool(cloud.tenant["granted"]) is granted


@runs_bash
def test_refused_roles_name_the_role(cloud: Cloud) -> None:
    """A Contributor who runs it learns whom to ask, and nothing is granted halfway."""
    cloud.change(refuses="roles")
    done = cloud.run("grant.sh", "rg-maa")

    assert done.returncode == 1
    assert "User Access Administrator" in done.stderr
    assert cloud.tenant["granted"] == []


@runs_bash
@pytest.mark.parametrize("resources", [[], [*RESOURCES, RESOURCES[0]]], ids=["none", "two"])
def test_no_identity_is_guessed(cloud: Cloud, resources: list[list[str]]) -> None:
    """The wrong group, or one with two notifiers."""
    cloud.change(resources=resources)
    done = cloud.run("grant.sh", "rg-maa")

    assert done.returncode == 1
    assert "userAssignedIdentities" in done.stderr
    assert cloud.tenant["granted"] == cloud.tenant["roles"] == []


@runs_bash
def test_the_script_looks_for_the_tag_that_the_templates_give(cloud: Cloud) -> None:
    """Other resources of the group, and other identities in it, are left alone."""
    cloud.run("grant.sh", "rg-maa", "--check")

    for kind in ("Microsoft.ManagedIdentity/userAssignedIdentities", *SCOPES):
        tag = prediction("plain").only(kind)["tags"]["app"]
        assert any(f"[?tags.app=='{tag}']" in each for each in cloud.tenant["asked"])


HOOK = {"AZURE_RESOURCE_GROUP": "rg-maa", "AZURE_IDENTITY_PRINCIPAL_ID": PRINCIPAL}


@runs_bash
def test_nothing_is_deployed_before_the_grant(cloud: Cloud) -> None:
    """The hook stops azd with the command for the colleague, and grants nothing itself."""
    alone = cloud.run("hooks/predeploy.sh", **HOOK)
    shared = cloud.run("hooks/predeploy.sh", **HOOK, AZURE_ASSIGN_ROLES="false")

    assert (alone.returncode, shared.returncode) == (1, 1)
    assert "infra/grant.sh rg-maa --graph-only\n" in alone.stdout
    assert "infra/grant.sh rg-maa\n" in shared.stdout
    assert cloud.grants() == []


@runs_bash
def test_after_the_grant_the_deployment_goes_on(cloud: Cloud) -> None:
    """Granted, or known to be granted by a person who says so."""
    skipped = cloud.run("hooks/predeploy.sh", **HOOK, AZURE_SKIP_GRANT_CHECK="true")
    cloud.change(granted=[PERMISSION_ID])
    granted = cloud.run("hooks/predeploy.sh", **HOOK)

    assert (skipped.returncode, granted.returncode) == (0, 0)


@runs_bash
def test_what_cannot_be_seen_stops_too(cloud: Cloud) -> None:
    """A check that failed is no permission that is there."""
    cloud.change(refuses="all")
    done = cloud.run("hooks/predeploy.sh", **HOOK)

    assert done.returncode == 1
    assert "could not be seen" in done.stdout


def test_both_hooks_say_the_same() -> None:
    """The hook for Windows knows the same variables, permission and advice; it is only read here, not run."""
    posix, windows = ((INFRA / "hooks" / f"predeploy.{kind}").read_text("utf-8") for kind in ("sh", "ps1"))

    assert set(re.findall(r"\bAZURE_\w+", posix)) == set(re.findall(r"\bAZURE_\w+", windows))
    assert PERMISSION_ID in windows
    assert posix.count("infra/grant.sh") == windows.count("infra/grant.sh")


def test_outputs_feed_the_hooks(compiled: dict[str, dict[str, Any]]) -> None:
    """Outputs reach the hooks under the same names."""
    posix = (INFRA / "hooks" / "predeploy.sh").read_text("utf-8")
    required = set(re.findall(r"\$\{(\w+):\?", posix))

    assert required
    assert required <= set(compiled["main.bicep"]["outputs"])
