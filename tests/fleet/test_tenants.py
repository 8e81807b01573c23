"""`MAA_TENANTS`: whose settings are whose, and one wrong entry is nobody else's trouble."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maa_notify.errors import SettingsError
from maa_notify.settings.reader import read_settings
from maa_notify.settings.startup import is_fleet
from maa_notify.settings.tenants import Tenant, TenantList, read_tenants

CONTOSO = "5f0f3c3e-0000-4000-8000-000000000001"
FABRIKAM = "5f0f3c3e-0000-4000-8000-000000000002"
APP = "0b1d4f9a-0000-4000-8000-000000000002"
IDENTITY = "0b1d4f9a-0000-4000-8000-000000000009"
HOOK = "https://prod-01.westeurope.logic.azure.com/workflows/1?sig=very-secret"
OTHER_HOOK = "https://prod-01.westeurope.logic.azure.com/workflows/2?sig=very-secret"


def entry(**fields: Any) -> dict[str, Any]:
    """A tenant with all it needs."""
    return {"tenant_id": CONTOSO, "tenant_name": "Contoso", "teams_webhook_url": HOOK, **fields}


def list_of(*entries: Any, **environ: str) -> TenantList:
    """The list as it is read beside these settings of the deployment."""
    return read_tenants({"MAA_TENANTS": json.dumps(entries), **environ})


def only(*entries: Any, **environ: str) -> Tenant:
    """The one tenant of such a list."""
    listed = list_of(*entries, **environ)
    assert listed.mistakes == ()
    [tenant] = listed.tenants
    return tenant


def mistake(*entries: Any, **environ: str) -> str:
    """The one mistake of such a list."""
    [found] = list_of(*entries, **environ).mistakes
    return str(found)


@pytest.mark.parametrize("value, expected", [("", False), ("  ", False), ("[]", True)])
def test_a_list_makes_a_fleet(value: str, expected: bool) -> None:
    """An app setting that was emptied is as good as none."""
    assert is_fleet({"MAA_TENANTS": value}) is expected
    assert not is_fleet({})


def test_an_entry_is_the_settings_of_a_tenant_on_top_of_those_for_all() -> None:
    """Text, numbers, yes and no, and lists: each as its setting is written."""
    destinations = [{"name": "ops", "webhook_url": OTHER_HOOK, "events": ["created"]}]
    tenant = only(
        entry(digest_above=9, time_zone="Europe/Berlin", destinations=destinations, requestor_chat=False),
        MAA_REMINDERS="4h",
        MAA_TIME_ZONE="UTC",
    )
    settings = read_settings(tenant.environ)

    assert (settings.tenant_id, settings.tenant_name, settings.digest_above) == (CONTOSO, "Contoso", 9)
    assert (settings.time_zone, [stage.name for stage in settings.reminders]) == ("Europe/Berlin", ["4h"])
    assert [each.route.name for each in settings.destinations] == ["ops", "default"]


def test_quiet_hours_for_all_go_by_the_zone_of_each_tenant() -> None:
    """One setting of the deployment, and a tenant whose night is another; one has hours of its own."""
    first, second = list_of(
        entry(time_zone="Asia/Tokyo"),
        entry(tenant_id=FABRIKAM, tenant_name="Fabrikam", quiet_hours="Sat,Sun"),
        MAA_QUIET_HOURS="22:00-07:00",
        MAA_TIME_ZONE="Europe/Berlin",
    ).tenants
    quiet = [read_settings(each.environ).quiet_hours for each in (first, second)]
    night, saturday = datetime(2026, 8, 18, 13, tzinfo=UTC), datetime(2026, 8, 21, 22, tzinfo=UTC)

    assert [str(each.zone) for each in quiet] == ["Asia/Tokyo", "Europe/Berlin"]
    assert [each.until(night) is not None for each in quiet] == [True, False]
    assert [each.until(saturday) is not None for each in quiet] == [False, True]


def test_tenants_do_not_see_each_other() -> None:
    """What one entry sets is not there for the next."""
    first, second = list_of(
        entry(digest_above=9, client_id=APP, client_secret="s"),
        entry(tenant_id=FABRIKAM, tenant_name="Fabrikam", teams_webhook_url=OTHER_HOOK),
    ).tenants

    assert "MAA_DIGEST_ABOVE" in first.environ
    assert not {"MAA_DIGEST_ABOVE", "MAA_CLIENT_ID", "MAA_CLIENT_SECRET", "MAA_TENANTS"} & set(second.environ)


def test_what_is_for_the_deployment_alone_is_no_tenants() -> None:
    """Questions are answered by the bot of one tenant, so a fleet has no endpoint for them."""
    assert "MAA_BOT_COMMANDS" not in only(entry(), MAA_BOT_COMMANDS="true").environ


def test_secrets_stay_in_settings_of_their_own() -> None:
    """Key Vault references work for app settings, not within a list; at any depth of an entry."""
    tenant = only(
        entry(
            client_id=APP,
            client_secret={"setting": "CONTOSO_SECRET"},
            destinations=[{"name": "ops", "webhook_url": {"setting": "CONTOSO_HOOK"}}],
        ),
        CONTOSO_SECRET="s3cret",
        CONTOSO_HOOK=OTHER_HOOK,
    )
    settings = read_settings(tenant.environ)

    assert settings.client_secret is not None
    assert settings.client_secret.reveal() == "s3cret"
    assert json.loads(tenant.environ["MAA_DESTINATIONS"])[0]["webhook_url"] == OTHER_HOOK
    assert "very-secret" not in repr(tenant)


def test_a_tenant_with_an_app_of_its_own_takes_no_credential_of_the_others() -> None:
    """A secret of another app would make a sign-in that can only be refused; the identity is for all."""
    common = {
        "MAA_CLIENT_ID": "0b1d4f9a-0000-4000-8000-000000000007",
        "MAA_CLIENT_SECRET": "of-another-app",
        "MAA_MANAGED_IDENTITY_CLIENT_ID": IDENTITY,
    }
    own, shared = list_of(entry(client_id=APP), entry(tenant_id=FABRIKAM), **common).tenants

    assert read_settings(own.environ).client_secret is None
    assert read_settings(own.environ).managed_identity_client_id == IDENTITY
    assert shared.environ["MAA_CLIENT_SECRET"] == "of-another-app"


def test_the_list_may_stand_in_a_file(tmp_path: Path) -> None:
    """A thousand tenants are too long for a setting; editors of Windows begin a file with a mark."""
    path = tmp_path / "tenants.json"
    path.write_text(json.dumps([entry()]), encoding="utf-8-sig")

    assert [each.id for each in read_tenants({"MAA_TENANTS": str(path)}).tenants] == [CONTOSO]


@pytest.mark.parametrize(
    "wrong, problem",
    [
        ("contoso.com", "entry 2 must be an object"),
        ({"tenant_name": "Contoso"}, "entry 2 needs a tenant_id"),
        ({"tenant_id": "  "}, "entry 2 needs a tenant_id"),
        ({"tenant_id": FABRIKAM, "webhook": HOOK}, "entry 2 has keys that no tenant has: webhook"),
        ({"tenant_id": FABRIKAM, "state": "sqlite:///x"}, "entry 2 has keys that no tenant has: state"),
        ({"tenant_id": FABRIKAM, "reminders": ["4h"]}, "entry 2 has a reminders that is not text"),
        (
            {"tenant_id": {"setting": "NO_SUCH"}},
            "entry 2 refers to the setting NO_SUCH, which does not exist",
        ),
        ({"tenant_id": CONTOSO.upper()}, "entry 2 has the tenant_id of an entry before it"),
    ],
)
def test_a_wrong_entry_is_told_and_the_others_stand(wrong: Any, problem: str) -> None:
    """One customer's typing error must not silence the alerts of all."""
    listed = list_of(entry(), wrong, entry(tenant_id="third.example"))

    assert [each.id for each in listed.tenants] == [CONTOSO, "third.example"]
    assert [str(each) for each in listed.mistakes] == [f"MAA_TENANTS: {problem}"]


