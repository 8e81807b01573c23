"""Which kinds of requests can be seen, by the permissions in the token they are listed with. Pure.

One administrator measured in one tenant (12 August 2026) that Graph answers an application's list of
`operationApprovalRequests` without the requests of a workload whose own read permission it lacks: 200 and
fewer entries, and 404 to a look-up by id. Microsoft's permissions reference names one permission as
sufficient for all. Until that is settled, what might be hidden is called so. That each family belongs to the
permission named here was measured for apps and is inferred for the others.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct, field
from msgspec.structs import replace

from maa_notify.domain.request import ApprovalRequest, Listing
from maa_notify.domain.times import unless_later

_LISTED_FOR = timedelta(days=30)


class Sight(StrEnum):
    """Whether requests of a family can be seen."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    UNKNOWN = "unknown"


class Family(Struct, frozen=True):
    """The requests that one application permission shows.

    Attributes:
        name: one word, for reports.
        label: for people.
        permission: of Microsoft Graph, application, read only.
        permission_id: its id in every tenant.
        policy_types: as Graph spells them.
        object_types: internal type names in lower case, for what Graph hides behind `unknownFutureValue`.
    """

    name: str
    label: str
    permission: str
    permission_id: str
    policy_types: frozenset[str]
    object_types: frozenset[str] = frozenset()

    def sight(self, roles: Collection[str] | None) -> Sight:
        """Whether a token with these permissions shows the family; `None` where they cannot be read."""
        if roles is None:
            return Sight.UNKNOWN
        opening = {self.permission.lower(), self.permission.lower().replace(".read.", ".readwrite.")}
        return Sight.VISIBLE if opening.intersection(map(str.lower, roles)) else Sight.HIDDEN


FAMILIES = (
    Family(
        "apps",
        "apps",
        "DeviceManagementApps.Read.All",
        "7a6ee1e7-141e-4cec-ae74-d9db155731ff",
        frozenset({"app", "appProtectionPolicy", "policySet"}),
        frozenset({"mobileapp", "targetedmanagedappconfiguration", "managedapppolicy"}),
    ),
    Family(
        "configuration",
        "configuration and compliance",
        "DeviceManagementConfiguration.Read.All",
        "dc377aa6-52d8-4e23-b271-2a7ae04cedf3",
        frozenset(
            {
                "compliancePolicy",
                "configurationPolicy",
                "customOrganizationalMessage",
                "deviceUpdate",
                "endpointPrivilegeManagement",
                "endpointSecurityPolicy",
                "filter",
                "tunnel",
            }
        ),
        frozenset(
            {
                "configurationpolicy",
                "devicecompliancepolicy",
                "deviceconfiguration",
                "devicemanagementconfigurationpolicy",
                "grouppolicyconfiguration",
                "idevicemanagementpolicy",
                "windowsdriverupdateprofile",
                "windowsfeatureupdateprofile",
                "windowsqualityupdateprofile",
            }
        ),
    ),
    Family(
        "device_actions",
        "device actions",
        "DeviceManagementManagedDevices.Read.All",
        "2f51be20-0bb4-4fed-bf7b-db946066c75e",
        frozenset(
            {
                "deviceAction",
                "deviceDelete",
                "deviceDeprovision",
                "deviceDisableActivationLock",
                "deviceErase",
                "deviceLock",
                "deviceResetPasscode",
                "deviceRetire",
                "deviceRetireNonCompliant",
                "deviceSecurityAction",
                "deviceWipe",
            }
        ),
        frozenset({"manageddevice"}),
    ),
    Family(
        "scripts",
        "scripts",
        "DeviceManagementScripts.Read.All",
        "c7a5be92-2b3d-4540-8a67-c96dcaae8b43",
        frozenset({"script"}),
        frozenset({"devicehealthscript", "devicemanagementscript", "deviceshellscript"}),
    ),
    Family(
        "tenant_configuration",
        "tenant configuration",
        "DeviceManagementServiceConfig.Read.All",
        "06a5fe6d-c49d-46a7-b082-56b1b14103c7",
        frozenset(
            {
                "autopilot",
                "deviceEnrollment",
                "enrollmentRestriction",
                "tenantConfiguration",
                "windows365",
                "windowsEnrollment",
            }
        ),
        frozenset({"devicecategory", "deviceenrollmentconfiguration", "windowsautopilotdeploymentprofile"}),
    ),
    Family(
        "roles",
        "roles and access policies",
        "DeviceManagementRBAC.Read.All",
        "58ca0d9a-1575-47e1-a3cb-007ef2e4583b",
        frozenset({"role", "operationApprovalPolicy"}),
        frozenset({"deviceandappmanagementroledefinition", "operationapprovalpolicy", "roledefinition"}),
    ),
)
"""All families; together their permissions are the recommended set."""

