"""Alerts about groups, units, roles, rules and accounts (B7 to B11). Pure.

The form of targets of administrative units is published nowhere, so that an entry is matched by any id in it.
"""

from collections.abc import Iterator

from maa_notify.domain.alert import Actor, ActorKind, Alert, Severity
from maa_notify.domain.event import Fact
from maa_notify.insight.identifiers import GLOBAL_ADMINISTRATOR, POWERFUL_ROLES, WELL_KNOWN_ROLES
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
_OF_UNITS = frozenset({"remove member from administrative unit", "add scoped member to role"})
_RESTRICTED = "restricted management administrative unit"
_ROLE_GIVEN = frozenset(
    {
        "add member to role",
        "add eligible member to role",
        "add role assignment to role definition",
    }
)
_ACCOUNT = {
    "reset password": "The password of an account that can approve was reset",
    "reset user password": "The password of an account that can approve was reset",
    "admin registered security info": (
        "An administrator registered a sign-in method for an account that can approve"
    ),
    "enable account": "A disabled account that can approve was enabled",
}
_RULES = {
    "conditional access policy": "Conditional Access",
    "named location": "a named location",
    "authentication strength policy": "an authentication strength",
    "authorization policy": "what users and apps may do",
    "permission grant policy": "who may consent",
}


def people_alerts(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    """The alerts about groups, units, roles, rules and accounts that an entry gives rise to."""
    yield from _unit(entry, ground)
    yield from _group(entry, ground)
    yield from _role(entry)
    yield from _rule(entry)
    yield from _account(entry, ground)


def _unit(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    is_restricted = _RESTRICTED in entry.activity
    units, groups = ground.units or {}, ground.approver_groups or {}
    known = next((each for each in entry.names() if each in units), "")
    if not is_restricted and not (known and entry.activity in _UNIT_ITSELF | _OF_UNITS):
        return
    if entry.activity.startswith("add member to restricted"):
        return  # a group that comes under protection
    unit = next(entry.of_kind("administrativeunit"), Target())
    group = next((each for each in entry.names() if each in groups), "")
    yield Alert(
        "B7",
        Severity.CRITICAL,
        entry.at,
        entry.actor,
        known or unit.id or entry.correlation_id or entry.id,
        units.get(known, "") or unit.name,
        "The protection of an approver group was changed",
        (Fact("Approver group", groups[group]),) if group else (),
        "Put it back now: the protection holds for up to 30 minutes after a unit is deleted.",
        (entry.id,),
        frozenset(filter(None, {known, unit.id, group})),
    )


def _group(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    groups = ground.approver_groups or {}
    group = next((each for each in entry.names() if each in groups), "")
    if not group or entry.activity not in _JOINS | _LEAVES | _GROUP_ITSELF:
        return
    # Any target may be the one that joined: a user, a group or a service principal.
    who = next((each for each in entry.targets if each.id != group), Target())
    joins = entry.activity in _JOINS
    by_service = entry.actor.kind is not ActorKind.PERSON
    severity = Severity.CRITICAL if joins or entry.activity in _GROUP_ITSELF else Severity.MEDIUM
    if entry.activity in _LEAVES and by_service:
        severity = Severity.LOW  # an access review or a lifecycle rule; who is left is for the posture
    yield Alert(
        "B8",
        severity,
        entry.at,
        entry.actor,
        group,
        groups[group],
        _GROUP_TITLE.get(entry.activity, "An approver group was changed"),
        (*_who(who), *((Fact("By", "PIM for Groups"),) if is_pim(entry.actor) else ())),
        "If nobody of yours planned it, undo it and reject what this account approved.",
        (entry.id,),
        frozenset(filter(None, {group, who.id})),
    )


def _who(target: Target) -> tuple[Fact, ...]:
    name = target.account or target.name or target.id
    return (Fact("Who", name),) if name else ()


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
    told += [each.id for each in entry.of_kind("role")]
    ids = (WELL_KNOWN_ROLES.get(each.casefold(), each.lower()) for each in told)
    return next((each for each in ids if each in POWERFUL_ROLES), "")


def _role(entry: LogEntry) -> Iterator[Alert]:
    role = role_of(entry)
    if not role:
        return
    if entry.activity == "update role setting in pim":
        title, severity = "The rules of a powerful role were changed", Severity.HIGH
    elif "outside of pim" in entry.activity:
        title, severity = "A powerful role was given outside of PIM", Severity.HIGH
    elif "in pim completed" in entry.activity and entry.activity.startswith("add "):
        permanent = "permanent" in entry.activity
        title = f"A powerful role was given in PIM{', for good' if permanent else ''}"
        severity = Severity.HIGH if permanent else Severity.MEDIUM
    elif "completed (pim activation)" in entry.activity:
        title, severity = "A powerful role was activated", Severity.LOW
    elif entry.activity in _ROLE_GIVEN:
        title, severity = "A powerful role was given", Severity.HIGH
    else:
        return
    is_outside = "outside of pim" in entry.activity or entry.activity in _ROLE_GIVEN
    if role == GLOBAL_ADMINISTRATOR and is_outside:
        severity = Severity.CRITICAL
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
        (*_who(subject), *((Fact("Reason", reason),) if reason else ())),
        "If nobody of yours planned it, take the role away and end the account's sessions.",
        (entry.id,),
        frozenset(filter(None, {subject.id})),
    )


def _rule(entry: LogEntry) -> Iterator[Alert]:
    verb, _, rest = entry.activity.partition(" ")
    if verb not in {"add", "update", "delete"} or rest not in _RULES:
        return
    weaker = _is_weaker(entry, verb)
    target = next(iter(entry.targets), Target())
    yield Alert(
        "B10",
        Severity.MEDIUM if weaker else Severity.LOW,
        entry.at,
        entry.actor,
        target.id or rest,
        target.name,
        f"A guard rail was {'weakened' if weaker else 'changed'}: {_RULES[rest]}",
        (Fact("Change", {"add": "added", "update": "changed", "delete": "deleted"}[verb]),),
        "Look at what was changed, and put it back if nobody of yours planned it.",
        (entry.id,),
        frozenset(filter(None, {target.id})),
    )


def _is_weaker(entry: LogEntry, verb: str) -> bool:
    """Whether a rule protects less than before, as far as an entry tells."""
    state = entry.modified("conditionalaccesspolicy.state")
    if verb == "delete" or "authorization policy" in entry.activity:
        return True
    return state.old.lower() == "enabled" and state.new.lower() != "enabled"


def _account(entry: LogEntry, ground: Ground) -> Iterator[Alert]:
    title = _ACCOUNT.get(entry.activity)
    user = next((each for each in entry.of_kind("user") if ground.is_guardian(each.id)), None)
    if title is None or user is None or user.id == entry.actor.id:
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
