"""Who may do what: the roles and permissions in the templates, and the scripts that grant them."""

import re
from typing import Any

import pytest

from maa_notify.domain.capabilities import CAPABILITIES
from maa_notify.domain.visibility import FAMILIES, MINIMAL, RECOMMENDED
from maa_notify.identity.tokens import SUFFICIENT_PERMISSIONS
from tests.infra.cloud import PRINCIPAL, RESOURCES, Cloud, runs_bash
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
IDS = {family.name: family.permission_id for family in FAMILIES}
"""The permissions of Graph by family, as the program knows them."""
ALL = list(IDS.values())
NAMES = {family.name: family.permission for family in FAMILIES}
GRAPH = "00000003-0000-0000-c000-000000000000"
GUID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
ROLES_FOR = {
    "principalId": PRINCIPAL,
    "storageAccountName": "stmaa",
    "vaultName": "kv-maa",
    "componentName": "appi-maa",
    "fleet": "false",
}
"""What grant.sh passes to roles/main.bicep."""


def _deployed() -> dict[str, str]:
    files = [path for path in INFRA.rglob("*") if path.is_file()] + [ROOT / "azure.yaml"]
    return {path.name: path.read_text(encoding="utf-8") for path in files}


def test_only_the_permissions_of_the_program_are_named() -> None:
    """Another permission anywhere would be asked for, sooner or later."""
    text = "\n".join(_deployed().values())

    known = {each.name for capability in CAPABILITIES for each in capability.permissions}
    assert set(re.findall(r"\b\w+(?:\.\w+)*\.(?:Read|ReadWrite|ReadBasic)\.\w+", text)) == known


def test_no_other_id_is_in_the_templates() -> None:
    """A role or permission can also be named by its id alone."""
    ids = set(re.findall(GUID, "\n".join(_deployed().values())))

    known = {each.id for capability in CAPABILITIES for each in capability.permissions}
    assert ids == {*ROLES, *known, GRAPH}


@pytest.mark.parametrize("name", ["families.sh", "main.bicep", "predeploy.ps1"])
def test_each_file_pairs_families_permissions_and_ids_as_the_program_does(name: str) -> None:
    """An id beside the wrong name would grant one thing and report another."""
    [path] = [each for each in INFRA.rglob(name) if each.parent.name in {"graph", "hooks"}]
    lines = [line for line in path.read_text("utf-8").splitlines() if re.search(GUID, line)]
    paired = [
        (
            *re.findall(rf"([a-z_]+)[ =':]+(?=DeviceManagement|{GUID})", line)[:1],
            *re.findall(r"DeviceManagement[\w.]+", line),
            *re.findall(GUID, line),
        )
        for line in lines
        if GRAPH not in line
    ]

    assert paired == [(each.name, each.permission, each.permission_id) for each in FAMILIES]


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


def test_the_permissions_are_granted_to_the_identity_on_graph(compiled: dict[str, dict[str, Any]]) -> None:
    """The Bicep way grants what the script does: all that is recommended, or what is asked for."""
    template = compiled["graph/main.bicep"]
    grants, families = template["resources"]["grants"], template["parameters"]["families"]

    assert template["resources"]["graph"]["properties"] == {"appId": GRAPH}
    assert template["variables"]["permissions"] == IDS
    assert (families["defaultValue"], set(families["allowedValues"])) == (list(IDS), set(IDS))
    assert grants["copy"]["count"] == "[length(variables('wanted'))]"
    assert grants["properties"]["principalId"] == "[parameters('principalId')]"
    assert grants["properties"]["appRoleId"].startswith("[variables('wanted')[")


@runs_bash
def test_granting_twice_changes_nothing(cloud: Cloud) -> None:
    """All that is recommended is granted; the second run only looks, and says what is there."""
    first = cloud.run("graph/grant.sh", PRINCIPAL)
    second = cloud.run("graph/grant.sh", PRINCIPAL)

    assert (first.returncode, second.returncode) == (0, 0)
    assert set(re.findall(r"^Granted: (.+)\.$", first.stderr, re.MULTILINE)) == RECOMMENDED
    assert set(re.findall(r"^Present already: (.+)\.$", second.stderr, re.MULTILINE)) == RECOMMENDED
    assert "Nothing was changed" in second.stderr
    assert cloud.tenant["granted"] == ALL
    assert len(cloud.grants()) == len(ALL)


@runs_bash
def test_only_what_is_missing_is_granted(cloud: Cloud) -> None:
    """Whoever granted one permission before the others were known runs the same command again."""
    cloud.change(granted=[IDS["roles"].upper(), IDS["scripts"]])
    done = cloud.run("graph/grant.sh", PRINCIPAL)

    assert done.returncode == 0
    assert "Nothing was changed" not in done.stderr
    assert cloud.tenant["granted"][2:] == [id_ for id_ in ALL if id_ not in {IDS["roles"], IDS["scripts"]}]
    assert f"Present already: {MINIMAL}." in done.stderr


