"""Alerts about apps: permissions, consent, credentials, owners (B1 to B6). Pure.

Source of the activities and of where their facts stand: Microsoft's list of audit activities, and captures
that others published. The name of an activity for a federated credential is not verified.
"""

import re
from collections.abc import Iterator, Sequence

from maa_notify.domain.alert import Alert, Severity
from maa_notify.domain.event import Fact
from maa_notify.domain.names import set_apart
from maa_notify.insight.identifiers import MICROSOFT_TENANTS, POWERFUL_APP_ROLES, POWERFUL_SCOPES
from maa_notify.insight.watch.ground import Ground
from maa_notify.insight.watch.log import LogEntry, Modified, Target

_CREDENTIAL = re.compile(
    r"certificates and secrets management|^add service principal credentials$|federated identity credential"
)
_KEY = re.compile(r"\[KeyIdentifier=([^,\]]*),KeyType=([^,\]]*),KeyUsage=([^,\]]*)", re.IGNORECASE)
_MADE_BY_MICROSOFT = frozenset(
    {
        "defaultmicrosoft",
        "subscription",
        "managerapplications",
        "azureresourceprovider",
        "managedserviceidentity",
    }
)
_REMOVE_IT = (
    "If nobody of yours planned it, take it away in Entra > Enterprise apps,"
    " and look at what the app did since."
)


