"""Values as people copy them: with quotes, invisible characters, a digit too many, or Windows' names."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from maa_notify.errors import SettingsError
from maa_notify.settings.model import Settings
from maa_notify.settings.reader import read_settings
from maa_notify.settings.startup import commands_wanted, is_fleet, schedule_from
from maa_notify.settings.tenants import read_tenants
from maa_notify.settings.validation import read_json_list

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
APP = "7b0c54be-0000-4000-8000-000000000002"
HOOK = "https://prod-01.westeurope.logic.azure.com/workflows/1/invoke?sig=abc"
OTHER_HOOK = "https://prod-01.westeurope.logic.azure.com/workflows/2/invoke?sig=abc"
LEAST = {"MAA_TENANT_ID": TENANT, "MAA_TEAMS_WEBHOOK_URL": HOOK}
CLIENT_IDS = ("MAA_CLIENT_ID", "MAA_BOT_CLIENT_ID", "MAA_MANAGED_IDENTITY_CLIENT_ID")


def read(**changes: str) -> Settings:
    """The settings with the fewest values, changed."""
    return read_settings({**LEAST, **changes})


def problem(**changes: str) -> str:
    """The one mistake of such settings."""
    with pytest.raises(SettingsError) as caught:
        read(**changes)
    [mistake] = caught.value.mistakes
    return str(mistake)


def almost(guid: str) -> list[str]:
    """What becomes of a GUID when it is copied or typed without care."""
    return [
        guid[:-1],
        f"{guid}0",
        guid[1:],
        f"{{{guid}}}",
        f"({guid})",
        guid.replace("-", ""),
        guid.replace("-", "–"),
        guid.replace("-", " "),
        guid.replace("e", "g", 1),
        f"{guid[:12]}\u200b{guid[12:]}",
    ]


@pytest.mark.parametrize("value", almost(TENANT))
def test_a_tenant_id_that_is_almost_one_is_refused(value: str) -> None:
    """Entra would look for a domain of that name, and say that there is no such tenant."""
    told = problem(MAA_TENANT_ID=value)

    assert told.startswith("MAA_TENANT_ID: is almost a tenant id")
    assert "8, 4, 4, 4 and 12" in told


@pytest.mark.parametrize(
    "value", ["contoso.onmicrosoft.com", "contoso.com", "a1b2c3d4e5f6.example", "my-company-name-01.example"]
)
def test_a_domain_is_not_taken_for_a_broken_id(value: str) -> None:
    """Whatever hexadecimal digits and hyphens are in its name."""
    assert read(MAA_TENANT_ID=value).tenant_id == value


@pytest.mark.parametrize("name", CLIENT_IDS)
@pytest.mark.parametrize("value", [*almost(APP), "maa-notify", "https://contoso.com/app"])
def test_an_invalid_client_id_is_refused(name: str, value: str) -> None:
    """The name of the app, or an id with a digit too few, would fail at the first sign-in."""
    told = problem(**{"MAA_CLIENT_ID": APP, name: value})

    assert told.startswith(f"{name}: must be a GUID: 32 digits")


@pytest.mark.parametrize(
    "value",
    ["{}", '"{}"', "'{}'", "“{}”", "\ufeff{}", "\u200b{}\u2060", " \n\t{}\r\n", '\ufeff"{} "\n', "\xa0{}"],
)
def test_what_a_copy_puts_around_a_value_is_taken_off(value: str) -> None:
    """Quotes, byte order marks, zero-width characters and line breaks, as files and web pages have them."""
    found = read(
        MAA_TENANT_ID=value.format(TENANT),
        MAA_CLIENT_SECRET=value.format("s3cret"),
        MAA_CLIENT_ID=value.format(APP),
        MAA_TEAMS_WEBHOOK_URL=value.format(OTHER_HOOK),
        MAA_DIGEST_ABOVE=value.format("7"),
        MAA_REMINDERS=value.format(""),
    )

    assert (found.tenant_id, found.client_id, found.digest_above, found.reminders) == (TENANT, APP, 7, ())
    assert found.client_secret is not None
    assert found.client_secret.reveal() == "s3cret"
    assert found.teams_webhook_url is not None
    assert found.teams_webhook_url.reveal() == OTHER_HOOK


@pytest.mark.parametrize("value", ['"{}"', "\ufeff{}\n"])
def test_the_triggers_read_a_copied_value_as_the_settings_do(value: str) -> None:
    """Otherwise a Function would answer questions, or poll, by another rule than the one it checks."""
    assert commands_wanted({"MAA_BOT_COMMANDS": value.format("True")})
    assert schedule_from({"MAA_POLL_SCHEDULE": value.format("0 */5 * * * *")}) == "0 */5 * * * *"
    assert not is_fleet({"MAA_TENANTS": value.format(" ")})


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"MAA_DIGEST_ABOVE": "1\u200b0"}, "it holds an invisible character (U+200B)"),
        ({"MAA_TIME_ZONE": "Europe/\nBerlin"}, "it holds a line break"),
        ({"MAA_TABLE_NAME": "Maa\xa0Notify"}, "it holds a no-break space"),
        (
            {"MAA_CLIENT_ID": APP, "MAA_CLIENT_SECRET": "s3\u200bcret"},
            "it holds an invisible character (U+200B)",
        ),
        ({"MAA_STATE": "AccountName=a;AccountKey=a2\nV5"}, "it holds a line break"),
        ({"MAA_TENANT_NAME": "Con\ttoso"}, "it holds a tab"),
    ],
)
def test_what_cannot_be_seen_within_a_value_is_named(changes: dict[str, str], told: str) -> None:
    """Nobody finds a zero-width space by looking at it."""
    assert problem(**changes).endswith(told)


@pytest.mark.parametrize(
    "value",
    [
        "sqlite:///:memory:",
        "sqlite:///:MEMORY:",
        '"sqlite:///:memory:"',
        "sqlite:///./:memory:",
        "sqlite:///.//:memory:",
        "sqlite:///file::memory:?cache=shared",
        "sqlite:///./file::memory:",
        "sqlite:///file:x?mode=memory",
        "sqlite:///x.db?mode=memory&cache=shared",
    ],
)
def test_a_state_in_memory_is_refused(value: str) -> None:
    """Each poll would take every request for a new one; or a file of that name would lie about."""
    assert problem(MAA_STATE=value) == (
        "MAA_STATE: must be a file: a database in memory is lost when the program ends"
    )


@pytest.mark.parametrize(
    "value, told",
    [
        ("sqlite:///file:state.db", "without file: before it"),
        ("sqlite:///./FILE:state.db", "without file: before it"),
        ("sqlite:///state.db?cache=shared", "without ? and options after it"),
    ],
)
def test_a_state_file_is_named_by_its_path_alone(value: str, told: str) -> None:
    """What other programs write around a path would become part of the file's name."""
    assert problem(MAA_STATE=value) == f"MAA_STATE: must be sqlite:/// and the path of a file, {told}"


