"""What Entra tells, as far as the checks look at it, in the shape of Graph's JSON. Pure.

A field that is None was null or not sent: of an object that the token may not read Graph sends the id, and
null for the rest. None is therefore never taken for False or for nothing. Ids are in lower case.
"""

from datetime import datetime

from msgspec import Struct, field

from maa_notify.insight.posture.names import called


class Wire(Struct, frozen=True, rename="camel"):
    """An object of Graph; fields that nobody asks for are ignored."""


class Named(Wire, frozen=True):
    """What has a name that somebody chose."""

    id: str
    display_name: str | None = None

    @property
    def told(self) -> str:
        """Its name as a sentence tells it, or its id."""
        return called(self.id, self.display_name)


class Principal(Named, frozen=True):
    """Who holds a role or owns something."""

    odata_type: str | None = field(name="@odata.type", default=None)
    account_enabled: bool | None = None

    @property
    def kind(self) -> str:
        """`user`, `group`, `servicePrincipal`, or another word of Graph's; "" where it does not tell."""
        return (self.odata_type or "").rpartition(".")[2]


class Unit(Named, frozen=True):
    """An administrative unit."""

    is_member_management_restricted: bool | None = None
    membership_type: str | None = None


class RoleAssignment(Wire, frozen=True):
    """A role that somebody holds now."""

    id: str
    principal_id: str
    directory_scope_id: str | None = None
    role_definition_id: str | None = None
    principal: Principal | None = None


class RoleInstance(Wire, frozen=True):
    """A role as Privileged Identity Management knows it: assigned, activated or eligible."""

    principal_id: str
    role_definition_id: str | None = None
    directory_scope_id: str | None = None
    assignment_type: str | None = None
    role_assignment_origin_id: str | None = None
    end_date_time: str | None = None
    principal: Principal | None = None


class ApprovalSetting(Wire, frozen=True):
    """Whether an activation needs somebody else's approval."""

    is_approval_required: bool | None = None


class PimRule(Wire, frozen=True):
    """A rule of Privileged Identity Management; which fields it has depends on its id."""

    id: str
    enabled_rules: tuple[str, ...] | None = None
    is_expiration_required: bool | None = None
    setting: ApprovalSetting | None = None
    is_enabled: bool | None = None
    maximum_duration: str | None = None


class PimPolicy(Wire, frozen=True):
    """The rules for one role."""

    rules: tuple[PimRule, ...] | None = None


class UserPermissions(Wire, frozen=True):
    """What every user may do."""

    allowed_to_create_apps: bool | None = None
    permission_grant_policies_assigned: tuple[str, ...] | None = None


class AuthorizationPolicy(Wire, frozen=True):
    """What users may do by default."""

    allow_user_consent_for_risky_apps: bool | None = None
    default_user_role_permissions: UserPermissions | None = None


class ConsentRequests(Wire, frozen=True):
    """The admin consent workflow."""

    is_enabled: bool | None = None
    reviewers: tuple[object, ...] | None = None


class CaApplications(Wire, frozen=True):
    """The applications that a policy is for."""

    include_applications: tuple[str, ...] | None = None
    exclude_applications: tuple[str, ...] | None = None


class CaUsers(Wire, frozen=True):
    """The people that a policy is for."""

    include_users: tuple[str, ...] | None = None
    exclude_users: tuple[str, ...] | None = None
    include_roles: tuple[str, ...] | None = None
    exclude_roles: tuple[str, ...] | None = None
    exclude_groups: tuple[str, ...] | None = None


class CaWorkloads(Wire, frozen=True):
    """The applications whose own sign-ins a policy is for."""

    include_service_principals: tuple[str, ...] | None = None
    exclude_service_principals: tuple[str, ...] | None = None
    service_principal_filter: object | None = None


class CaConditions(Wire, frozen=True):
    """When a policy applies."""

    applications: CaApplications | None = None
    users: CaUsers | None = None
    client_applications: CaWorkloads | None = None
    client_app_types: tuple[str, ...] | None = None
    platforms: object | None = None
    locations: object | None = None
    devices: object | None = None
    sign_in_risk_levels: tuple[str, ...] | None = None
    user_risk_levels: tuple[str, ...] | None = None
    insider_risk_levels: object | None = None
    authentication_flows: object | None = None


class Strength(Wire, frozen=True):
    """An authentication strength."""

    id: str
    display_name: str | None = None
    allowed_combinations: tuple[str, ...] | None = None


class CaGrant(Wire, frozen=True):
    """What a policy demands."""

    operator: str | None = None
    built_in_controls: tuple[str, ...] | None = None
    authentication_strength: Strength | None = None


class CaPolicy(Named, frozen=True):
    """A Conditional Access policy."""

    state: str | None = None
    conditions: CaConditions | None = None
    grant_controls: CaGrant | None = None
    session_controls: object | None = None

    @property
    def is_on(self) -> bool:
        """Whether it is in force, and does not only report."""
        return self.state == "enabled"


class AppRoleAssignment(Wire, frozen=True):
    """A permission of Microsoft Graph that an application was granted."""

    app_role_id: str
    principal_id: str
    principal_display_name: str | None = None
    created_date_time: str | None = None


class Credential(Wire, frozen=True):
    """A secret or a certificate, without its value, which Graph never tells."""

    end_date_time: str | None = None

    def is_good(self, at: datetime) -> bool:
        """Whether it has not ended. By the text, since Microsoft's "never" is no time that Python knows."""
        return self.end_date_time is None or self.end_date_time[:19] > f"{at:%Y-%m-%dT%H:%M:%S}"


class Application(Wire, frozen=True):
    """An application or its service principal in this tenant."""

    id: str
    app_id: str | None = None
    app_owner_organization_id: str | None = None
    service_principal_type: str | None = None
    account_enabled: bool | None = None
    password_credentials: tuple[Credential, ...] | None = None
    key_credentials: tuple[Credential, ...] | None = None