@runs_bash
@pytest.mark.parametrize(
    "words, families",
    [
        (["--minimal"], ["roles"]),
        (["--families", "roles"], ["roles"]),
        (["--families", "scripts,apps,roles,apps"], ["apps", "scripts", "roles"]),
        (["--families", "tenant_configuration,configuration"], ["configuration", "tenant_configuration"]),
    ],
    ids=["minimal", "one", "some", "without roles"],
)
def test_fewer_can_be_asked_for(cloud: Cloud, words: list[str], families: list[str]) -> None:
    """An organisation may want to show the notifier less; the look then asks for no more than that."""
    granted = cloud.run("graph/grant.sh", *words, PRINCIPAL)
    checked = cloud.run("graph/grant.sh", "--check", *words, PRINCIPAL)
    all_of_them = cloud.run("graph/grant.sh", "--check", PRINCIPAL)

    assert (granted.returncode, checked.returncode, all_of_them.returncode) == (0, 0, 4)
    assert cloud.tenant["granted"] == [IDS[name] for name in families]
    assert "cannot be listed" not in granted.stderr


@runs_bash
def test_families_alone_that_list_nothing_are_told(cloud: Cloud) -> None:
    """They are granted, for they may add to what comes by another way, and the want is said."""
    granted = cloud.run("graph/grant.sh", "--families", "apps,scripts", PRINCIPAL)

    assert granted.returncode == 0
    assert cloud.tenant["granted"] == [IDS["apps"], IDS["scripts"]]
    assert all(name in granted.stderr.rpartition("cannot be listed")[2] for name in SUFFICIENT_PERMISSIONS)
    assert cloud.run("graph/grant.sh", "--check", "--families", "apps", PRINCIPAL).returncode == 3


@runs_bash
def test_nothing_is_ever_taken_away(cloud: Cloud) -> None:
    """To ask for less than is there changes nothing, and says what is left as it is."""
    cloud.change(granted=ALL)
    done = cloud.run("graph/grant.sh", "--minimal", PRINCIPAL)

    left = re.findall(r"^Present, though not asked for: (\S+)\. It is left", done.stderr, re.MULTILINE)
    assert set(left) == RECOMMENDED - {MINIMAL}
    assert cloud.tenant["granted"] == ALL
    assert [each for each in cloud.tenant["asked"] if "rest" in each and "--method get" not in each] == []


@runs_bash
@pytest.mark.parametrize("unknown", ["app", "apps,role", "Apps", "apps, roles", "*", ",", "apps,,roles", ""])
@pytest.mark.parametrize("script, target", [("graph/grant.sh", PRINCIPAL), ("grant.sh", "rg-maa")])
def test_an_unknown_family_is_refused_with_the_known_ones(
    cloud: Cloud, script: str, target: str, unknown: str
) -> None:
    """Before anything is asked or granted, Azure roles included."""
    words = ["--families", unknown]
    done = cloud.run(script, *([target, *words] if script == "grant.sh" else [*words, target]))

    assert done.returncode == 1
    assert ", ".join(IDS) in done.stderr
    assert cloud.tenant["asked"] == []


@runs_bash
def test_checking_only_looks(cloud: Cloud) -> None:
    """A pipeline can ask: 3 without the list, 4 while requests may be hidden, 0 once all is there."""
    nothing = cloud.run("graph/grant.sh", "--check", PRINCIPAL)
    cloud.change(granted=[IDS["roles"].upper()])
    some = cloud.run("graph/grant.sh", "--check", PRINCIPAL)
    cloud.change(granted=ALL)
    everything = cloud.run("graph/grant.sh", "--check", PRINCIPAL)

    assert (nothing.returncode, some.returncode, everything.returncode) == (3, 4, 0)
    missing = re.findall(r"^Missing: (\S+) \(requests of the family (\w+) ", some.stderr, re.MULTILINE)
    assert missing == [(NAMES[name], name) for name in IDS if name != "roles"]
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
def test_a_refusal_halfway_says_which(cloud: Cloud) -> None:
    """A policy of the tenant may allow some permissions only: what was granted stays, and is told."""
    cloud.change(refuses_role=IDS["scripts"])
    done = cloud.run("graph/grant.sh", PRINCIPAL)

    assert done.returncode == 1
    assert f"you may not grant {NAMES['scripts']}" in done.stderr
    told = re.findall(r"^Granted: (.+)\.$", done.stderr, re.MULTILINE)
    assert cloud.tenant["granted"] == [IDS[name] for name in IDS if NAMES[name] in told] == ALL[:3]


@runs_bash
def test_a_new_identity_is_waited_for(cloud: Cloud) -> None:
    """Entra takes a minute or two to know a new identity everywhere."""
    cloud.change(unknown_for=3)
    done = cloud.run("graph/grant.sh", PRINCIPAL)

    assert done.returncode == 0
    assert done.stderr.count("does not know the identity") == 3
    assert cloud.tenant["granted"] == ALL


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
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--check"],
        ["id-maa"],
        [f"{PRINCIPAL}'"],
        ["--families", "apps", PRINCIPAL, PRINCIPAL],
        ["--minimal", "--families", "apps", PRINCIPAL],
        ["--all", PRINCIPAL],
        [PRINCIPAL, "--minimal"],
    ],
)
def test_only_an_object_id_is_taken(cloud: Cloud, arguments: list[str]) -> None:
    """A name or a typing mistake goes no further."""
    done = cloud.run("graph/grant.sh", *arguments)

    assert done.returncode == 1
    assert "Usage" in done.stderr
    assert cloud.tenant["asked"] == []


