"""P1: which changes wait for a second administrator, by the access policies that there are. Pure."""

from maa_notify.domain.access import ANY_PLATFORM, AccessPolicy
from maa_notify.domain.request import POLICY_TYPES
from maa_notify.insight.posture.facts import Facts, Gap
from maa_notify.insight.posture.names import called
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Problem, Remarks, Seen, Severity

DEVICE_ACTIONS = ("deviceWipe", "deviceRetire", "deviceDelete")
_ALL_DEVICE_ACTIONS = "deviceAction"

PROTECTABLE = {
    "deviceWipe": ("device wipe", Severity.HIGH),
    "deviceRetire": ("device retire", Severity.MEDIUM),
    "deviceDelete": ("device delete", Severity.MEDIUM),
    "script": ("scripts", Severity.HIGH),
    "app": ("apps", Severity.MEDIUM),
    "role": ("roles", Severity.MEDIUM),
    "configurationPolicy": ("configuration policies", Severity.MEDIUM),
    "compliancePolicy": ("compliance policies", Severity.NOTE),
    "tenantConfiguration": ("tenant configuration (device categories)", Severity.NOTE),
}
"""What an access policy can be made for, and how much harm it can do without one.

Access policies are always protected and cannot be chosen, so they are never missing.
"""

_WITHOUT_A_NAME_IN_THE_API = frozenset({"configurationPolicy", "compliancePolicy"})
"""The portal protects them; the API's list of types has no word for them, and may tell any."""
_NAMED_TYPES = frozenset(POLICY_TYPES) - {"unknown", "unknownFutureValue"}

PLATFORMS = {
    "androidDeviceAdministrator": "Android device administrator",
    "androidEnterprise": "Android Enterprise",
    "iOSiPadOS": "iOS and iPadOS",
    "macOS": "macOS",
    "windows10AndLater": "Windows 10 and later",
    "windows81AndLater": "Windows 8.1 and later",
    "windows10X": "Windows 10X",
}
_EXPECTED_PLATFORMS = ("androidEnterprise", "iOSiPadOS", "macOS", "windows10AndLater")
_WINDOWS_ONLY = frozenset({"script"})
_WHOLE = frozenset({"", ANY_PLATFORM})


def coverage(facts: Facts, _: Limits) -> Remarks:
    """P1: every kind of change has an access policy, and every policy a group that can approve."""
    policies = facts.policies
    if isinstance(policies, Gap):
        yield policies
        return
    for policy in policies:
        yield from _of_groups(policy)
    covered = {each for policy in policies for each in policy.policy_types}
    if _ALL_DEVICE_ACTIONS in covered:
        covered.update(DEVICE_ACTIONS)
    is_hidden = any(not each.policy_types for each in policies)
    is_unclear = not covered <= _NAMED_TYPES
    for kind, (label, severity) in PROTECTABLE.items():
        if kind in covered:
            yield from _of_platforms(policies, kind, label)
        elif is_hidden or (is_unclear and kind in _WITHOUT_A_NAME_IN_THE_API):
            yield Gap(f"whether {label} are protected: a policy is for a type that Graph does not name")
        else:
            yield Problem(_weight(kind, severity, covered), kind, f"no access policy protects {label}")


def _weight(kind: str, severity: Severity, covered: set[str]) -> Severity:
    """Less where another device action has a policy: the portal shows one type for all three."""
    is_beside_another = kind in DEVICE_ACTIONS and not covered.isdisjoint(DEVICE_ACTIONS)
    return Severity.NOTE if is_beside_another and severity is not Severity.HIGH else severity


def _of_groups(policy: AccessPolicy) -> Remarks:
    name = called(policy.id, policy.name)
    if policy.group_ids is None:
        yield Gap(f"the approver groups of the access policy {name}")
    elif not policy.group_ids:
        text = f"the access policy {name} has no approver group, so nobody can approve"
        yield Problem(Severity.HIGH, policy.id, text)


def _of_platforms(policies: tuple[AccessPolicy, ...], kind: str, label: str) -> Remarks:
    """Platforms that are left out, where each policy of a type is for one."""
    kinds = {kind, _ALL_DEVICE_ACTIONS} if kind in DEVICE_ACTIONS else {kind}
    platforms = {each.platform for each in policies if kinds.intersection(each.policy_types)}
    if platforms & _WHOLE or kind in _WINDOWS_ONLY:
        yield Seen(f"{label}: protected")
        return
    named = ", ".join(sorted(PLATFORMS.get(each, each) for each in platforms))
    missing = [PLATFORMS[each] for each in _EXPECTED_PLATFORMS if each not in platforms]
    if missing and not platforms <= PLATFORMS.keys():
        yield Gap(f"for which platforms {label} are protected: Graph does not name one of them")
    elif missing:
        text = f"{label} are protected for {named}, not for {', '.join(missing)}"
        yield Problem(Severity.NOTE, f"{kind}:platforms", text)
    else:
        yield Seen(f"{label}: protected for {named}")
