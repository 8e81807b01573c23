"""Settings: what each means, what is wrong with a wrong one, and what never shows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maa_notify.domain.quiet import QuietHours
from maa_notify.domain.request import POLICY_TYPES
from maa_notify.domain.routing import EVENT_NAMES
from maa_notify.domain.tickets import TicketLinks
from maa_notify.errors import SettingsError
from maa_notify.identity.secret import Secret
from maa_notify.settings.destinations import MOST_DESTINATIONS
from maa_notify.settings.fields import BY_NAME, SETTINGS
from maa_notify.settings.model import BotAddress, BotSettings, Settings
from maa_notify.settings.reader import read_settings
from maa_notify.settings.startup import TENANTS

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
APP = "7b0c54be-0000-4000-8000-000000000002"
HOOK = "https://prod-01.westeurope.logic.azure.com:443/workflows/1/invoke?sp=%2F&sv=1.0&sig=abc"
OTHER_HOOK = HOOK.replace("/1/", "/2/")
LEAST = {"MAA_TENANT_ID": TENANT, "MAA_TEAMS_WEBHOOK_URL": HOOK}
IN_AZURE = {
    "WEBSITE_SITE_NAME": "func-maa",
    "MAA_STATE": "https://maa.table.core.windows.net",
    "MAA_CLIENT_ID": "f5180412-0005-4052-8f00-000000000005",
}


def read(**changes: str | None) -> Settings:
    """The settings with the fewest values, changed; None takes one away."""
    merged = {**LEAST, **changes}
    return read_settings({name: value for name, value in merged.items() if value is not None})


def mistakes(**changes: str | None) -> list[str]:
    """Every mistake as it is told."""
    with pytest.raises(SettingsError) as caught:
        read(**changes)
    return [str(mistake) for mistake in caught.value.mistakes]


def destinations(*entries: Any) -> str:
    """The value of `MAA_DESTINATIONS`."""
    return json.dumps(list(entries))


def entry(**changes: Any) -> dict[str, Any]:
    """One destination that is right, changed."""
    return {"name": "ops", "webhook_url": HOOK, **changes}


def test_more_destinations_than_one_change_can_be_recorded_for_are_refused() -> None:
    """In words, with the number; as many as that are taken, `default` and the requestors' chats included."""
    entries = [
        entry(name=f"ops {number}", webhook_url=f"{HOOK}{number}") for number in range(MOST_DESTINATIONS)
    ]

    found = read(MAA_DESTINATIONS=destinations(*entries[1:]))
    [told] = mistakes(MAA_DESTINATIONS=destinations(*entries))

    assert len(found.destinations) == MOST_DESTINATIONS
    assert told.startswith(
        f"MAA_DESTINATIONS: with the default one and the bot's chats these are {MOST_DESTINATIONS + 1}"
    )


def test_two_settings_are_enough() -> None:
    """A tenant and a webhook: everything else has the default that the documentation promises."""
    found = read()
    [destination] = found.destinations

    assert (found.tenant_id, found.client_id, found.table_name) == (TENANT, "", "MaaNotify")
    assert (found.client_secret, found.client_certificate_path, found.access_token) == (None, None, None)
    assert found.graph_url == "https://graph.microsoft.com"
    assert found.authority_url == "https://login.microsoftonline.com"
    assert found.state.sqlite_path == Path("maa-notify.db")
    assert [stage.name for stage in found.reminders] == ["50%", "24h", "4h"]
    assert (found.digest_above, found.poll_schedule) == (5, "0 * * * * *")
    assert (found.heartbeat_days, found.retention_days) == (30, 365)
    assert (destination.route.name, destination.route.catch_all) == ("default", True)
    assert isinstance(destination.endpoint, Secret)
    assert destination.endpoint.reveal() == HOOK
    assert found.warnings == ()


def test_nothing_set_says_what_is_required() -> None:
    """A first start tells both, with where to find them."""
    told = mistakes(MAA_TENANT_ID=None, MAA_TEAMS_WEBHOOK_URL=None)

    assert [each.split(":")[0] for each in told] == ["MAA_TENANT_ID", "MAA_TEAMS_WEBHOOK_URL"]
    assert "Entra" in told[0]
    assert "Workflows" in told[1]


def test_every_mistake_is_told_at_once() -> None:
    """Nobody mends one setting per deployment."""
    told = mistakes(
        MAA_TENANT_ID="common",
        MAA_TENANT_NAME="x" * 61,
        MAA_CLIENT_ID="app",
        MAA_CLIENT_SECRET="a\tb",
        MAA_MANAGED_IDENTITY_CLIENT_ID="it",
        MAA_CLOUD="mars",
        MAA_GRAPH_URL="graph",
        MAA_AUTHORITY_URL="ftp://x",
        MAA_ALLOW_HOSTS="*.example",
        MAA_STATE="somewhere",
        MAA_TABLE_NAME="1",
        MAA_TEAMS_WEBHOOK_URL="x",
        MAA_DESTINATIONS="{}",
        MAA_REMINDERS="soon",
        MAA_COMPLETE_REMINDERS="50%",
        MAA_WATCH="perhaps",
        MAA_WATCH_EVERY="2h",
        MAA_WATCH_ALLOW="[{}]",
        MAA_TIME_ZONE="CET+1",
        MAA_QUIET_HOURS="25:00-07:00",
        MAA_TICKET_LINK="http://x/{}",
        MAA_TICKET_PATTERN="(a+)+",
        MAA_DIGEST_ABOVE="many",
        MAA_HEARTBEAT_DAYS="81",
        MAA_SUMMARY="soon",
        MAA_PING_URL="http://monitor.example/x",
        MAA_RETENTION_DAYS="7",
        MAA_POLL_SCHEDULE="hourly",
        MAA_POSTURE="perhaps",
        MAA_POSTURE_EVERY="5m",
        MAA_POSTURE_ACCEPT="{}",
        MAA_GLOBAL_ADMINS="many",
        MAA_CLIENT_CERTIFICATE_PATH="/nowhere/key.pem",
        MAA_ACCESS_TOKEN="a b",
        MAA_APPROVERS="maybe",
        MAA_APPROVERS_EVERY="59s",
        MAA_REQUESTOR_CHAT="perhaps",
        MAA_APPROVER_CHAT="perhaps",
        MAA_BOT_CLIENT_ID="me",
        MAA_BOT_ACCESS_TOKEN="a b",
        MAA_BOT_COMMANDS="1",
        MAA_LOG_FORMAT="yaml",
    )
    names = {each.split(":")[0] for each in told}

    assert names == set(BY_NAME) - {"MAA_TENANTS"}


