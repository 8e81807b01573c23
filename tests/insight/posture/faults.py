"""Faults of a tenant for each check, and answers that tell only half."""

from collections.abc import Callable
from typing import Any

from maa_notify.demo.directory import ROLES
from maa_notify.insight.posture.verdict import Severity
from tests.support.posture import Tenant, person

Break = Callable[[Tenant], object]

HIGH, MEDIUM, NOTE = Severity
LEGACY = "ManagePermissionGrantsForSelf.microsoft-user-default-legacy"
LOW = "managePermissionGrantsForSelf.microsoft-user-default-low"
WIPES = "DeviceManagementManagedDevices.PrivilegedOperations.All"
FORM = ("securityEnabled", "mailEnabled", "groupTypes")
UNKNOWN_USER = {"accountEnabled": None, "displayName": None, "userPrincipalName": None, "userType": None}


def application(name: str) -> dict[str, object]:
    """A service principal as Graph tells who holds a role."""
    return {"@odata.type": "#microsoft.graph.servicePrincipal", "id": f"app-{name}", "displayName": name}


def group_of(tenant: Tenant, name: str = "Admins", **fields: bool) -> dict[str, object]:
    """A group that holds a role."""
    return {
        "@odata.type": "#microsoft.graph.group",
        "id": tenant.access.add_group(name, **fields),
        "displayName": name,
    }


def policies(tenant: Tenant, kind: str) -> list[str]:
    """The ids of the access policies of one type."""
    return [key for key, each in tenant.access.policies.items() if each["policyType"] == kind]


def drop(tenant: Tenant, *kinds: str) -> Tenant:
    """Delete the access policies of these types."""
    for kind in kinds:
        for key in policies(tenant, kind):
            del tenant.access.policies[key]
    return tenant


def keep(tenant: Tenant, count: int) -> None:
    """Leave so many members in the approver group."""
    del tenant.access.members[tenant.group][count:]


def first_policy(tenant: Tenant) -> dict[str, Any]:
    """The Conditional Access policy that demands strong sign-in."""
    found: dict[str, Any] = tenant.directory.conditional_access[0]
    return found


def users_of(tenant: Tenant) -> dict[str, list[str]]:
    """The people that this policy is for."""
    found: dict[str, list[str]] = tenant.directory.conditional_access[0]["conditions"]["users"]
    return found


def rules_of(tenant: Tenant, role: str = "Intune Administrator") -> list[dict[str, object]]:
    """The rules of a role: proof, approval, time, context."""
    found = tenant.directory.rules[ROLES[role]]
    assert found is not None
    return found


def free(tenant: Tenant) -> Tenant:
    """Take the approver group out of its unit."""
    tenant.directory.unit_members[tenant.unit] = []
    tenant.access.groups[tenant.group]["isManagementRestricted"] = None
    return tenant


def new_admins(tenant: Tenant, count: int) -> list[dict[str, Any]]:
    """So many more Global Administrators."""
    return [
        tenant.directory.assign("Global Administrator", person(20 + number, f"Admin {number}"))
        for number in range(count)
    ]


def may_rule_somewhere(tenant: Tenant) -> Tenant:
    """Somebody who may activate a role, for a unit that is not told."""
    tenant.directory.make_eligible("Groups Administrator", person(8, "Second")).update(directoryScopeId=None)
    return tenant


def give(tenant: Tenant, number: int, principal: dict[str, object]) -> None:
    """Let somebody else hold a role in place of who does."""
    tenant.directory.assignments[number].update(principal=principal, principalId=principal["id"])


def hide(part: dict[str, Any], path: str) -> None:
    """Let Graph send null for a field, which may lie deeper."""
    name, _, rest = path.partition(".")
    if rest:
        hide(part[name], rest)
    else:
        part[name] = None


def hide_groups(tenant: Tenant) -> None:
    """An access policy that does not tell its approver groups."""
    tenant.access.policies[policies(tenant, "app")[0]].update(approverGroupIds=None)


def excluded_by_group(tenant: Tenant) -> None:
    """An approver in a group that the strong policy leaves out."""
    group = tenant.access.add_group("Exceptions")
    [member] = tenant.access.members[tenant.group][:1]
    tenant.access.add_member(group, member)
    users_of(tenant)["excludeGroups"] = [group]


