"""Events of Intune's audit log, and which of them carried out which request. Pure.

The log has no names for Multi Admin Approval that are published anywhere, and refused attempts may leave no
event. `activityType` has two dialects, `wipe ManagedDevice` and `createDeviceManagementScript`, so verb and
entity are compared without case. A resource's name may be the text `<null>`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import ApprovalRequest, Identity
from maa_notify.insight.query import Query, folded, holds_any, is_called
from maa_notify.insight.verbs import means, words_of

KEPT = timedelta(days=730)
"""How long Intune keeps its audit events (Microsoft Learn, "Audit logs for Intune activities")."""

_PATH = "/v1.0/deviceManagement/auditEvents"
_READING = frozenset({"get", "search"})
_OTHERS = frozenset({"iw", "system"})
"""Actors that carry out no administrator's wish: the user of the device, and Intune itself."""
_VERB = re.compile(r"[A-Za-z][a-z]*")
_NO_NAME = frozenset({"", "<null>"})
_SKEW = timedelta(minutes=5)
_LATEST = timedelta(days=30)
_ENTITIES = {
    "app": ("mobileapp",),
    "script": ("devicemanagementscript", "deviceshellscript", "devicehealthscript"),
    "role": ("roledefinition", "roleassignment", "deviceandappmanagementrole"),
    "compliancePolicy": ("devicecompliancepolicy",),
    "configurationPolicy": (
        "devicemanagementconfigurationpolicy",
        "deviceconfiguration",
        "configurationpolicy",
    ),
    "tenantConfiguration": ("devicecategory",),
    "operationApprovalPolicy": ("operationapprovalpolicy",),
}
_DEVICE = "manageddevice"


class Resource(Struct, frozen=True):
    """What an event was about: its id in lower case, its internal type in lower case, its name or ""."""

    id: str
    type: str
    name: str


class AuditEvent(Struct, frozen=True):
    """One event of the audit log.

    Attributes:
        id: of the event.
        at: when it happened (UTC).
        activity: as Intune spells it: verb and entity.
        actor: who did it.
        resources: to what.
        correlation_id: the same in events that belong together.
    """

    id: str
    at: datetime
    activity: str
    actor: Identity
    resources: tuple[Resource, ...] = ()
    correlation_id: str = ""

    @property
    def verb(self) -> str:
        """The verb in lower case."""
        found = _VERB.match(self.activity)
        return found[0].lower() if found else ""

    @property
    def name(self) -> str:
        """The name of the first resource that has one."""
        return next((each.name for each in self.resources if each.name), "")


def audit_path(since: datetime, until: datetime) -> str:
    """The path and query that list the events of a span (UTC), both ends included."""
    first, last = (f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for at in (since, until))
    return f"{_PATH}?$filter=activityDateTime%20ge%20{first}%20and%20activityDateTime%20le%20{last}"


def parse_event(raw: object) -> AuditEvent | None:
    """The event in an entry of the log; None for one that only reads, fails, or is nobody's deed."""
    if not isinstance(raw, Mapping):
        return None
    held, listed = raw.get("actor"), raw.get("resources")
    actor = held if isinstance(held, Mapping) else {}
    at, kind = _time(raw.get("activityDateTime")), _text(actor, "auditActorType").lower()
    is_deed = _text(raw, "activityOperationType").lower() not in _READING and kind not in _OTHERS
    if at is None or not is_deed or _text(raw, "activityResult").lower() not in {"", "success"}:
        return None
    resources = listed if isinstance(listed, list) else []
    return AuditEvent(
        _text(raw, "id"),
        at,
        _text(raw, "activityType") or _text(raw, "displayName"),
        _actor(actor),
        tuple(_resource(each) for each in resources if isinstance(each, Mapping)),
        _text(raw, "correlationId"),
    )


