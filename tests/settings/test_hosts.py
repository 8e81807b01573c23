"""Hosts that get tokens: inside Azure Microsoft's alone, unless `MAA_ALLOW_HOSTS` says so and why."""

import pytest

from maa_notify import app
from maa_notify.errors import SettingsError
from maa_notify.identity.clouds import CLOUDS
from maa_notify.settings.model import AllowedHost, Settings
from maa_notify.settings.reader import read_settings

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
HOOK = "https://prod-01.westeurope.logic.azure.com:443/workflows/1/invoke?sp=%2F&sv=1.0&sig=abc"
TABLE = "https://contosomaa.table.core.windows.net"
KEY = "AccountName=contosomaa;AccountKey=c2VjcmV0"
LEAST = {"MAA_TENANT_ID": TENANT, "MAA_TEAMS_WEBHOOK_URL": HOOK}
IN_AZURE = {**LEAST, "WEBSITE_SITE_NAME": "func-maa", "MAA_STATE": TABLE}


def read(environ: dict[str, str], **changes: str) -> Settings:
    """These settings, changed."""
    return read_settings({**environ, **changes})


def mistakes(environ: dict[str, str], **changes: str) -> list[str]:
    """The settings that are wrong in these, changed."""
    with pytest.raises(SettingsError) as caught:
        read(environ, **changes)
    return [each.setting for each in caught.value.mistakes]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_cloud_of_microsoft_is_known(cloud: str) -> None:
    """In any spelling of one origin."""
    graph, authority = CLOUDS[cloud].graph, CLOUDS[cloud].authority
    read(IN_AZURE, MAA_CLOUD=cloud)

    read(
        IN_AZURE, MAA_GRAPH_URL=f"{graph.upper().replace('HTTPS', 'https')}:443/", MAA_AUTHORITY_URL=authority
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.contoso.example",
        "https://graph.microsoft.com.evil.example",
        "https://evil.example:443",
        "https://graph.microsoft.com:8443",
        "https://graph.microsoft.com.",
        "https://graph.microsoft.co",
        "https://graph-microsoft.com",
        "https://xgraph.microsoft.com",
        "https://graph.rnicrosoft.com",
        "https://xn--grph-5ua.microsoft.com",
        "https://login.microsoftonline.com",
        "https://169.254.169.254",
        "https://10.0.0.4",
        "http://127.0.0.1:8080",
        "http://localhost:8080",
    ],
)
def test_another_graph_is_refused_inside_azure(url: str) -> None:
    """It would be sent the token, and could answer with an empty list; this machine itself as well."""
    assert mistakes(IN_AZURE, MAA_GRAPH_URL=url) == ["MAA_GRAPH_URL"]


@pytest.mark.parametrize(
    "url",
    ["https://login.contoso.example", "https://login.microsoftonline.com.evil.example", "http://127.0.0.1:9"],
)
def test_another_sign_in_is_refused_inside_azure(url: str) -> None:
    """It would be sent a secret, or an assertion that stands for one."""
    assert mistakes(IN_AZURE, MAA_AUTHORITY_URL=url) == ["MAA_AUTHORITY_URL"]


@pytest.mark.parametrize(
    "state",
    [
        TABLE,
        "https://contosomaa.table.core.usgovcloudapi.net",
        "https://contosomaa.table.core.chinacloudapi.cn/",
        "https://contosomaa.z12.table.storage.azure.net",
        KEY,
        f"{KEY};EndpointSuffix=core.usgovcloudapi.net",
        f"{KEY};TableEndpoint={TABLE}",
        f"{KEY};TableEndpoint=https://contosomaa.table.cosmos.azure.com:443/",
    ],
)
def test_the_tables_of_every_cloud_are_known(state: str) -> None:
    """By address and by connection string."""
    read(IN_AZURE, MAA_STATE=state)


@pytest.mark.parametrize(
    "state",
    [
        "https://contosomaa.table.evil.example",
        "https://contosomaa.table.core.windows.net.evil.example",
        "https://contosomaa.table.core.windows.net:8443",
        "https://evil.example.table.core.windows.net.evil.example",
        f"{KEY};EndpointSuffix=evil.example",
        f"{KEY};TableEndpoint=https://evil.example/contosomaa.table.core.windows.net",
        f"{KEY};TableEndpoint=https://contosomaa.table.core.windows.net@evil.example",
        f"{KEY};TableEndpoint=http://contosomaa.table.core.windows.net",
        "AccountName=a@evil.example/;AccountKey=c2VjcmV0",
        "UseDevelopmentStorage=true",
    ],
)
def test_another_table_is_refused_inside_azure(state: str) -> None:
    """It would be sent a token or what a key signs, and could remember or forget whatever it likes."""
    assert mistakes(IN_AZURE, MAA_STATE=state) == ["MAA_STATE"]


