"""Reads the audit logs of Entra and Intune into entries, tolerantly: any field may be missing, null or odd.

`GET /v1.0/auditLogs/directoryAudits` and `GET /beta/deviceManagement/auditEvents`. Values of what changed are
JSON text within text, and only those that a rule needs are kept: the others can be secrets, scripts or whole
policies. Source of the forms: Microsoft's reference, and captures that others published.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from maa_notify import logs
from maa_notify.domain.alert import Actor, ActorKind
from maa_notify.errors import GraphUnavailable
from maa_notify.graph.listing import read_entries
from maa_notify.graph.payloads import lowered
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.graph.requests import parse_time
from maa_notify.insight.watch.log import LogEntry, Modified, Target, activity_name

_LOG = logs.logger(__name__)
_TEXT = 256
_LONG = 32_000
"""Characters of a list of permissions or keys: cut shorter, what matters could be hidden at its end."""
_LISTS = frozenset({"delegatedpermissiongrant.scope", "keydescription"})
_IDS = re.compile(r"(\.|^)\w*id$")
"""Names of values that are ids, which the logs spell in any case."""
_NESTED = 3
"""Levels of JSON text within JSON text that are opened."""
_MOST_TARGETS = 200
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
_POLICY = "conditionalaccesspolicy"
_CONSENT = "consentaction.permissions"
_SCOPES = re.compile(r"Scope:([^,\]]*)")
_FEDERATED = "federatedidentitycredential"
_SIGN_IN_METHODS = frozenset(
    {"strongauthenticationmethod", "strongauthenticationphoneappdetail", "strongauthenticationuserdetails"}
)
"""Of these only that they changed is kept: they hold telephone numbers and keys of devices."""
_INTUNE_ACTORS = {
    "itpro": ActorKind.PERSON,
    "partner": ActorKind.PERSON,
    "application": ActorKind.APPLICATION,
}


def directory_entry(raw: object) -> LogEntry | None:
    """An entry of Entra's audit log; None for what has no id, time or activity."""
    if not isinstance(raw, Mapping):
        return None
    at, entry_id = parse_time(raw.get("activityDateTime")), _text(raw.get("id"))
    activity = activity_name(_text(raw.get("activityDisplayName")))
    if at is None or not entry_id or not activity:
        return None
    return LogEntry(
        entry_id,
        activity,
        at,
        service=_text(raw.get("loggedByService")).strip().casefold(),
        succeeded=_text(raw.get("result")).lower() in {"", "success"},
        correlation_id=_text(raw.get("correlationId")),
        actor=_initiator(raw.get("initiatedBy")),
        targets=tuple(_targets(raw.get("targetResources"), "id", "type", "displayName")),
        details=dict(_details(raw.get("additionalDetails"))),
    )


def intune_entry(raw: object) -> LogEntry | None:
    """An entry of Intune's audit log; None for what has no id, time or activity."""
    if not isinstance(raw, Mapping):
        return None
    at, entry_id = parse_time(raw.get("activityDateTime")), _text(raw.get("id"))
    activity = activity_name(
        _text(raw.get("activityType")) or _text(raw.get("displayName")) or _text(raw.get("activity"))
    )
    if at is None or not entry_id or not activity:
        return None
    return LogEntry(
        entry_id,
        activity,
        at,
        succeeded=_text(raw.get("activityResult")).lower() in {"", "success", "1"},
        correlation_id=_text(raw.get("correlationId")),
        actor=_intune_actor(raw.get("actor")),
        targets=tuple(_targets(raw.get("resources"), "resourceId", "auditResourceType", "displayName")),
    )


def _initiator(value: object) -> Actor:
    """Who did it: the one that is not told is null."""
    told = value if isinstance(value, Mapping) else {}
    user, app = told.get("user"), told.get("app")
    if isinstance(user, Mapping) and (user.get("id") or user.get("userPrincipalName")):
        return Actor(
            ActorKind.PERSON,
            _id(user.get("id")),
            _text(user.get("displayName")),
            _text(user.get("userPrincipalName")),
            _text(user.get("ipAddress")),
        )
    if isinstance(app, Mapping):
        # Its appId is null in what others captured.
        app_id = _id(app.get("servicePrincipalId")) or _id(app.get("appId"))
        return Actor(ActorKind.APPLICATION, app_id, _text(app.get("displayName")))
    return Actor()