def test_a_fleet_is_not_one_tenant() -> None:
    """Which tenant is meant is the first question; what its settings lack can only be said after it."""
    [told] = mistakes(MAA_TENANTS='[{"tenant_id": "contoso.com"}]', MAA_CLOUD="mars")

    assert told.startswith("MAA_TENANTS: names many tenants")
    assert "--tenant" in told


def test_an_app_registration_may_trust_the_managed_identity() -> None:
    """Then no secret is needed; which app it is has to be said, and an identity has an id."""
    identity = "0b1d4f9a-0000-4000-8000-000000000009"

    assert (
        read(MAA_MANAGED_IDENTITY_CLIENT_ID=identity, MAA_CLIENT_ID=TENANT).managed_identity_client_id
        == identity
    )
    assert mistakes(MAA_MANAGED_IDENTITY_CLIENT_ID=identity)[0].startswith("MAA_CLIENT_ID: is required")
    assert mistakes(MAA_MANAGED_IDENTITY_CLIENT_ID="it", MAA_CLIENT_ID=TENANT)[0].count("a GUID") == 1


def test_an_error_counts_and_lists_its_mistakes() -> None:
    """The text that a person reads names every setting on a line of its own."""
    with pytest.raises(SettingsError) as one:
        read(MAA_CLOUD="mars")
    with pytest.raises(SettingsError) as two:
        read(MAA_CLOUD="mars", MAA_TENANT_ID="")

    assert str(one.value).startswith("1 setting is wrong:\n  - MAA_CLOUD: must be one of global, usgov")
    assert str(two.value).splitlines()[0] == "2 settings are wrong:"
    assert len(str(two.value).splitlines()) == 3


@pytest.mark.parametrize("value", [TENANT, TENANT.upper(), "contoso.onmicrosoft.com", f"  {TENANT} "])
def test_a_tenant_is_an_id_or_a_domain(value: str) -> None:
    """The state of one tenant does not fall apart because somebody wrote its id in capitals."""
    assert read(MAA_TENANT_ID=value).tenant_id == value.strip().lower()


@pytest.mark.parametrize(
    "value", ["common", "Organizations", "consumers", "a/b", "a b", "-x", "x" * 129, "é"]
)
def test_an_invalid_tenant_is_refused(value: str) -> None:
    """Signing in for 'common' would fail later and less clearly."""
    assert mistakes(MAA_TENANT_ID=value) == [
        "MAA_TENANT_ID: must be one tenant's id (a GUID) or its domain name"
    ]


@pytest.mark.parametrize(
    "cloud,graph,portal",
    [
        ("global", "https://graph.microsoft.com", "https://intune.microsoft.com/"),
        ("USGov", "https://graph.microsoft.us", "https://intune.microsoft.us/"),
        ("dod", "https://dod-graph.microsoft.us", "https://intune.microsoft.us/"),
        ("china", "https://microsoftgraph.chinacloudapi.cn", "https://portal.azure.cn/"),
    ],
)
def test_addresses_follow_the_cloud(cloud: str, graph: str, portal: str) -> None:
    """One word moves Graph, sign-in and the button of every card."""
    found = read(MAA_CLOUD=cloud)

    assert (found.graph_url, found.authority_url) == (graph, found.cloud.authority)
    assert found.cloud.approvals_url.startswith(portal)


