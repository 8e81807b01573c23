"""The app settings of the templates against the settings of the program, in both directions."""

import re
from itertools import chain
from typing import Any

import pytest

from maa_notify.errors import SettingsError
from maa_notify.settings.fields import BY_NAME, SETTINGS
from maa_notify.settings.reader import read_settings
from tests.infra.bicep import INFRA, ROOT, config, declared, decorator

NOT_IN_AZURE = {
    "MAA_CLIENT_SECRET": "the managed identity signs in, there is no secret to keep",
    "MAA_CLIENT_CERTIFICATE_PATH": "as above, and disks do not last",
    "MAA_GRAPH_URL": "follows from the cloud; another origin is for tests",
    "MAA_AUTHORITY_URL": "as above",
    "MAA_TENANT_NAME": "stands in the entries of a fleet; one tenant needs none",
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
}
COMPUTED = {"MAA_BOT_CLIENT_ID", "MAA_CLIENT_ID", "MAA_MANAGED_IDENTITY_CLIENT_ID", "MAA_STATE"}
PARAMETERS = {
    row.name: re.sub("_([a-z])", lambda match: match[1].upper(), row.key)
    for row in SETTINGS
    if row.name not in {*NOT_IN_AZURE, *COMPUTED}
}
"""The parameters of the template by the names of the settings: `digestAbove` for `MAA_DIGEST_ABOVE`."""

OPTIONAL = ("botSettings", "fleetSettings")

NUMBERS = ["MAA_DIGEST_ABOVE", "MAA_HEARTBEAT_DAYS", "MAA_RETENTION_DAYS"]
BASE = {
    "MAA_TENANT_ID": "contoso.onmicrosoft.com",
    "MAA_CLIENT_ID": "7b0c54be-0000-4000-8000-000000000002",
    "MAA_STATE": "https://stmaaexample.table.core.windows.net/",
    "MAA_TEAMS_WEBHOOK_URL": "https://flows.example/hook?sig=made-up",
    "WEBSITE_SITE_NAME": "func-maa-example",
}


def _app_settings() -> dict[str, Any]:
    variables = declared(INFRA / "resources.bicep")["variables"]
    lists = [variables[name]["value"] for name in ("hostSettings", "ownSettings", *OPTIONAL)]
    single = [variables[name]["value"] for name in ("webhookSetting", "destinationsSetting")]
    return {each["name"]: each["value"] for each in [*chain(*lists), *single]}


def _parameters() -> dict[str, Any]:
    found: dict[str, Any] = declared(INFRA / "resources.bicep")["parameters"]
    return found


def _defaults() -> dict[str, str]:
    parameters = {name: _parameters()[parameter] for name, parameter in PARAMETERS.items()}
    return {
        name: str(each["default"])
        for name, each in parameters.items()
        if isinstance(each["default"], str | int) and each["default"] != ""
    }


def test_every_setting_is_in_the_template() -> None:
    """A setting that nobody can set in Azure, or one in Azure that the program does not know."""
    ours = {name for name in _app_settings() if name.startswith("MAA_")}

    assert ours == set(BY_NAME) - set(NOT_IN_AZURE)
    assert ours == set(PARAMETERS) | COMPUTED
    assert set(PARAMETERS.values()) <= set(_parameters())


def test_the_host_gets_what_it_needs_and_nothing_that_stops_it() -> None:
    """Flex Consumption refuses some settings of older plans; the host needs its storage spelt out."""
    others = {name for name in _app_settings() if not name.startswith("MAA_")}

    assert others == HOST | HOST_OF_A_FLEET
    for path in INFRA.rglob("*.bicep"):
        text = path.read_text(encoding="utf-8")
        assert not FORBIDDEN_ON_FLEX & set(re.findall(r"'(\w+)'", text))
        assert not PROPERTIES_FORBIDDEN_ON_FLEX & set(re.findall(r"\b(\w+):", text))


def test_secrets_are_references_to_the_vault() -> None:
    """The names in the references are those of the secrets that the vault has."""
    settings = _app_settings()
    entries = declared(INFRA / "modules" / "vault.bicep")["resources"]

    for name, entry in SECRET_ENTRIES:
        secret = config(entries[entry])["name"]
        assert f"@Microsoft.KeyVault(SecretUri=${{vault.outputs.uri}}secrets/{secret})" in str(settings[name])


def test_one_tenant_pays_nothing_for_a_fleet() -> None:
    """Its settings, its role and its rule are there only where one is asked for."""
    resources = (INFRA / "resources.bicep").read_text(encoding="utf-8")
    role = declared(INFRA / "roles" / "main.bicep")["resources"]["queueRole"]
    alerts = (INFRA / "modules" / "alerts.bicep").read_text(encoding="utf-8")

    assert "fleet ? concat(fleetSettings, fleetSecretSettings) : []" in resources
    assert role["config"]["condition"] == "fleet"
    assert "var rules = fleet ? concat(commonRules, [fleetRule]) : commonRules" in alerts


def test_the_defaults_are_accepted_and_are_those_of_the_program() -> None:
    """A deployment that says nothing behaves like the program when nothing is set."""
    deployed = read_settings({**BASE, **_defaults()})

    assert deployed == read_settings(BASE)


@pytest.mark.parametrize("name", NUMBERS)
def test_limits_are_those_of_the_program(name: str) -> None:
    """What the template lets through the program takes, and the next number it does not."""
    parameter = _parameters()[PARAMETERS[name]]
    lowest, highest = decorator(parameter, "min_value"), decorator(parameter, "max_value")

    for value in (lowest, highest):
        read_settings({**BASE, name: str(value)})
    for value in (lowest - 1, highest + 1):
        with pytest.raises(SettingsError):
            read_settings({**BASE, name: str(value)})


def test_every_cloud_can_be_chosen() -> None:
    """The allowed clouds are those that the program knows, each accepted."""
    clouds = decorator(_parameters()["cloud"], "allowed")

    assert [read_settings({**BASE, "MAA_CLOUD": cloud}).cloud.name for cloud in clouds] == clouds
    assert len(clouds) == 4


def test_the_app_names_no_missing_setting_or_function() -> None:
    """A trigger whose %SETTING% does not exist never starts; an always-ready name must be a function."""
    code = (ROOT / "function_app.py").read_text(encoding="utf-8")
    ready = declared(INFRA / "modules" / "app.bicep")["variables"]["readyTimer"]["value"]["name"]

    assert set(re.findall(r"%(\w+)%", code)) <= set(_app_settings())
    assert ready.removeprefix("function:") in functions()


SECRET_ENTRIES = (
    ("MAA_TEAMS_WEBHOOK_URL", "webhookEntry"),
    ("MAA_DESTINATIONS", "destinationsEntry"),
    ("MAA_TENANTS", "tenantsEntry"),
)


def functions() -> set[str]:
    """The functions of the app."""
    code = (ROOT / "function_app.py").read_text(encoding="utf-8")
    return set(re.findall(r'function_name\("(\w+)"\)', code))