def _intune_actor(value: object) -> Actor:
    """Who did it: a user means a person, even where the app of the portal stands beside it."""
    told = value if isinstance(value, Mapping) else {}
    account, user_id = _text(told.get("userPrincipalName")), _id(told.get("userId"))
    kind = _text(told.get("auditActorType") or told.get("type")).lower()
    if kind in {"iw", "system"}:
        return Actor(ActorKind.SYSTEM, user_id, "", account)
    if account or user_id:
        return Actor(ActorKind.PERSON, user_id, "", account)
    app_id = _id(told.get("applicationId"))
    if app_id or kind == "application":
        name = _text(told.get("applicationDisplayName")) or _text(told.get("servicePrincipalName"))
        return Actor(ActorKind.APPLICATION, app_id, name)
    return Actor(_INTUNE_ACTORS.get(kind, ActorKind.UNKNOWN))


def _targets(value: object, id_name: str, kind_name: str, label_name: str) -> Iterator[Target]:
    for each in (value if isinstance(value, list) else [])[:_MOST_TARGETS]:
        if isinstance(each, Mapping):
            yield Target(
                _id(each.get(id_name)),
                _text(each.get(kind_name)),
                _text(each.get(label_name)),
                _text(each.get("userPrincipalName")),
                dict(_modified(each.get("modifiedProperties"))),
            )


def _modified(value: object) -> Iterator[tuple[str, Modified]]:
    for each in value if isinstance(value, list) else []:
        if not isinstance(each, Mapping):
            continue
        name = _text(each.get("displayName")).strip().lower()
        old, new = _opened(each.get("oldValue")), _opened(each.get("newValue"))
        if name == _POLICY:
            yield from _of_a_policy(old, new)
        elif name == _CONSENT:
            yield "consentaction.scope", _consented(_joined(new, _LONG))
        elif name in _SIGN_IN_METHODS:
            yield "signinmethod", Modified(new="changed")
        elif _FEDERATED in name:
            yield "federated", Modified(new="changed" if new else "")
        elif name in _KEPT:
            limit = _LONG if name in _LISTS else _TEXT
            told = Modified(_joined(old, limit), _joined(new, limit))
            yield name, Modified(told.old.lower(), told.new.lower()) if _IDS.search(name) else told


def _details(value: object) -> Iterator[tuple[str, str]]:
    for each in value if isinstance(value, list) else []:
        name = _text(each.get("key")).strip().lower() if isinstance(each, Mapping) else ""
        if name in _DETAILS:
            told = _joined(_opened(each.get("value")), _TEXT)
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
    return ", ".join(_text(each, limit) for each in parts)[:limit]


def _consented(text: str) -> Modified:
    """The delegated permissions before and after a consent, which tells them as `[[...]] => [[...]]`."""
    before, _, after = text.rpartition("=>")
    old, new = (" ".join(_SCOPES.findall(each)) for each in (before, after))
    return Modified(old, new)


def _of_a_policy(old: object, new: object) -> Iterator[tuple[str, Modified]]:
    """What tells whether a Conditional Access policy protects less than before; nothing of one cut short."""
    policies = [_as_policy(each) for each in (old, new)]
    if None in policies:
        return
    before, after = (each or {} for each in policies)
    for part in ("state", "included", "excluded", "controls"):
        yield f"{_POLICY}.{part}", Modified(before.get(part, ""), after.get(part, ""))


def _as_policy(policy: object) -> Mapping[str, str] | None:
    """Its state, whom and what it names and leaves out, what it asks for; None where it cannot be read."""
    if policy in (None, ""):
        return {}
    if not isinstance(policy, Mapping):
        return None
    told = lowered(policy)
    grant = lowered(held) if isinstance(held := told.get("grantcontrols"), Mapping) else {}
    asked = _words(grant.get("builtincontrols")) + ["strength"] * bool(grant.get("authenticationstrength"))
    asked += ["all of them"] * (_text(grant.get("operator")).upper() == "AND")
    return {
        "state": _text(told.get("state")),
        "included": "\n".join(_named(told.get("conditions"), "include"))[:_LONG],
        "excluded": "\n".join(_named(told.get("conditions"), "exclude"))[:_LONG],
        "controls": "\n".join(asked),
    }