@pytest.mark.parametrize("name", ["MAA_GRAPH_URL", "MAA_AUTHORITY_URL"])
@pytest.mark.parametrize(
    "value,kept",
    [
        ("https://graph.example", "https://graph.example"),
        ("https://graph.example/", "https://graph.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_origin_may_be_replaced(name: str, value: str, kept: str) -> None:
    """A test server or a proxy can stand in, in plain http on this machine only."""
    found = read(**{name: value})

    assert kept in {found.graph_url, found.authority_url}


@pytest.mark.parametrize("name", ["MAA_GRAPH_URL", "MAA_AUTHORITY_URL"])
@pytest.mark.parametrize(
    "value,problem",
    [
        ("https://graph.microsoft.com/beta", "must be an origin only"),
        ("https://graph.microsoft.com?x=1", "must be an origin only"),
        ("https://graph.microsoft.com#x", "must be an origin only"),
        ("http://graph.microsoft.com", "must begin with https://"),
        ("http://127.0.0.1.evil.example", "must begin with https://"),
        ("https://user:pass@graph.microsoft.com", "must not hold a user name"),
        ("https://graph.microsoft.com:99999", "is not a URL"),
        ("https://", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("graph.microsoft.com", "is not a URL"),
        ("https://gräph.example", "is not a URL"),
        ("https://graph .example", "is not a URL"),
    ],
)
def test_an_invalid_origin_is_refused(name: str, value: str, problem: str) -> None:
    """A token is never sent to an address that was mistyped, nor in plain text over a network."""
    [told] = mistakes(**{name: value})

    assert told.startswith(f"{name}: {problem}")


@pytest.mark.parametrize(
    "value,attribute,expected",
    [
        ("sqlite:///state.db", "sqlite_path", Path("state.db")),
        ("sqlite:////var/lib/maa.db", "sqlite_path", Path("/var/lib/maa.db")),
        ("https://maa.table.core.windows.net", "table_endpoint", "https://maa.table.core.windows.net"),
        ("https://maa.table.core.windows.net/", "table_endpoint", "https://maa.table.core.windows.net"),
        (
            "https://maa.table.core.chinacloudapi.cn",
            "table_endpoint",
            "https://maa.table.core.chinacloudapi.cn",
        ),
    ],
)
def test_the_state_may_be_a_file_or_a_table(value: str, attribute: str, expected: object) -> None:
    """One setting moves the state from a laptop to Azure."""
    assert getattr(read(MAA_STATE=value).state, attribute) == expected


@pytest.mark.parametrize(
    "value",
    [
        "UseDevelopmentStorage=true",
        "DefaultEndpointsProtocol=https;AccountName=maa;AccountKey=a2V5;EndpointSuffix=core.windows.net",
        "TableEndpoint=https://maa.table.core.windows.net/;SharedAccessSignature=sv=1&sig=x",
        "accountname=maa;accountkey=a2V5",
    ],
)
def test_the_state_may_be_a_connection_string(value: str) -> None:
    """What the portal offers to copy is taken as it is, and kept as a secret."""
    secret = read(MAA_STATE=value).state.connection_string

    assert secret is not None
    assert secret.reveal() == value


@pytest.mark.parametrize(
    "value",
    [
        "sqlite:///",
        "sqlite://state.db",
        "state.db",
        "http://maa.table.core.windows.net",
        "https://maa.blob.core.windows.net",
        "https://maa.table.core.windows.net/MaaNotify",
        "https://maa.table.core.windows.net?sv=1&sig=x",
        "AccountName=maa",
        "AccountKey=a2V5",
        "UseDevelopmentStorage=false",
    ],
)
def test_a_state_that_cannot_be_is_refused(value: str) -> None:
    """The three forms are named; nothing is written where nobody would look."""
    [told] = mistakes(MAA_STATE=value)

    assert told.startswith(
        "MAA_STATE: must be sqlite:///FILE, a storage connection string, or https://ACCOUNT"
    )


@pytest.mark.parametrize("value", ["sqlite:///state.db", "", None])
def test_a_file_is_refused_inside_azure(value: str | None) -> None:
    """A Function's disk is forgotten, and with it what was announced: better not to start."""
    [told] = mistakes(**{**IN_AZURE, "MAA_STATE": value})

    assert told.startswith("MAA_STATE: must be https://ACCOUNT.table.core.windows.net inside Azure")


def test_a_function_with_its_identity_is_right() -> None:
    """What the deployment sets is taken without a warning, and holds no secret but the webhook."""
    found = read(**IN_AZURE)

    assert found.state.table_endpoint == "https://maa.table.core.windows.net"
    assert found.warnings == ()
    assert found.client_secret is None


@pytest.mark.parametrize("value", ["a", "1table", "Maa-Notify", "x" * 64, "Tabelle_1", "ä" * 5])
def test_a_table_name_that_azure_refuses_is_refused_here(value: str) -> None:
    """The rule is told at the start instead of at the first write."""
    assert mistakes(MAA_TABLE_NAME=value) == ["MAA_TABLE_NAME: must be 3 to 63 letters and digits"]


def test_credentials_of_an_app_are_read(tmp_path: Path) -> None:
    """Outside Azure an app registration signs in with a secret or with a certificate."""
    certificate = tmp_path / "key.pem"
    certificate.write_text("x")
    with_secret = read(MAA_CLIENT_ID=APP, MAA_CLIENT_SECRET="s3cret")
    with_certificate = read(MAA_CLIENT_ID=APP, MAA_CLIENT_CERTIFICATE_PATH=str(certificate))

    assert with_secret.client_secret is not None
    assert with_secret.client_secret.reveal() == "s3cret"
    assert with_certificate.client_certificate_path == certificate


def test_a_secret_and_a_certificate_contradict_each_other(tmp_path: Path) -> None:
    """Which of the two signs in is not left to chance."""
    (tmp_path / "key.pem").write_text("x")
    told = mistakes(
        MAA_CLIENT_ID=APP, MAA_CLIENT_SECRET="x", MAA_CLIENT_CERTIFICATE_PATH=str(tmp_path / "key.pem")
    )

    assert told == ["MAA_CLIENT_SECRET: give this or MAA_CLIENT_CERTIFICATE_PATH, not both"]


def test_a_secret_needs_an_application() -> None:
    """A secret alone signs nobody in."""
    [told] = mistakes(MAA_CLIENT_SECRET="x")

    assert told.startswith("MAA_CLIENT_ID: is required")


@pytest.mark.parametrize(
    "value", ["/nowhere/key.pem", "/", "-----BEGIN PRIVATE KEY-----\n" + "MIIE" * 900, "a\0b"]
)
def test_a_certificate_that_is_no_file_is_refused(value: str) -> None:
    """Whoever pastes the key itself is told that a path is wanted, without seeing it again."""
    told = mistakes(MAA_CLIENT_ID=APP, MAA_CLIENT_CERTIFICATE_PATH=value)

    assert [each.split("; it holds")[0] for each in told] == [
        "MAA_CLIENT_CERTIFICATE_PATH: there is no such file; give the path, not the certificate"
    ]


def test_a_ready_token_is_for_first_tries_only() -> None:
    """It works by hand and is refused in Azure, where it would expire in the night."""
    token = read(MAA_ACCESS_TOKEN="ey.J.x").access_token
    [told] = mistakes(**IN_AZURE, MAA_ACCESS_TOKEN="ey.J.x")

    assert token is not None
    assert token.reveal() == "ey.J.x"
    assert told.startswith("MAA_ACCESS_TOKEN: is for first tries and tests only")


@pytest.mark.parametrize("value", ["ey J", "ey\nJ", "éy"])
def test_a_broken_token_is_refused(value: str) -> None:
    """A line break from the clipboard shows at the start, not as an odd HTTP error."""
    [told] = mistakes(MAA_ACCESS_TOKEN=value)

    assert told.startswith("MAA_ACCESS_TOKEN: has characters that no token has")


@pytest.mark.parametrize(
    "url",
    [
        "https://contoso.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4",
        "https://webhook.office.com/x",
        "https://outlook.office.com/webhook/1",
        "https://outlook.office365.com/webhook/1",
        "https://CONTOSO.WEBHOOK.OFFICE.COM/x",
    ],
)
def test_a_retired_connector_is_refused_with_the_way_out(url: str) -> None:
    """Such an address fails silently for ever: the message says what has come in its place."""
    for told in (
        mistakes(MAA_TEAMS_WEBHOOK_URL=url),
        mistakes(MAA_DESTINATIONS=destinations(entry(webhook_url=url))),
    ):
        assert "retired" in told[0]
        assert "Workflows" in told[0]


@pytest.mark.parametrize(
    "url,problem",
    [
        ("http://prod-01.logic.azure.com/x?sig=y", "must begin with https://"),
        ("prod-01.logic.azure.com", "is not a URL"),
        ("https://user@prod-01.logic.azure.com/?sig=y", "must not hold a user name"),
        ("https://prod 01.logic.azure.com/?sig=y", "is not a URL"),
    ],
)
def test_a_webhook_that_is_no_url_is_refused(url: str, problem: str) -> None:
    """A mistyped webhook is found at the start, wherever it stands."""
    [told] = mistakes(MAA_TEAMS_WEBHOOK_URL=url)
    [listed] = mistakes(MAA_DESTINATIONS=destinations(entry(webhook_url=url)))

    assert told.startswith(f"MAA_TEAMS_WEBHOOK_URL: {problem}")
    assert listed.startswith(f"MAA_DESTINATIONS: entry 1 (ops): {problem}")


@pytest.mark.parametrize(
    "url",
    [
        HOOK,
        "https://default0123.45.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/1?sig=x",
        "https://shape.not.invented.yet.example/new/form?sig=x",
        "http://127.0.0.1:9000/hook",
        "http://localhost:9000/hook",
    ],
)
def test_a_webhook_of_any_shape_is_taken(url: str) -> None:
    """Microsoft changed the shape twice and broke those who looked too closely."""
    assert read(MAA_TEAMS_WEBHOOK_URL=url).warnings == ()


def test_a_webhook_that_wants_a_sign_in_is_warned_of() -> None:
    """Without 'sig=' the flow will answer 401; that is worth a word before the first card is lost."""
    [warning] = read(MAA_TEAMS_WEBHOOK_URL="https://prod-01.logic.azure.com/workflows/1").warnings

    assert warning.startswith("MAA_TEAMS_WEBHOOK_URL: the URL has no 'sig=' part")


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize(
    "value", ["@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/s)", "@microsoft.keyvault(x)"]
)
def test_an_unresolved_reference_is_named(name: str, value: str) -> None:
    """A missing role on the Key Vault is told as that, once, and not as a strange value."""
    told = mistakes(**{name: value})

    assert [each for each in told if each.startswith(f"{name}: ")] == told[:1]
    assert "Key Vault Secrets User" in told[0]


def test_a_reference_inside_json_is_explained() -> None:
    """The platform resolves whole settings only."""
    [told] = mistakes(MAA_DESTINATIONS=destinations(entry(webhook_url="@Microsoft.KeyVault(SecretUri=x)")))

    assert "must be the whole of a setting" in told


def test_destinations_are_read_in_order() -> None:
    """Each entry with what it wants to hear; words count in any case."""
    found = read(
        MAA_DESTINATIONS=destinations(
            entry(name="devices", policy_types=["DEVICEWIPE", "deviceRetire"]),
            entry(name="Out comes_1.0", events=["approved", "Status_Changed"]),
        )
    )

    assert [(each.name, each.policy_types, each.events, each.catch_all) for each in found.routes] == [
        ("devices", frozenset({"deviceWipe", "deviceRetire"}), frozenset(), False),
        ("Out comes_1.0", frozenset(), frozenset({"approved", "status_changed"}), False),
        ("default", frozenset(), frozenset(), True),
    ]


def test_destinations_alone_are_enough() -> None:
    """Without a default webhook, if one entry hears everything."""
    found = read(MAA_TEAMS_WEBHOOK_URL=None, MAA_DESTINATIONS=destinations(entry()))

    assert [each.route.name for each in found.destinations] == ["ops"]
    assert found.warnings == ()


def test_destinations_that_leave_something_out_are_warned_of() -> None:
    """Where every channel is choosy, some request will one day be heard by nobody."""
    choosy = destinations(
        entry(events=["created"]), entry(name="b", policy_types=["app"], webhook_url=OTHER_HOOK)
    )

    [warning] = read(MAA_TEAMS_WEBHOOK_URL=None, MAA_DESTINATIONS=choosy).warnings

    assert "posted nowhere" in warning


@pytest.mark.parametrize("word", POLICY_TYPES)
def test_every_policy_type_can_be_routed(word: str) -> None:
    """All types that cards know, the two unknown ones included."""
    assert read(MAA_DESTINATIONS=destinations(entry(policy_types=[word]))).routes[0].policy_types == {word}


@pytest.mark.parametrize("word", EVENT_NAMES)
def test_every_event_can_be_routed(word: str) -> None:
    """All events and statuses that cards know."""
    assert read(MAA_DESTINATIONS=destinations(entry(events=[word]))).routes[0].events == {word}


@pytest.mark.parametrize(
    "value,problem",
    [
        ("ops", "must be a JSON list"),
        ("{}", "must be a JSON list"),
        ("[" * 100_000, "must be a JSON list"),
        ("[7]", "entry 1 must be an object"),
        (destinations(entry(), "x"), "entry 2 must be an object"),
        (destinations(entry(name=None)), "entry 1: 'name' must be"),
        (destinations(entry(name="Default")), "entry 1: 'name' must be"),
        (destinations(entry(name="a/b")), "entry 1: 'name' must be"),
        (destinations(entry(name="x" * 41)), "entry 1: 'name' must be"),
        (destinations({"name": "ops"}), "entry 1 (ops): 'webhook_url' is required"),
        (destinations(entry(webhook_url=7)), "entry 1 (ops): 'webhook_url' is required"),
        (destinations(entry(policy_types=APP)), "entry 1 (ops): 'policy_types' must be a list of words"),
        (destinations(entry(events=[1])), "entry 1 (ops): 'events' must be a list of words"),
        (
            destinations(entry(policy_types=["deviceWhipe"])),
            "entry 1 (ops): 'deviceWhipe' is no word of 'policy_types'; did you mean 'deviceWipe'?",
        ),
        (
            destinations(entry(events=["aproved"])),
            "entry 1 (ops): 'aproved' is no word of 'events'; did you mean 'approved'?",
        ),
        (destinations(entry(events=["zzz"])), "entry 1 (ops): 'zzz' is no word of 'events'"),
        (destinations(entry(event=["created"])), "entry 1: 'event' is not known; did you mean 'events'?"),
        (destinations(entry(), entry()), "the name 'ops' is given twice"),
    ],
    ids=lambda value: value[:40],
)
def test_a_wrong_destination_is_named(value: str, problem: str) -> None:
    """The entry, what is wrong with it, and the word that was probably meant."""
    told = mistakes(MAA_DESTINATIONS=value)

    assert [each for each in told if each.startswith(f"MAA_DESTINATIONS: {problem}")] == told


def test_all_mistakes_of_a_destination_are_told() -> None:
    """An entry without a name is still looked through."""
    told = mistakes(MAA_DESTINATIONS=destinations({"name": "", "url": HOOK, "events": ["x"]}, {"name": ""}))

    assert len(told) == 6


@pytest.mark.parametrize("value", ["", "  "])
def test_no_reminders_means_never(value: str) -> None:
    """An empty setting is an answer, not a missing one."""
    assert read(MAA_REMINDERS=value).reminders == ()


def test_wrong_reminders_are_told_with_an_example() -> None:
    """The stage that cannot be read is shown."""
    assert mistakes(MAA_REMINDERS="24h, soon") == [
        "MAA_REMINDERS: 'soon' is neither a share such as 50% nor a time left such as 24h, 30m or 2d"
    ]


@pytest.mark.parametrize(
    "name,attribute,value",
    [
        ("MAA_DIGEST_ABOVE", "digest_above", 1),
        ("MAA_DIGEST_ABOVE", "digest_above", 10_000),
        ("MAA_HEARTBEAT_DAYS", "heartbeat_days", 0),
        ("MAA_HEARTBEAT_DAYS", "heartbeat_days", 80),
        ("MAA_RETENTION_DAYS", "retention_days", 35),
        ("MAA_RETENTION_DAYS", "retention_days", 3_650),
    ],
)
def test_a_number_within_its_limits_is_taken(name: str, attribute: str, value: int) -> None:
    """The lowest and the highest that the documentation names are allowed."""
    assert getattr(read(**{name: str(value)}), attribute) == value


@pytest.mark.parametrize(
    "value", ["0", "-1", "10001", "five", "1.5", "٥", "1" * 5_000, "000001" + "0" * 5_000]
)
def test_a_digest_of_no_number_is_refused(value: str) -> None:
    """Zero would make a digest of every single card."""
    assert mistakes(MAA_DIGEST_ABOVE=value) == ["MAA_DIGEST_ABOVE: must be a whole number from 1 to 10000"]


@pytest.mark.parametrize("name,value", [("MAA_HEARTBEAT_DAYS", "81"), ("MAA_RETENTION_DAYS", "34")])
def test_a_number_beyond_its_limits_is_refused(name: str, value: str) -> None:
    """A flow dies after 90 quiet days and Intune lists closed requests for 30: both limits keep clear."""
    [told] = mistakes(**{name: value})

    assert told.startswith(f"{name}: must be a whole number from ")


def test_a_name_nobody_knows_is_warned_of() -> None:
    """A typing error in a name does not go unnoticed, and a setting of a later version stops nothing."""
    found = read(MAA_TEAM_WEBHOOK_URL=HOOK, MAA_WEATHER="2", PATH="/bin")

    assert found.warnings == (
        "MAA_TEAM_WEBHOOK_URL is not a setting of this version; did you mean 'MAA_TEAMS_WEBHOOK_URL'?",
        *(each for each in found.warnings if each.startswith("MAA_WEATHER is not a setting")),
    )
    assert len(found.warnings) == 2


def shown_of(environ: dict[str, str]) -> str:
    """Everything that could be printed of these settings: right ones, or the error with its causes."""
    try:
        found = read_settings(environ)
    except SettingsError as error:
        causes = [error, error.__cause__, error.__context__]
        return " ".join(f"{each} {each!r}" for each in causes) + repr(error.mistakes)
    return f"{found} {found!r} {found.warnings} {found.destinations} {found.state}"


SECRET = "Zq9secretZq9"
PLACES: dict[str, list[str]] = {
    "MAA_CLIENT_SECRET": [SECRET, f"{SECRET} x", f"@Microsoft.KeyVault({SECRET})"],
    "MAA_BOT_ACCESS_TOKEN": [SECRET, f"{SECRET} {SECRET}"],
    "MAA_ACCESS_TOKEN": [SECRET, f"{SECRET}\n{SECRET}", f"é{SECRET}"],
    "MAA_STATE": [
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={SECRET}",
        f"AccountKey={SECRET}",
        f"https://a.table.core.windows.net?sig={SECRET}",
        f"https://x:{SECRET}@a.table.core.windows.net",
        SECRET,
    ],
    "MAA_TEAMS_WEBHOOK_URL": [
        f"https://h.example/?sig={SECRET}",
        f"https://h.example/{SECRET}",
        f"http://h.example/?sig={SECRET}",
        f"https://x:{SECRET}@h.example",
        f"https://a.webhook.office.com/{SECRET}",
        f"https://[{SECRET}",
        SECRET,
    ],
    "MAA_PING_URL": [
        f"https://h.example/{SECRET}",
        f"http://h.example/{SECRET}",
        f"https://x:{SECRET}@h.example",
        f"{SECRET}\n",
    ],
    "MAA_GRAPH_URL": [f"https://x:{SECRET}@graph.example", f"https://graph.example/?t={SECRET}"],
    "MAA_AUTHORITY_URL": [f"https://x:{SECRET}@login.example"],
    "MAA_CLIENT_CERTIFICATE_PATH": [f"-----BEGIN PRIVATE KEY-----\n{SECRET}"],
    "MAA_DESTINATIONS": [
        destinations(entry(webhook_url=f"https://h.example/?sig={SECRET}")),
        destinations(entry(webhook_url=f"http://h.example/?sig={SECRET}")),
        destinations(entry(webhook_url=SECRET)),
        destinations(entry(name=f"https://h.example/?sig={SECRET}")),
        destinations(entry(events=[f"https://h.example/?sig={SECRET}"])),
        destinations({f"https://h.example/?sig={SECRET}": 1}),
        destinations(entry(to=f"https://h.example/?sig={SECRET}")),
        destinations(entry(mentions={f"https://h.example/?sig={SECRET}": []})),
        destinations(f"https://h.example/?sig={SECRET}"),
        f"https://h.example/?sig={SECRET}",
        f'[{{"name": "ops", "webhook_url": "https://h.example/?sig={SECRET}"',
    ],
}


def test_every_secret_has_been_tried_in_wrong_places() -> None:
    """A setting that is added as a secret is added above, too, where nothing of it may show."""
    assert {row.name for row in SETTINGS if row.secret} - {TENANTS} <= set(PLACES)


@settings(max_examples=200)
@given(
    st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in PLACES.items()}),
    st.booleans(),
)
def test_no_secret_is_ever_shown(given_ones: dict[str, str], in_azure: bool) -> None:
    """Whatever is set, right, wrong or in the wrong place: no message and no print holds a secret."""
    where = {"WEBSITE_SITE_NAME": "func"} if in_azure else {}

    assert SECRET not in shown_of({"MAA_TENANT_ID": TENANT, **given_ones, **where})


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(list(BY_NAME)), st.text(max_size=40), max_size=6))
def test_any_value_is_read_or_refused(environ: dict[str, str]) -> None:
    """Nobody sees a traceback for what they typed."""
    assert shown_of(environ)


