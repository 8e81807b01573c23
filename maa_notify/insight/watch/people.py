"""Alerts about groups, units, roles, rules and accounts (B7 to B11). Pure.

The form of targets of administrative units is published nowhere, so that an entry is matched by any id in it.
"""

from collections.abc import Iterator

from maa_notify.domain.alert import Actor, ActorKind, Alert, Severity
from maa_notify.domain.event import Fact
from maa_notify.insight.identifiers import (
    GLOBAL_ADMINISTRATOR,
    MICROSOFT_ACCOUNTS,
    POWERFUL_ROLES,
    ROLE_NAMES,
    WELL_KNOWN_ROLES,
)
from maa_notify.insight.watch.ground import Ground
from maa_notify.insight.watch.log import LogEntry, Target

_PIM = frozenset({"ms-pim", "ms-pim-fairfax"})
_JOINS = frozenset({"add member to group", "add owner to group"})
_LEAVES = frozenset({"remove member from group", "remove owner from group"})
_GROUP_ITSELF = frozenset({"update group", "delete group", "restore group", "hard delete group"})
_GROUP_TITLE = {
    "add member to group": "Somebody was added to an approver group",
    "add owner to group": "An approver group got a new owner, who can add members",
    "remove member from group": "Somebody was taken out of an approver group",
    "remove owner from group": "An owner of an approver group was removed",
    "delete group": "An approver group was deleted",
    "restore group": "An approver group was restored",
}
_UNIT_ITSELF = frozenset(
    {"delete administrative unit", "update administrative unit", "hard delete administrative unit"}
)
_SCOPED_ROLE = "add scoped member to role"
_OF_UNITS = frozenset({"remove member from administrative unit", _SCOPED_ROLE})
_RESTRICTED = "restricted management administrative unit"
_ROLE_GIVEN = frozenset(
    {
        "add member to role",
        "add eligible member to role",
        "add role assignment to role definition",
        "add eligibleroleassignment to roledefinition",
    }
)
_GIVEN_IN_PIM = ("add member to role in pim completed", "add eligible member to role in pim completed")
_ACTIVATED = "add member to role completed (pim activation)"
_PASSWORD = "The password of an account that can approve was reset"  # noqa: S105 - a title
_METHOD = "An administrator changed the sign-in methods of an account that can approve"
_ENABLED = "A disabled account that can approve was enabled"
_ACCOUNT = {
    "reset password": _PASSWORD,
    "reset user password": _PASSWORD,
    "reset password (by admin)": _PASSWORD,
    "admin registered security info": (
        "An administrator registered a sign-in method for an account that can approve"
    ),
    "admin updated security info": _METHOD,
    "admin deleted security info": _METHOD,
    "disable strong authentication": _METHOD,
    "enable account": _ENABLED,
}
_RULES = {
    "conditional access policy": "Conditional Access",
    "named location": "a named location",
    "authentication strength policy": "an authentication strength",
    "authentication strength combination configuration": "an authentication strength",
    "authorization policy": "what users and apps may do",
    "permission grant policy": "who may consent",
    "security defaults": "the security defaults",
}
_VERBS = {"add": "added", "create": "added", "update": "changed", "delete": "deleted"}
_UNDO = "If nobody of yours planned it, undo it and reject what this account approved."


