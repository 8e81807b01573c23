"""Entries of the audit logs of Entra and Intune. Any field may be missing, null or odd. Pure.

Source of the forms: Microsoft's reference, and captures that others published.
"""

from collections.abc import Iterator, Mapping

from maa_notify.domain.alert import Actor, ActorKind
from maa_notify.graph.log_texts import id_of, text_of
from maa_notify.graph.log_values import detail_values, modified_values
from maa_notify.graph.requests import parse_time
from maa_notify.insight.watch.log import LogEntry, Target, activity_name

_MOST_TARGETS = 200
_INTUNE_ACTORS = {
    "itpro": ActorKind.PERSON,
    "partner": ActorKind.PERSON,
    "application": ActorKind.APPLICATION,
}


def directory_entry(raw: object) -> LogEntry | None:
    """An entry of Entra's audit log; None for what has no id, time or activity."""
    if not isinstance(raw, Mapping):
        return None
    at, entry_id = parse_time(raw.get("activityDateTime")), text_of(raw.get("id"))
    activity = activity_name(text_of(raw.get("activityDisplayName")))
    if at is None or not entry_id or not activity:
        return None
    return LogEntry(
        entry_id,
        activity,
        at,
        service=text_of(raw.get("loggedByService")).strip().casefold(),
        succeeded=text_of(raw.get("result")).lower() in {"", "success"},
        correlation_id=text_of(raw.get("correlationId")),
        actor=_initiator(raw.get("initiatedBy")),
        targets=tuple(_targets(raw.get("targetResources"), "id", "type", "displayName")),
        details=dict(detail_values(raw.get("additionalDetails"))),
    )


def intune_entry(raw: object) -> LogEntry | None:
    """An entry of Intune's audit log; None for what has no id, time or activity."""
    if not isinstance(raw, Mapping):
        return None
    at, entry_id = parse_time(raw.get("activityDateTime")), text_of(raw.get("id"))
    activity = activity_name(
        text_of(raw.get("activityType")) or text_of(raw.get("displayName")) or text_of(raw.get("activity"))
    )
    if at is None or not entry_id or not activity:
        return None
    return LogEntry(
        entry_id,
        activity,
        at,
        succeeded=text_of(raw.get("activityResult")).lower() in {"", "success", "1"},
        correlation_id=text_of(raw.get("correlationId")),
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
            id_of(user.get("id")),
            text_of(user.get("displayName")),
            text_of(user.get("userPrincipalName")),
            text_of(user.get("ipAddress")),
        )
    if isinstance(app, Mapping):
        # Its appId is null in what others captured.
        app_id = id_of(app.get("servicePrincipalId")) or id_of(app.get("appId"))
        return Actor(ActorKind.APPLICATION, app_id, text_of(app.get("displayName")))
    return Actor()


def _intune_actor(value: object) -> Actor:
    """Who did it: a user means a person, even where the app of the portal stands beside it."""
    told = value if isinstance(value, Mapping) else {}
    account, user_id = text_of(told.get("userPrincipalName")), id_of(told.get("userId"))
    kind = text_of(told.get("auditActorType") or told.get("type")).lower()
    if kind in {"iw", "system"}:
        return Actor(ActorKind.SYSTEM, user_id, "", account)
    if account or user_id:
        return Actor(ActorKind.PERSON, user_id, "", account)
    app_id = id_of(told.get("applicationId"))
    if app_id or kind == "application":
        name = text_of(told.get("applicationDisplayName")) or text_of(told.get("servicePrincipalName"))
        return Actor(ActorKind.APPLICATION, app_id, name)
    return Actor(_INTUNE_ACTORS.get(kind, ActorKind.UNKNOWN))


def _targets(value: object, id_name: str, kind_name: str, label_name: str) -> Iterator[Target]:
    for each in (value if isinstance(value, list) else [])[:_MOST_TARGETS]:
        if isinstance(each, Mapping):
            yield Target(
                id_of(each.get(id_name)),
                text_of(each.get(kind_name)),
                text_of(each.get(label_name)),
                text_of(each.get("userPrincipalName")),
                dict(modified_values(each.get("modifiedProperties"))),
            )