AIKO, OSKAR = "aiko.mori@contoso.com", "173a2634-0007-4274-af00-000000000007"
TOO_MANY = [f"person{number}@contoso.com" for number in range(21)]


def test_people_to_mention_belong_to_their_destination() -> None:
    """By user principal name or object id, when a decision is asked for; without them nobody is mentioned."""
    found = read(MAA_DESTINATIONS=destinations(entry(mentions=[AIKO, OSKAR]), entry(name="all"))).destinations

    assert found[0].mentions == {"needsApproval": (AIKO, OSKAR), "reminder": (AIKO, OSKAR)}
    assert found[1].mentions == {}


def test_people_can_be_mentioned_by_event() -> None:
    """Whatever the case of the words; the same word in two spellings adds up."""
    people = {
        "created": [AIKO],
        "Created": [OSKAR],
        "REJECTED": [AIKO],
        "complete_reminder": [],
        "expiring": [],
    }

    [found, _] = read(MAA_DESTINATIONS=destinations(entry(mentions=people))).destinations

    assert found.mentions == {"created": (AIKO, OSKAR), "rejected": (AIKO,)}


@pytest.mark.parametrize(
    "people,problem",
    [
        (AIKO, "must be a list of user principal names, Entra object ids or @approvers"),
        (["everybody"], "must be a list of user principal names"),
        ([7], "must be a list of user principal names"),
        ({"created": AIKO}, "must be a list of user principal names"),
        ({"created": [AIKO], "rejected": ["everybody"]}, "must be a list of user principal names"),
        (TOO_MANY, "may name up to 20 people in all"),
        ({word: TOO_MANY[at::2] for at, word in enumerate(("created", "expired"))}, "may name up to 20"),
    ],
)
def test_whoever_cannot_be_mentioned_is_refused(people: object, problem: str) -> None:
    """A typo would otherwise ring nobody, and nobody would know."""
    [told] = mistakes(MAA_DESTINATIONS=destinations(entry(mentions=people)))

    assert told.startswith(f"MAA_DESTINATIONS: entry 1 (ops): 'mentions' {problem}")


