"""The ways around approval in this tenant: who could use them, and the sentence that sums them up. Pure."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from maa_notify.insight.identifiers import ACTS_ON_INTUNE, POWERFUL_ROLES
from maa_notify.insight.posture.apps import is_microsofts
from maa_notify.insight.posture.facts import ApproverGroup, Facts, Gap
from maa_notify.insight.posture.holders import RoleHolder, active_holders, holders_of, one_by_one
from maa_notify.insight.posture.identifiers import (
    APPS_CHANGE_ANY_GROUP,
    APPS_CHANGE_PROTECTED_GROUPS,
    CHANGE_ANY_GROUP,
    CHANGE_PROTECTED_GROUPS,
)
from maa_notify.insight.posture.names import called, listed

_NAMED = 6
_NAME_LIMIT = 40
"""So that nobody's name leaves no room for the others."""


class Protection(StrEnum):
    """How an approver group is protected."""

    OPEN = "open"
    ROLE_ASSIGNABLE = "role-assignable"
    RESTRICTED = "restricted"
    UNKNOWN = "unknown"


class Way(Struct, frozen=True):
    """One way around approval.

    Attributes:
        by: the role, the permission or the ownership that opens it.
        to: where it leads: the names of approver groups, or past approval.
        accounts: the names of people who could go it, as they chose them, by id; "" for one that is not told.
        apps: the same of applications.
        is_whole: everybody who could is named; False where some could not be told.
        is_sure: it leads there; False where that hangs on what Graph does not show.
    """

    by: str
    to: str
    accounts: dict[str, str]
    apps: dict[str, str]
    is_whole: bool = True
    is_sure: bool = True

    def who(self, limit: int) -> list[str]:
        """All who could use it, as a sentence tells them, each name of at most `limit` characters."""
        return [called(key, name, limit=limit) for key, name in (self.accounts | self.apps).items()]


PAST_APPROVAL = "devices, past approval"


def protection_of(group: ApproverGroup) -> Protection:
    """How an approver group is protected, as far as that can be told."""
    if group.is_restricted:
        return Protection.RESTRICTED
    if not isinstance(group.group, Gap) and group.group is not None:
        if group.group.is_role_assignable:
            return Protection.ROLE_ASSIGNABLE
        if group.group.is_role_assignable is False and group.group.is_restricted is False:
            return Protection.OPEN
    return Protection.UNKNOWN


def ways_around(facts: Facts) -> list[Way]:
    """Every way that somebody could use, those that lead to all approver groups first."""
    groups = () if isinstance(facts.approvers, Gap) else facts.approvers
    groups = tuple(each for each in groups if each.group is not None)
    open_groups = listed([each.told for each in groups if protection_of(each) is Protection.OPEN])
    everywhere = "every approver group" if groups else "the approver groups"
    found = [
        *(_by_role(facts, role, everywhere) for role in CHANGE_PROTECTED_GROUPS),
        *(_by_role(facts, role, open_groups) for role in CHANGE_ANY_GROUP if open_groups),
        *(_by_owner(each) for each in groups if not each.is_restricted),
        *_by_unit(facts, groups),
        *_by_apps(facts, everywhere, open_groups),
    ]
    return [each for each in found if each.accounts or each.apps or not each.is_whole]


def _by_role(facts: Facts, role: str, to: str) -> Way:
    holders = active_holders(facts, role)
    if isinstance(holders, Gap):
        return Way(POWERFUL_ROLES[role], to, {}, {}, is_whole=False)
    return _way(POWERFUL_ROLES[role], to, list(one_by_one(facts, holders)))


def _way(by: str, to: str, holders: list[RoleHolder | Gap]) -> Way:
    known = [each for each in holders if isinstance(each, RoleHolder)]
    accounts = {each.id: each.name for each in known if each.kind == "user"}
    apps = {each.id: each.name for each in known if each.kind == "servicePrincipal"}
    return Way(by, to, accounts, apps, is_whole=len(known) == len(holders))


def _by_owner(group: ApproverGroup) -> Way:
    if isinstance(group.owners, Gap):
        return Way("Owner of the group", group.told, {}, {}, is_whole=False)
    holders = [RoleHolder(each.id, each.kind, each.display_name or "") for each in group.owners]
    return _way("Owner of the group", group.told, [*holders])


def _by_unit(facts: Facts, groups: tuple[ApproverGroup, ...]) -> Iterator[Way]:
    for group in groups:
        for unit in group.restricted_units:
            by = f"Administrator of the unit {unit.told}"
            active = facts.rulers[unit.id]
            if isinstance(active, Gap):
                yield Way(by, group.told, {}, {}, is_whole=False)
            else:
                yield _way(by, group.told, list(one_by_one(facts, holders_of(active))))


def _by_apps(facts: Facts, everywhere: str, open_groups: str) -> Iterator[Way]:
    if isinstance(facts.holders, Gap):
        yield Way("Applications with permissions", PAST_APPROVAL, {}, {}, is_whole=False)
        return
    kinds = [
        ("Application: may change any group or role", everywhere, APPS_CHANGE_PROTECTED_GROUPS),
        ("Application: acts on devices or Intune", PAST_APPROVAL, frozenset(ACTS_ON_INTUNE.values())),
    ]
    if open_groups:
        kinds.append(("Application: may change unprotected groups", open_groups, APPS_CHANGE_ANY_GROUP))
    is_told = all(is_microsofts(each.principal) is not None for each in facts.holders)
    for by, to, permissions in kinds:
        apps = {
            each.id: each.name
            for each in facts.holders
            if permissions.intersection(each.permissions) and is_microsofts(each.principal) is False
        }
        # Where an access policy is, its exclusions decide, and Graph shows none.
        yield Way(by, to, {}, apps, is_told, is_sure=to != PAST_APPROVAL)


def summary(ways: list[Way]) -> str:
    """Who can defeat approval today, in a sentence or two."""
    sure = [each for each in ways if each.is_sure]
    accounts = {key: name for way in sure for key, name in way.accounts.items()}
    apps = {key: name for way in sure for key, name in way.apps.items()}
    maybe = {key: name for way in ways for key, name in way.apps.items() if key not in apps}
    is_whole = all(each.is_whole for each in ways)
    rest = "" if is_whole else " Not everything could be read, so there may be more."
    if maybe:
        them = "it" if len(maybe) == 1 else "them"
        unless = f"may, where an access policy excludes {them} or none applies"
        rest = f" {_counted(maybe, 'application').capitalize()} {unless}: {_named(maybe)}.{rest}"
    if not accounts and not apps and not is_whole and not maybe:
        return "Who can defeat approval could not be read."
    if not accounts and not apps:
        return f"No account or application was found that can surely defeat approval today.{rest}"
    told = " and ".join(
        part for part in (_counted(accounts, "account"), _counted(apps, "application")) if part
    )
    sentence = f"{'' if is_whole else 'at least '}{told} can defeat approval today"
    return f"{sentence[0].upper()}{sentence[1:]}: {_named({**accounts, **apps})}.{rest}"


def _named(found: dict[str, str]) -> str:
    return listed([called(key, name, limit=_NAME_LIMIT) for key, name in found.items()], _NAMED)


_NUMBERS = (
    "",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def _counted(found: dict[str, str], noun: str) -> str:
    count = len(found)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {noun}{'' if count == 1 else 's'}" if count else ""
