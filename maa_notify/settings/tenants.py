"""`MAA_TENANTS`: the tenants of a fleet.

An entry is the settings of one tenant, on top of the deployment's own. A key is the name of a setting in
lower case without `MAA_`; what an entry does not name is as it is for all. One tenant's mistake is found when
that tenant is polled, and does not concern the others.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from maa_notify.errors import Mistake, SettingsError
from maa_notify.net.client import is_loopback, origin_of
from maa_notify.settings.fields import BY_NAME, SETTINGS, Setting
from maa_notify.settings.hosts import ALLOW_HOSTS, GRAPHS, SIGN_INS, allowed_hosts, is_allowed
from maa_notify.settings.model import AllowedHost
from maa_notify.settings.references import References
from maa_notify.settings.startup import TENANTS, is_in_azure
from maa_notify.settings.validation import UNRESOLVED, clean, is_unresolved, is_word

_ROWS = {row.key: row for row in SETTINGS if row.per_tenant}
_SHOWN = 60
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant; `environ` is all its settings, as a deployment for it alone would have them."""

    id: str
    name: str
    environ: Mapping[str, str] = field(repr=False)


class TenantList(Struct, frozen=True):
    """The tenants of the list, and the mistakes in its other entries."""

    tenants: tuple[Tenant, ...]
    mistakes: tuple[Mistake, ...] = ()

    def chosen(self, text: str) -> Tenant:
        """The tenant with this id or name.

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
    """The tenants of the list, which is in the setting itself or in the file that it names.

    Raises:
        SettingsError: it is no list at all.
    """
    tenants: dict[str, Tenant] = {}
    mistakes: list[Mistake] = []
    for number, entry in enumerate(_entries(clean(environ[TENANTS])), 1):
        try:
            tenant = _tenant(entry, environ)
        except (ValueError, RecursionError) as error:
            problem = "is nested too deeply" if isinstance(error, RecursionError) else error
            mistakes.append(Mistake(TENANTS, f"entry {number} {problem}"))
            continue
        if tenants.setdefault(tenant.id, tenant) is not tenant:
            mistakes.append(Mistake(TENANTS, f"entry {number} has the tenant_id of an entry before it"))
    return TenantList(tuple(tenants.values()), tuple(mistakes))


def _entries(text: str) -> list[object]:
    try:
        found: list[object] = [] if is_unresolved(text) else BY_NAME[TENANTS].parse(text)
        problem = UNRESOLVED if is_unresolved(text) else "must be a list with an object for each tenant"
    except ValueError as error:
        found, problem = [], str(error)
    if not found:
        raise SettingsError([Mistake(TENANTS, problem)])
    return found


def _tenant(entry: object, environ: Mapping[str, str]) -> Tenant:
    """The tenant of one entry.

    Raises:
        ValueError: what is wrong with it, without anything that may be a secret in the wrong place.
    """
    if not isinstance(entry, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - of JSON, as the rest of what can be wrong
    unknown = sorted(key for key in entry if key not in _ROWS)
    if unknown:
        raise ValueError(f"has keys that no tenant has: {', '.join(map(_shown, unknown))[:_SHOWN]}")
    own = {_ROWS[key].name: _text(_ROWS[key], value, environ) for key, value in entry.items()}
    tenant_id, name = (_named(own, key) for key in ("tenant_id", "tenant_name"))
    if not tenant_id:
        raise ValueError("needs a tenant_id")
    _check_origins(own, environ)
    # A secret of another application could only make a sign-in that is refused.
    has_own_credential = any(_ROWS[key].credential for key in entry)
    left_out = {row.name for row in SETTINGS if not row.in_fleet or (row.credential and has_own_credential)}
    common = {name: value for name, value in environ.items() if name not in left_out}
    return Tenant(tenant_id, name, {**common, **own})


def _shown(key: str) -> str:
    return key if is_word(key) else "a key that is no word"


def _named(own: Mapping[str, str], key: str) -> str:
    """The value of a key that names the tenant; it stands in logs, in messages and on cards."""
    text = clean(own.get(_ROWS[key].name, ""))
    if not text:
        return ""
    try:
        return str(_ROWS[key].parse(text))
    except ValueError as error:
        raise ValueError(f"has a {key} that {error}") from None


def _check_origins(own: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Refuses a Graph or a sign-in of an entry's own that the deployment does not allow.

    The credential that is sent there opens the tenants of all entries.
    """
    for name, known in (("MAA_GRAPH_URL", GRAPHS), ("MAA_AUTHORITY_URL", SIGN_INS)):
        url = clean(own.get(name, ""))
        is_here = is_loopback(url) and not is_in_azure(environ)
        if url and not (is_here or origin_of(url) in known or is_allowed(url, _allowed(environ))):
            raise ValueError(
                f"has a {BY_NAME[name].key} that is not Microsoft's, and the deployment's credential"
                f" would go there: allow it in the deployment's {ALLOW_HOSTS}, with the reason"
            )


def _allowed(environ: Mapping[str, str]) -> tuple[AllowedHost, ...]:
    """The hosts that the deployment allows; none where that setting is wrong, as each poll will say."""
    try:
        return allowed_hosts(clean(environ.get(ALLOW_HOSTS, "")))
    except ValueError:
        return ()


def _text(row: Setting, value: object, environ: Mapping[str, str]) -> str:
    """The value as an environment variable would hold it."""
    resolved = References(row, environ).resolved(value)
    if isinstance(resolved, str):
        return resolved
    if isinstance(resolved, bool):
        return str(resolved).lower()
    if isinstance(resolved, int):
        return str(resolved)
    if row.is_json:
        return json.dumps(resolved)
    raise ValueError(f"has a {row.key} that is not text")