@pytest.mark.parametrize("endpoint", ["::1", "@", ":443", "https://", "a@/", "[", "é["])
def test_an_endpoint_that_makes_no_sense_is_told_and_no_traceback(endpoint: str) -> None:
    """The library breaks on some of these."""
    with pytest.raises(SettingsError, match="MAA_STATE"):
        app.build({**IN_AZURE, "MAA_STATE": f"{KEY};TableEndpoint={endpoint}"})


def test_the_ending_of_the_librarys_own_setting_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library reads the ending of storage hosts from a variable of its own."""
    monkeypatch.setenv("TABLES_STORAGE_ENDPOINT_SUFFIX", "evil.example")

    assert mistakes(IN_AZURE, MAA_STATE=KEY) == ["MAA_STATE"]


@pytest.mark.parametrize(
    "sign", ["WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID", "WEBSITE_POD_NAME", "LEGION_SERVICE_HOST"]
)
@pytest.mark.parametrize("value", ["x", ""])
def test_azure_is_known_by_any_of_its_signs(sign: str, value: str) -> None:
    """An app setting that empties one of them does not hide the others, nor itself."""
    environ = {**LEAST, "MAA_STATE": TABLE, sign: value}

    assert mistakes(environ, MAA_GRAPH_URL="https://graph.contoso.example") == ["MAA_GRAPH_URL"]


@pytest.mark.parametrize("sign", ["IDENTITY_ENDPOINT", "MSI_ENDPOINT"])
def test_where_azure_gives_tokens_they_are_guarded(sign: str) -> None:
    """Whoever hides this sign too has no token to send. This machine itself may play Graph there."""
    environ = {**LEAST, sign: "http://127.0.0.1:8081/msi/token"}

    assert mistakes(environ, MAA_GRAPH_URL="https://graph.contoso.example") == ["MAA_GRAPH_URL"]
    assert read(environ, MAA_GRAPH_URL="http://127.0.0.1:9").graph_url == "http://127.0.0.1:9"


def test_outside_azure_hosts_are_free() -> None:
    """A laptop, the demo and a gateway of one's own need no leave."""
    found = read(
        LEAST, MAA_GRAPH_URL="https://graph.contoso.example", MAA_AUTHORITY_URL="http://127.0.0.1:8080"
    )

    assert found.graph_url == "https://graph.contoso.example"


def test_a_host_is_let_in_by_name_with_the_reason() -> None:
    """Several may share one, and a port is part of the name."""
    found = read(
        IN_AZURE,
        MAA_GRAPH_URL="https://Gateway.contoso.example:8443",
        MAA_AUTHORITY_URL="https://login.contoso.example",
        MAA_ALLOW_HOSTS="gateway.contoso.example:8443, login.contoso.example=it is inspected, by rule 7",
    )

    assert found.allow_hosts == (
        AllowedHost("gateway.contoso.example:8443", "it is inspected, by rule 7"),
        AllowedHost("login.contoso.example:443", "it is inspected, by rule 7"),
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.contoso.example:8443",
        "https://sub.gateway.contoso.example",
        "https://gateway.contoso.example.evil.example",
        "https://gateway.contoso.example.",
    ],
)
def test_a_host_is_let_in_exactly(url: str) -> None:
    """Not its neighbours, its subdomains or its other ports."""
    assert mistakes(IN_AZURE, MAA_GRAPH_URL=url, MAA_ALLOW_HOSTS="gateway.contoso.example=why") == [
        "MAA_GRAPH_URL"
    ]


def test_a_key_does_not_travel_in_the_clear() -> None:
    """Whatever is allowed: plain http is for this machine itself."""
    state = f"{KEY};TableEndpoint=http://tables.contoso.example"

    assert mistakes(IN_AZURE, MAA_STATE=state, MAA_ALLOW_HOSTS="tables.contoso.example:80=why") == [
        "MAA_STATE"
    ]


def test_a_missing_reason_stops_nothing() -> None:
    """It is asked for; a deployment would otherwise stop for want of a word."""
    found = read(IN_AZURE, MAA_GRAPH_URL="https://g.example", MAA_ALLOW_HOSTS="https://g.example/;")

    assert found.allow_hosts == (AllowedHost("g.example:443"),)


@pytest.mark.parametrize(
    "value",
    [
        "*=all",
        "*.contoso.example=all",
        ".contoso.example=all",
        "https://contoso.example/path=x",
        "user@contoso.example=x",
        "contoso.example:0=x",
        "contoso.example:99999=x",
        "a.example b.example=x",
        "=a reason",
        "xn--grph-5ua.example=x",
        "a.example,=x",
        f"a.example={'x' * 201}",
        "\u0430.example=x",
    ],
)
def test_what_is_no_host_is_refused(value: str) -> None:
    """A wildcard would let in whoever can make a name."""
    assert mistakes(IN_AZURE, MAA_ALLOW_HOSTS=value) == ["MAA_ALLOW_HOSTS"]
