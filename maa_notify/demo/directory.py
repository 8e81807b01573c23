"""What the posture checks read in the simulated tenant: units, roles, policies and applications.

A new one passes all checks. Tests and the demo make findings by changing it.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from maa_notify.demo.access import GROUP_PERMISSIONS, SimulatedAccess
from maa_notify.demo.graph_resources import Resources, selected
from maa_notify.demo.samples import Json

UNIT_PERMISSIONS: Final = ("AdministrativeUnit.Read.All", "Directory.Read.All")
ROLE_PERMISSIONS: Final = ("RoleManagement.Read.Directory", "Directory.Read.All")
PIM_PERMISSIONS: Final = ("RoleManagement.Read.Directory",)
SETTINGS_PERMISSIONS: Final = ("Policy.Read.All",)
APP_PERMISSIONS: Final = ("Application.Read.All", "Directory.Read.All")

GRAPH_APP_ID: Final = "00000003-0000-0000-c000-000000000000"
MICROSOFT: Final = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
PHISHING_RESISTANT: Final = "00000000-0000-0000-0000-000000000004"

ROLES: Final = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Cloud Application Administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
    "Intune Administrator": "3a2c62db-5318-420d-8d74-23affee5d9d5",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "Conditional Access Administrator": "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
    "Groups Administrator": "fdd7a751-b60b-444a-984c-02652fe8fa1c",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "Identity Governance Administrator": "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e",
}
PERMISSIONS: Final = {
    "DeviceManagementManagedDevices.PrivilegedOperations.All": "5b07b0dd-2377-4e44-a38d-703f09a0dc3c",
    "GroupMember.ReadWrite.All": "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    "RoleManagement.ReadWrite.Directory": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
}
"""A few of Graph's permissions for applications, by name, with the ids of their app roles."""

_ID = r"(?P<id>[^/]+)"
_ROLES_PATH = r"/v1\.0/roleManagement/directory"


def _rules() -> list[Json]:
    """The rules of a role that is activated with proof, for eight hours."""
    return [
        {
            "id": "Enablement_EndUser_Assignment",
            "enabledRules": ["MultiFactorAuthentication", "Justification"],
        },
        {"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": True}},
        {"id": "Expiration_EndUser_Assignment", "isExpirationRequired": True, "maximumDuration": "PT8H"},
        {"id": "AuthenticationContext_EndUser_Assignment", "isEnabled": False},
    ]


def _strong_sign_in() -> Json:
    """A policy that demands phishing-resistant sign-in of administrators."""
    return {
        "id": str(uuid.uuid4()),
        "displayName": "Admins: phishing-resistant",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "users": {
                "includeUsers": [],
                "excludeUsers": [],
                "excludeGroups": [],
                "includeRoles": list(ROLES.values()),
                "excludeRoles": [],
            },
            "clientApplications": None,
            "platforms": None,
            "locations": None,
            "signInRiskLevels": [],
            "userRiskLevels": [],
        },
        "grantControls": {
            "operator": "OR",
            "builtInControls": [],
            "authenticationStrength": {"id": PHISHING_RESISTANT},
        },
    }


def _bounded_apps() -> Json:
    """A policy that lets applications in from trusted places only."""
    return {
        "id": str(uuid.uuid4()),
        "displayName": "Block apps outside the data centre",
        "state": "enabled",
        "conditions": {
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["None"]},
            "clientApplications": {
                "includeServicePrincipals": ["ServicePrincipalsInMyTenant"],
                "excludeServicePrincipals": [],
                "servicePrincipalFilter": None,
            },
            "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"], "authenticationStrength": None},
    }


