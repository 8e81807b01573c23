"""`teams-app`: the package for an app catalogue, which brings the bot into teams and chats."""

import io
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zipfile import ZipFile, ZipInfo

from maa_notify.bot.setup import client_id_from, commands_wanted
from maa_notify.bot.words import COMMANDS

_MANIFEST = "1.25"
_SCHEMA = f"https://developer.microsoft.com/json-schemas/teams/v{_MANIFEST}/MicrosoftTeams.schema.json"
_ACCENT = "#5b5fc7"  # the ground of icons/color.png
_ICONS = {"color": "color.png", "outline": "outline.png"}
_SCOPES = ["team", "personal"]
_UNIX = 3
_READABLE = 0o644 << 16


@dataclass(frozen=True, slots=True)
class TeamsApp:
    """What differs from one organisation to another.

    Attributes:
        client_id: the bot's client id.
        commands: whether people may write to the bot.
        website: where people who look the app up are sent.
        version: of the package; Teams takes an update only with a higher one.
    """

    client_id: str
    commands: bool
    website: str
    version: str

    def manifest(self) -> dict[str, Any]:
        """What Teams is told of the app. It asks for no permission, no domain and no address of ours."""
        return {
            "$schema": _SCHEMA,
            "manifestVersion": _MANIFEST,
            "version": self.version,
            "id": str(uuid5(UUID(self.client_id), "maa-notify")),
            "developer": {
                "name": "MAA Notify contributors",
                "websiteUrl": self.website,
                "privacyUrl": self.website,
                "termsOfUseUrl": self.website,
            },
            "name": {"short": "MAA Notify", "full": "MAA Notify for Intune Multi Admin Approval"},
            "description": {
                "short": "Tells who has to know of Intune's Multi Admin Approval requests",
                "full": (
                    "Posts Intune Multi Admin Approval requests to the channel of those who decide, and tells"
                    " requestors what became of theirs. It reads requests and never decides: approving,"
                    " rejecting and completing happen in Intune alone."
                ),
            },
            "icons": _ICONS,
            "accentColor": _ACCENT,
            "bots": [self._bot()],
            "supportsChannelFeatures": "tier1",
            "validDomains": [],
        }

    def package(self) -> bytes:
        """The zip file; the same app gives the same bytes."""
        manifest = json.dumps(self.manifest(), indent=2, ensure_ascii=False) + "\n"
        icons = files("maa_notify.commands") / "icons"
        made = io.BytesIO()
        with ZipFile(made, "w") as archive:
            archive.writestr(_entry("manifest.json"), manifest)
            for name in _ICONS.values():
                archive.writestr(_entry(name), (icons / name).read_bytes())
        return made.getvalue()

    def _bot(self) -> dict[str, Any]:
        bot = {"botId": self.client_id, "scopes": _SCOPES, "isNotificationOnly": not self.commands}
        if not self.commands:
            return bot
        commands = [{"title": each.split()[0], "description": meaning} for each, meaning in COMMANDS.items()]
        return {**bot, "commandLists": [{"scopes": _SCOPES, "commands": commands}]}


def teams_app(output: str, *, website: str, version: str, environ: Mapping[str, str] = os.environ) -> int:
    """Writes the package; returns the exit code.

    Raises:
        SettingsError: no setting tells the bot's client id.
    """
    app = TeamsApp(client_id_from(environ), commands_wanted(environ), website, version)
    try:
        Path(output).write_bytes(app.package())
    except OSError as error:
        print(f"maa-notify: {output} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{output} written: app {app.manifest()['id']}, version {version}, bot {app.client_id}")
    return 0


def _entry(name: str) -> ZipInfo:
    """A file within, without a trace of when and where it was made."""
    entry = ZipInfo(name)
    entry.create_system, entry.external_attr = _UNIX, _READABLE
    return entry