def listed(*entries: Any) -> str:
    """The value of `MAA_DESTINATIONS`."""
    return json.dumps(entries)


@pytest.mark.parametrize("name", ["default", "audit"])
def test_two_destinations_with_one_address_are_warned_of(name: str) -> None:
    """An event that both want is posted twice into one channel; the address itself is not shown."""
    audit = {"name": "audit", "webhook_url": OTHER_HOOK}
    ops = {"name": "ops", "webhook_url": HOOK if name == "default" else OTHER_HOOK}

    [warning] = read(MAA_DESTINATIONS=listed(ops, audit)).warnings

    assert warning.startswith("MAA_DESTINATIONS: ")
    assert "'ops'" in warning
    assert f"'{name}'" in warning
    assert "same address" in warning
    assert "sig=" not in warning


@pytest.mark.parametrize(
    "one, other",
    [
        ("https://flow.example/a/b?x=1&sig=s", "https://FLOW.example:443/a/b?x=1&sig=s"),
        ("https://flow.example/a/b?x=1&sig=s", "https://flow.example./a/b?x=1&sig=s"),
        ("https://flow.example/a/b?x=1&sig=s", "https://flow.example/a/b?sig=s&x=1&"),
        ("https://flow.example/a/b?x=1&sig=s-_", "https://flow.example/%61/b?x=%31&sig=s%2D_"),
        ("https://flow.example/a/b?x=1&sig=s", "https://flow.example/c/.././a/b?x=1&sig=s"),
        ("https://flow.example/a/b?x=%2Fc&sig=s", "https://flow.example/a/b?x=/c&sig=s"),
        ("https://flow.example/a%2fb?sig=s", "https://flow.example/a%2Fb?sig=s"),
        ("https://flow.example?sig=s", "https://flow.example/?sig=s"),
    ],
)
def test_one_address_in_two_spellings_is_one(one: str, other: str) -> None:
    """Each is copied from another place, and all lead to one flow."""
    entries = [{"name": "a", "webhook_url": one}, {"name": "b", "webhook_url": other}]

    assert "same address" in "".join(read(MAA_DESTINATIONS=listed(*entries)).warnings)