NARROW: list[dict[str, object]] = [
    {"platforms": {"includePlatforms": ["windows"], "excludePlatforms": []}},
    {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["linux"]}},
    {"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}},
    {"insiderRiskLevels": "elevated"},
    {"authenticationFlows": {"transferMethods": "deviceCodeFlow,authenticationTransfer"}},
    {"clientAppTypes": ["browser"]},
]
"""Conditions with which a policy is not for every sign-in."""
WHOLE: list[dict[str, object]] = [
    {"platforms": {"includePlatforms": ["all"], "excludePlatforms": []}},
    {"locations": {"includeLocations": ["All"], "excludeLocations": []}},
    {"devices": {"includeDevices": [], "excludeDevices": [], "deviceFilter": None}},
    {"insiderRiskLevels": None, "authenticationFlows": {"transferMethods": "none"}},
    {"signInRiskLevels": [], "userRiskLevels": []},
]
"""Conditions that leave nothing out."""

BROKEN: list[tuple[str, Break, Severity, str]] = [
    ("P1", lambda t: drop(t, "deviceWipe", "deviceRetire", "deviceDelete"), HIGH, "protects device wipe"),
    ("P1", lambda t: drop(t, "deviceRetire"), NOTE, "protects device retire"),
    ("P1", lambda t: drop(t, "script"), HIGH, "protects scripts"),
    ("P1", lambda t: drop(t, "configurationPolicy"), MEDIUM, "protects configuration policies"),
    ("P1", lambda t: t.access.add_policy("app"), HIGH, "the access policy “MAA app” has no approver group"),
    (
        "P1",
        lambda t: [
            t.access.policies[each].update(
                policyPlatform="macOS", policySet={"policyType": "app", "policyPlatform": "macOS"}
            )
            for each in policies(t, "app")
        ],
        NOTE,
        "apps are protected for macOS, not for Android Enterprise, iOS and iPadOS, Windows 10 and later",
    ),
    ("P2", free, HIGH, "nothing protects “MAA approvers”"),
    (
        "P2",
        lambda t: free(t).access.groups[t.group].update(isAssignableToRole=True),
        NOTE,
        "role-assignable only",
    ),
    ("P2", lambda t: t.access.groups[t.group].update(isAssignableToRole=True), HIGH, "nobody can change"),
    ("P2", lambda t: t.access.groups[t.group].update(mailEnabled=True), HIGH, "no plain security group"),
    ("P2", lambda t: t.access.groups[t.group].update(groupTypes=["Unified"]), HIGH, "no plain security"),
    ("P2", lambda t: t.access.groups[t.group].update(groupTypes=["DynamicMembership"]), HIGH, "a rule makes"),
    ("P2", lambda t: t.access.groups[t.group].update(onPremisesSyncEnabled=True), HIGH, "on premises"),
    ("P2", lambda t: t.access.remove_group(t.group), HIGH, "is gone"),
    ("P3", lambda t: keep(t, 0), HIGH, "0 enabled direct members: nobody can approve"),
    ("P3", lambda t: keep(t, 1), HIGH, "1 enabled direct member: nobody can approve what that person files"),
    ("P3", lambda t: keep(t, 2), NOTE, "one is left when one is away"),
    ("P3", lambda t: t.access.add_person(t.group, "Gast", userType="Guest"), HIGH, "the guest “Gast”"),
    (
        "P3",
        lambda t: t.access.add_person(t.group, "Gone", accountEnabled=False, isManagementRestricted=True),
        NOTE,
        "“Gone” in “MAA approvers” is disabled",
    ),
    ("P3", lambda t: t.access.add_person(t.group, "Bare"), NOTE, "the account of the approver “Bare”"),
    (
        "P3",
        lambda t: t.access.add_member(t.group, {"@odata.type": "#microsoft.graph.group", "id": "nested"}),
        NOTE,
        "1 group among its members",
    ),
    ("P3", lambda t: t.access.add_member(t.group, application("bot")), NOTE, "1 application among"),
    (
        "P4",
        lambda t: free(t).directory.owners.update({t.group: [person(9, "Owner")]}),
        HIGH,
        "“Owner” owns “MAA approvers”",
    ),
    (
        "P4",
        lambda t: free(t).directory.owners.update({t.group: [application("provisioning")]}),
        HIGH,
        "the application “provisioning” owns",
    ),
    ("P5", free, MEDIUM, "stands in no restricted administrative unit"),
    (
        "P5",
        lambda t: t.directory.units[t.unit].update(membershipType="Dynamic"),
        MEDIUM,
        "a rule decides whether",
    ),
    (
        "P6",
        lambda t: t.directory.assignments.clear(),
        MEDIUM,
        "nobody may change what stands in the unit",
    ),
    (
        "P6",
        lambda t: [
            t.directory.assign(
                "Groups Administrator",
                person(30 + number, f"Ruler {number}"),
                scope=f"/administrativeUnits/{t.unit}",
            )
            for number in range(5)
        ],
        MEDIUM,
        "6 may change what stands",
    ),
    (
        "P6",
        lambda t: t.directory.make_eligible(
            "Groups Administrator",
            {**person(0, "Mira Holt"), "id": t.people[0]},
            scope=f"/administrativeUnits/{t.unit}",
        ),
        HIGH,
        "the approver “Mira Holt” may change",
    ),
    (
        "P6",
        lambda t: t.directory.assign(
            "User Administrator", application("hr-sync"), scope=f"/administrativeUnits/{t.unit}"
        ),
        HIGH,
        "the application “hr-sync” may change",
    ),
    ("P7", lambda t: t.access.assignments.clear(), HIGH, "keeps anybody from mending that"),
    ("P7", lambda t: drop(t, "role").access.assignments.clear(), MEDIUM, "Intune removes its members"),
    ("P7", lambda t: t.access.remove_group(t.group), HIGH, "is gone: nobody can approve"),
    (
        "P7",
        lambda t: t.access.groups[t.group].update(isAssignableToRole=True),
        HIGH,
        "take it out of the unit",
    ),
    ("P7", lambda t: keep(t, 1), MEDIUM, "“Mira Holt” alone approves"),
    ("P8", lambda t: new_admins(t, 3), MEDIUM, "5 accounts are Global Administrator for good, more than 4"),
    ("P8", lambda t: t.directory.assignments.pop(), MEDIUM, "1 accounts are Global Administrator for good"),
    (
        "P8",
        lambda t: t.directory.assign("Global Administrator", application("backup")),
        HIGH,
        "the application “backup” is Global Administrator",
    ),
    (
        "P8",
        lambda t: t.directory.make_eligible("Global Administrator", group_of(t)),
        HIGH,
        "the unprotected group “Admins”",
    ),
    (
        "P9",
        lambda t: t.directory.assign("Intune Administrator", person(50, "Always On")),
        MEDIUM,
        "“Always On” is Intune Administrator for good",
    ),
    ("P9", lambda t: rules_of(t)[0].update(enabledRules=["Justification"]), HIGH, "without multifactor"),
    (
        "P9",
        lambda t: rules_of(t)[0].update(enabledRules=["MultiFactorAuthentication"]),
        NOTE,
        "without a justification",
    ),
    (
        "P9",
        lambda t: rules_of(t, "Global Administrator")[1].update(setting={"isApprovalRequired": False}),
        MEDIUM,
        "without anybody's approval",
    ),
    ("P9", lambda t: rules_of(t)[2].update(maximumDuration="P1D"), NOTE, "up to 24 hours"),
    (
        "P10",
        lambda t: t.directory.authorization["defaultUserRolePermissions"].update(allowedToCreateApps=True),
        MEDIUM,
        "every user may register",
    ),
    (
        "P11",
        lambda t: t.directory.authorization["defaultUserRolePermissions"].update(
            permissionGrantPoliciesAssigned=[LEGACY]
        ),
        HIGH,
        "any application",
    ),
    (
        "P11",
        lambda t: t.directory.authorization["defaultUserRolePermissions"].update(
            permissionGrantPoliciesAssigned=[LOW]
        ),
        NOTE,
        "the consent policy “microsoft-user-default-low” lets through",
    ),
    (
        "P11",
        lambda t: t.directory.authorization.update(allowUserConsentForRiskyApps=True),
        MEDIUM,
        "look risky",
    ),
    ("P12", lambda t: t.directory.consent_requests.update(isEnabled=False), MEDIUM, "is off"),
    ("P12", lambda t: t.directory.consent_requests.update(reviewers=[]), MEDIUM, "no reviewers"),
    ("P13", lambda t: t.directory.conditional_access.pop(), MEDIUM, "no Conditional Access policy in force"),
    (
        "P13",
        lambda t: t.directory.conditional_access[1].update(state="enabledForReportingButNotEnforced"),
        MEDIUM,
        "no Conditional Access policy in force",
    ),
    (
        "P13",
        lambda t: t.directory.conditional_access[1]["conditions"]["clientApplications"].update(
            excludeServicePrincipals=[t.directory.add_app("release", WIPES)["id"]]
        ),
        MEDIUM,
        "takes in “release”",
    ),
    ("P14", lambda t: first_policy(t).update(state="disabled"), MEDIUM, "every Global Administrator"),
    (
        "P14",
        lambda t: users_of(t)["includeRoles"].remove(ROLES["Intune Administrator"]),
        MEDIUM,
        "every Intune Administrator",
    ),
    (
        "P14",
        lambda t: t.directory.strengths[0]["allowedCombinations"].append(
            "password,microsoftAuthenticatorPush"
        ),
        MEDIUM,
        "every Global Administrator",
    ),
    (
        "P14",
        lambda t: t.directory.conditional_access[0]["grantControls"].update(builtInControls=["mfa"]),
        MEDIUM,
        "every Global Administrator",
    ),
    (
        "P14",
        lambda t: t.directory.conditional_access[0]["conditions"].update(
            locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
        ),
        MEDIUM,
        "every Global Administrator",
    ),
    (
        "P14",
        lambda t: users_of(t).update(excludeUsers=[str(person(1, "")["id"])]),
        NOTE,
        "the Global Administrator “Break Glass One” is left out",
    ),
    ("P14", excluded_by_group, MEDIUM, "the approver “Mira Holt” is left out"),
    (
        "P8",
        lambda t: t.directory.assignments[1]["principal"].update(accountEnabled=False),
        MEDIUM,
        "1 accounts are Global Administrator for good",
    ),
    (
        "P6",
        lambda t: t.directory.assignments[0]["principal"].update(accountEnabled=False),
        MEDIUM,
        "nobody may change what stands in the unit",
    ),
    (
        "P6",
        lambda t: give(t, 0, group_of(t, "Nobody yet")),
        MEDIUM,
        "nobody may change what stands in the unit",
    ),
    ("P9", lambda t: rules_of(t)[2].update(isExpirationRequired=False), NOTE, "needs no end"),
    *(
        (
            "P14",
            lambda t, narrow=narrow: first_policy(t)["conditions"].update(narrow),
            MEDIUM,
            "every Global Administrator",
        )
        for narrow in NARROW
    ),
    (
        "P14",
        lambda t: first_policy(t)["conditions"]["applications"].update(excludeApplications=["0000000a-x"]),
        NOTE,
        "leaves out 1 resource, where less is enough",
    ),
    ("P15", lambda t: t.directory.add_app("release", WIPES), NOTE, f"“release” holds {WIPES}"),
    (
        "P15",
        lambda t: t.directory.add_app("release", WIPES, granted="2026-10-20T02:00:00.07Z"),
        MEDIUM,
        "granted on 2026-10-20",
    ),
    (
        "P15",
        lambda t: t.directory.add_app(
            "release", WIPES, passwordCredentials=[{"endDateTime": "9999-12-31T23:59:59.9999999Z"}]
        ),
        MEDIUM,
        "a secret instead of a certificate",
    ),
    (
        "P15",
        lambda t: t.directory.owners.update(
            {t.directory.add_app("release", "GroupMember.ReadWrite.All")["id"]: [person(9, "Dev")]}
        ),
        MEDIUM,
        "owned by “Dev”",
    ),
    (
        "P15",
        lambda t: t.directory.add_app("vendor", WIPES, appOwnerOrganizationId="0a0a0a0a-foreign"),
        HIGH,
        "of the foreign tenant 0a0a0a0a-foreign",
    ),
]

