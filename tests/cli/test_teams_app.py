"""The package that an administrator uploads: valid, and with nothing more than the bot needs."""

import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import fastjsonschema
import pytest

from maa_notify import __version__
from maa_notify.bot.answers import Word, command_of
from maa_notify.cli.teams_app_package import TeamsApp
from tests.cli.conftest import Command
from tests.support.process import ROOT

BOT = "9d1e0c52-0000-4000-8000-00000000b070"
SCHEMAS = ROOT / "tools/node_modules/@microsoft/app-manifest/build/json-schemas/teams"
WHITE = (255, 255, 255)
ACCENT = (0x5B, 0x5F, 0xC7)

Pixels = dict[tuple[int, int], tuple[int, ...]]
Check = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def check() -> Check:
    """Microsoft's own schema of the manifest; without it, skip here and fail in CI."""
    schema = SCHEMAS / "v1.24" / "MicrosoftTeams.schema.json"
    if not schema.is_file():
        message = f"{schema} is missing: run `make setup`"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    # Letters of any script, in a field that we do not have; Python has no such class.
    text = schema.read_text(encoding="utf-8-sig").replace(r"\\p{L}", "a-zA-Z")
    compiled: Check = fastjsonschema.compile(json.loads(text))
    return compiled


def app(*, commands: bool = False) -> TeamsApp:
    """The app as the command builds it."""
    return TeamsApp(BOT, commands, "https://intune.microsoft.com", __version__)


def packed(icon: str) -> Pixels:
    """The pixels of an icon in the package: a PNG without filter, palette or remarks, checked on the way."""
    with ZipFile(io.BytesIO(app().package())) as archive:
        picture = archive.read(icon)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    parts, at = {}, 8
    while at < len(picture):
        [length] = struct.unpack_from(">I", picture, at)
        name, data = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", picture, at + 8 + length) == (zlib.crc32(name + data),)
        parts[name] = data
        at += 12 + length
    assert list(parts) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, kind = struct.unpack_from(">2I2B", parts[b"IHDR"])
    step, raw = {2: 3, 6: 4}[kind], zlib.decompress(parts[b"IDAT"])
    line = 1 + width * step
    assert (depth, len(raw), raw[::line]) == (8, line * height, bytes(height))
    return {
        (x, y): tuple(raw[y * line + 1 + x * step : y * line + 1 + (x + 1) * step])
        for y in range(height)
        for x in range(width)
    }


@pytest.mark.parametrize("commands", [False, True])
def test_the_manifest_is_valid_by_microsofts_schema(check: Check, *, commands: bool) -> None:
    """Else the catalogue refuses the upload."""
    check(app(commands=commands).manifest())


@pytest.mark.parametrize(
    "fault", [{"version": 1}, {"bots": [{"botId": "x"}]}, {"surprise": 1}, {"icons": {}}]
)
def test_the_schema_would_notice(check: Check, fault: dict[str, Any]) -> None:
    """The test above can fail."""
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check({**app().manifest(), **fault})


def test_the_manifest_asks_for_nothing() -> None:
    """No permission, no domain, no tab, no sign-in: a bot that writes needs none of it."""
    manifest = app().manifest()

    assert manifest["validDomains"] == []
    for asked in ("permissions", "devicePermissions", "authorization", "webApplicationInfo", "staticTabs"):
        assert asked not in manifest


def test_a_bot_that_only_writes_says_so() -> None:
    """Then Teams shows nobody a box to write into."""
    [bot] = app().manifest()["bots"]

    assert bot == {"botId": BOT, "scopes": ["team", "personal"], "isNotificationOnly": True}


def test_a_bot_that_can_be_asked_offers_what_it_understands() -> None:
    """Every command that Teams offers is one, and none is left out."""
    [bot] = app(commands=True).manifest()["bots"]
    [offered] = bot["commandLists"]
    titles = [each["title"] for each in offered["commands"]]

    assert bot["isNotificationOnly"] is False
    assert offered["scopes"] == bot["scopes"]
    assert titles == [str(word) for word in Word]
    assert command_of("pending").word == titles[0]


def test_the_app_asks_for_no_shared_channels() -> None:
    """Other organisations read along there; manifest 1.25 would have a bot in teams ask for them."""
    assert "supportsChannelFeatures" not in app().manifest()
    assert "tier1" not in str(app(commands=True).manifest())


