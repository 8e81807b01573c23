"""The values of an audit log that a rule needs: others can be secrets, scripts or whole policies. Pure."""

import json
import re
from collections.abc import Iterator, Mapping

from maa_notify.graph.log_policies import POLICY, policy_values
from maa_notify.graph.log_texts import TEXT, text_of
from maa_notify.insight.watch.log import Modified

_LONG = 32_000
"""Characters of a list of permissions or keys: cut shorter, what matters could be hidden at its end."""
_LISTS = frozenset({"delegatedpermissiongrant.scope", "keydescription"})
_IDS = re.compile(r"(\.|^)\w*id$")
"""Names of values that are ids, which the logs spell in any case."""
_NESTED = 3
"""Levels of JSON text within JSON text that are opened."""
_KEPT = frozenset(
    {
        "accountenabled",
        "administrativeunit.objectid",
        "application.appid",
        "application.objectid",
        "approle.id",
        "approle.value",
        "azureaddeviceid",
        "delegatedpermissiongrant.consenttype",
        "delegatedpermissiongrant.scope",
        "group.displayname",
        "group.objectid",
        "keydescription",
        "role.displayname",
        "role.templateid",
        "role.wellknownobjectname",
        "roledefinition.templateid",
        "serviceprincipal.appid",
        "serviceprincipal.displayname",
        "serviceprincipal.objectid",
        "target.groupid",
        "targetid",
        "templateid",
    }
)
_DETAILS = frozenset(
    {
        "appid",
        "appownerorganizationid",
        "justification",
        "roledefinitionoriginid",
        "serviceprincipalprovisioningtype",
        "templateid",
    }
)
_CONSENT = "consentaction.permissions"
_SCOPES = re.compile(r"Scope:([^,\]]*)")
_FEDERATED = "federatedidentitycredential"
_SIGN_IN_METHODS = frozenset(
    {"strongauthenticationmethod", "strongauthenticationphoneappdetail", "strongauthenticationuserdetails"}
)
"""Of these only that they changed is kept: they hold telephone numbers and keys of devices."""


def modified_values(value: object) -> Iterator[tuple[str, Modified]]:
    """What changed, by the name of each value in small letters; JSON text within text is opened."""
    for each in value if isinstance(value, list) else []:
        if not isinstance(each, Mapping):
            continue
        name = text_of(each.get("displayName")).strip().lower()
        old, new = _opened(each.get("oldValue")), _opened(each.get("newValue"))
        if name == POLICY:
            yield from policy_values(old, new)
        elif name == _CONSENT:
            yield "consentaction.scope", _consented(_joined(new, _LONG))
        elif name in _SIGN_IN_METHODS:
            yield "signinmethod", Modified(new="changed")
        elif _FEDERATED in name:
            yield "federated", Modified(new="changed" if new else "")
        elif name in _KEPT:
            limit = _LONG if name in _LISTS else TEXT
            told = Modified(_joined(old, limit), _joined(new, limit))
            yield name, Modified(told.old.lower(), told.new.lower()) if _IDS.search(name) else told


def detail_values(value: object) -> Iterator[tuple[str, str]]:
    """The additional details of an entry, by the name of each in small letters."""
    for each in value if isinstance(value, list) else []:
        name = text_of(each.get("key")).strip().lower() if isinstance(each, Mapping) else ""
        if name in _DETAILS:
            told = _joined(_opened(each.get("value")), TEXT)
            yield name, told.lower() if _IDS.search(name) else told


def _opened(value: object) -> object:
    """The value of a JSON text, also of JSON within JSON; any other text as it is."""
    for _ in range(_NESTED):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            break
    return value


def _joined(value: object, limit: int) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(text_of(each, limit) for each in parts)[:limit]


def _consented(text: str) -> Modified:
    """The delegated permissions before and after a consent, which tells them as `[[...]] => [[...]]`."""
    before, _, after = text.rpartition("=>")
    old, new = (" ".join(_SCOPES.findall(each)) for each in (before, after))
    return Modified(old, new)
