"""What the fingerprint of the settings covers: every setting but who signs in with which secret.

Rotating a secret does not change the fingerprint. Sending cards elsewhere does, so the addresses are covered.
"""

import json
from collections.abc import Mapping
from pathlib import PurePath

import msgspec

from maa_notify.domain.fingerprint import DESTINATION
from maa_notify.identity.secret import Secret
from maa_notify.settings.fields import SETTINGS
from maa_notify.settings.model import Destination, Settings
from maa_notify.settings.startup import TENANTS

_LEFT_OUT = frozenset(
    {
        TENANTS,  # each tenant of a fleet has a fingerprint of its own
        "MAA_CLIENT_SECRET",
        "MAA_CLIENT_CERTIFICATE_PATH",
        "MAA_ACCESS_TOKEN",
        "MAA_BOT_ACCESS_TOKEN",
        "MAA_TEAMS_WEBHOOK_URL",  # told as a destination, as the entries of the list are
        "MAA_DESTINATIONS",
    }
)
_ON_THE_WAY = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Whoever sets one of these reads and answers in the place of Graph and Teams."""


def parts_of(settings: Settings, environ: Mapping[str, str]) -> dict[str, Secret]:
    """What the fingerprint covers, by names that may be shown.

    Args:
        settings: of one tenant.
        environ: the variables of the process, for those that count for every connection.
    """
    rows = [row for row in SETTINGS if row.name not in _LEFT_OUT]
    parts = {row.name: _text_of(getattr(settings, row.key)) for row in rows}
    parts["MAA_CLOUD"] = settings.cloud.name  # what follows from it may grow with the program
    for destination in settings.destinations:
        parts |= _parts_of(destination)
    given = {name: environ.get(name) or environ.get(name.lower()) or "" for name in _ON_THE_WAY}
    return {name: Secret(text) for name, text in {**parts, **given}.items()}


def _parts_of(destination: Destination) -> dict[str, str]:
    """The parts of one destination: where it posts, what it takes, whom it mentions."""
    route = destination.route
    start = f"{DESTINATION}{route.name}"
    return {
        f"{start}: its address": _text_of(destination.endpoint),
        f"{start}: what it is told": _text_of(msgspec.structs.asdict(route)),
        f"{start}: whom it mentions": _text_of(destination.mentions),
    }


def _text_of(value: object) -> str:
    """A value as one text, the same for the same meaning, and without what is empty.

    So a field that a later version adds changes nothing where it is not used.
    """
    return json.dumps(_plain(value), sort_keys=True, default=str)


def _plain(value: object) -> object:
    match value:
        case Secret():
            return value.reveal()
        case msgspec.Struct():
            return _plain(msgspec.structs.asdict(value))
        case Mapping():
            plain = {str(key): _plain(each) for key, each in value.items()}
            return {key: each for key, each in plain.items() if each}
        case frozenset():
            return sorted(map(str, value))
        case tuple() | list():
            return [_plain(each) for each in value]
    return str(value) if isinstance(value, PurePath) else value