def test_those_who_can_decide_can_be_mentioned_where_somebody_knows_them() -> None:
    """The word stands beside people; with the setting off it would ring nobody, so that is refused."""
    given = destinations(entry(mentions=["aiko.mori@contoso.com", "@approvers"]))

    [destination, *_] = read(MAA_DESTINATIONS=given, MAA_APPROVERS="ON").destinations
    [told] = mistakes(MAA_DESTINATIONS=given)

    assert destination.mentions["reminder"] == ("aiko.mori@contoso.com", "@approvers")
    assert told.startswith("MAA_APPROVERS: must be on for the mention @approvers")


def test_a_mistyped_event_to_mention_people_is_named() -> None:
    """With the word that was meant, as in 'events'."""
    told = mistakes(MAA_DESTINATIONS=destinations(entry(mentions={"creatd": [AIKO], "zzz": []})))

    assert told == [
        "MAA_DESTINATIONS: entry 1 (ops): 'creatd' is no word of 'mentions'; did you mean 'created'?",
        "MAA_DESTINATIONS: entry 1 (ops): 'zzz' is no word of 'mentions'",
    ]


def test_a_chat_with_the_requestor_hears_what_requestors_want() -> None:
    """Decisions and the calls to act, not that the own request was created; unless the settings say so."""
    chat, choosy, channel, _ = read(
        MAA_DESTINATIONS=destinations(
            entry(name="chat", to="requestor"),
            entry(name="choosy", to="requestor", events=["completed"]),
            entry(name="channel", to="channel"),
        )
    ).routes

    assert [each.to_requestor for each in (chat, choosy, channel)] == [True, True, False]
    assert chat.events == {"approved", "rejected", "expired", "expiring", "complete_reminder"}
    assert choosy.events == {"completed"}
    assert channel.events == set()


