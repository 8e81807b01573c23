"""The check of `doctor` whether the notifier can tell who can decide."""

from collections.abc import Collection

from maa_notify import app
from maa_notify.cli.finding import Finding
from maa_notify.cli.text import counted
from maa_notify.domain.access import AccessPolicy
from maa_notify.domain.approvers import KnownGroup, Roll, fault_of, people_in
from maa_notify.domain.capabilities import APPROVERS
from maa_notify.identity.tokens import told_roles

_CHECK = "approvers"
_OFF = "off: with MAA_APPROVERS=on cards tell who can decide, and whether nobody can"


def check_approvers(notifier: app.App) -> Finding:
    """Reads policies, groups and members anew, and says what is off and for want of what."""
    if notifier.approvers is None:
        return Finding(_CHECK, "skipped", _OFF)
    roles = told_roles(notifier.tokens.token(app.graph_scope(notifier.settings)).value)
    missing = [] if roles is None else list(APPROVERS.missing(roles))
    if missing:
        lacking = "; ".join(f"{each.name} is missing: {each.without}" for each in missing)
        return Finding(_CHECK, "warning", f"{lacking}. Grant it: maa-notify doctor --permissions")
    roll, problem = notifier.approvers.read_now()
    told = [_counted(roll), *_odd(roll)]
    if problem is not None:
        told.append(f"not all could be read: {problem}")
    is_well = problem is None and len(told) == 1
    return Finding(_CHECK, "ok" if is_well else "warning", "; ".join(told))


def _counted(roll: Roll) -> str:
    people = {each.id for group in roll.groups.values() for each in people_in(group)}
    policies = "1 access policy" if len(roll.policies) == 1 else f"{len(roll.policies)} access policies"
    persons = "1 person" if len(people) == 1 else f"{len(people)} people"
    return f"{policies}, {counted(len(roll.groups), 'approver group')}, {persons} who can decide"


def _odd(roll: Roll) -> list[str]:
    """What keeps everybody from deciding, in numbers: names are somebody else's to choose."""
    bare = sum(each.group_ids == () for each in roll.policies)
    untold = sum(each.group_ids is None for each in roll.policies)
    useless = sum(_is_useless(each) for each in roll.groups.values())
    idle = sum(each.has_role is False for each in roll.groups.values())
    told = {
        f"{bare} of the policies without an approver group": bare,
        f"{untold} of the policies whose groups Graph does not tell": untold,
        f"{useless} of the groups without anybody who can decide": useless,
        f"{idle} of the groups without a role assignment in Intune": idle,
        f"{_unread(roll.policies, roll.groups)} of the groups could not be read": _unread(
            roll.policies, roll.groups
        ),
    }
    return [text for text, count in told.items() if count]


def _is_useless(group: KnownGroup) -> bool:
    return fault_of(group) is not None or (group.members is not None and not people_in(group))


def _unread(policies: Collection[AccessPolicy], groups: Collection[str]) -> int:
    return len({each for policy in policies for each in policy.group_ids or ()} - {*groups})
