"""Entries of the audit logs in the forms of public captures.

Ids come in any case, values as JSON text within text or bare, names null, the other initiator null or absent.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from maa_notify.demo.audit_events import intune_app, intune_event, intune_person
from maa_notify.demo.samples import Json
from maa_notify.insight.identifiers import GLOBAL_ADMINISTRATOR

GRAPH: Final = "62CB0000-AAAA-4000-8000-000000000034"
WIPES: Final = (
    "5b07b0dd-2377-4e44-a38d-703f09a0dc3c",
    "DeviceManagementManagedDevices.PrivilegedOperations.All",
)
USER_ADMINISTRATOR: Final = "fe930be7-5e62-47db-91af-98c3a49a38b1"
READER: Final = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
MALLORY: Final = "BAD00000-000A-4000-8000-000000000001"
PUPPET: Final = "BAD00000-000A-4000-8000-000000000002"
STRANGER: Final = "0E000000-000A-4000-8000-000000000003"
NEW_APP: Final = ("0E000000-000A-4000-8000-000000000004", "0E000000-000A-4000-8000-000000000005")


@dataclass(frozen=True)
class Tenant:
    """The ids that the watch must know, as the log spells them."""

    group: str
    unit: str
    approver: str
    app: tuple[str, str, str]
    """Of the app that can go around approval: its service principal, its app id, its registration."""


@dataclass(frozen=True)
class Logged:
    """Raw entries of both logs."""

    entra: Sequence[Json] = ()
    intune: Sequence[Json] = ()


@dataclass(frozen=True)
class Capture:
    """What is logged, and the kinds of the cards that it must bring, in alphabetical order."""

    logged: Callable[[Tenant, datetime], Logged]
    cards: tuple[str, ...] = ()
    words: tuple[str, ...] = field(default=())
    """What the cards must say."""


def value(name: str, new: object = None, old: object = None) -> Json:
    """Return a modified property with its values as JSON text."""
    told = [None if each is None else json.dumps(each, separators=(",", ":")) for each in (old, new)]
    return {"displayName": name, "oldValue": told[0], "newValue": told[1]}


def bare(name: str, new: str | None = None, old: str | None = None) -> Json:
    """Return a modified property with its values as they are."""
    return {"displayName": name, "oldValue": old, "newValue": new}


def by_user(user_id: str = MALLORY, account: str | None = "mal.lory@contoso.com", **fields: Any) -> Json:
    """Return an initiator that is a person, without the other one."""
    user = {"id": user_id, "displayName": None, "userPrincipalName": account, "ipAddress": "203.0.113.7"}
    return {"user": {**user, "homeTenantId": None, "homeTenantName": None, **fields}}


def by_app(name: str | None, principal: str = STRANGER) -> Json:
    """Return an initiator that is an app: its appId is null."""
    told = {
        "appId": None,
        "displayName": name,
        "servicePrincipalId": principal,
        "servicePrincipalName": None,
    }
    return {"user": None, "app": told}


def on(kind: str, object_id: str | None, name: str | None = None, *modified: Json, **fields: Any) -> Json:
    """Return a target."""
    return {
        "id": object_id,
        "displayName": name,
        "type": kind,
        "userPrincipalName": None,
        "groupType": None,
        "modifiedProperties": list(modified),
        **fields,
    }


def did(
    at: datetime,
    activity: str,
    by: Json,
    *targets: Json,
    service: str = "Core Directory",
    more: Sequence[tuple[str, str]] = (),
    **fields: Any,
) -> Json:
    """Return an entry of Entra's log."""
    number = str(uuid.uuid4())
    return {
        "id": f"Directory_{number}_{uuid.uuid4().hex[:5].upper()}_{uuid.uuid4().int % 100_000_000}",
        "category": "ApplicationManagement",
        "correlationId": number,
        "result": "success",
        "resultReason": "",
        "activityDisplayName": activity,
        "activityDateTime": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "loggedByService": service,
        "operationType": "Assign",
        "userAgent": None,
        "initiatedBy": by,
        "targetResources": list(targets),
        "additionalDetails": [{"key": key, "value": text} for key, text in more],
        **fields,
    }