@pytest.mark.parametrize(
    "changes,problem",
    [
        ({"to": "requester"}, "'to' must be 'channel' or 'requestor'; did you mean 'requestor'?"),
        ({"to": ["requestor"]}, "'to' must be 'channel' or 'requestor'"),
        ({"to": None}, "'to' must be 'channel' or 'requestor'"),
        (
            {"to": "requestor", "mentions": [AIKO]},
            "'mentions' are for channels; a chat notifies its one person anyway",
        ),
    ],
)
def test_a_wrong_chat_is_refused(changes: dict[str, Any], problem: str) -> None:
    """A misread 'to' would post a person's news into a channel, or the other way round."""
    told = mistakes(MAA_DESTINATIONS=destinations(entry(**changes)))

    assert told == [f"MAA_DESTINATIONS: entry 1 (ops): {problem}"]


def test_a_chat_does_not_hear_for_everybody() -> None:
    """Chats come in addition: with nothing else, most news reach nobody, and that is said."""
    chat = destinations(entry(to="requestor"))

    assert "posted nowhere" in read(MAA_TEAMS_WEBHOOK_URL=None, MAA_DESTINATIONS=chat).warnings[0]


@pytest.mark.parametrize("value,names", [("", []), ("4h,24h", ["4h", "24h"]), (" 30M, 2d ", ["30m", "2d"])])
def test_reminders_to_complete_are_times(value: str, names: list[str]) -> None:
    """Counted from the approval; by default there are none."""
    assert [stage.name for stage in read(MAA_COMPLETE_REMINDERS=value).complete_reminders] == names


TICKETS = {"MAA_TICKET_LINK": "https://tickets.example/t/{}?x=1#y", "MAA_TICKET_PATTERN": r"INC-\d{4,8}"}