def window_of(record: RequestRecord) -> tuple[datetime, datetime] | None:
    """When a request can have been carried out (UTC): from its approval to its end; None if not approved."""
    approved_at = record.approved_at or record.completed_at
    if approved_at is None:
        return None
    end = record.completed_at or record.closed_at or record.request.expires_at or approved_at + _LATEST
    return approved_at - _SKEW, max(end, approved_at) + _SKEW


def executed(record: RequestRecord, events: Iterable[AuditEvent]) -> tuple[AuditEvent, bool] | None:
    """The event that carried out a request, and whether its id proves it; None for none.

    The object is the same, by id or else by name and type; the verb agrees; it was after the approval; and
    the actor is the requestor, as far as both are told. Of several it is the one nearest to the completion.
    """
    window, request = window_of(record), record.request
    if window is None:
        return None
    end = record.completed_at or window[0]
    fitting = [
        each
        for each in sorted(events, key=lambda event: (abs(event.at - end), event.id))
        if window[0] <= each.at <= window[1]
        and _has_verb_of(each, request)
        and _is_by_requestor(each, request)
    ]
    by_id = [
        each for each in fitting if request.target.device_id in {one.id for one in each.resources} - {""}
    ]
    by_name = [each for each in fitting if any(_is_object(one, record) for one in each.resources)]
    if by_id:
        return by_id[0], True
    return (by_name[0], False) if by_name else None


def fits(query: Query, event: AuditEvent) -> bool:
    """Whether a question is about an event, of which no request is known."""
    names = [each.name for each in event.resources] + [each.id for each in event.resources]
    types = [each.type for each in event.resources]
    return (
        query.span.holds(event.at)
        and (not folded(query.text) or holds_any(query.text, names))
        and (not query.verb or means(query.verb, event.verb))
        and (not folded(query.person) or is_called(query.person, event.actor))
        and (not query.policy_type or any(_is_of_type(each, query.policy_type) for each in types))
    )


def _has_verb_of(event: AuditEvent, request: ApprovalRequest) -> bool:
    return any(event.activity.lower().startswith(word) for word in words_of(request))


def _is_by_requestor(event: AuditEvent, request: ApprovalRequest) -> bool:
    actor, requestor = event.actor, request.requestor
    pairs = [(actor.id, requestor.id), (actor.upn, requestor.upn), (actor.name, requestor.name)]
    told = [(one.lower(), other.lower()) for one, other in pairs if one and other]
    return not told or told[0][0] == told[0][1]


def _is_object(resource: Resource, record: RequestRecord) -> bool:
    request = record.request
    names = map(folded, (request.target.name, *record.state.former_names))
    is_named = bool(resource.name) and folded(resource.name) in names
    is_type = resource.type == request.target.object_type.lower()
    return is_named and (is_type or any(_is_of_type(resource.type, each) for each in request.policy_types))


def _is_of_type(entity: str, policy_type: str) -> bool:
    """Whether an entity of the log is what a policy type protects."""
    entities = next((held for name, held in _ENTITIES.items() if name.lower() == policy_type.lower()), ())
    is_device = policy_type.lower().startswith("device") and entity == _DEVICE
    return is_device or entity.startswith(tuple(entities))


def _actor(raw: Mapping[str, Any]) -> Identity:
    """Who did it: a user means a person, though the portal's own application stands beside him."""
    upn, user_id = _text(raw, "userPrincipalName"), _text(raw, "userId")
    if upn or user_id:
        return Identity("user", "", upn, user_id)
    name, app_id = _text(raw, "applicationDisplayName"), _text(raw, "applicationId")
    return Identity("application", name, "", app_id) if name or app_id else Identity()


def _resource(raw: Mapping[str, Any]) -> Resource:
    name = _text(raw, "displayName")
    return Resource(
        _text(raw, "resourceId").lower(),
        _text(raw, "auditResourceType").rpartition(".")[2].lower(),
        "" if name.lower() in _NO_NAME else name,
    )


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return value.strip()[:256] if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