def test_the_package_holds_three_files(tmp_path: Path) -> None:
    """At its root, as the catalogue wants it."""
    (tmp_path / "app.zip").write_bytes(app().package())
    with ZipFile(tmp_path / "app.zip") as archive:
        assert archive.namelist() == ["manifest.json", "color.png", "outline.png"]
        assert archive.testzip() is None
        assert json.loads(archive.read("manifest.json")) == app().manifest()


def test_the_same_settings_give_the_same_bytes() -> None:
    """So that anybody can see that a package is the one that was reviewed."""
    assert app().package() == app().package()
    assert app().package() != app(commands=True).package()


def test_the_color_icon_keeps_within_the_part_that_teams_shows() -> None:
    """192 pixels each way, the symbol within the 120 in the middle."""
    pixels = packed("color.png")
    drawn = [at for at, color in pixels.items() if color != ACCENT]

    assert max(pixels) == (191, 191)
    assert all(36 <= x < 156 and 36 <= y < 156 for x, y in drawn)
    assert WHITE in pixels.values()


def test_the_outline_icon_is_white_and_transparent() -> None:
    """32 pixels each way; Teams takes no other colour."""
    pixels = packed("outline.png")
    seen = {color[3] for color in pixels.values()}

    assert max(pixels) == (31, 31)
    assert {color[:3] for color in pixels.values()} == {WHITE}
    assert {0, 255} <= seen
    assert pixels[0, 0][3] == 0


def test_the_command_writes_the_package(command: Command, tmp_path: Path) -> None:
    """With no other setting than the bot's id, and says what it made."""
    outcome = command(
        "teams-app",
        "--output",
        "app.zip",
        MAA_TENANT_ID=None,
        MAA_TEAMS_WEBHOOK_URL=None,
        MAA_BOT_CLIENT_ID=BOT.upper(),
    )

    assert (outcome.code, outcome.err) == (0, "")
    assert (tmp_path / "app.zip").read_bytes() == app().package()
    assert BOT in outcome.out


def test_the_notifiers_own_identity_is_the_bot_unless_another_is_named(
    command: Command, tmp_path: Path
) -> None:
    """One identity can do both, as the deployment sets it up."""
    command("teams-app", "--output", "app.zip", MAA_CLIENT_ID=BOT, MAA_BOT_COMMANDS="true")

    assert (tmp_path / "app.zip").read_bytes() == app(commands=True).package()


def test_website_and_version_are_the_organisations(command: Command, tmp_path: Path) -> None:
    """Teams takes an update only with a higher version."""
    options = ["--website", "https://example.com/maa", "--app-version", "1.2.3"]
    command("teams-app", "--output", "app.zip", *options, MAA_BOT_CLIENT_ID=BOT)
    with ZipFile(tmp_path / "app.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))

    assert manifest["version"] == "1.2.3"
    assert manifest["developer"]["websiteUrl"] == "https://example.com/maa"


@pytest.mark.parametrize("value", [None, " ", "maa-notify"])
def test_a_bot_without_an_id_is_a_wrong_setting(command: Command, value: str | None) -> None:
    """Exit 2, with the name of the setting."""
    outcome = command("teams-app", "--output", "app.zip", MAA_BOT_CLIENT_ID=value)

    assert outcome.code == 2
    assert "MAA_BOT_CLIENT_ID" in outcome.err


@pytest.mark.parametrize(
    "options",
    [["--website", "http://example.com"], ["--app-version", "1.2"], ["--app-version", "1.02.3"], []],
)
def test_wrong_arguments_are_refused(command: Command, options: list[str]) -> None:
    """Before anything is written."""
    needed = ["--output", "app.zip"] if options else []
    assert command("teams-app", *needed, *options, MAA_BOT_CLIENT_ID=BOT).code == 2


def test_a_file_that_cannot_be_written_is_said(command: Command) -> None:
    """Without a traceback."""
    outcome = command("teams-app", "--output", "no/such/folder/app.zip", MAA_BOT_CLIENT_ID=BOT)

    assert outcome.code == 1
    assert "no/such/folder/app.zip cannot be written" in outcome.err