def test_ticket_numbers_lead_to_the_operator_s_own_address() -> None:
    """An address and a pattern together make links; without them there are none."""
    given = read(**TICKETS)

    assert given.tickets == TicketLinks(*TICKETS.values())
    assert read().tickets is None


@pytest.mark.parametrize("name", TICKETS)
def test_an_address_of_tickets_needs_a_pattern_and_the_other_way_round(name: str) -> None:
    """One without the other would be a setting that does nothing."""
    other = next(each for each in TICKETS if each != name)

    assert mistakes(**{name: TICKETS[name]}) == [f"{other}: is required with {name}"]


@pytest.mark.parametrize(
    "address",
    [
        "http://tickets.example/{}",
        "http://127.0.0.1/{}",
        "//tickets.example/{}",
        "javascript:{}",
        "{}",
        "https://{}/",
        "https://{}.example/",
        "https://tickets.example{}",
        "https://tickets.example?{}",
        "https://tickets.example/",
        "https://tickets.example/{}/{}",
        "https://tickets.example/{x}",
        "https://tickets.example/{}{",
        "https://user@tickets.example/{}",
        "https://tickets.example/ü/{}",
        "https://tickets.example/" + "x" * 300 + "{}",
    ],
)
def test_the_host_of_tickets_stands_before_the_number(address: str) -> None:
    """Nothing that a requestor writes can choose where a link leads."""
    [told] = mistakes(**{**TICKETS, "MAA_TICKET_LINK": address})

    assert told.startswith("MAA_TICKET_LINK: must ")


@pytest.mark.parametrize("value", ["50%", "4h,90%", "4", "soon", "0h"])
def test_reminders_to_complete_know_no_shares(value: str) -> None:
    """Nobody knows how long an approval will last, so there is nothing to take a share of."""
    [told] = mistakes(MAA_COMPLETE_REMINDERS=value)

    assert told.startswith("MAA_COMPLETE_REMINDERS: must be a list of times after the approval, such as 4h")