RECOMMENDED = frozenset(family.permission for family in FAMILIES)
MINIMAL = "DeviceManagementRBAC.Read.All"
"""Lets requests be listed at all; by itself it may be blind to all but roles and access policies."""


def families_of(request: ApprovalRequest) -> frozenset[str]:
    """The names of the families that a request belongs to; empty where nothing tells."""
    return _families(request.policy_types, request.target.object_type.lower())


@lru_cache(maxsize=1_024)  # asked for each request of each poll, with few different answers
def _families(policy_types: tuple[str, ...], object_type: str) -> frozenset[str]:
    by_type = {family.name for family in FAMILIES if family.policy_types.intersection(policy_types)}
    by_object = {family.name for family in FAMILIES if object_type in family.object_types}
    return frozenset(by_type or by_object)


class FamilySight(Struct, frozen=True):
    """Whether the requests of one family can be seen, for reports.

    Attributes:
        family: its name.
        state: a word of `Sight`.
        permission: that opens it.
        last_listed: when one of them was last in the list (UTC); None when there never was one.
    """

    family: str
    state: str
    permission: str
    last_listed: datetime | None = None


def family_sights(roles: Collection[str] | None, listed: Mapping[str, datetime]) -> tuple[FamilySight, ...]:
    """The visibility of each family with these permissions, and when it was last in the list, by its name."""
    return tuple(
        FamilySight(each.name, str(each.sight(roles)), each.permission, listed.get(each.name))
        for each in FAMILIES
    )


class Outlook(Struct, frozen=True):
    """The remembered visibility of a source, for the next poll to compare with.

    Attributes:
        since: since when all that happens is known (UTC): the first listing, or the last one before memory
            was lost. What ended earlier is history and no news.
        roles: the permissions of the last token; None where it did not tell.
        listed: when a request of a family was last in the list (UTC), by the family's name; "" for requests
            of which nobody can tell to which family they belong.
        stale: entries that were older than what was known, at the last poll.
        lost: permissions that are gone while requests that they showed are known.
        last_roles: the permissions of the last token that told them.
    """

    since: datetime | None = None
    roles: tuple[str, ...] | None = None
    listed: Mapping[str, datetime] = field(default_factory=dict)
    stale: int = 0
    lost: tuple[str, ...] = ()
    last_roles: tuple[str, ...] | None = None

    @property
    def hidden(self) -> tuple[str, ...]:
        """The names of the families that may be hidden."""
        return tuple(each.name for each in FAMILIES if each.sight(self.roles) is Sight.HIDDEN)

    def families(self) -> tuple[FamilySight, ...]:
        """The visibility of each family, in the order of `FAMILIES`."""
        return family_sights(self.roles, self.listed)

    @property
    def last_listed(self) -> datetime | None:
        """When any request was last in the list (UTC); None when there never was one."""
        return max(self.listed.values(), default=None)

    def without_future_times(self, now: datetime) -> "Outlook":
        """The outlook without times so far ahead that a clock must have been set back since."""
        listed = {name: at for name, at in self.listed.items() if unless_later(at, now) is not None}
        return replace(self, since=unless_later(self.since, now), listed=listed)

    def after(self, listing: Listing, stale: int, lost: Collection[Family], now: datetime) -> "Outlook":
        """The outlook after a poll with this listing; `lost` are the families of which requests are known."""
        names = {name for request in listing.requests for name in families_of(request) or {""}}
        is_told = listing.roles is not None
        known = self.without_future_times(now)
        return Outlook(
            known.since or now,
            listing.roles,
            {**known.listed, **dict.fromkeys(sorted(names), now)},
            stale,
            tuple(family.permission for family in lost) if is_told else self.lost,
            listing.roles if is_told else self.last_roles,
        )


def lost_families(before: Outlook, roles: Collection[str] | None) -> tuple[Family, ...]:
    """The families that could be seen before and are hidden with the present permissions."""
    return tuple(
        family
        for family in FAMILIES
        if family.sight(roles) is Sight.HIDDEN
        if family.permission in before.lost or family.sight(before.last_roles) is Sight.VISIBLE
    )


def of_families(request: ApprovalRequest, families: Collection[Family]) -> bool:
    """Whether a request may belong to one of these families; one that tells nothing may belong to any."""
    found = families_of(request)
    return bool(found.intersection(family.name for family in families)) if found else bool(families)


def has_left_by_itself(request: ApprovalRequest, now: datetime) -> bool:
    """Whether Intune would list a request no more, whatever the permissions.

    It lists one for 30 days after its end ("Use Multi Admin Approval").
    """
    ends = request.expires_at or request.modified_at or request.requested_at
    return ends is not None and now - ends > _LISTED_FOR
