"""`MAA_TENANTS`: who is in the fleet. An entry is the settings of one tenant, on top of the deployment's own.

A key is the name of a setting in lower case without `MAA_`; what an entry does not name is as it is for all.
One tenant's mistake is found when that tenant is polled, and is nobody else's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct

from maa_notify.errors import Mistake, SettingsError
from maa_notify.settings.startup import TENANTS
from maa_notify.settings.validation import is_unresolved

_CREDENTIALS = frozenset({"client_id", "client_secret", "client_certificate_path"})
_KEYS = frozenset(
    {
        "authority_url",
        "bot_client_id",
        "cloud",
        "complete_reminders",
        "destinations",
        "digest_above",
        "graph_url",
        "heartbeat_days",
        "reminders",
        "requestor_chat",
        "retention_days",
        "teams_webhook_url",
        "tenant_id",
        "tenant_name",
        "time_zone",
        *_CREDENTIALS,
    }
)
_OF_THE_DEPLOYMENT = frozenset({TENANTS, "MAA_BOT_COMMANDS"})
_REFERENCE = "setting"
_SHOWN = 60
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Tenant:
    """One of them; `environ` is all its settings, as a deployment for it alone would have them."""

    id: str
    name: str
    environ: Mapping[str, str] = field(repr=False)


class TenantList(Struct, frozen=True):
    """The tenants of the list, and what is wrong with entries that name none."""

    tenants: tuple[Tenant, ...]
    mistakes: tuple[Mistake, ...] = ()

    def chosen(self, text: str) -> Tenant:
        """The tenant that somebody names by id or name.

        Raises:
            SettingsError: there is none; says what is wrong with the list, too.
        """
        called = text.strip().casefold()
        for tenant in self.tenants:
            if called in {tenant.id, tenant.name.casefold()}:
                return tenant
        some = ", ".join(tenant.name or tenant.id for tenant in self.tenants[:_NAMED])
        more = f" and {len(self.tenants) - _NAMED} more" if len(self.tenants) > _NAMED else ""
        missing = Mistake(TENANTS, f"has no tenant of this id or name; it has {some or 'none'}{more}")
        raise SettingsError([missing, *self.mistakes])


def read_tenants(environ: Mapping[str, str]) -> TenantList:
    """Reads the list, from the setting itself or from the file that it names.

    Raises:
        SettingsError: it is no list at all.
    """
    tenants: dict[str, Tenant] = {}
    mistakes: list[Mistake] = []
    for number, entry in enumerate(_entries(environ[TENANTS].strip()), 1):
        try:
            tenant = _tenant(entry, environ)
        except ValueError as error:
            mistakes.append(Mistake(TENANTS, f"entry {number} {error}"))
            continue
        if tenants.setdefault(tenant.id, tenant) is not tenant:
            mistakes.append(Mistake(TENANTS, f"entry {number} has the tenant_id of an entry before it"))
    return TenantList(tuple(tenants.values()), tuple(mistakes))


def _entries(text: str) -> list[object]:
    source = text
    if is_unresolved(text):
        raise _wrong("is a Key Vault reference that was not resolved: see docs/settings.md")
    if not text.startswith("["):
        try:
            source = Path(text).read_text(encoding="utf-8-sig")
        except (OSError, ValueError):
            raise _wrong("must be a JSON list of tenants, or name a file that holds one") from None
    try:
        found = json.loads(source)
    except (ValueError, RecursionError):
        raise _wrong("is not JSON") from None
    if not isinstance(found, list) or not found:
        raise _wrong("must be a list with an object for each tenant")
    return found


def _tenant(entry: object, environ: Mapping[str, str]) -> Tenant:
    """One entry.

    Raises:
        ValueError: what is wrong with it.
    """
    if not isinstance(entry, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - of JSON, as the rest of what can be wrong
    unknown = sorted(key for key in entry if key not in _KEYS)
    if unknown:
        raise ValueError(f"has keys that no tenant has: {', '.join(unknown)[:_SHOWN]}")
    own = {_setting(key): _text(key, value, environ) for key, value in entry.items()}
    tenant_id = own.get("MAA_TENANT_ID", "").strip().lower()
    if not tenant_id:
        raise ValueError("needs a tenant_id")
    signs_in_itself = not _CREDENTIALS.isdisjoint(entry)
    not_common = _OF_THE_DEPLOYMENT | (set(map(_setting, _CREDENTIALS)) if signs_in_itself else set())
    common = {name: value for name, value in environ.items() if name not in not_common}
    return Tenant(tenant_id, own.get("MAA_TENANT_NAME", "").strip(), {**common, **own})


def _setting(key: str) -> str:
    return f"MAA_{key.upper()}"


def _text(key: str, value: object, environ: Mapping[str, str]) -> str:
    """The value as an environment variable would hold it."""
    resolved = _resolved(value, environ)
    if isinstance(resolved, str):
        return resolved
    if isinstance(resolved, bool):
        return str(resolved).lower()
    if isinstance(resolved, int):
        return str(resolved)
    if key == "destinations":
        return json.dumps(resolved)
    raise ValueError(f"has a {key} that is no text")


def _resolved(value: Any, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """The value with each `{"setting": "NAME"}` replaced by what that setting holds: secrets stay there."""
    if isinstance(value, list):
        return [_resolved(each, environ) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {_REFERENCE}:
        return {key: _resolved(each, environ) for key, each in value.items()}
    name = value[_REFERENCE]
    if not isinstance(name, str) or not environ.get(name, "").strip():
        raise ValueError(f"refers to the setting {str(name)[:_SHOWN]}, which is not there")
    return environ[name]


def _wrong(problem: str) -> SettingsError:
    return SettingsError([Mistake(TENANTS, problem)])