def people_alerts(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    """The alerts about groups, units, roles, rules and accounts that an entry gives rise to."""
    if _touches_protection(entry, ground):
        yield _unit(entry, ground)
    else:
        yield from _role(entry)
    yield from _group(entry, ground)
    yield from _rule(entry)
    yield from _account(entry, ground)


def _touches_protection(entry: LogEntry, ground: Ground) -> bool:
    """Whether an entry is about a restricted unit of ours, or about one that nobody can tell from ours."""
    is_restricted, names = _RESTRICTED in entry.activity, set(entry.names())
    if not is_restricted and entry.activity not in _UNIT_ITSELF | _OF_UNITS:
        return False
    if entry.activity.startswith("add member to restricted"):
        return False  # something that comes under protection
    is_ours = not names.isdisjoint(ground.units or ())
    if entry.activity in {f"remove member from {_RESTRICTED}", "remove member from administrative unit"}:
        if not names.isdisjoint(ground.approver_groups or ()) or any(map(ground.is_guardian, names)):
            return is_restricted or is_ours
        if ground.members is not None and next(entry.of_kind("user", "group", "device"), None):
            return False  # what left protects nobody
    if is_ours:
        return True
    units = {each.id for each in entry.of_kind("administrativeunit")}
    units |= {entry.modified("administrativeunit.objectid").either} - {""}
    return is_restricted and not (ground.units is not None and units)


def _unit(entry: LogEntry, ground: Ground) -> Alert:
    units, groups = ground.units or {}, ground.approver_groups or {}
    known = next((each for each in entry.names() if each in units), "")
    unit = next(entry.of_kind("administrativeunit"), Target())
    group = next((each for each in entry.names() if each in groups), "")
    return Alert(
        "B7",
        Severity.CRITICAL,
        entry.at,
        entry.actor,
        known or unit.id or entry.correlation_id or entry.id,
        units.get(known, "") or unit.name,
        "The protection of an approver group was changed",
        (Fact("Approver group", groups[group], is_name=True),) if group else (),
        "Put it back now: the protection holds for up to 30 minutes after a unit is deleted.",
        (entry.id,),
        frozenset(filter(None, {known, unit.id, group})),
    )


def approver_group_in(entry: LogEntry, ground: Ground) -> str:
    """The approver group that an entry is about; "" where it is about none.

    Where it names the group that somebody joined or left, that alone counts: an approver group may itself
    be what joined another.
    """
    groups, told = ground.approver_groups or {}, entry.modified("group.objectid").either
    if told:
        return told if told in groups else ""
    # Privileged Identity Management names its groups in places that are published nowhere.
    places = [*entry.names(), *(entry.details.values() if entry.service == "pim" else ())]
    return next((each for each in groups if any(each in place for place in places)), "")


def _group(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    group = approver_group_in(entry, ground)
    told = _of_a_group(entry) if group else None
    if told is None:
        return
    title, severity = told
    # Any target may be the one that joined: a user, a group or a service principal.
    people = [each for each in entry.of_kind("user", "serviceprincipal") if each.id != group]
    who = next(iter(people or [each for each in entry.targets if each.id != group]), Target())
    yield Alert(
        "B8",
        severity,
        entry.at,
        entry.actor,
        group,
        (ground.approver_groups or {}).get(group, ""),
        title,
        _who(who, "Taken out" if entry.activity in _LEAVES else "Who"),
        _UNDO,
        (entry.id,),
        frozenset(filter(None, {group, who.id})),
    )


def _of_a_group(entry: LogEntry) -> tuple[str, Severity] | None:
    """What an entry tells about an approver group, and how bad it is; None where it changes nothing."""
    activity = entry.activity
    if entry.service == "pim":
        return _of_pim_for_groups(activity)
    if activity not in _JOINS | _LEAVES | _GROUP_ITSELF:
        return None
    severity = Severity.CRITICAL
    if activity in _LEAVES:
        # By a service it is an access review or a lifecycle rule; who is left is for the posture.
        severity = Severity.MEDIUM if entry.actor.kind is ActorKind.PERSON else Severity.LOW
    return _GROUP_TITLE.get(activity, "An approver group was changed"), severity


def _of_pim_for_groups(activity: str) -> tuple[str, Severity] | None:
    if activity.startswith(_GIVEN_IN_PIM[1]):
        return "Somebody may join an approver group at any time, by PIM for Groups", Severity.CRITICAL
    if activity.startswith(_GIVEN_IN_PIM[0]) or "outside of pim" in activity:
        return _GROUP_TITLE["add member to group"], Severity.CRITICAL
    if activity == _ACTIVATED:
        return "Somebody activated the membership of an approver group", Severity.LOW
    if activity == "update role setting in pim":
        return "The rules by which people join an approver group were changed", Severity.HIGH
    return None


def _who(target: Target, label: str = "Who") -> tuple[Fact, ...]:
    name = target.account or target.name or target.id
    return (Fact(label, name, is_name=True),) if name else ()


def is_pim(actor: Actor) -> bool:
    """Whether an app calls itself as PIM does, which anybody's app may."""
    return actor.kind is not ActorKind.PERSON and actor.name.casefold() in _PIM


def role_of(entry: LogEntry) -> str:
    """The template id of the role that an entry is about; "" where it names none that we know."""
    told = [
        entry.modified(name).either
        for name in ("role.templateid", "templateid", "roledefinition.templateid", "role.wellknownobjectname")
    ]
    told += [entry.details.get(name, "") for name in ("templateid", "roledefinitionoriginid")]
    if not any(told):  # the id of a role that is in use in the tenant says nothing
        names = (entry.modified("role.displayname").either, *(each.name for each in entry.of_kind("role")))
        told += [ROLE_NAMES.get(each.casefold(), "") for each in names]
    told += [each.id for each in entry.of_kind("role")]
    ids = (WELL_KNOWN_ROLES.get(each.casefold(), each) for each in told)
    return next((each for each in ids if each in POWERFUL_ROLES), "")


def _role(entry: LogEntry) -> Iterator[Alert]:
    role = role_of(entry)
    told = _of_a_role(entry.activity, is_global=role == GLOBAL_ADMINISTRATOR) if role else None
    if told is None:
        return
    title, severity = told
    subject = next(entry.of_kind("user", "serviceprincipal", "group"), Target())
    reason = entry.details.get("justification", "")
    yield Alert(
        "B9",
        severity,
        entry.at,
        entry.actor,
        f"{role}:{subject.id}",
        POWERFUL_ROLES[role],
        title,
        (*_who(subject), *((Fact("Reason", reason, is_name=True),) if reason else ())),
        "If nobody of yours planned it, take the role away and end the account's sessions.",
        (entry.id,),
        frozenset(filter(None, {subject.id})),
        # PIM looks every two hours for roles given past it, and tells each of them anew.
        is_repeated="outside of pim" in entry.activity,
    )


def _of_a_role(activity: str, *, is_global: bool) -> tuple[str, Severity] | None:
    """What an entry tells about a powerful role, and how bad it is; None where it gives nobody more."""
    outside = Severity.CRITICAL if is_global else Severity.HIGH
    if activity == "update role setting in pim":
        return "The rules of a powerful role were changed", Severity.HIGH
    if "outside of pim" in activity:
        return "A powerful role was given outside of PIM", outside
    if activity.startswith(_GIVEN_IN_PIM):
        is_for_good = "permanent" in activity
        title = f"A powerful role was given in PIM{', for good' * is_for_good}"
        return title, Severity.HIGH if is_for_good else Severity.MEDIUM
    if activity == _ACTIVATED:
        return "A powerful role was activated", Severity.LOW
    if activity == _SCOPED_ROLE:
        return "A powerful role was given over an administrative unit", Severity.MEDIUM
    return ("A powerful role was given", outside) if activity in _ROLE_GIVEN else None


def _rule(entry: LogEntry) -> Iterator[Alert]:
    verb, rest = _verb_and_rule(entry.activity)
    if not verb:
        return
    weaker = _is_weaker(entry, verb, rest)
    target = next(iter(entry.targets), Target())
    yield Alert(
        "B10",
        Severity.MEDIUM if weaker else Severity.LOW,
        entry.at,
        entry.actor,
        target.id or rest,
        target.name,
        f"A guard rail was {'weakened' if weaker else 'changed'}: {_RULES[rest]}",
        (Fact("Change", _VERBS[verb]),),
        "Look at what was changed, and put it back if nobody of yours planned it.",
        (entry.id,),
        frozenset(filter(None, {target.id})),
    )


def _verb_and_rule(activity: str) -> tuple[str, str]:
    """What was done to which guard rail; "" for both where it is none. Some services put the verb last."""
    first, _, after = activity.partition(" ")
    before, _, last = activity.rpartition(" ")
    found = ((first, after), (last, before))
    return next(((verb, rest) for verb, rest in found if verb in _VERBS and rest in _RULES), ("", ""))


def _is_weaker(entry: LogEntry, verb: str, rest: str) -> bool:
    """Whether a rule protects less than before; of what cannot be known a person's change counts as that."""
    state = entry.modified("conditionalaccesspolicy.state")
    if verb == "delete":
        return True
    if _VERBS[verb] == "added":
        return rest == "permission grant policy" and entry.actor.kind is ActorKind.PERSON
    if not state.old or not state.new:
        return rest == "authorization policy" or entry.actor.kind is ActorKind.PERSON
    if state.old.lower() != "enabled":
        return False
    return state.new.lower() != "enabled" or _covers_less(entry)


def _covers_less(entry: LogEntry) -> bool:
    """Whether a policy names fewer, leaves out more, or asks for less than before."""

    def parts(name: str) -> tuple[set[str], set[str]]:
        told = entry.modified(f"conditionalaccesspolicy.{name}")
        return set(told.old.splitlines()), set(told.new.splitlines())

    (excluded, excluded_now), (included, included_now) = parts("excluded"), parts("included")
    controls, controls_now = parts("controls")
    lost = {each for each in included - included_now if f"{each.partition(':')[0]}:all" not in included_now}
    return bool(excluded_now - excluded or lost or controls - controls_now)


def _account(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    title = _taken_over(entry)
    user = next((each for each in entry.of_kind("user") if ground.is_guardian(each.id)), None)
    if not title or user is None or user.id == entry.actor.id:
        return
    yield Alert(
        "B11",
        Severity.MEDIUM,
        entry.at,
        entry.actor,
        user.id,
        user.account or user.name,
        title,
        (),
        "Ask the person by another way than mail or Teams; whoever holds the account can approve.",
        (entry.id,),
        frozenset({user.id}),
    )


def _taken_over(entry: LogEntry) -> str:
    """How an entry may give somebody's account to another; "" where it cannot."""
    # What a person does to the own account is logged once more, as done by an account of Microsoft's.
    if entry.actor.account.lower().endswith(MICROSOFT_ACCOUNTS):
        return ""
    if entry.activity != "update user":
        return _ACCOUNT.get(entry.activity, "")
    enabled = entry.modified("accountenabled")
    if (enabled.old, enabled.new) == ("false", "true"):
        return _ENABLED
    # A service of Microsoft's notes each sign-in there.
    changed = entry.modified("signinmethod").new and entry.actor.kind is ActorKind.PERSON
    return _METHOD if changed else ""