@runs_bash
def test_the_colleague_needs_only_the_name_of_the_group(cloud: Cloud) -> None:
    """One command finds the identity, assigns its roles and grants the permissions."""
    for _ in range(2):
        assert cloud.run("grant.sh", "rg-maa").returncode == 0

    assert set(cloud.tenant["roles"]) == {f"{name}={value}" for name, value in ROLES_FOR.items()}
    assert cloud.tenant["granted"] == ALL


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
@pytest.mark.parametrize(
    "words, families",
    [
        (["--minimal"], ["roles"]),
        (["--graph-only", "--families", "apps,roles"], ["apps", "roles"]),
        (["--families", "configuration", "--graph-only"], ["configuration"]),
    ],
)
def test_the_colleague_may_grant_fewer(cloud: Cloud, words: list[str], families: list[str]) -> None:
    """The choice goes through the one command, in any order, for the grant as for the look."""
    done = cloud.run("grant.sh", "rg-maa", *words)
    looked = cloud.run("grant.sh", "rg-maa", *[word for word in words if word != "--graph-only"], "--check")

    assert (done.returncode, looked.returncode) == (0, 0)
    assert cloud.tenant["granted"] == [IDS[name] for name in families]
    assert bool(cloud.tenant["roles"]) is ("--graph-only" not in words)


@runs_bash
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--minimal"],
        ["rg-maa", "--all"],
        ["rg-maa", "--check", "--roles-only"],
        ["rg-maa", "--minimal", "--minimal"],
        ["rg-maa", "rg-other"],
    ],
)
def test_a_wrong_word_shows_the_usage(cloud: Cloud, words: list[str]) -> None:
    """Nothing is asked of Azure by mistake."""
    done = cloud.run("grant.sh", *words)

    assert done.returncode == 1
    assert "Usage: infra/grant.sh RESOURCE_GROUP" in done.stderr
    assert cloud.tenant["asked"] == []


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
    cloud.change(granted=ALL)
    granted = cloud.run("hooks/predeploy.sh", **HOOK)

    assert (skipped.returncode, granted.returncode) == (0, 0)
    assert granted.stdout == ""


@runs_bash
@pytest.mark.parametrize("family", ["roles", "configuration"])
def test_with_the_list_alone_the_deployment_goes_on_with_a_warning(cloud: Cloud, family: str) -> None:
    """Fewer permissions may be a choice, so it is said what they hide, and nothing is stopped."""
    cloud.change(granted=[IDS[family]])
    done = cloud.run("hooks/predeploy.sh", **HOOK)

    assert done.returncode == 0
    assert done.stdout.startswith("WARNING")
    assert "infra/grant.sh rg-maa --graph-only\n" in done.stdout
    assert done.stderr.count("Missing: ") == len(ALL) - 1
    assert cloud.grants() == []


@runs_bash
def test_without_the_list_nothing_is_deployed(cloud: Cloud) -> None:
    """The other permissions are of no use without one of the two that open it."""
    cloud.change(granted=[IDS[name] for name in IDS if NAMES[name] not in SUFFICIENT_PERMISSIONS])
    done = cloud.run("hooks/predeploy.sh", **HOOK)

    assert done.returncode == 1
    assert "Nothing was deployed" in done.stdout


@runs_bash
def test_what_cannot_be_seen_stops_too(cloud: Cloud) -> None:
    """A check that failed is no permission that is there."""
    cloud.change(refuses="all")
    done = cloud.run("hooks/predeploy.sh", **HOOK)

    assert done.returncode == 1
    assert "could not be seen" in done.stdout


def test_both_hooks_say_the_same() -> None:
    """The hook for Windows has the same variables and advice; it is only read here, not run."""
    posix, windows = ((INFRA / "hooks" / f"predeploy.{kind}").read_text("utf-8") for kind in ("sh", "ps1"))

    assert set(re.findall(r"\bAZURE_\w+", posix)) == set(re.findall(r"\bAZURE_\w+", windows))
    sentences = re.findall(r'^ *(?:\d\)|\*\))? *echo "([^"]+)"', posix, re.MULTILINE)
    assert len(sentences) > 5
    assert [each for each in sentences if f"'{each}'" not in windows] == []
    assert posix.count("infra/grant.sh") == windows.count("infra/grant.sh")


def test_outputs_feed_the_hooks(compiled: dict[str, dict[str, Any]]) -> None:
    """Outputs reach the hooks under the same names."""
    posix = (INFRA / "hooks" / "predeploy.sh").read_text("utf-8")
    required = set(re.findall(r"\$\{(\w+):\?", posix))

    assert required
    assert required <= set(compiled["main.bicep"]["outputs"])
