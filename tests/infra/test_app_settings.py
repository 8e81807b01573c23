"""The app settings of the templates against the settings of the program, in both directions."""

import re
from typing import Any

import pytest

from maa_notify.errors import SettingsError
from maa_notify.settings.fields import BY_NAME, SETTINGS
from maa_notify.settings.reader import read_settings
from tests.infra.predictions import NAMES, is_expression, keys, prediction
from tools.templates import ROOT

NOT_IN_AZURE = {
    "MAA_CLIENT_SECRET": "the managed identity signs in, there is no secret to keep",
    "MAA_CLIENT_CERTIFICATE_PATH": "as above, and disks do not last",
    "MAA_GRAPH_URL": "follows from the cloud; another origin is for tests",
    "MAA_AUTHORITY_URL": "as above",
    "MAA_ALLOW_HOSTS": "an exception that somebody has to write by hand",
    **{row.name: "refused inside Azure" for row in SETTINGS if not row.in_azure},
}
FORBIDDEN_ON_FLEX = {
    "AzureWebJobsStorage",  # a connection string, where this one has no keys
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_MAX_HTTP_CONCURRENCY",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTOVERVNET",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_DNS_SERVER",
    "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_TIME_ZONE",
    "WEBSITE_VNET_ROUTE_ALL",
}
PROPERTIES_FORBIDDEN_ON_FLEX = {
    "ftpsState",
    "functionAppScaleLimit",
    "healthCheckPath",
    "linuxFxVersion",
    "preWarmedInstanceCount",
    "use32BitWorkerProcess",
    "vnetRouteAllEnabled",
    "websiteTimeZone",
}
HOST = {
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
HOST_OF_A_FLEET = {
    "AzureFunctionsJobHost__extensionBundle__id",
    "AzureFunctionsJobHost__extensionBundle__version",
    "PYTHON_THREADPOOL_THREAD_COUNT",
    "AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__excludedTypes",
    "AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__maxTelemetryItemsPerSecond",
}
CHOSEN = {
    "MAA_TENANT_ID": "contoso.example",
    "MAA_TENANT_NAME": "Contoso (test)",
    "MAA_CLOUD": "usgov",
    "MAA_TABLE_NAME": "Approvals",
    "MAA_REMINDERS": "25%,12h",
    "MAA_COMPLETE_REMINDERS": "4h,24h",
    "MAA_QUIET_HOURS": "22:00-07:00; Sat,Sun",
    "MAA_TIME_ZONE": "Europe/Berlin",
    "MAA_TICKET_LINK": "https://tickets.contoso.example/{}",
    "MAA_TICKET_PATTERN": "INC-[0-9]{4,8}",
    "MAA_DIGEST_ABOVE": "7",
    "MAA_HEARTBEAT_DAYS": "14",
    "MAA_SUMMARY": "MON 08:00",
    "MAA_RETENTION_DAYS": "90",
    "MAA_POLL_SCHEDULE": "0 */5 * * * *",
    "MAA_POSTURE": "on",
    "MAA_POSTURE_EVERY": "12h",
    "MAA_POSTURE_ACCEPT": '[{"check": "P12", "reason": "nobody asks", "until": "2026-12-31"}]',
    "MAA_GLOBAL_ADMINS": "2-6",
    "MAA_APPROVERS": "on",
    "MAA_APPROVERS_EVERY": "30m",
    "MAA_WATCH": "on",
    "MAA_WATCH_EVERY": "10m",
    "MAA_WATCH_ALLOW": (
        '[{"object_id": "7b0c54be-0000-4000-8000-000000000003", "alert": "B1", "reason": "joined by hand",'
        ' "until": "2026-12-31"}]'
    ),
}
"""The settings that destinations.bicepparam chooses, none of them the default."""

NUMBERS = {
    "MAA_DIGEST_ABOVE": "digestAbove",
    "MAA_HEARTBEAT_DAYS": "heartbeatDays",
    "MAA_RETENTION_DAYS": "retentionDays",
}
BASE = {
    "MAA_TENANT_ID": "contoso.onmicrosoft.com",
    "MAA_CLIENT_ID": "7b0c54be-0000-4000-8000-000000000002",
    "MAA_STATE": "https://stmaaexample.table.core.windows.net/",
    "MAA_TEAMS_WEBHOOK_URL": "https://flows.example/hook?sig=made-up",
    "WEBSITE_SITE_NAME": "func-maa-example",
}


def test_every_setting_is_in_the_template() -> None:
    """A setting that nobody can set in Azure, or one in Azure that the program does not know."""
    deployed = {name for each in NAMES for name in prediction(each).settings()}

    assert {name for name in deployed if name.startswith("MAA_")} == set(BY_NAME) - set(NOT_IN_AZURE)


def test_the_host_gets_what_it_needs_and_nothing_that_stops_it() -> None:
    """Flex Consumption refuses some settings of older plans; the host needs its storage spelt out."""
    for deployment in NAMES:
        found = prediction(deployment)
        others = {name for name in found.settings() if not name.startswith(("MAA_", "HOOK_"))}
        assert others == (HOST | HOST_OF_A_FLEET if deployment == "fleet" else HOST)
        assert not FORBIDDEN_ON_FLEX & set(found.settings())
        assert not PROPERTIES_FORBIDDEN_ON_FLEX & set(keys(found.only("Microsoft.Web/sites")))


@pytest.mark.parametrize(
    "deployment, setting, secret",
    [
        ("plain", "MAA_TEAMS_WEBHOOK_URL", "teams-webhook-url"),
        ("destinations", "MAA_DESTINATIONS", "destinations"),
        ("destinations", "MAA_PING_URL", "ping-url"),
        ("fleet", "MAA_TENANTS", "tenants"),
    ],
)
def test_secrets_are_references_to_the_vault(deployment: str, setting: str, secret: str) -> None:
    """The names in the references are those of the secrets that the vault has."""
    found = prediction(deployment)
    vault = found.outputs["AZURE_VAULT_NAME"]

    assert found.settings()[setting] == (
        f"[format('@Microsoft.KeyVault(SecretUri={{0}}{secret})', {_secrets_of(vault)})]"
    )
    assert f"{vault}/{secret}" in {each["name"] for each in found.of("Microsoft.KeyVault/vaults/secrets")}


def test_a_fleet_has_secrets_of_its_own() -> None:
    """An entry of the list names an app setting; the vault, which takes no underscore, has its value."""
    found = prediction("fleet")
    first, second, plain = (found.settings()[f"HOOK_{name}"] for name in ("CONTOSO", "FABRIKAM", "REGION"))

    secrets = _secrets_of(found.outputs["AZURE_VAULT_NAME"])
    start = f"[format('@Microsoft.KeyVault(SecretUri={{0}}{{1}})', {secrets}"
    assert plain == "north"
    assert (first, second) == (f"{start}, 'HOOK-CONTOSO')]", f"{start}, 'HOOK-FABRIKAM')]")


def _secrets_of(vault: str) -> str:
    return f"format('https://{{0}}{{1}}/secrets/', '{vault}', environment().suffixes.keyvaultDns)"


@pytest.mark.parametrize(
    "deployment, added",
    [
        ("destinations", {"MAA_DESTINATIONS", "MAA_PING_URL"}),
        ("bot", {"MAA_BOT_CLIENT_ID", "MAA_REQUESTOR_CHAT", "MAA_APPROVER_CHAT", "MAA_BOT_COMMANDS"}),
        (
            "fleet",
            {
                *HOST_OF_A_FLEET,
                "MAA_TENANTS",
                "MAA_MANAGED_IDENTITY_CLIENT_ID",
                "HOOK_CONTOSO",
                "HOOK_FABRIKAM",
                "HOOK_REGION",
            },
        ),
        ("private-network", set()),
        ("no-roles", set()),
    ],
)
def test_an_option_adds_its_own_settings(deployment: str, added: set[str]) -> None:
    """What nobody asked for is not handed to the app."""
    assert set(prediction(deployment).settings()) - set(prediction("plain").settings()) == added


def test_what_is_chosen_reaches_the_program() -> None:
    """Each parameter goes into its own setting, in a form that the program takes."""
    known = prediction("destinations").known_settings()

    assert {name: value for name, value in known.items() if name.startswith("MAA_")} == CHOSEN
    assert read_settings({**BASE, **CHOSEN}) != read_settings(BASE)


def test_the_defaults_are_accepted_and_are_those_of_the_program() -> None:
    """A deployment that says nothing behaves like the program when nothing is set."""
    plain = prediction("plain").settings()
    told = {name: value for name, value in plain.items() if name in CHOSEN and not is_expression(value)}

    assert set(CHOSEN) - set(told) == {"MAA_CLOUD"}  # that of the cloud that it is deployed in
    assert read_settings({**BASE, **told, "MAA_TENANT_ID": BASE["MAA_TENANT_ID"]}) == read_settings(BASE)


@pytest.mark.parametrize("name", NUMBERS)
def test_limits_are_those_of_the_program(compiled: dict[str, dict[str, Any]], name: str) -> None:
    """What the template lets through the program takes, and the next number it does not."""
    parameter = compiled["main.bicep"]["parameters"][NUMBERS[name]]
    lowest, highest = parameter["minValue"], parameter["maxValue"]

    for value in (lowest, highest):
        read_settings({**BASE, name: str(value)})
    for value in (lowest - 1, highest + 1):
        with pytest.raises(SettingsError):
            read_settings({**BASE, name: str(value)})


def test_every_cloud_can_be_chosen(compiled: dict[str, dict[str, Any]]) -> None:
    """The allowed clouds are those that the program knows, each accepted."""
    clouds = compiled["main.bicep"]["parameters"]["cloud"]["allowedValues"]

    assert [read_settings({**BASE, "MAA_CLOUD": cloud}).cloud.name for cloud in clouds] == clouds
    assert len(clouds) == 4


def test_the_app_names_no_missing_setting_or_function() -> None:
    """A trigger whose %SETTING% does not exist never starts; an always-ready name must be a function."""
    code = (ROOT / "function_app.py").read_text(encoding="utf-8")
    site = prediction("destinations").only("Microsoft.Web/sites")
    [ready] = site["properties"]["functionAppConfig"]["scaleAndConcurrency"]["alwaysReady"]

    assert set(re.findall(r"%(\w+)%", code)) <= set(prediction("plain").settings())
    assert ready["name"].removeprefix("function:") in functions()


def functions() -> set[str]:
    """The functions of the app."""
    code = (ROOT / "function_app.py").read_text(encoding="utf-8")
    return set(re.findall(r'function_name\("(\w+)"\)', code))