def key(use: str = "Verify", kind: str = "Password") -> str:
    """Return a credential as the log lists it."""
    return f"[KeyIdentifier={uuid.uuid4()},KeyType={kind},KeyUsage={use},DisplayName=CN=ci, O=contoso]"


def granted(at: datetime, by: Json, role: tuple[str, str] = WIPES, **without: None) -> Json:
    """Return the entry of an app's permission; `without` names what the log left out."""
    principal, app_id = NEW_APP
    told = {
        "AppRole.Id": role[0],
        "AppRole.Value": role[1],
        "AppRole.DisplayName": "Perform user-impacting remote actions",
        "AppRoleAssignment.CreatedDateTime": None,
        "ServicePrincipal.ObjectID": principal,
        "ServicePrincipal.DisplayName": "fabrikam-release",
        "ServicePrincipal.AppId": app_id,
        "ServicePrincipal.Name": app_id,
        "TargetId.ServicePrincipalNames": "00000003-0000-0000-c000-000000000000;https://graph.microsoft.com",
    }
    left = [value(name, new) for name, new in told.items() if name.partition(".")[2] not in without]
    return did(
        at,
        "Add app role assignment to service principal",
        by,
        on("ServicePrincipal", GRAPH, "Microsoft Graph", *left),
        on("ServicePrincipal", principal, None),
    )


def scope_granted(at: datetime, scope: str, kind: str = "AllPrincipals", client: str = NEW_APP[0]) -> Json:
    """Return the entry of a delegated permission: the first target is the resource."""
    return did(
        at,
        "Add delegated permission grant",
        by_user(),
        on(
            "ServicePrincipal",
            GRAPH,
            "Microsoft Graph",
            value("DelegatedPermissionGrant.Scope", scope),
            value("DelegatedPermissionGrant.ConsentType", kind),
            value("ServicePrincipal.ObjectID", client),
            value("ServicePrincipal.DisplayName"),
            value("ServicePrincipal.AppId"),
            value("ServicePrincipal.Name"),
            value("TargetId.ServicePrincipalNames", "00000003-0000-0000-c000-000000000000"),
        ),
        on("ServicePrincipal", client),
    )


def consented(at: datetime, scope: str) -> Json:
    """Return the entry of a consent, which tells what was allowed as free text."""
    text = (
        f"[] => [[Id: AAAA, ClientId: {NEW_APP[0]}, PrincipalId: , ResourceId: {GRAPH},"
        f" ConsentType: AllPrincipals, Scope: {scope}, CreatedDateTime: , LastModifiedDateTime ]]; "
    )
    return did(
        at,
        "Consent to application",
        by_user(),
        on(
            "ServicePrincipal",
            NEW_APP[0],
            "Notes",
            value("ConsentContext.IsAdminConsent", "True"),
            value("ConsentContext.IsAppOnly", "False"),
            value("ConsentContext.OnBehalfOfAll", "True"),
            value("ConsentContext.Tags", "WindowsAzureActiveDirectoryIntegratedApp"),
            value("ConsentAction.Permissions", text),
            value("TargetId.ServicePrincipalNames", NEW_APP[1]),
        ),
        more=[("User-Agent", "EvoSTS"), ("AppId", NEW_APP[1])],
    )


def joined(
    at: datetime, by: Json, group: str, who: str = PUPPET, *, kind: str = "User", verb: str = "Add"
) -> Json:
    """Return the entry of somebody who joins or leaves a group."""
    is_new = verb == "Add"
    named = [
        ("Group.ObjectID", group),
        ("Group.DisplayName", "MAA approvers"),
        ("Group.WellKnownObjectName", None),
    ]
    changes = [value(name, told if is_new else None, None if is_new else told) for name, told in named]
    return did(
        at,
        f"{verb} member {'to' if is_new else 'from'} group",
        by,
        on(kind, who, None, *changes, userPrincipalName="puppet@contoso.com" if kind == "User" else None),
        on("Group", group, None, groupType="unknownFutureValue"),
        category="GroupManagement",
    )


