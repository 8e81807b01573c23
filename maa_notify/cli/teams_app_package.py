"""The package of the Teams app, which brings the bot into teams and chats."""

import io
import json
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5
from zipfile import ZipFile, ZipInfo

from msgspec import Struct

from maa_notify.bot.strings import COMMANDS

_MANIFEST = "1.24"
"""The last that does not insist on `supportsChannelFeatures`, which opens shared channels to the app."""
_SCHEMA = f"https://developer.microsoft.com/json-schemas/teams/v{_MANIFEST}/MicrosoftTeams.schema.json"
_ACCENT = "#5b5fc7"  # the ground of icons/color.png
_ICONS = {"color": "color.png", "outline": "outline.png"}
_SCOPES = ["team", "personal"]
_UNIX = 3
_READABLE = 0o644 << 16


class TeamsApp(Struct, frozen=True):
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
        """The app's manifest. It asks for no permission, and names no domain and no address of ours."""
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
            "validDomains": [],
        }

    def package(self) -> bytes:
        """The zip file as bytes; the same for the same app."""
        manifest = json.dumps(self.manifest(), indent=2, ensure_ascii=False) + "\n"
        icons = files("maa_notify.cli") / "icons"
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


def _entry(name: str) -> ZipInfo:
    """A file in the zip file, with a fixed time and fixed attributes."""
    entry = ZipInfo(name)
    entry.create_system, entry.external_attr = _UNIX, _READABLE
    return entry
