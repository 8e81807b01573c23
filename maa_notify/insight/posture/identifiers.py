"""Which roles of Entra and permissions of Microsoft Graph lead to an approver group. Pure.

Source: Microsoft's reference of built-in roles and "Restricted management administrative units".
"""

from maa_notify.insight.identifiers import GLOBAL_ADMINISTRATOR

PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION_ADMINISTRATOR = "158c047a-c907-4556-b7ef-446551a6b5f7"
INTUNE_ADMINISTRATOR = "3a2c62db-5318-420d-8d74-23affee5d9d5"

PIM_ROLES = (
    GLOBAL_ADMINISTRATOR,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    APPLICATION_ADMINISTRATOR,
    CLOUD_APPLICATION_ADMINISTRATOR,
    INTUNE_ADMINISTRATOR,
)
"""The roles that nobody should hold for good."""

CHANGE_ANY_GROUP = (
    INTUNE_ADMINISTRATOR,
    "fdd7a751-b60b-444a-984c-02652fe8fa1c",  # Groups Administrator
    "fe930be7-5e62-47db-91af-98c3a49a38b1",  # User Administrator
    "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e",  # Identity Governance Administrator
)
"""The roles whose holders may change the members of a group that nothing protects."""
CHANGE_PROTECTED_GROUPS = (GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR)
"""The roles whose holders may also change a role-assignable group, or lift the restricted unit around one."""

APPS_CHANGE_ANY_GROUP = frozenset(
    {"Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Directory.ReadWrite.All"}
)
"""App roles that change a group that nothing protects."""
APPS_CHANGE_PROTECTED_GROUPS = frozenset(
    {
        "AppRoleAssignment.ReadWrite.All",
        "RoleManagement.ReadWrite.Directory",
        "AdministrativeUnit.ReadWrite.All",
    }
)
"""App roles that lead to any group, a protected one too."""

PHISHING_RESISTANT = frozenset({"fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor"})
"""Ways to sign in that a false page cannot pass on, as authentication strengths spell them."""