class SimulatedDirectory:
    """What stands around approval in the simulated tenant."""

    def __init__(self, access: SimulatedAccess, tenant_id: str) -> None:
        """Hold a sound tenant without anybody in it, around the groups of `access`."""
        self._access = access
        self.tenant_id = tenant_id
        self.units: dict[str, Json] = {}
        self.unit_members: dict[str, list[str]] = {}
        self.owners: dict[str, list[Json]] = {}
        """Of groups, service principals and applications, by their ids."""
        self.assignments: list[Json] = []
        self.instances: list[Json] = []
        self.eligible: list[Json] = []
        self.rules: dict[str, list[Json] | None] = {role: _rules() for role in ROLES.values()}
        self.authorization: Json = {
            "id": "authorizationPolicy",
            "allowUserConsentForRiskyApps": False,
            "defaultUserRolePermissions": {
                "allowedToCreateApps": False,
                "permissionGrantPoliciesAssigned": [
                    "ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-chat"
                ],
            },
        }
        self.consent_requests: Json = {
            "isEnabled": True,
            "reviewers": [{"query": "/v1.0/users/173a", "queryType": "MicrosoftGraph"}],
        }
        self.conditional_access: list[Json] = [_strong_sign_in(), _bounded_apps()]
        self.strengths: list[Json] = [
            {
                "id": PHISHING_RESISTANT,
                "displayName": "Phishing-resistant MFA",
                "allowedCombinations": ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"],
            }
        ]
        self.graph_principal = str(uuid.uuid4())
        self.grants: list[Json] = []
        self.principals: dict[str, Json] = {}
        self.applications: dict[str, Json] = {}
        self.federated: dict[str, list[Json]] = {}

    def restrict(self, group_id: str, *, name: str = "RAU MAA", **fields: object) -> str:
        """Put a group into a new restricted unit; return the unit's id."""
        unit_id = str(uuid.uuid4())
        unit = {
            "@odata.type": "#microsoft.graph.administrativeUnit",
            "id": unit_id,
            "displayName": name,
            "isMemberManagementRestricted": True,
            "membershipType": None,
        }
        self.units[unit_id] = {**unit, **fields}
        self.unit_members[unit_id] = [group_id]
        if self.units[unit_id]["isMemberManagementRestricted"]:
            self._access.groups[group_id]["isManagementRestricted"] = True
        return unit_id

    def assign(self, role: str, principal: Mapping[str, Any], *, scope: str = "/") -> Json:
        """Give somebody a role for good, in the whole tenant or in a unit; return the assignment."""
        assignment = {
            "id": str(uuid.uuid4()),
            "principalId": principal["id"],
            "directoryScopeId": scope,
            "roleDefinitionId": ROLES[role],
            "principal": dict(principal),
        }
        self.assignments.append(assignment)
        return assignment

    def activate(self, role: str, principal: Mapping[str, Any]) -> Json:
        """Let somebody have a role for a few hours, activated as PIM does it; return the instance."""
        assignment = self.assign(role, principal)
        instance = {
            "id": assignment["id"],
            "principalId": principal["id"],
            "roleDefinitionId": ROLES[role],
            "directoryScopeId": "/",
            "assignmentType": "Activated",
            "endDateTime": "2026-08-18T11:00:00Z",
            "roleAssignmentOriginId": assignment["id"],
        }
        self.instances.append(instance)
        return instance

    def make_eligible(self, role: str, principal: Mapping[str, Any], *, scope: str = "/") -> Json:
        """Let somebody activate a role; return the entry."""
        entry = {
            "id": str(uuid.uuid4()),
            "principalId": principal["id"],
            "directoryScopeId": scope,
            "roleDefinitionId": ROLES[role],
            "principal": dict(principal),
        }
        self.eligible.append(entry)
        return entry

    def add_app(
        self, name: str, *permissions: str, granted: str = "2025-01-01T00:00:00Z", **fields: object
    ) -> Json:
        """Register an application with a certificate and grant it permissions; return its principal."""
        principal_id, app_id, object_id = (str(uuid.uuid4()) for _ in range(3))
        principal = {
            "@odata.type": "#microsoft.graph.servicePrincipal",
            "id": principal_id,
            "appId": app_id,
            "displayName": name,
            "appOwnerOrganizationId": self.tenant_id,
            "servicePrincipalType": "Application",
            "accountEnabled": True,
            "passwordCredentials": [],
            "keyCredentials": [],
        }
        self.principals[principal_id] = {**principal, **fields}
        self.applications[app_id] = {
            "id": object_id,
            "appId": app_id,
            "passwordCredentials": [],
            "keyCredentials": [{"endDateTime": "2030-01-01T00:00:00Z"}],
        }
        self.grants += [
            {
                "id": str(uuid.uuid4()),
                "appRoleId": PERMISSIONS[each],
                "createdDateTime": granted,
                "principalId": principal_id,
                "principalType": "ServicePrincipal",
                "principalDisplayName": name,
                "resourceId": self.graph_principal,
            }
            for each in permissions
        ]
        return self.principals[principal_id]

    def serve(self, resources: Resources) -> None:
        """Let Graph serve all of it, and the groups' owners and units."""
        self._serve_units(resources)
        self._serve_roles(resources)
        self._serve_settings(resources)
        self._serve_apps(resources)

    def _serve_units(self, resources: Resources) -> None:
        units = r"/v1\.0/directory/administrativeUnits"
        resources.add(units, UNIT_PERMISSIONS, lambda _, __: list(self.units.values()))
        resources.add(
            f"{units}/{_ID}/members",
            UNIT_PERMISSIONS,
            lambda path, _: [{"id": each} for each in self.unit_members.get(path["id"], [])],
        )
        resources.add(
            rf"/v1\.0/groups/{_ID}/memberOf/microsoft\.graph\.administrativeUnit",
            GROUP_PERMISSIONS,
            lambda path, query: [
                selected(self.units[unit], query)
                for unit, members in self.unit_members.items()
                if path["id"] in members
            ],
            details=UNIT_PERMISSIONS,
        )
        resources.add(
            rf"/beta/groups/{_ID}/owners", GROUP_PERMISSIONS, lambda path, _: self.owners.get(path["id"], [])
        )

    def _serve_roles(self, resources: Resources) -> None:
        for name, held, permissions in (
            ("roleAssignments", lambda: self.assignments, ROLE_PERMISSIONS),
            ("roleAssignmentScheduleInstances", lambda: self.instances, PIM_PERMISSIONS),
            ("roleEligibilityScheduleInstances", lambda: self.eligible, PIM_PERMISSIONS),
        ):
            resources.add(f"{_ROLES_PATH}/{name}", permissions, _filtered(held))
        resources.add(
            r"/v1\.0/policies/roleManagementPolicyAssignments",
            PIM_PERMISSIONS,
            lambda _, query: self._rules(query),
        )

    def _rules(self, query: Mapping[str, str]) -> list[Json]:
        return [
            {"id": f"DirectoryRole_{role}", "policy": {"id": role, "rules": rules}}
            for role, rules in self.rules.items()
            if role in query.get("$filter", "")
        ]

    def _serve_settings(self, resources: Resources) -> None:
        policies = r"/v1\.0/policies"
        opening = SETTINGS_PERMISSIONS
        resources.add(f"{policies}/authorizationPolicy", opening, lambda _, __: self.authorization)
        resources.add(f"{policies}/adminConsentRequestPolicy", opening, lambda _, __: self.consent_requests)
        resources.add(f"{policies}/authenticationStrengthPolicies", opening, lambda _, __: self.strengths)
        resources.add(
            r"/v1\.0/identity/conditionalAccess/policies", opening, lambda _, __: self.conditional_access
        )

    def _serve_apps(self, resources: Resources) -> None:
        principals, applications = r"/v1\.0/servicePrincipals", r"/v1\.0/applications"
        roles = [{"id": number, "value": name} for name, number in PERMISSIONS.items()]
        graph = {"id": self.graph_principal, "appRoles": roles}
        for pattern, content in (
            (rf"{principals}/{_ID}", lambda path, query: _one(self.principals, path, query)),
            (rf"{principals}\(appId='{GRAPH_APP_ID}'\)", lambda _, __: graph),
            (rf"{principals}/{self.graph_principal}/appRoleAssignedTo", lambda _, __: self.grants),
            (rf"{principals}/{_ID}/owners", lambda path, _: self.owners.get(path["id"], [])),
            (
                rf"{applications}\(appId='(?P<id>[^']+)'\)",
                lambda path, query: _one(self.applications, path, query),
            ),
            (rf"{applications}/{_ID}/owners", lambda path, _: self.owners.get(path["id"], [])),
            (
                rf"{applications}/{_ID}/federatedIdentityCredentials",
                lambda path, _: self.federated.get(path["id"], []),
            ),
        ):
            resources.add(pattern, APP_PERMISSIONS, content)


def _one(held: Mapping[str, Json], path: Mapping[str, str], query: Mapping[str, str]) -> Json | None:
    found = held.get(path["id"])
    return None if found is None else selected(found, query)


def _filtered(held: Callable[[], list[Json]]) -> Callable[[Mapping[str, str], Mapping[str, str]], list[Json]]:
    """A collection of roles, by the one comparison in `$filter`; all of it without one."""

    def content(_: Mapping[str, str], query: Mapping[str, str]) -> list[Json]:
        name, __, value = query.get("$filter", "").partition(" eq ")
        return [each for each in held() if not value or f"'{each[name]}'".lower() == value.lower()]

    return content