def app_alerts(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    """The alerts about apps that an entry of Entra's log gives rise to."""
    match entry.activity:
        case "add app role assignment to service principal":
            yield from _granted(entry, ground)
        case (
            "add delegated permission grant" | "update delegated permission grant" | "consent to application"
        ):
            yield from _delegated(entry, ground)
        case "add application" | "add service principal":
            yield from _new_app(entry)
        case "add owner to application" | "add owner to service principal":
            yield from _new_owner(entry, ground)
        case activity if _CREDENTIAL.search(activity) or entry.modified("federated").new:
            yield from _new_credential(entry, ground)


def grantees(entry: LogEntry) -> tuple[str, ...]:
    """The ids of the app that a permission was granted to; the log names it in several ways, some missing."""
    told = (
        entry.modified("serviceprincipal.objectid").either,
        *(each.id for each in entry.of_kind("serviceprincipal") if not _is_resource(each)),
        entry.modified("serviceprincipal.appid").either,
    )
    return tuple(dict.fromkeys(filter(None, told)))


def _is_resource(target: Target) -> bool:
    """Whether it is the API that the permission is for, not the app that got it."""
    return any(name.startswith(("approle.", "delegatedpermissiongrant.")) for name in target.modified)


def _granted(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    role_id, role = entry.modified("approle.id").new.lower(), entry.modified("approle.value").new
    name = POWERFUL_APP_ROLES.get(role_id) or _known_name(role)
    if not name:
        return
    ids = grantees(entry)
    yield Alert(
        "B1",
        Severity.HIGH,
        entry.at,
        entry.actor,
        _one_of(ids, ground) or entry.id,
        entry.modified("serviceprincipal.displayname").new,
        "An app got a permission that leads around approval",
        (Fact("Permission", name),),
        _REMOVE_IT,
        (entry.id,),
        frozenset(ids),
    )


def _one_of(ids: Sequence[str], ground: Ground) -> str:
    """The id by which an app is remembered: of its service principal, where that is known."""
    return ground.principal_of(*ids) or next(iter(ids), "")


def _known_name(role: str) -> str:
    return next((name for name in POWERFUL_APP_ROLES.values() if name.lower() == role.lower()), "")


def _delegated(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    scope = entry.modified("delegatedpermissiongrant.scope")
    if not scope.new:
        scope = entry.modified("consentaction.scope")
    gained = {*scope.new.lower().split()} - {*scope.old.lower().split()}
    powerful = sorted({each for each in scope.new.split() if each.lower() in gained & POWERFUL_SCOPES})
    if not powerful:
        return
    kind = entry.modified("delegatedpermissiongrant.consenttype").new.lower()
    whom = {"allprincipals": "everybody in the tenant", "principal": "one person"}.get(kind, "")
    ids = grantees(entry)
    name = next((each.name for each in entry.of_kind("serviceprincipal") if not _is_resource(each)), "")
    yield Alert(
        "B2",
        Severity.MEDIUM,
        entry.at,
        entry.actor,
        _one_of(ids, ground) or entry.id,
        entry.modified("serviceprincipal.displayname").new or name,
        "An app may act for people with a permission that can approve",
        (Fact("Permission", ", ".join(powerful)), *((Fact("For", whom),) if whom else ())),
        _REMOVE_IT,
        (entry.id,),
        frozenset(ids),
    )


def _new_app(entry: LogEntry) -> Iterator[Alert]:
    kind = entry.details.get("serviceprincipalprovisioningtype", "").lower()
    if kind in _MADE_BY_MICROSOFT or entry.details.get("appownerorganizationid") in MICROSOFT_TENANTS:
        return
    made = next(entry.of_kind("application", "serviceprincipal"), Target())
    yield Alert(
        "B4",
        Severity.LOW,
        entry.at,
        entry.actor,
        entry.details.get("appid") or made.id,
        made.name,
        "An app was added",
        (),
        "Nothing, unless it gets a permission or a secret that nobody planned.",
        (entry.id,),
        frozenset(filter(None, {made.id, entry.details.get("appid", "")})),
    )


def _new_credential(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    app = next(entry.of_kind("application", "serviceprincipal"), Target())
    keys = entry.modified("keydescription")
    before = {key for key, *_ in _KEY.findall(keys.old)}
    # Keys that sign are those of single sign-on, which roll over by themselves.
    added = {kind for key, kind, use in _KEY.findall(keys.new) if key not in before and use.lower() != "sign"}
    if not added:
        added = {_untold(entry, keys)} - {""}
    if not added:
        return
    ids = tuple(filter(None, (entry.details.get("appid", ""), app.id)))
    powerful = ground.principal_of(*ids)
    yield Alert(
        "B5",
        Severity.HIGH if powerful else Severity.LOW,
        entry.at,
        entry.actor,
        _one_of(ids, ground),
        app.name,
        "An app that can go around approval got a new credential"
        if powerful
        else "An app got a new credential",
        (Fact("Kind", ", ".join(map(set_apart, sorted(added)))),),
        "If no pipeline of yours did it, delete the credential and revoke the app's sessions now.",
        (entry.id,),
        frozenset(ids),
    )


def _untold(entry: LogEntry, keys: Modified) -> str:
    """The kind of a credential that is in no list of keys; "" where none was added."""
    names_it = "federated identity credential" in entry.activity
    if entry.modified("federated").new or (names_it and not entry.activity.startswith(("delete", "remove"))):
        return "federated"
    return "not told" if entry.activity == "add service principal credentials" and not keys.new else ""


def _new_owner(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    app = next(entry.of_kind("application", "serviceprincipal"), Target())
    owner = next((each for each in entry.targets if each is not app), Target())
    ids = tuple(filter(None, (app.id, entry.details.get("appid", ""), *_told_ids(entry))))
    powerful = ground.principal_of(*ids)
    yield Alert(
        "B6",
        Severity.HIGH if powerful else Severity.LOW,
        entry.at,
        entry.actor,
        _one_of(ids, ground),
        app.name,
        "An app that can go around approval got a new owner" if powerful else "An app got a new owner",
        (Fact("Owner", owner.account or owner.name or owner.id, is_name=True),),
        "If nobody of yours planned it, remove the owner: an owner can add a secret to the app.",
        (entry.id,),
        frozenset(filter(None, (*ids, owner.id))),
    )


def _told_ids(entry: LogEntry) -> Iterator[str]:
    for name in (
        "application.objectid",
        "serviceprincipal.objectid",
        "application.appid",
        "serviceprincipal.appid",
    ):
        yield entry.modified(name).either
