"""What changed between two looks at the tenant, for what the log lost. Pure."""

from collections.abc import Iterator
from datetime import datetime

from maa_notify.domain.alert import Actor, Alert, Severity
from maa_notify.domain.event import Fact
from maa_notify.insight.watch.ground import Ground

_FOUND = (Fact("Found by", "comparing with an hour ago; the log may tell who did it"),)


def differences(before: Ground, after: Ground, now: datetime) -> Iterator[Alert]:
    """The alerts that two looks at the tenant give rise to; what either does not know gives rise to none."""
    yield from _members(before, after, now)
    yield from _units(before, after, now)
    yield from _apps(before, after, now)
    yield from _policies(before, after, now)


def _members(before: Ground, after: Ground, now: datetime) -> Iterator[Alert]:
    if before.members is None or after.members is None:
        return
    for group, members in after.members.items():
        for member in sorted(members - before.members.get(group, members)):
            yield _alert(
                "B8",
                Severity.CRITICAL,
                now,
                (group, (after.approver_groups or {}).get(group, "")),
                "Somebody was added to an approver group",
                member,
                "If nobody of yours planned it, undo it and reject what this account approved.",
            )
    for group in sorted(before.members.keys() - after.members.keys()):
        yield _alert(
            "B8",
            Severity.CRITICAL,
            now,
            (group, (before.approver_groups or {}).get(group, "")),
            "An approver group decides nothing any more",
            "",
            "Look whether the group or its access policy was deleted, and put it back.",
        )


def _units(before: Ground, after: Ground, now: datetime) -> Iterator[Alert]:
    if before.units is None or after.units is None:
        return
    for unit in sorted(before.units.keys() - after.units.keys()):
        yield _alert(
            "B7",
            Severity.CRITICAL,
            now,
            (unit, before.units[unit]),
            "The protection of an approver group was changed",
            "",
            "Put it back now: the protection holds for up to 30 minutes after a unit is deleted.",
        )


def _apps(before: Ground, after: Ground, now: datetime) -> Iterator[Alert]:
    if before.powerful_apps is None or after.powerful_apps is None:
        return
    for app in sorted(after.powerful_apps - before.powerful_apps):
        yield _alert(
            "B1",
            Severity.HIGH,
            now,
            (app, ""),
            "An app got a permission that leads around approval",
            "",
            "If nobody of yours planned it, take it away in Entra > Enterprise apps.",
        )


def _policies(before: Ground, after: Ground, now: datetime) -> Iterator[Alert]:
    if before.protected is None or after.protected is None:
        return
    gone = [
        kind
        for kind, each in before.protected.items()
        if each.until is None and kind in after.protected and after.protected[kind].until is not None
    ]
    for kind in sorted(gone):
        yield _alert(
            "B10",
            Severity.HIGH,
            now,
            (kind, kind),
            "A policy type is not protected any more",
            "",
            "Look at who deleted or changed the access policy, and put it back.",
        )


def _alert(  # noqa: PLR0913, PLR0917 - the parts of an alert
    kind: str,
    severity: Severity,
    now: datetime,
    about: tuple[str, str],
    title: str,
    who: str,
    next_step: str,
) -> Alert:
    facts = (Fact("Who", who), *_FOUND) if who else _FOUND
    concerns = frozenset(filter(None, {about[0], who}))
    return Alert(kind, severity, now, Actor(), *about, title, facts, next_step, (), concerns)