def role_given(
    at: datetime,
    by: Json,
    role: str,
    who: str = PUPPET,
    *,
    activity: str = "Add member to role",
    kind: str = "User",
) -> Json:
    """Return the directory's entry of a role that somebody gets."""
    return did(
        at,
        activity,
        by,
        on(
            kind,
            who,
            None,
            value("Role.ObjectID", str(uuid.uuid4())),
            value("Role.DisplayName", "Global Administrator"),
            value("Role.TemplateId", role),
            value("Role.WellKnownObjectName", "TenantAdmins" if role == GLOBAL_ADMINISTRATOR else None),
            userPrincipalName="puppet@contoso.com",
        ),
        on("Role", str(uuid.uuid4())),
        category="RoleManagement",
    )


def by_pim(
    at: datetime, activity: str, by: Json, role: str, *, who: str = PUPPET, group: str = "", **details: str
) -> Json:
    """Return the entry of Privileged Identity Management: of a role of the directory, or of a group."""
    place = on("Role", str(uuid.uuid4()), "Member") if group else on("Role", role, "Global Administrator")
    told = {"RoleDefinitionOriginId": role, "RoleDefinitionOriginType": "BuiltInRole", "TemplateId": role}
    extra = {"ipaddr": "203.0.113.9", "Justification": "patching", **({} if group else told), **details}
    return did(
        at,
        activity,
        by,
        {**place, "modifiedProperties": [] if group else [value("TemplateId", role, "")]},
        on("Request", str(uuid.uuid4())),
        on("User", who, "Puppet", userPrincipalName="puppet@contoso.com"),
        *(
            [on("Group", group, "MAA approvers")]
            if group
            else [on("Directory", str(uuid.uuid4()), "Contoso")]
        ),
        on("Other", None, None),
        service="PIM",
        category="GroupManagement" if group else "RoleManagement",
        more=list(extra.items()),
    )


def policy_changed(
    at: datetime, new: Any, old: Any, activity: str = "Update conditional access policy"
) -> Json:
    """Return the entry of a Conditional Access policy: whole JSON, old and new."""
    told = [json.dumps(each) if isinstance(each, dict) else each for each in (old, new)]
    return did(
        at,
        activity,
        by_user(),
        on("Policy", str(uuid.uuid4()), "CA001", bare("ConditionalAccessPolicy", told[1], told[0])),
        service="Conditional Access",
        category="Policy",
    )


def rule(state: str = "enabled", excluded: Sequence[str] = (), controls: Sequence[str] = ("mfa",)) -> Json:
    """Return a Conditional Access policy."""
    users = {"includeUsers": ["All"], "excludeUsers": list(excluded), "excludeGroups": []}
    return {
        "id": "ca",
        "displayName": "CA001",
        "state": state,
        "modifiedDateTime": str(uuid.uuid4()),
        "conditions": {"applications": {"includeApplications": ["All"]}, "users": users},
        "grantControls": {"operator": "OR", "builtInControls": list(controls)},
    }


def touched(
    at: datetime, activity: str, by: Json, who: str, service: str = "Core Directory", *modified: Json
) -> Json:
    """Return an entry about somebody's account."""
    return did(
        at,
        activity,
        by,
        on("User", who, None, *modified, userPrincipalName="theo.brandt@contoso.com"),
        service=service,
        category="UserManagement",
    )


MIRA = intune_person("a1f40000-0000-4000-8000-000000000099", "mira.holt@contoso.com")
RELEASE = intune_app(NEW_APP[1], "fabrikam-release")
FIM = by_user(str(uuid.uuid4()), "fim_password_service@support.onmicrosoft.com")
PIM = by_app("MS-PIM", str(uuid.uuid4()))
SECRETS = "Update application \N{EN DASH} Certificates and secrets management "


def policy_event(
    at: datetime,
    activity: str,
    by: Json = MIRA,
    name: str | None = "MAA wipe",
    kind: str = "OperationApprovalPolicy",
) -> Json:
    """Return the entry of a change to an access policy."""
    resource = {
        "displayName": name,
        "auditResourceType": kind,
        "resourceId": str(uuid.uuid4()).upper(),
        "modifiedProperties": [{"displayName": None, "oldValue": None, "newValue": None}],
    }
    return intune_event(activity, at, by, resource, category="Role", componentName=None)


def entra(*entries: Json) -> Logged:
    """Return entries of Entra's log alone."""
    return Logged(entra=entries)


def intune(*entries: Json) -> Logged:
    """Return entries of Intune's log alone."""
    return Logged(intune=entries)


SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


OLD_KEY: Final = key()