@pytest.mark.parametrize(
    "other",
    [
        "https://flow.example:8443/a/b?x=1&sig=s",
        "https://flow.example/a/B?x=1&sig=s",
        "https://flow.example/a%2Fb?x=1&sig=s",
        "https://flow.example/a/b?x=1&sig=S",
        "https://flow.example/a/b?x=1&sig=s&y=",
        "https://other.example/a/b?x=1&sig=s",
    ],
)
def test_two_addresses_that_are_alike_are_two(other: str) -> None:
    """A flow of another environment would share the pace of this one."""
    one = {"name": "a", "webhook_url": "https://flow.example/a/b?x=1&sig=s"}
    entries = [one, {"name": "b", "webhook_url": other}]

    assert "same address" not in "".join(read(MAA_DESTINATIONS=listed(*entries)).warnings)


def test_a_channel_is_one_whichever_region_is_asked() -> None:
    """The service's address is that of a region, and each leads to every channel."""
    entries = [
        {"name": region, "bot": {"channel_id": "19:a@thread.tacv2", "service_url": f"https://smba.{where}"}}
        for region, where in (("emea", "trafficmanager.net/emea/"), ("amer", "trafficmanager.net/amer"))
    ]

    [warning] = read(MAA_DESTINATIONS=listed(*entries), MAA_CLIENT_ID=APP).warnings

    assert "'emea' and 'amer' have the same address" in warning


def test_two_channels_of_a_bot_are_not_one_address() -> None:
    """Only the same channel is; the chats with requestors go by the same service, to each person."""
    channels = [
        {"name": name, "bot": {"channel_id": channel, "service_url": "https://smba.trafficmanager.net/emea"}}
        for name, channel in (
            ("a", "19:a@thread.tacv2"),
            ("b", "19:b@thread.tacv2"),
            ("c", "19:a@thread.tacv2"),
        )
    ]

    [warning] = read(
        MAA_DESTINATIONS=listed(*channels), MAA_CLIENT_ID=APP, MAA_REQUESTOR_CHAT="true"
    ).warnings

    assert "'a' and 'c' have the same address" in warning