def _named(conditions: object, word: str) -> Iterator[str]:
    """The ids in every list of a policy's conditions that includes or excludes, each with its list's name."""
    for part in conditions.values() if isinstance(conditions, Mapping) else ():
        for name, ids in part.items() if isinstance(part, Mapping) else ():
            if str(name).lower().startswith(word):
                yield from (f"{name}:{each}".lower() for each in _words(ids))


def _words(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _id(value: object) -> str:
    """An id in lower case, since the logs and Graph's objects spell it differently."""
    return _text(value).strip().lower()


def _text(value: object, limit: int = _TEXT) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value[:limit] if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


DIRECTORY_LOG = Surface(("AuditLog.Read.All",), licence="Entra", pause=2.0)
"""It may be asked five times in ten seconds, all apps of the tenant together with the sign-ins."""
INTUNE_LOG = Surface(("DeviceManagementApps.Read.All",))
"""This permission alone opens it, though Microsoft's reference names others as well."""

_MOST_PAGES = 25
_ORDER = "&$orderby=activityDateTime%20asc"


class LogTooLong(GraphUnavailable):
    """More entries in a span than can be read in time.

    `entries` are those that were read; `until` is the time up to which they are whole (UTC), None where the
    log keeps no order.
    """

    code = "log_too_long"

    def __init__(self, message: str, entries: Sequence[LogEntry] = (), until: datetime | None = None) -> None:
        super().__init__(message)
        self.entries = entries
        self.until = until


class AuditLog:
    """One audit log, read by spans of time."""

    def __init__(
        self,
        reader: GraphReader,
        path: str,
        surface: Surface,
        parse: Callable[[object], LogEntry | None],
        *,
        in_order: bool,
    ) -> None:
        """Reads through `reader`; `in_order` asks for the oldest first, where that can be relied on."""
        self._reader = reader
        self._path = path
        self._surface = surface
        self._parse = parse
        self._in_order = in_order

    @property
    def permission(self) -> str:
        """The permission that opens it."""
        return self._surface.permissions[0]

    def read(self, start: datetime, end: datetime) -> list[LogEntry]:
        """The entries from `start` to `end` (UTC), both included, in any order.

        Raises:
            LogTooLong: they are more than can be read in time.
            GraphError: Graph could not tell all of them.
        """
        raw: list[object] = []
        is_whole = True
        pages = self._reader.pages(
            f"{self._path}{_span(start, end)}{_ORDER if self._in_order else ''}", self._surface, read_entries
        )
        for number, (page, _) in enumerate(pages, 1):
            is_whole = number <= _MOST_PAGES
            if not is_whole:
                break
            raw += page.entries
        read = [self._parse(each) for each in raw]
        if malformed := sum(each is None for each in read):
            _LOG.warning("watch.malformed", entries=malformed)
        # The filter is Graph's to apply; what it lets through besides is not of this span.
        entries = [each for each in read if each is not None and start <= each.at <= end]
        if not is_whole:
            until = entries[-1].at if self._in_order and entries else None
            raise LogTooLong(f"the log has more than {_MOST_PAGES} pages in one span", entries, until)
        return entries


def directory_log(reader: GraphReader) -> AuditLog:
    """Entra's audit log."""
    return AuditLog(reader, "/v1.0/auditLogs/directoryAudits", DIRECTORY_LOG, directory_entry, in_order=True)


def intune_log(reader: GraphReader) -> AuditLog:
    """Intune's audit log."""
    return AuditLog(reader, "/beta/deviceManagement/auditEvents", INTUNE_LOG, intune_entry, in_order=False)


def _span(start: datetime, end: datetime) -> str:
    """The query for a span."""
    first, last = (quote(f"{each:%Y-%m-%dT%H:%M:%SZ}") for each in (start, end + timedelta(seconds=1)))
    return f"?$filter=activityDateTime%20ge%20{first}%20and%20activityDateTime%20le%20{last}&$top=999"