@pytest.mark.parametrize("value", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"])
def test_a_time_zone_has_its_iana_name(value: str) -> None:
    """Found on any system, with files of its own or without."""
    assert read(MAA_TIME_ZONE=value).time_zone == value


@pytest.mark.parametrize(
    "value,hint",
    [
        ("europe/berlim", "; did you mean 'Europe/Berlin'?"),
        ("Europe", "; did you mean 'Europe/Rome'?"),
        ("+02:00", ""),
        ("../../etc/passwd", ""),
        ("x" * 5_000, ""),
    ],
    ids=lambda value: value[:30],
)
def test_a_time_zone_that_nobody_knows_is_refused(value: str, hint: str) -> None:
    """With the nearest name, if any is near."""
    [told] = mistakes(MAA_TIME_ZONE=value)

    assert told == f"MAA_TIME_ZONE: must be an IANA name such as Europe/Berlin{hint}"


@pytest.mark.parametrize(
    "value,cards,zone,hour",
    [
        ("22:00-07:00", "", None, 7),
        ("22:00-07:00", "Europe/Berlin", "Europe/Berlin", 5),
        ("22:00-07:00 UTC", "Europe/Berlin", "UTC", 7),
    ],
    ids=["UTC", "that of cards", "one of their own"],
)
def test_quiet_hours_go_by_their_own_zone_or_that_of_cards(
    value: str, cards: str, zone: str | None, hour: int
) -> None:
    """Whoever has named a zone for the times on cards need not name it again."""
    quiet = read(MAA_QUIET_HOURS=value, MAA_TIME_ZONE=cards).quiet_hours

    assert zone == (None if quiet.zone is None else str(quiet.zone))
    assert quiet.until(datetime(2026, 8, 18, 23, tzinfo=UTC)) == datetime(2026, 8, 19, hour, tzinfo=UTC)


def test_without_the_setting_no_hour_is_quiet() -> None:
    """Nor with a time zone alone."""
    assert read(MAA_TIME_ZONE="Europe/Berlin").quiet_hours == QuietHours()


@pytest.mark.parametrize(
    "value,problem",
    [
        ("22:00-07:00 Satt", "has 'Satt', which is neither days nor hours; a time zone must be an IANA name"),
        ("Sat Europe/Berlim", "such as Europe/Berlin; did you mean 'Europe/Berlin'?"),
        ("Sat W. Europe Standard Time", "this is what Windows calls Europe/Berlin"),
        ("22-7", "must be spans such as 22:00-07:00; Sat,Sun (a semicolon between two), and '22-7' are no"),
        ("22:00-\u200b07:00", "it holds an invisible character (U+200B)"),
    ],
)
def test_quiet_hours_that_make_no_sense_are_refused(value: str, problem: str) -> None:
    """Which part it is, and what would be right."""
    [told] = mistakes(MAA_QUIET_HOURS=value)

    assert told.startswith("MAA_QUIET_HOURS: ")
    assert problem in told


BOT_ID = "7b0c54be-0000-4000-8000-000000000003"
SERVICE = "https://smba.trafficmanager.net/emea"
CHANNEL = "19:abc@thread.tacv2"


def with_bot(**changes: Any) -> str:
    """`MAA_DESTINATIONS` with one channel of the bot, changed as asked for."""
    bot = {"channel_id": CHANNEL, "service_url": SERVICE} | changes.pop("bot", {})
    return json.dumps([{"name": "ops", "bot": bot, **changes}])


def test_a_bot_writes_to_a_channel_and_to_requestors() -> None:
    """It signs in as the notifier itself, and writes to people where it writes to channels."""
    found = read(MAA_CLIENT_ID=BOT_ID, MAA_DESTINATIONS=with_bot(), MAA_REQUESTOR_CHAT="True")
    ops, _, chat = found.destinations

    assert ops.endpoint == BotAddress(SERVICE, CHANNEL)
    assert (chat.route.name, chat.route.to_requestor, chat.endpoint) == (
        "requestor chat",
        True,
        BotAddress(SERVICE),
    )
    assert found.bot == BotSettings(BOT_ID, SERVICE, None, commands=False)


def test_without_a_channel_of_its_own_a_bot_writes_to_people_by_the_clouds_address() -> None:
    """Chats alone need no more than the switch and an id."""
    found = read(MAA_BOT_CLIENT_ID=BOT_ID.upper(), MAA_REQUESTOR_CHAT="true")

    assert found.bot == BotSettings(BOT_ID, "https://smba.trafficmanager.net/teams", None, commands=False)


@pytest.mark.parametrize(
    "changes,problem",
    [
        ({"MAA_DESTINATIONS": with_bot(webhook_url=HOOK)}, "give 'webhook_url' or 'bot', not both"),
        ({"MAA_DESTINATIONS": with_bot(to="requestor")}, "MAA_REQUESTOR_CHAT has it write to requestors"),
        (
            {"MAA_DESTINATIONS": with_bot(bot={"chanel": "x"})},
            "is not known in 'bot'; did you mean 'channel_id'?",
        ),
        ({"MAA_DESTINATIONS": with_bot(bot={"channel_id": "19:a/b"})}, "'channel_id' must be a channel's id"),
        (
            {"MAA_DESTINATIONS": with_bot(bot={"service_url": "https://evil.example"})},
            "'service_url' must be the",
        ),
        (
            {"MAA_DESTINATIONS": with_bot(bot={"service_url": "http://smba.trafficmanager.net/x"})},
            "'service_url'",
        ),
        ({"MAA_DESTINATIONS": '[{"name": "ops", "bot": 1}]'}, "'bot' must be an object"),
        ({"MAA_DESTINATIONS": with_bot(), "MAA_CLIENT_ID": None}, "MAA_BOT_CLIENT_ID: is required for a bot"),
        ({"MAA_DESTINATIONS": with_bot(), "MAA_TENANT_ID": "contoso.example"}, "must be the tenant's GUID"),
        ({"MAA_REQUESTOR_CHAT": "true", "MAA_CLOUD": "china"}, "a bot is not offered in china"),
        ({"MAA_REQUESTOR_CHAT": "true", "MAA_CLOUD": "dod"}, "needs a destination with 'bot'"),
        (
            {"MAA_BOT_COMMANDS": "true", "MAA_BOT_CLIENT_ID": TENANT, "MAA_CLIENT_SECRET": "s"},
            "must be MAA_CLIENT_ID when that signs in",
        ),
        ({"MAA_BOT_ACCESS_TOKEN": "t", "WEBSITE_SITE_NAME": "x"}, "MAA_BOT_ACCESS_TOKEN: is for first tries"),
    ],
)
def test_a_bot_that_cannot_work_is_refused(changes: dict[str, Any], problem: str) -> None:
    """Its token goes to Teams' own service alone, and what it lacks is named."""
    told = mistakes(**{"MAA_CLIENT_ID": BOT_ID, **changes})

    assert any(problem in each for each in told), told


def test_each_setting_of_one_tenant_has_its_field() -> None:
    """A row of the table without a field of the model would be read and forgotten."""
    follows_from_others = {"bot", "warnings"}

    assert set(Settings.__struct_fields__) - follows_from_others == {
        row.key for row in SETTINGS if row.name != TENANTS
    }


GUID_OF_APP = "8f350000-0000-4000-8000-000000000009"
EXPECTED = {"object_id": GUID_OF_APP, "alert": "B5", "reason": "our pipeline", "until": "2027-01-31"}


def test_what_the_watch_mutes_is_read() -> None:
    """In any case of letters; the last day is included."""
    [allowed] = read(MAA_WATCH_ALLOW=json.dumps([EXPECTED | {"alert": "b5"}])).watch_allow

    assert (allowed.object_id, allowed.alert, allowed.reason) == (GUID_OF_APP, "b5", "our pipeline")
    assert allowed.until == datetime(2027, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"alert": "B12"}, "is not an alert; did you mean 'B"),
        ({"object_id": "the app"}, "must be the GUID"),
        ({"until": "soon"}, "must be a day such as 2027-01-31"),
        ({"until": None}, "'until' is required"),
        ({"reason": " "}, "'reason' is required"),
        ({"reason": "x" * 201}, "up to 200 characters"),
        ({"objectid": "1"}, "'objectid' is not known"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_what_mutes_nothing_is_refused(change: dict[str, object], problem: str) -> None:
    """With the number of the entry, and what is wrong with it."""
    [told] = mistakes(MAA_WATCH_ALLOW=json.dumps([EXPECTED, EXPECTED | change]))

    assert told.startswith("MAA_WATCH_ALLOW: entry 2: ")
    assert problem in told


def test_logs_as_json_are_refused_inside_azure() -> None:
    """The alarms there would no longer see a line, and keep quiet."""
    told = mistakes(MAA_LOG_FORMAT="json", WEBSITE_SITE_NAME="x")

    assert any(each.startswith("MAA_LOG_FORMAT: must be left out inside Azure, whose") for each in told)


CHATS = {"MAA_CLIENT_ID": BOT_ID, "MAA_APPROVERS": "on", "MAA_APPROVER_CHAT": "true"}


def test_chats_with_approvers_go_by_the_words_of_all_channels_of_the_bot() -> None:
    """A destination of its own, with a pace and a lease of its own beside the requestors' chats."""
    listed = json.loads(with_bot(policy_types=["script"])) + json.loads(
        with_bot(name="b", policy_types=["app"])
    )
    found = read(MAA_DESTINATIONS=json.dumps(listed), MAA_REQUESTOR_CHAT="true", **CHATS)

    chat = found.destinations[-1].route
    assert (chat.name, chat.to_approvers, chat.follows) == ("approver chat", True, frozenset({"ops", "b"}))
    assert chat.policy_types == {"script", "app"}
    assert not {"approver chat", "requestor chat"} & set(found.leaders)


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"MAA_DESTINATIONS": ""}, "MAA_APPROVER_CHAT: needs a destination with 'bot'"),
        ({"MAA_APPROVERS": "off"}, "MAA_APPROVER_CHAT: needs MAA_APPROVERS=on"),
        ({"MAA_APPROVER_CHAT": "on"}, "MAA_APPROVER_CHAT: must be true or false"),
    ],
)
def test_chats_with_approvers_without_what_they_take_are_refused(changed: dict[str, str], told: str) -> None:
    """Not ignored: somebody would wait for cards that never come."""
    settings = {"MAA_DESTINATIONS": with_bot(), **CHATS, **changed}

    assert [each for each in mistakes(**settings) if each.startswith(told)]
