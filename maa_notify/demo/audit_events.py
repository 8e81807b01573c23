"""Raw entries of the audit logs of Entra and Intune, in the forms that others captured."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from maa_notify.demo.samples import Json

GRAPH_SERVICE = "62cb0000-0000-4000-8000-000000000034"


def person(object_id: str, account: str, address: str = "203.0.113.7") -> Json:
    """Return an initiator that is a person."""
    user = {"id": object_id, "displayName": None, "userPrincipalName": account, "ipAddress": address}
    return {"app": None, "user": user}


def app(object_id: str, name: str) -> Json:
    """Return an initiator that is an app; its appId is null in the wild."""
    told = {"appId": None, "displayName": name, "servicePrincipalId": object_id, "servicePrincipalName": None}
    return {"user": None, "app": told}


def changed(name: str, new: object = None, old: object = None) -> Json:
    """Return a modified property; values are JSON text within text."""

    def told(value: object) -> str | None:
        return None if value is None else json.dumps(value)

    return {"displayName": name, "oldValue": told(old), "newValue": told(new)}


def target(
    kind: str, object_id: str, name: str | None = None, *modified: Json, account: str | None = None
) -> Json:
    """Return a target of an entry of Entra's log."""
    return {
        "id": object_id,
        "displayName": name,
        "type": kind,
        "userPrincipalName": account,
        "groupType": None,
        "modifiedProperties": list(modified),
    }


def entra_event(activity: str, at: datetime, by: Json, *targets: Json, **fields: Any) -> Json:  # noqa: ANN401
    """Return an entry of Entra's log; `fields` replace or add to it."""
    correlation_id = str(uuid.uuid4())
    return {
        "id": f"Directory_{correlation_id}_{uuid.uuid4().hex[:5].upper()}",
        "category": "ApplicationManagement",
        "correlationId": correlation_id,
        "result": "success",
        "resultReason": "",
        "activityDisplayName": activity,
        "activityDateTime": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "loggedByService": "Core Directory",
        "operationType": "Update",
        "initiatedBy": by,
        "targetResources": list(targets),
        "additionalDetails": [],
        **fields,
    }


def details(**values: str) -> list[Json]:
    """Return additional details."""
    return [{"key": key, "value": value} for key, value in values.items()]


def permission_granted(at: datetime, by: Json, role_id: str, role: str, grantee: Sequence[str]) -> Json:
    """Return the entry of a grant; the grantee is object id, app id and name."""
    object_id, app_id, name = grantee
    return entra_event(
        "Add app role assignment to service principal",
        at,
        by,
        target(
            "ServicePrincipal",
            GRAPH_SERVICE,
            "Microsoft Graph",
            changed("AppRole.Id", role_id),
            changed("AppRole.Value", role),
            changed("ServicePrincipal.ObjectID", object_id),
            changed("ServicePrincipal.DisplayName", name),
            changed("ServicePrincipal.AppId", app_id),
        ),
    )


def secret_added(at: datetime, by: Json, owner: Sequence[str], use: str = "Verify") -> Json:
    """Return the entry of a new secret of an app, with the en dash and the trailing blank of the wild."""
    object_id, app_id, name = owner
    key = f"[KeyIdentifier={uuid.uuid4()},KeyType=Password,KeyUsage={use},DisplayName=ci]"
    return entra_event(
        "Update application \N{EN DASH} Certificates and secrets management ",
        at,
        by,
        target("Application", object_id, name, changed("KeyDescription", [key], [])),
        additionalDetails=details(AppId=app_id),
    )


def member_added(at: datetime, by: Json, group: Sequence[str], user: Sequence[str]) -> Json:
    """Return the entry of somebody who joins a group; group is id and name, user is id and account."""
    group_id, group_name = group
    user_id, account = user
    return entra_event(
        "Add member to group",
        at,
        by,
        target(
            "User",
            user_id,
            None,
            changed("Group.ObjectID", group_id),
            changed("Group.DisplayName", group_name),
            account=account,
        ),
        target("Group", group_id),
        category="GroupManagement",
    )


def member_removed(at: datetime, by: Json, group: Sequence[str], user: Sequence[str]) -> Json:
    """Return the entry of somebody who leaves a group: the group stands in the old value."""
    group_id, group_name = group
    user_id, account = user
    return entra_event(
        "Remove member from group",
        at,
        by,
        target(
            "User",
            user_id,
            None,
            changed("Group.ObjectID", None, group_id),
            changed("Group.DisplayName", None, group_name),
            account=account,
        ),
        category="GroupManagement",
    )


def group_released(at: datetime, by: Json, group: Sequence[str], unit: Sequence[str]) -> Json:
    """Return the entry of a group that leaves its restricted unit; both are id and name."""
    group_id, group_name = group
    unit_id, unit_name = unit
    return entra_event(
        "Remove member from restricted management administrative unit",
        at,
        by,
        target(
            "Group",
            group_id,
            group_name,
            changed("AdministrativeUnit.ObjectID", None, unit_id),
            changed("AdministrativeUnit.DisplayName", None, unit_name),
        ),
        target("AdministrativeUnit", unit_id),
        category="AdministrativeUnit",
    )


def intune_event(activity: str, at: datetime, by: Json, *resources: Json, **fields: Any) -> Json:  # noqa: ANN401
    """Return an entry of Intune's log."""
    return {
        "id": str(uuid.uuid4()),
        "displayName": activity,
        "componentName": "ManagedDevices",
        "activity": None,
        "activityDateTime": f"{at:%Y-%m-%dT%H:%M:%S.%f}0Z",
        "activityType": activity,
        "activityOperationType": "Action",
        "activityResult": "Success",
        "correlationId": str(uuid.uuid4()),
        "category": "Device",
        "actor": by,
        "resources": list(resources),
        **fields,
    }


def intune_person(user_id: str, account: str) -> Json:
    """Return an actor that is a person, beside the app of the portal."""
    return {
        "auditActorType": "ItPro",
        "userPermissions": ["*"],
        "applicationId": "5926fc8e-304e-4f59-8bed-58ca97cc39a4",
        "applicationDisplayName": "Microsoft Intune portal extension",
        "userPrincipalName": account,
        "servicePrincipalName": None,
        "ipAddress": None,
        "userId": user_id,
    }


def intune_app(app_id: str, name: str) -> Json:
    """Return an actor that is an app; this form is inferred, since none was published."""
    return {
        "auditActorType": "Application",
        "userPermissions": ["DeviceManagementManagedDevices.PrivilegedOperations.All"],
        "applicationId": app_id,
        "applicationDisplayName": name,
        "userPrincipalName": None,
        "userId": None,
    }


def device(device_id: str, name: str | None = "<null>") -> Json:
    """Return a device as a resource, with the id that Entra has for it as another one."""
    modified = [{"displayName": "AzureADDeviceId", "oldValue": None, "newValue": str(uuid.uuid4())}]
    return {
        "displayName": name,
        "auditResourceType": "ManagedDevice",
        "resourceId": device_id,
        "modifiedProperties": modified,
    }


def wiped(at: datetime, by: Json, device_id: str) -> Json:
    """Return the entry of a wipe."""
    return intune_event("wipe ManagedDevice", at, by, device(device_id))
