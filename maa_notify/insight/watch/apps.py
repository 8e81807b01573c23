"""Alerts about apps: permissions, consent, credentials, owners (B1 to B6). Pure.

Source of the activities and of where their facts stand: Microsoft's list of audit activities, and captures
that others published. The name of an activity for a federated credential is not verified.
"""

import re
from collections.abc import Iterator

from maa_notify.domain.alert import Alert, Severity
from maa_notify.domain.event import Fact
from maa_notify.insight.identifiers import MICROSOFT_TENANTS, POWERFUL_APP_ROLES, POWERFUL_SCOPES
from maa_notify.insight.watch.ground import Ground
from maa_notify.insight.watch.log import LogEntry, Target

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
            yield from _granted(entry)
        case "add delegated permission grant" | "update delegated permission grant":
            yield from _delegated(entry)
        case "add application" | "add service principal":
            yield from _new_app(entry)
        case "add owner to application" | "add owner to service principal":
            yield from _new_owner(entry, ground)
        case activity if _CREDENTIAL.search(activity):
            yield from _new_credential(entry, ground)


def grantees(entry: LogEntry) -> frozenset[str]:
    """The ids of the app that a permission was granted to; the log names it in several ways, some missing."""
    told = {
        entry.modified(name).either
        for name in ("serviceprincipal.objectid", "serviceprincipal.appid", "targetid")
    }
    others = {each.id for each in entry.of_kind("serviceprincipal") if not _is_graph(each)}
    return frozenset(filter(None, told | others))


def _is_graph(target: Target) -> bool:
    return "approle.id" in target.modified or "approle.value" in target.modified


def _granted(entry: LogEntry) -> Iterator[Alert]:
    role_id, role = entry.modified("approle.id").new.lower(), entry.modified("approle.value").new
    name = POWERFUL_APP_ROLES.get(role_id) or _known_name(role)
    if not name:
        return
    ids = grantees(entry)
    app_id = entry.modified("serviceprincipal.objectid").new or min(ids, default="")
    yield Alert(
        "B1",
        Severity.HIGH,
        entry.at,
        entry.actor,
        app_id,
        entry.modified("serviceprincipal.displayname").new,
        "An app got a permission that leads around approval",
        (Fact("Permission", name),),
        _REMOVE_IT,
        (entry.id,),
        ids,
    )


def _known_name(role: str) -> str:
    return next((name for name in POWERFUL_APP_ROLES.values() if name.lower() == role.lower()), "")


def _delegated(entry: LogEntry) -> Iterator[Alert]:
    scope = entry.modified("delegatedpermissiongrant.scope")
    gained = {*scope.new.lower().split()} - {*scope.old.lower().split()}
    powerful = sorted(each for each in scope.new.split() if each.lower() in gained & POWERFUL_SCOPES)
    if not powerful:
        return
    for_all = entry.modified("delegatedpermissiongrant.consenttype").new.lower() == "allprincipals"
    ids = grantees(entry)
    client = next((each for each in entry.of_kind("serviceprincipal") if each.id in ids), Target())
    yield Alert(
        "B2",
        Severity.MEDIUM,
        entry.at,
        entry.actor,
        entry.modified("serviceprincipal.objectid").new or client.id or min(ids, default=entry.id),
        entry.modified("serviceprincipal.displayname").new,
        "An app may act for people with a permission that can approve",
        (
            Fact("Permission", ", ".join(powerful)),
            Fact("For", "everybody in the tenant" if for_all else "one person"),
        ),
        _REMOVE_IT,
        (entry.id,),
        ids,
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
    added = [kind for key, kind, use in _KEY.findall(keys.new) if key not in before and use.lower() != "sign"]
    is_federated = "federated identity credential" in entry.activity and "delet" not in entry.activity
    if not added and not (
        is_federated or (entry.activity == "add service principal credentials" and not keys.new)
    ):
        return
    ids = frozenset(filter(None, {app.id, entry.details.get("appid", "")}))
    powerful = ground.is_powerful(*ids)
    yield Alert(
        "B5",
        Severity.HIGH if powerful else Severity.LOW,
        entry.at,
        entry.actor,
        entry.details.get("appid") or app.id,
        app.name,
        "An app that can go around approval got a new credential"
        if powerful
        else "An app got a new credential",
        (Fact("Kind", ", ".join(sorted(set(added))) or "federated"),),
        "If no pipeline of yours did it, delete the credential and revoke the app's sessions now.",
        (entry.id,),
        ids,
    )


def _new_owner(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    app = next(entry.of_kind("application", "serviceprincipal"), Target())
    owner = next(entry.of_kind("user"), Target())
    ids = frozenset(filter(None, {app.id, entry.details.get("appid", ""), *_told_ids(entry)}))
    powerful = ground.is_powerful(*ids)
    yield Alert(
        "B6",
        Severity.HIGH if powerful else Severity.LOW,
        entry.at,
        entry.actor,
        app.id,
        app.name,
        "An app that can go around approval got a new owner" if powerful else "An app got a new owner",
        (Fact("Owner", owner.account or owner.name or owner.id),),
        "If nobody of yours planned it, remove the owner: an owner can add a secret to the app.",
        (entry.id,),
        ids | {owner.id} - {""},
    )


def _told_ids(entry: LogEntry) -> Iterator[str]:
    for name in (
        "application.objectid",
        "serviceprincipal.objectid",
        "application.appid",
        "serviceprincipal.appid",
    ):
        yield entry.modified(name).either
