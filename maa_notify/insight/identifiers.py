"""Ids that are the same in every tenant: app roles of Microsoft Graph, directory roles, Microsoft's tenants.

Source: Microsoft's permissions reference and the list of Entra's built-in roles. `DeviceManagementScripts` is
missing there; its id is as five public repositories have it.
"""

from types import MappingProxyType

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"

ACTS_ON_INTUNE = MappingProxyType(
    {
        "5b07b0dd-2377-4e44-a38d-703f09a0dc3c": "DeviceManagementManagedDevices.PrivilegedOperations.All",
        "243333ab-4d21-40cb-a475-36241daa0842": "DeviceManagementManagedDevices.ReadWrite.All",
        "9241abd9-d0e6-425a-bd4f-47ba86e767a4": "DeviceManagementConfiguration.ReadWrite.All",
        "78145de6-330d-4800-a6ce-494ff2d33d07": "DeviceManagementApps.ReadWrite.All",
        "9255e99d-faf5-445e-bbf7-cb71482737c4": "DeviceManagementScripts.ReadWrite.All",
        "e330c4f0-4170-414e-a55a-2f022ec2b57b": "DeviceManagementRBAC.ReadWrite.All",
        "5ac13192-7ace-4fcf-b828-1a26f28068ee": "DeviceManagementServiceConfig.ReadWrite.All",
        "f15eb2ba-ef8a-4f70-991d-da5d045154e2": "DeviceManagementCloudCA.ReadWrite.All",
        "3b4349e1-8cf5-45a3-95b7-69d1751d3e6a": "CloudPC.ReadWrite.All",
    }
)
"""App roles that change what Intune manages, by id."""

OPENS_A_WAY = MappingProxyType(
    {
        "06b708a9-e830-4db3-a914-8e69da51d44f": "AppRoleAssignment.ReadWrite.All",
        "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": "Application.ReadWrite.All",
        "18a4783c-866b-4cc7-a460-3d5e5662c884": "Application.ReadWrite.OwnedBy",
        "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": "RoleManagement.ReadWrite.Directory",
        "5eb59dd3-1da2-4329-8733-9dabdc435916": "AdministrativeUnit.ReadWrite.All",
        "62a82d76-70ea-41e2-9197-370581804d09": "Group.ReadWrite.All",
        "dbaae8cf-10b5-4b86-a4a1-f871c94c6695": "GroupMember.ReadWrite.All",
        "19dbc75e-c2e2-444c-a770-ec69d8559fc7": "Directory.ReadWrite.All",
        "50483e42-d915-4231-9639-7fdb7fd190e5": "UserAuthenticationMethod.ReadWrite.All",
        "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7": "User-PasswordProfile.ReadWrite.All",
        "01c0a623-fc9b-48e9-b794-0756f8e8f067": "Policy.ReadWrite.ConditionalAccess",
        "31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad": "RoleManagementPolicy.ReadWrite.Directory",
        "a402ca1c-2696-4531-972d-6e5ee4aa11ea": "Policy.ReadWrite.PermissionGrant",
    }
)
"""App roles that let an app give itself the others, or take over approvers, by id."""

POWERFUL_APP_ROLES = MappingProxyType({**ACTS_ON_INTUNE, **OPENS_A_WAY})
"""App roles with which an app can go around approval, by id."""

POWERFUL_SCOPES = frozenset(name.lower() for name in POWERFUL_APP_ROLES.values())
"""The same as delegated permissions, in lower case: a token with one of them may even approve."""

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"

POWERFUL_ROLES = MappingProxyType(
    {
        GLOBAL_ADMINISTRATOR: "Global Administrator",
        "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
        "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
        "3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
        "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
        "fdd7a751-b60b-444a-984c-02652fe8fa1c": "Groups Administrator",
        "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
        "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e": "Identity Governance Administrator",
    }
)
"""Directory roles from which a way leads around approval, by the id of their template."""

WELL_KNOWN_ROLES = MappingProxyType({"tenantadmins": GLOBAL_ADMINISTRATOR})
"""Names that the audit log uses in place of a template's id, in lower case."""

ROLE_NAMES = MappingProxyType(
    {name.lower(): role for role, name in POWERFUL_ROLES.items()}
    | {"company administrator": GLOBAL_ADMINISTRATOR}
)
"""The same roles by name, in lower case, for entries that tell no id."""

MICROSOFT_ACCOUNTS = "@support.onmicrosoft.com"
"""How the accounts of Microsoft's services end; no tenant can have that domain."""

MICROSOFT_TENANTS = frozenset(
    {"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}
)
"""Tenants that own Microsoft's own apps; telling them by name would let anybody take that name."""
