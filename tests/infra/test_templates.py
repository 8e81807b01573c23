"""What the templates promise: of resources, as the compiler predicts them, and of the ways to deploy them."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from maa_notify.settings.fields import BY_NAME
from tests.infra.predictions import INFRA, NAMES, prediction
from tools.templates import ROOT, snapshot_of

TEMPLATES = sorted(INFRA.rglob("*.bicep"))
SECRETS = {"teamsWebhookUrl", "destinations", "tenants", "pingUrl"}

Compiled = dict[str, dict[str, Any]]


def test_the_promises_about_secrets_and_public_access() -> None:
    """What the documentation says of storage, vault, telemetry and app is so in every deployment."""
    for deployment in NAMES:
        found = prediction(deployment)
        account = found.only("Microsoft.Storage/storageAccounts")["properties"]
        vault = found.only("Microsoft.KeyVault/vaults")["properties"]
        site = found.only("Microsoft.Web/sites")

        assert account["allowSharedKeyAccess"] is account["allowBlobPublicAccess"] is False
        assert vault["enableRbacAuthorization"] is vault["enablePurgeProtection"] is True
        assert found.only("Microsoft.Insights/components")["properties"]["DisableLocalAuth"] is True
        assert site["identity"]["type"] == "UserAssigned"
        assert site["properties"]["httpsOnly"] is True
        assert [site["properties"]["keyVaultReferenceIdentity"]] == list(
            site["identity"]["userAssignedIdentities"]
        )
        policies = found.of("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
        assert [each["properties"]["allow"] for each in policies] == [False, False]


@pytest.mark.parametrize("deployment", NAMES)
def test_only_a_private_network_closes_public_access(deployment: str) -> None:
    """Storage and vault answer the internet, or nobody but their private endpoints."""
    found = prediction(deployment)
    closed = ("Disabled", "Deny") if deployment == "private-network" else ("Enabled", "Allow")

    for kind in ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"):
        properties = found.only(kind)["properties"]
        assert (properties["publicNetworkAccess"], properties["networkAcls"]["defaultAction"]) == closed


@pytest.mark.parametrize(
    "deployment, added, left_out",
    [
        ("bot", {"Microsoft.BotService/botServices": 1, "Microsoft.BotService/botServices/channels": 1}, {}),
        (
            "fleet",
            {"Microsoft.Authorization/roleAssignments": 1, "Microsoft.Insights/scheduledQueryRules": 1},
            {"Microsoft.Insights/diagnosticSettings": 1},
        ),
        (
            "private-network",
            {
                "Microsoft.Network/virtualNetworks": 1,
                "Microsoft.Network/privateDnsZones": 4,
                "Microsoft.Network/privateDnsZones/virtualNetworkLinks": 4,
                "Microsoft.Network/privateEndpoints": 4,
                "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": 4,
            },
            {},
        ),
        ("no-roles", {}, {"Microsoft.Authorization/roleAssignments": 4, "Microsoft.Authorization/locks": 1}),
    ],
)
def test_an_option_adds_its_own_resources(
    deployment: str, added: dict[str, int], left_out: dict[str, int]
) -> None:
    """Whoever does not ask for it has none of it, and all else stays as it is."""
    plain, other = (
        {each["id"]: each["type"] for each in prediction(name).resources} for name in ("plain", deployment)
    )

    assert Counter(other[one] for one in set(other) - set(plain)) == added
    assert Counter(plain[one] for one in set(plain) - set(other)) == left_out


WATCHED = {
    "app": (
        "Microsoft.Web/sites/write",
        "Microsoft.Web/sites/extensions/write",
        "Microsoft.Web/sites/delete",
    ),
    "rules": (
        "Microsoft.Insights/scheduledQueryRules/delete",
        "Microsoft.AlertsManagement/actionRules/write",
    ),
    "roles": ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/locks/delete"),
}


@pytest.mark.parametrize("deployment", NAMES)
def test_what_azure_notes_of_the_notifier_rings(deployment: str) -> None:
    """Who changes the app, takes an alarm away or gives himself a right is heard by the same people."""
    found = prediction(deployment)
    group = found.only("Microsoft.Insights/actionGroups")["id"]
    alerts = found.of("Microsoft.Insights/activityLogAlerts")
    rules = {each["name"].rpartition("-")[2]: each for each in alerts}

    assert set(rules) == set(WATCHED)
    for name, operations in WATCHED.items():
        properties = rules[name]["properties"]
        [any_of] = [each["anyOf"] for each in properties["condition"]["allOf"] if "anyOf" in each]
        assert set(operations) < {each["equals"] for each in any_of}
        assert properties["scopes"] == [found.only("Microsoft.Web/sites")["id"].partition("/providers/")[0]]
        assert properties["actions"]["actionGroups"] == [{"actionGroupId": group}]


def test_the_alarm_may_live_in_a_group_of_its_own() -> None:
    """Whoever deletes the group of the notifier does not delete what tells of it."""
    here, there = prediction("plain"), prediction("destinations")

    for kind in ("Microsoft.Insights/actionGroups", "Microsoft.Insights/activityLogAlerts"):
        assert all("/resourceGroups/rg-maa-notify/" in each["id"] for each in here.of(kind))
        assert all("/resourceGroups/rg-alarms/" in each["id"] for each in there.of(kind))
    assert here.only("Microsoft.Authorization/locks")["properties"]["level"] == "CanNotDelete"
    assert there.of("Microsoft.Authorization/locks") == []  # it was asked for that


def test_deployments_of_one_name_do_not_meet_outside_their_groups(compiled: Compiled) -> None:
    """Each group is deployed as `maa-notify`, and a subscription keeps one region for a name.

    Source: Azure answers InvalidDeploymentLocation, https://github.com/Azure/missionlz/issues/760.
    """
    resources = compiled["main.bicep"]["resources"]
    outside = [each for each in resources.values() if {"subscriptionId", "resourceGroup"} & set(each)]

    assert len(outside) == 2
    hashed = "uniqueString(resourceGroup().id, parameters('environmentName')"
    for each in outside:
        name = each["name"].replace("variables('hash')", compiled["main.bicep"]["variables"]["hash"])
        assert hashed in name
        assert "deployment()" not in name
    [on_subscription] = [each for each in outside if "subscriptionId" in each]
    assert "parameters('location')" in on_subscription["name"]


def test_callers_and_deployers_can_be_bounded() -> None:
    """The availability test and Teams are let in beside those who are named; others are not."""
    plain, bounded, bot = (
        prediction(name).only("Microsoft.Web/sites")["properties"]["siteConfig"]
        for name in ("plain", "destinations", "bot")
    )

    def admitted(config: dict[str, Any], door: str) -> list[str]:
        assert config[f"{door}RestrictionsDefaultAction"] == "Deny"
        return [each["ipAddress"] for each in config[f"{door}Restrictions"]]

    assert plain["ipSecurityRestrictionsDefaultAction"] == "Allow"
    assert plain["scmIpSecurityRestrictionsDefaultAction"] == "Allow"
    ranges = ["203.0.113.0/24", "198.51.100.7/32"]
    assert admitted(bounded, "ipSecurity") == ["ApplicationInsightsAvailability", *ranges]
    assert admitted(bounded, "scmIpSecurity") == ["203.0.113.0/24"]
    assert admitted(bot, "ipSecurity")[1:] == ["52.112.0.0/14", "52.122.0.0/15", "203.0.113.0/24"]


def test_the_tables_and_the_vault_tell_who_writes() -> None:
    """What the rule `guard` reads; in a fleet each poll would be a line, so there it has to be asked for."""
    scopes = {
        name: [each["name"] for each in prediction(name).of("Microsoft.Insights/diagnosticSettings")]
        for name in ("plain", "fleet")
    }

    assert sorted(set(scopes["plain"]) - set(scopes["fleet"])) == ["writers"]
    assert "audit" in scopes["fleet"]


def test_the_app_reaches_the_endpoints_by_their_public_names() -> None:
    """Each service has an endpoint, and the zone that makes its name lead there."""
    found = prediction("private-network")
    connections = [
        connection["properties"]["groupIds"]
        for each in found.of("Microsoft.Network/privateEndpoints")
        for connection in each["properties"]["privateLinkServiceConnections"]
    ]
    zones = [each["name"] for each in found.of("Microsoft.Network/privateDnsZones")]

    assert connections == [["blob"], ["queue"], ["table"], ["vault"]]
    assert [re.findall(r"privatelink\.\w+", zone) for zone in zones] == [
        ["privatelink.blob"],
        ["privatelink.queue"],
        ["privatelink.table"],
        ["privatelink.vaultcore"],
    ]


def test_no_secret_is_written_down() -> None:
    """What a secure parameter holds stays out of the history of deployments, as out of these snapshots."""
    texts = {name: snapshot_of(name).read_text(encoding="utf-8") for name in NAMES}

    assert not [name for name, text in texts.items() if "made-up" in text]


def test_secrets_are_secure_in_every_file(compiled: Compiled) -> None:
    """A webhook URL passes through no template as a plain parameter."""
    for template in compiled.values():
        parameters = template.get("parameters", {})
        secure = {name for name, each in parameters.items() if each.get("type") == "securestring"}
        assert secure == SECRETS & set(parameters)


def test_everything_outside_is_described(compiled: Compiled) -> None:
    """The portal and `azd` show the description of a parameter to the person who fills it in."""
    assert not [
        f"{path}: {name}"
        for path, template in compiled.items()
        for kind in ("parameters", "outputs")
        for name, each in template.get(kind, {}).items()
        if not each.get("metadata", {}).get("description")
    ]


def test_each_type_has_one_version() -> None:
    """One API version for one resource type, wherever it is used."""
    versions: dict[str, set[str]] = {}
    for path in TEMPLATES:
        for kind, version in re.findall(r"'(Microsoft\.[\w./]+)@([\w.-]+)'", path.read_text("utf-8")):
            versions.setdefault(kind, set()).add(version)

    assert len(versions) > 20
    assert not {name: found for name, found in versions.items() if len(found) > 1}


def test_every_exception_says_why() -> None:
    """A complaint of the compiler that is switched off without a reason is one that somebody hid."""
    lines = [
        line for path in TEMPLATES for line in path.read_text("utf-8").splitlines() if "#disable" in line
    ]

    assert lines
    assert not [line for line in lines if not re.fullmatch(r" *#disable-next-line [\w-]+ // \w.{9,}", line)]


def test_the_linter_is_strict_in_both_places() -> None:
    """The file with the extension has a configuration of its own, as strict; the extension is pinned."""
    common, graph = (
        json.loads((INFRA / name).read_text(encoding="utf-8"))
        for name in ("bicepconfig.json", "graph/bicepconfig.json")
    )

    assert graph["analyzers"] == common["analyzers"]
    assert {rule["level"] for rule in common["analyzers"]["core"]["rules"].values()} == {"error"}
    assert graph["extensions"]["microsoftGraphV1"].endswith("/microsoftgraph/v1.0:1.0.0")
    assert [
        path for path in TEMPLATES if re.search(r"^extension ", path.read_text("utf-8"), re.MULTILINE)
    ] == [INFRA / "graph" / "main.bicep"]


def _spelt(default: Any) -> str:
    return json.dumps(default) if isinstance(default, bool) else str(default)


def test_variables_choose_what_the_template_declares(compiled: Compiled) -> None:
    """One file for azd and the Azure CLI: with defaults of the template, and names of settings."""
    parameters = compiled["main.bicep"]["parameters"]
    text = (INFRA / "main.bicepparam").read_text(encoding="utf-8")
    pattern = r"^param (\w+) = (?:\w+\()?readEnvironmentVariable\('(\w+)'(?:, '(.*?)')?\)\)?$"
    found = {name: (variable, default) for name, variable, default in re.findall(pattern, text, re.MULTILINE)}

    assert len(found) == text.count("\nparam ")
    assert {name for name, each in parameters.items() if "defaultValue" not in each} == {"alarmEmails"}
    assert found.pop("alarmEmails") == ("AZURE_ALARM_EMAILS", "")
    # Without this file the portal makes the other group only when somebody asks for it.
    assert found.pop("makeAlarmGroup") == ("AZURE_MAKE_ALARM_GROUP", "true")
    for name, (variable, default) in found.items():
        assert default == _spelt(parameters[name]["defaultValue"]), name
        assert variable.startswith("AZURE_") or variable in BY_NAME, name


def test_azd_finds_the_service_and_the_hooks() -> None:
    """The app is looked up by a tag, and hooks exist for both kinds of system."""
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    service = re.search(r"^services:\n  (\w+):", text, re.MULTILINE)

    assert service
    assert prediction("plain").only("Microsoft.Web/sites")["tags"]["azd-service-name"] == service[1]
    assert re.search(r"host: function$", text, re.MULTILINE)
    for hook in re.findall(r"run: (\S+)", text):
        assert (ROOT / hook).is_file()