HALF: list[tuple[str, Break]] = [
    ("P1", lambda t: t.access.policies[policies(t, "app")[0]].update(approverGroupIds=None)),
    (
        "P1",
        lambda t: (drop(t, "configurationPolicy").access.add_policy("unknownFutureValue", t.group),),
    ),
    ("P2", lambda t: t.access.groups[t.group].update(dict.fromkeys(t.access.groups[t.group]), id=t.group)),
    ("P3", lambda t: t.access.members[t.group][0].update(displayName=None)),
    ("P3", lambda t: [each.update(UNKNOWN_USER) for each in t.access.members[t.group]]),
    (
        "P4",
        lambda t: (
            t.directory.unit_members.update({t.unit: []}),
            t.access.groups[t.group].update(dict.fromkeys(t.access.groups[t.group]), id=t.group),
            t.directory.owners.update({t.group: [{"id": "x", "displayName": None}]}),
        ),
    ),
    (
        "P5",
        lambda t: t.directory.units[t.unit].update(isMemberManagementRestricted=None, displayName=None),
    ),
    (
        "P6",
        lambda t: t.directory.units[t.unit].update(isMemberManagementRestricted=None, displayName=None),
    ),
    ("P6", lambda t: t.directory.assignments[0].update(principal={"id": "x"})),
    ("P7", lambda t: t.access.groups[t.group].update(dict.fromkeys(t.access.groups[t.group]), id=t.group)),
    *((check, lambda t: t.access.policies.clear()) for check in ("P2", "P3", "P4", "P5", "P6", "P7")),
    *((f"P{number}", hide_groups) for number in range(2, 8)),
    ("P6", free),
    ("P7", lambda t: [each.update(UNKNOWN_USER) for each in t.access.members[t.group]]),
    ("P8", lambda t: t.directory.assignments[1].update(principal={"id": "x", "displayName": None})),
    ("P9", lambda t: t.directory.rules.update({ROLES["Global Administrator"]: None})),
    ("P9", lambda t: rules_of(t).pop(1)),
    ("P10", lambda t: t.directory.authorization.update(defaultUserRolePermissions=None)),
    ("P11", lambda t: t.directory.authorization.update(allowUserConsentForRiskyApps=None)),
    ("P12", lambda t: t.directory.consent_requests.update(isEnabled=None)),
    ("P13", lambda t: t.directory.conditional_access.append({"id": "x", "state": None})),
    (
        "P13",
        lambda t: (
            t.directory.add_app("release", WIPES),
            t.directory.conditional_access[1]["conditions"]["clientApplications"].update(
                servicePrincipalFilter={"mode": "include", "rule": "…"}
            ),
        ),
    ),
    ("P1", lambda t: t.access.policies[policies(t, "script")[0]].update(policyType=None, policySet=None)),
    ("P1", lambda t: drop(t, "compliancePolicy").access.add_policy("aTypeOfNextYear", t.group)),
    (
        "P1",
        lambda t: [
            t.access.policies[each].update(policyPlatform="unknownFutureValue", policySet=None)
            for each in policies(t, "app")
        ],
    ),
    ("P1", lambda t: t.access.policies[policies(t, "app")[0]].pop("approverGroupIds")),
    *(("P2", lambda t, field=field: t.access.groups[t.group].update({field: None})) for field in FORM),
    ("P2", lambda t: free(t).access.groups[t.group].pop("isManagementRestricted")),
    ("P3", lambda t: t.access.members[t.group][0].pop("isManagementRestricted")),
    *((check, lambda t: t.directory.unit_members.clear()) for check in ("P5", "P6")),
    ("P6", may_rule_somewhere),
    ("P6", lambda t: may_rule_somewhere(t).directory.assignments.pop(0)),
    ("P7", lambda t: [each.update(members=None) for each in t.access.assignments.values()]),
    ("P8", lambda t: t.directory.assignments.clear()),
    ("P8", lambda t: new_admins(t, 3)[0].update(directoryScopeId=None)),
    (
        "P8",
        lambda t: t.directory.activate("Global Administrator", person(60, "Active")).update(
            assignmentType=None, endDateTime=None
        ),
    ),
    (
        "P8",
        lambda t: t.directory.make_eligible("Global Administrator", group_of(t)).update(
            roleDefinitionId=None
        ),
    ),
    ("P8", lambda t: t.directory.make_eligible("Global Administrator", {"id": "x", "displayName": None})),
    ("P8", lambda t: t.access.remove_group(t.admins)),
    *(
        ("P13", lambda t, path=path: hide(t.directory.conditional_access[1], path))
        for path in (
            "state",
            "conditions",
            "conditions.clientApplications.includeServicePrincipals",
            "grantControls",
            "grantControls.builtInControls",
        )
    ),
    (
        "P13",
        lambda t: (
            t.directory.add_app("release", WIPES),
            t.directory.conditional_access[1]["conditions"]["clientApplications"].update(
                excludeServicePrincipals=None
            ),
        ),
    ),
    *(
        ("P14", lambda t, path=path: hide(t.directory.conditional_access[0], path))
        for path in (
            "state",
            "conditions",
            "conditions.applications",
            "conditions.applications.includeApplications",
            "conditions.applications.excludeApplications",
            "conditions.clientAppTypes",
            "conditions.users",
            "conditions.users.includeRoles",
            "conditions.users.excludeRoles",
            "conditions.users.excludeUsers",
            "conditions.users.excludeGroups",
            "grantControls",
        )
    ),
    ("P14", lambda t: t.directory.strengths.clear()),
    ("P14", lambda t: t.directory.strengths[0].update(allowedCombinations=None)),
    ("P15", lambda t: t.directory.add_app("release", WIPES, appOwnerOrganizationId=None)),
]
