"""The checks, one entry each: what is asked, why, how to mend it, its source, and what it needs. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from maa_notify.insight.posture import (
    apps,
    conditional_access,
    consent,
    coverage,
    groups,
    roles,
    units,
)
from maa_notify.insight.posture.facts import Facts
from maa_notify.insight.posture.rules import Acceptance, Limits
from maa_notify.insight.posture.verdict import Check, Judgement, Severity, Verdict, judge

_RBAC = "DeviceManagementRBAC.Read.All"
_GROUPS = "GroupMember.Read.All"
_USERS = "User.Read.All"
_UNITS = "AdministrativeUnit.Read.All"
_ROLES = "RoleManagement.Read.Directory"
_POLICIES = "Policy.Read.All"
_APPS = "Application.Read.All"

_P1, _P2 = "Entra ID P1", "Entra ID P2"
_MAA = 'Microsoft, "Use Multi Admin Approval"'
_RESTRICTED = 'Microsoft, "Restricted management administrative units"'
_BEST = 'Microsoft, "Best practices for Microsoft Entra roles"'

CHECKS = (
    Check(
        "P1",
        "Every kind of change has an access policy",
        "A change without an access policy needs nobody's approval: one stolen account is enough.",
        (
            "Intune > Tenant administration > Multi Admin Approval > Access policies > Create",
            "Choose the type, then an approver group; another administrator approves the new policy",
            "Complete it under My requests: it is not in force before",
        ),
        _MAA,
        (_RBAC,),
        "",
        coverage.coverage,
    ),
    Check(
        "P2",
        "Approver groups are plain security groups that only few may change",
        "Intune Administrators may change every group that nothing protects, so one of them can add a second"
        " account and approve alone. Of other kinds of groups Intune may find no members.",
        (
            "Make a new security group with assigned members, in the cloud, without a mail address",
            "Not role-assignable, but in a restricted unit: Entra > Roles & admins > Admin units",
            "Put it into an Intune role assignment and into the access policies, in place of the old one",
        ),
        _RESTRICTED,
        (_RBAC, _GROUPS),
        _P1,
        groups.group_kind,
    ),
    Check(
        "P3",
        "Enough people can approve, and their accounts are protected",
        "Nobody approves their own request, nested and disabled accounts approve nothing, and whoever resets"
        " an approver's password has an approval.",
        (
            "Entra > Groups > the approver group > Members: three or more people, each a direct member",
            "Remove guests, applications, nested groups and disabled accounts",
            "Put the approvers' accounts into a restricted administrative unit, too",
        ),
        _MAA,
        (_RBAC, _GROUPS, _USERS),
        "",
        groups.approvers,
    ),
    Check(
        "P4",
        "Nobody owns an approver group",
        "An owner adds members without any role, even to a role-assignable group.",
        ("Entra > Groups > the approver group > Owners: remove them all",),
        'Microsoft, "Use Microsoft Entra groups to manage role assignments"',
        (_RBAC, _GROUPS),
        "",
        groups.owners,
    ),
    Check(
        "P5",
        "Approver groups stand in a restricted administrative unit",
        "Only such a unit stops owners, tenant-wide roles and Graph's application permissions at once.",
        (
            "Entra > Roles & admins > Admin units > Add, with 'Restricted management administrative unit' on",
            "Membership type: assigned. Add the approver group",
            "Assign Groups Administrator for this unit alone to one or two people who do not approve",
        ),
        _RESTRICTED,
        (_RBAC, _GROUPS, _UNITS),
        _P1,
        units.in_restricted_unit,
    ),
    Check(
        "P6",
        "A few people who do not approve rule the unit",
        "Whoever may change what stands in the unit may add an approver. If nobody may, nobody can mend"
        " the group either.",
        (
            "Entra > Roles & admins > Admin units > the unit > Roles and administrators",
            "Leave one or two people, eligible rather than active, and no approver or application",
        ),
        _RESTRICTED,
        (_RBAC, _GROUPS, _UNITS, _ROLES),
        _P2,
        units.unit_rulers,
    ),
    Check(
        "P7",
        "Approval is possible",
        "Intune removes the members of an approver group that is in none of its role assignments. An access"
        " policy for roles can then lock out the very assignment that is missing.",
        (
            "Intune > Tenant administration > Roles > a role > Assignments: add the approver group",
            "Where an access policy for roles stands in the way: delete it, wait, mend, remake it",
            "Let at least two people approve each policy",
        ),
        _MAA,
        (_RBAC, _GROUPS, _USERS),
        "",
        groups.deadlocks,
    ),
    Check(
        "P8",
        "Two to four accounts are Global Administrator for good",
        "A Global Administrator can undo every protection here. With fewer than two, one lost account locks"
        " everybody out. MAA_GLOBAL_ADMINS sets the numbers.",
        (
            "Entra > Roles & admins > Global Administrator: leave the emergency accounts as active",
            "Make everybody else eligible: Identity Governance > Privileged Identity Management",
            "Take the role from applications and from groups without protection",
        ),
        f"{_BEST} (fewer than five); CISA, MS.AAD.7.1 (two to eight)",
        (_ROLES, _GROUPS, _USERS),
        _P2,
        roles.global_admins,
    ),
    Check(
        "P9",
        "Administrator roles are held for a while, and activation takes proof",
        "A role that is held for good is there for whoever steals the account. Application Administrators can"
        " add a secret to an application that already holds a permission.",
        (
            "Identity Governance > Privileged Identity Management > Microsoft Entra roles > Roles > the role",
            "Assignments: move active ones to eligible",
            "Role settings > Edit: at most 8 hours, multifactor, justification, approval",
        ),
        'Microsoft, "Configure Microsoft Entra role settings in Privileged Identity Management"',
        (_ROLES,),
        _P2,
        roles.pim_rules,
    ),
    Check(
        "P10",
        "Users register no applications",
        "An application of one's own is the first step to a permission that goes around approval.",
        ("Entra > Users > User settings: 'Users can register applications' to No",),
        "CISA, MS.AAD.5.1",
        (_POLICIES,),
        "",
        consent.app_registration,
    ),
    Check(
        "P11",
        "Users consent to no applications",
        "A token that a user lent to an application may do what the user may, even approve.",
        (
            "Entra > Enterprise applications > Consent and permissions > User consent settings",
            "Choose 'Do not allow user consent'",
        ),
        "CISA, MS.AAD.5.2",
        (_POLICIES,),
        "",
        consent.user_consent,
    ),
    Check(
        "P12",
        "Administrators review requests for consent",
        "Where nobody can ask, people find other ways; where nobody reviews, requests are waved through.",
        (
            "Entra > Enterprise applications > Consent and permissions > Admin consent settings",
            "Turn requests on and name reviewers",
        ),
        "CISA, MS.AAD.5.3",
        (_POLICIES,),
        "",
        consent.admin_consent,
    ),
    Check(
        "P13",
        "Applications sign in from known places only",
        "A stolen secret works from anywhere. Conditional Access bounds applications of this tenant alone: no"
        " managed identities and none of other tenants.",
        (
            "Entra > Conditional Access > New policy > Users or workload identities: workload identities",
            "Take in all owned service principals, or those of P15; exclude the locations that they use",
            "Grant: block access",
        ),
        'Microsoft, "Conditional Access for workload identities"',
        (_POLICIES, _APPS),
        "Workload Identities Premium",
        conditional_access.workloads,
    ),
    Check(
        "P14",
        "Administrators sign in in a way that cannot be phished",
        "A false sign-in page passes on passwords and codes; it cannot pass on a passkey or a certificate.",
        (
            "Entra > Conditional Access > New policy > Users: the directory roles named here",
            "Target resources: all resources, without conditions that leave some out",
            "Grant: require authentication strength > Phishing-resistant MFA, and nothing in its place",
        ),
        "CISA, MS.AAD.3.6",
        (_POLICIES, _ROLES, _RBAC, _GROUPS),
        _P1,
        conditional_access.strong_admins,
    ),
    Check(
        "P15",
        "No application can go around approval",
        "An application that is excluded from an access policy, or works where none applies, acts on devices"
        " alone. One that may change groups, roles or secrets makes itself able to.",
        (
            "Entra > Enterprise applications > the application > Permissions: revoke what it does not need",
            "Remove owners; use a managed identity or a certificate in place of a secret",
            "Review the exclusions of each access policy in Intune: Graph does not show them",
        ),
        'Microsoft, "Microsoft Graph permissions reference"',
        (_APPS,),
        "",
        apps.bypass_holders,
    ),
)
"""All checks, in the order of their numbers."""

BY_ID = {check.id: check for check in CHECKS}


class Posture(Struct, frozen=True):
    """What all checks came to."""

    judgements: tuple[Judgement, ...]

    def of(self, verdict: Verdict) -> tuple[Judgement, ...]:
        """The checks that came to this verdict."""
        return tuple(each for each in self.judgements if each.verdict is verdict)

    def found(self, severity: Severity) -> int:
        """How many checks found something of this severity at worst."""
        return sum(each.severity is severity for each in self.of(Verdict.FINDING))


def assess(facts: Facts, limits: Limits, accepted: Iterable[Acceptance] = ()) -> Posture:
    """The verdict of every check; an acceptance that has ended counts no more."""
    by_check = {each.check: each for each in accepted}
    today = facts.at.date()
    return Posture(
        tuple(judge(check, check.look(facts, limits), by_check.get(check.id), today) for check in CHECKS)
    )