def test_an_entry_nested_hundreds_of_levels_deep_is_one_wrong_entry() -> None:
    """Whoever may write one entry must not keep the tenants of all others from being polled.

    How deep is too deep is for the Python: a newer one reads this entry, and its destination is wrong then.
    """
    deep: dict[str, Any] = {}
    for _ in range(900):
        deep = {"webhook_url": deep}
    found = list_of(entry(), entry(tenant_id=FABRIKAM, destinations=[deep]))

    assert found.tenants[0].id == CONTOSO
    assert len(found.tenants) + len(found.mistakes) == 2
    assert {each.problem for each in found.mistakes} <= {"entry 2 is nested too deeply"}


@pytest.mark.parametrize(
    "value, problem",
    [
        ("[", "is not JSON"),
        ("[]", "must be a list with an object for each tenant"),
        ("nowhere/tenants.json", "name a file that holds one"),
        ("nul\0byte", "name a file that holds one"),
        ('{"tenant_id": "x"}', "name a file that holds one"),
        ("[" * 100_000, "is not JSON"),
        ("@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/s/)", "Key Vault reference"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(value: str, problem: str) -> None:
    """Then nobody is known, which has to be loud."""
    with pytest.raises(SettingsError, match=problem):
        read_tenants({"MAA_TENANTS": value})


@pytest.mark.parametrize("text", [CONTOSO, CONTOSO.upper(), "Contoso", " contoso "])
def test_a_tenant_is_found_by_id_or_name(text: str) -> None:
    """As people write it."""
    assert list_of(entry(), entry(tenant_id=FABRIKAM, tenant_name="")).chosen(text).id == CONTOSO


def test_a_tenant_that_is_not_there_is_said_with_those_that_are() -> None:
    """The first five: enough to see what names look like."""
    listed = list_of(*(entry(tenant_id=f"t{n}.example", tenant_name=f"T{n}") for n in range(7)))

    with pytest.raises(SettingsError, match=r"it has T0, T1, T2, T3, T4 and 2 more"):
        listed.chosen("nobody")
    with pytest.raises(SettingsError, match="it has none"):
        TenantList(()).chosen("")


GATEWAY = "https://gateway.contoso.example"


@pytest.mark.parametrize("key", ["graph_url", "authority_url"])
@pytest.mark.parametrize(
    "url",
    [
        GATEWAY,
        "https://login.microsoftonline.com.evil.example",
        "https://graph.microsoft.com.",
        "https://evil.example:443",
        "not an address",
    ],
)
@pytest.mark.parametrize("own", [{}, {"client_id": APP, "client_secret": "of-the-entry"}])
def test_no_entry_redirects_the_credential_of_the_deployment(key: str, url: str, own: dict[str, str]) -> None:
    """The assertion that would go there opens all tenants; whatever else the entry brings."""
    told = mistake(entry(**{key: url}, **own), MAA_MANAGED_IDENTITY_CLIENT_ID=IDENTITY)

    assert told.startswith(f"MAA_TENANTS: entry 1 has a {key} that is not Microsoft's")


def test_the_deployment_may_allow_a_host_to_its_entries_and_no_entry_to_itself() -> None:
    """The list of hosts is the deployment's; Microsoft's clouds need none."""
    allowed = {"MAA_ALLOW_HOSTS": "gateway.contoso.example=inspects our traffic"}

    assert read_settings(only(entry(graph_url=GATEWAY), **allowed).environ).graph_url == GATEWAY
    only(entry(graph_url="https://graph.microsoft.us", authority_url="https://login.microsoftonline.us"))
    assert mistake(entry(graph_url=GATEWAY, allow_hosts="gateway.contoso.example")).endswith("allow_hosts")


def test_this_machine_is_a_host_of_entries_on_a_laptop_alone() -> None:
    """Tests and tries need it; in Azure whatever listens there is not Microsoft."""
    local = entry(graph_url="http://127.0.0.1:9", authority_url="http://127.0.0.1:9")

    only(local)
    assert "is not Microsoft's" in mistake(local, WEBSITE_SITE_NAME="func")


@pytest.mark.parametrize(
    "name",
    [
        "MAA_CLIENT_SECRET",
        "maa_client_secret",
        "APPSETTING_MAA_CLIENT_SECRET",
        "AzureWebJobsStorage",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "IDENTITY_HEADER",
        "MSI_SECRET",
        "WEBSITE_AUTH_ENCRYPTION_KEY",
        "CUSTOMCONNSTR_state",
        "PATH",
    ],
)
@pytest.mark.parametrize("key", ["client_secret", "teams_webhook_url", "destinations"])
def test_no_entry_names_a_variable_of_the_deployment(name: str, key: str) -> None:
    """Its secrets are its own, under whatever name the platform repeats them."""
    told = mistake(entry(**{"client_id": APP, key: {"setting": name}}), **{name: "very-secret"})

    assert "which entries may not use" in told
    assert "very-secret" not in told


@pytest.mark.parametrize(
    "fields",
    [
        {"tenant_name": {"setting": "FABRIKAM_SECRET"}},
        {"tenant_id": {"setting": "FABRIKAM_SECRET"}},
        {"ticket_link": {"setting": "FABRIKAM_SECRET"}},
        {"graph_url": {"setting": "FABRIKAM_SECRET"}},
        {"client_certificate_path": {"setting": "FABRIKAM_SECRET"}},
        {"destinations": [{"name": {"setting": "FABRIKAM_SECRET"}, "webhook_url": HOOK}]},
        {"destinations": [{"name": "ops", "bot": {"channel_id": {"setting": "FABRIKAM_SECRET"}}}]},
        {
            "destinations": [
                {"name": "ops", "webhook_url": HOOK, "mentions": [{"setting": "FABRIKAM_SECRET"}]}
            ]
        },
    ],
)
def test_a_secret_goes_nowhere_but_where_secrets_belong(fields: dict[str, Any]) -> None:
    """What is shown on a card or in a log may not be a reference: it would show another entry's secret."""
    told = mistake(entry(**fields), FABRIKAM_SECRET="very-secret")

    assert "in a place that is shown" in told
    assert "very-secret" not in told


@pytest.mark.parametrize(
    "fields",
    [
        {"client_secret": {"setting": "Very~Secret8Q.typed"}},
        {"client_secret": {"setting": "verysecret"}},
        {"client_secret": {"setting": ["Very~Secret8Q"]}},
        {"teams_webhook_url": {"setting": HOOK}},
        {"tenant_id": HOOK},
        {"tenant_name": HOOK},
        {"tenant_name": f"{HOOK} {'x' * 60}"},
        {HOOK: "x"},
    ],
)
def test_a_secret_that_was_typed_in_place_of_a_name_is_not_repeated(fields: dict[str, Any]) -> None:
    """Neither in the mistake, nor where tenants are told by name or id."""
    listed = list_of(entry(**fields), entry(tenant_id=FABRIKAM))
    with pytest.raises(SettingsError) as nobody:
        listed.chosen("nobody")

    shown = f"{listed.mistakes} {nobody.value}".lower()
    assert [each.id for each in listed.tenants] == [FABRIKAM]
    assert "very" not in shown
    assert "secret8q" not in shown


def test_a_mistyped_reference_is_told_with_what_was_meant() -> None:
    """Names of settings are no secrets, as long as they look like one."""
    told = mistake(entry(teams_webhook_url={"setting": "CONTOSO_WEBHOK"}), CONTOSO_WEBHOOK=HOOK)

    assert told.endswith(
        "refers to the setting CONTOSO_WEBHOK, which does not exist; did you mean 'CONTOSO_WEBHOOK'?"
    )