@pytest.mark.parametrize(
    "windows, iana",
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard time", "Europe/Berlin"),
        ("GMT Standard Time", "Europe/London"),
        ("Eastern Standard Time", "America/New_York"),
        ("Central Standard Time (Mexico)", "America/Mexico_City"),
        ("India Standard Time", "Asia/Kolkata"),
        ("AUS Eastern Standard Time", "Australia/Sydney"),
        ("W. Europe Daylight Time", "Europe/Berlin"),
        ("Central Daylight Time (Mexico)", "America/Mexico_City"),
        ("Kamchatka Standard Time", "Asia/Kamchatka"),
        ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
        ("UTC-11", "Etc/GMT+11"),
        ("UTC-09", "Etc/GMT+9"),
        ("UTC-08", "Etc/GMT+8"),
        ("UTC-02", "Etc/GMT+2"),
        ("UTC+12", "Etc/GMT-12"),
        ("utc+13", "Etc/GMT-13"),
    ],
)
def test_a_time_zone_of_windows_leads_to_its_iana_name(windows: str, iana: str) -> None:
    """Administrators know the names that their own computers show."""
    told = problem(MAA_TIME_ZONE=windows)

    assert (
        told
        == f"MAA_TIME_ZONE: must be an IANA name such as Europe/Berlin; this is what Windows calls {iana}"
    )
    assert read(MAA_TIME_ZONE=iana).time_zone == iana


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_destinations_may_stand_in_a_file(tmp_path: Path, encoding: str) -> None:
    """As an editor or PowerShell writes it; a list of many channels is too long for one line of a setting."""
    path = tmp_path / "Ziele für Teams.json"
    path.write_text(json.dumps([{"name": "ops", "webhook_url": OTHER_HOOK}], indent=2), encoding=encoding)

    found = read(MAA_DESTINATIONS=str(path))

    assert [each.route.name for each in found.destinations] == ["ops", "default"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_list_of_a_fleet_is_read_in_the_same_encodings(tmp_path: Path, encoding: str) -> None:
    """One rule for both files."""
    path = tmp_path / "tenants.json"
    path.write_text(json.dumps([{"tenant_id": TENANT, "destinations": "ops.json"}]), encoding=encoding)

    [tenant] = read_tenants({"MAA_TENANTS": f' "{path}"'}).tenants

    assert tenant.environ["MAA_DESTINATIONS"] == "ops.json"


@pytest.mark.parametrize(
    "content, told",
    [
        (b'[\n{"name": "ops",}]', "must be a JSON list, and is not JSON at line 2, column"),
        (b'[{"name": "\xe4"}]', "must be a JSON list, and is not JSON in UTF-8 or UTF-16"),
        (b'{"name": "ops"}', "must be a JSON list, such as"),
        (b"", "must be a JSON list, and is not JSON at line 1, column 1"),
        (None, "must be a JSON list, such as"),
    ],
)
def test_a_file_that_holds_no_list_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    """With the place of the mistake, and without a line of the file: it holds secrets."""
    path = tmp_path / "destinations.json"
    if content is not None:
        path.write_bytes(content)

    assert problem(MAA_DESTINATIONS=str(path)).startswith(f"MAA_DESTINATIONS: {told}")


def test_line_breaks_of_a_list_are_not_blamed() -> None:
    """A list may be laid out over lines; only the place of the mistake is told."""
    told = problem(MAA_DESTINATIONS='[\n\t{"name": "ops"\n]')

    assert told == "MAA_DESTINATIONS: must be a JSON list, and is not JSON at line 3, column 1"


@pytest.mark.parametrize(
    "given, words",
    [
        ("nowhere/list.json", "the file that it names cannot be read: No such file or directory"),
        (".", "the file that it names cannot be read: Is a directory"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the system says it in other words there")
def test_a_list_in_a_file_that_cannot_be_read_says_why(given: str, words: str) -> None:
    """A slip of the pen in a path is not a fault of the JSON."""
    with pytest.raises(ValueError, match=words):
        read_json_list(given, "[]")


def test_an_address_in_the_place_of_a_list_is_not_taken_for_a_path() -> None:
    """It may be a secret, and nothing is told of it."""
    with pytest.raises(ValueError, match="must be a JSON list") as caught:
        read_json_list("https://example.com/?sig=secret", "[]")

    assert "cannot be read" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no file without an end")
def test_a_list_without_an_end_is_none() -> None:
    """A device is read so far and no further."""
    with pytest.raises(ValueError, match="is not JSON"):
        read_json_list("/dev/zero", "[]")


@pytest.mark.parametrize(
    "value",
    ["5f0f3c3e-0000-4000-8000", "5f0f3c3e-0000", "5fOf3c3e-OOOO-4OOO-8OOO-OOOOOOOOOOO1", "5f0f3c3e-0000-4"],
)
def test_a_part_of_a_tenant_id_is_no_domain_name(value: str) -> None:
    """Nor is one in which letters stand for digits."""
    assert problem(MAA_TENANT_ID=value).startswith("MAA_TENANT_ID: is almost a tenant id")


@pytest.mark.parametrize(
    "value", ["contoso..com", ".contoso.com", "contoso.com.", "-contoso.com", "contoso-.com"]
)
def test_a_mistyped_domain_name_is_refused(value: str) -> None:
    """Entra would not find it."""
    assert problem(MAA_TENANT_ID=value).startswith("MAA_TENANT_ID: must be one tenant's id")


@pytest.mark.parametrize("hidden", ["\x85", "\u202e", "\u200b"])
def test_nothing_hidden_gets_into_the_name_of_a_tenant(hidden: str) -> None:
    """It stands on every card, and some of these turn the text around."""
    told = problem(MAA_TENANT_NAME=f"Con{hidden}toso")

    assert told.endswith(f"it holds an invisible character (U+{ord(hidden):04X})")
    assert read(MAA_TENANT_NAME=f"Contoso{hidden}").tenant_name == "Contoso"


@pytest.mark.parametrize("value", ["UseDevelopmentStorage=true;", "usedevelopmentstorage=True"])
def test_the_emulators_connection_string_may_end_as_others_do(value: str) -> None:
    """With a semicolon, and in any case."""
    found = read(MAA_STATE=value).state.connection_string

    assert found is not None
    assert found.reveal() == "UseDevelopmentStorage=true"


@pytest.mark.parametrize("value", ['abc"', "'abc", "abc”"])
def test_a_secret_with_half_a_pair_of_quotes_is_warned_of(value: str) -> None:
    """It was hardly meant, and Entra only says that the secret is wrong."""
    found = read(MAA_CLIENT_SECRET=value, MAA_CLIENT_ID=TENANT, MAA_ACCESS_TOKEN="")

    assert any(each.startswith("MAA_CLIENT_SECRET: begins or ends with a quote") for each in found.warnings)
