"""What changed between two looks at the tenant, for what the log lost. Pure."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from maa_notify.domain.alert import Actor, Alert, Severity
from maa_notify.domain.event import Fact
from maa_notify.insight.watch.ground import Ground

_FOUND = (Fact("Found by", "comparing with an hour ago; the log may tell who did it"),)


class _Found(Struct, frozen=True):
    """Something that changed: its id and name, and whom it is about besides."""

    object_id: str
    name: str = ""
    who: str = ""


class _Rule(Struct, frozen=True):
    """What a change means; `find` compares the look before with the present one."""

    find: Callable[[Ground, Ground], Iterable[_Found]]
    kind: str
    severity: Severity
    title: str
    next_step: str


def differences(before: Ground, after: Ground, now: datetime) -> Iterator[Alert]:
    """The alerts that two looks at the tenant give rise to; what either does not know gives rise to none."""
    return (_alert(rule, each, now) for rule in _RULES for each in rule.find(before, after))


def _joined(before: Ground, after: Ground) -> Iterator[_Found]:
    known = before.members
    if known is None:
        return
    for group, members in (after.members or {}).items():
        name = (after.approver_groups or {}).get(group, "")
        yield from (_Found(group, name, each) for each in sorted(members - known.get(group, members)))


def _groups_gone(before: Ground, after: Ground) -> Iterator[_Found]:
    if before.members is None or after.members is None:
        return
    names = before.approver_groups or {}
    yield from (_Found(each, names.get(each, "")) for each in sorted(before.members.keys() - after.members))


def _units_gone(before: Ground, after: Ground) -> Iterator[_Found]:
    if before.units is None or after.units is None:
        return
    yield from (_Found(each, before.units[each]) for each in sorted(before.units.keys() - after.units))


def _apps_armed(before: Ground, after: Ground) -> Iterator[_Found]:
    if before.powerful_apps is None or after.powerful_apps is None:
        return
    yield from map(_Found, sorted(after.powerful_apps - before.powerful_apps))


def _types_unprotected(before: Ground, after: Ground) -> Iterator[_Found]:
    if before.protected is None or after.protected is None:
        return
    for kind, each in sorted(before.protected.items(), key=lambda item: item[0]):
        now = after.protected.get(kind)
        if each.until is None and now is not None and now.until is not None:
            yield _Found(kind, kind)


_RULES = (
    _Rule(
        _joined,
        "B8",
        Severity.CRITICAL,
        "Somebody was added to an approver group",
        "If nobody of yours planned it, undo it and reject what this account approved.",
    ),
    _Rule(
        _groups_gone,
        "B8",
        Severity.CRITICAL,
        "An approver group decides nothing any more",
        "Look whether the group or its access policy was deleted, and put it back.",
    ),
    _Rule(
        _units_gone,
        "B7",
        Severity.CRITICAL,
        "The protection of an approver group was changed",
        "Put it back now: the protection holds for up to 30 minutes after a unit is deleted.",
    ),
    _Rule(
        _apps_armed,
        "B1",
        Severity.HIGH,
        "An app got a permission that leads around approval",
        "If nobody of yours planned it, take it away in Entra > Enterprise apps.",
    ),
    _Rule(
        _types_unprotected,
        "B10",
        Severity.HIGH,
        "A policy type is not protected any more",
        "Look at who deleted or changed the access policy, and put it back.",
    ),
)


def _alert(rule: _Rule, found: _Found, now: datetime) -> Alert:
    return Alert(
        rule.kind,
        rule.severity,
        now,
        Actor(),
        found.object_id,
        found.name,
        rule.title,
        (*((Fact("Who", found.who, is_name=True),) if found.who else ()), *_FOUND),
        rule.next_step,
        concerns=frozenset(filter(None, {found.object_id, found.who})),
    )
