"""Alerts about operations that nobody approved; a burst of one actor is one. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from msgspec.structs import replace

from maa_notify.domain.event import Fact
from maa_notify.insight.watch.alert import Alert, Severity
from maa_notify.insight.watch.executed import DESTRUCTIVE, Execution, Outcome
from maa_notify.insight.watch.log import LogEntry, Target

WITHOUT_APPROVAL = "executed_without_approval"
BY_APP = "executed_by_app"
_BURST = 5
_BURST_TIME = timedelta(minutes=10)
_CONTAIN = "A wipe cannot be called back: block the account or app now, then revoke its sessions."
_LOOK = "Ask who did it and why; undo it if nobody of yours planned it."
_MOST_EVENTS = 100
_TITLES = {
    Outcome.WITHOUT_APPROVAL: "A protected operation was carried out without approval",
    Outcome.MISMATCH: "A protected operation does not match its approval",
    Outcome.BY_APP: "An app carried out a protected operation without approval",
}
_LABELS = {
    "deviceWipe": "Wipe",
    "deviceRetire": "Retire",
    "deviceDelete": "Delete a device",
    "script": "Scripts",
    "app": "Apps",
    "role": "Roles",
    "compliancePolicy": "Compliance policies",
    "configurationPolicy": "Configuration policies",
    "tenantConfiguration": "Device categories",
    "operationApprovalPolicy": "Access policies",
}


def execution_alerts(found: Iterable[Execution]) -> list[Alert]:
    """The alerts about operations that nobody approved: a burst of one actor is one."""
    told = [each for each in found if each.outcome in _TITLES]
    alerts: list[Alert] = []
    for group in _by_actor(told):
        alerts += [_alert(part) for part in _bursts(group)]
    return sorted(alerts, key=lambda each: each.at)


def _by_actor(found: Sequence[Execution]) -> list[list[Execution]]:
    groups: dict[tuple[str, str], list[Execution]] = {}
    for each in found:
        groups.setdefault((each.outcome, each.entry.actor.id or each.entry.actor.name), []).append(each)
    return list(groups.values())


def _bursts(group: Sequence[Execution]) -> Iterator[Sequence[Execution]]:
    """Parts of what one actor did, each to be told by itself: five within ten minutes are one part."""
    part: list[Execution] = []
    for each in group:
        if part and each.entry.at - part[-1].entry.at > _BURST_TIME:
            yield from _parts(part)
            part = []
        part.append(each)
    yield from _parts(part)


def _parts(part: Sequence[Execution]) -> Iterator[Sequence[Execution]]:
    if len(part) >= _BURST:
        yield part
    else:
        yield from ([each] for each in part)


def _alert(part: Sequence[Execution]) -> Alert:
    first = part[0]
    entry, target = first.entry, _object(first.entry)
    is_burst = len(part) >= _BURST
    title = f"{len(part)} times: {_TITLES[first.outcome]}" if is_burst else _TITLES[first.outcome]
    names = [_object(each.entry).name for each in part]
    facts = [Fact("Operation", ", ".join(sorted({_LABELS[each.policy_type] for each in part})))]
    if is_burst:
        facts.append(Fact("Objects", _shortened(names)))
    if first.reason:
        facts.append(Fact("Why", first.reason))
    is_destructive = any(each.policy_type in DESTRUCTIVE for each in part)
    return Alert(
        BY_APP if first.outcome is Outcome.BY_APP else WITHOUT_APPROVAL,
        Severity.CRITICAL if is_burst and is_destructive else Severity.HIGH,
        entry.at,
        entry.actor,
        target.id or entry.id,
        target.name if not is_burst else "",
        title,
        tuple(facts),
        _CONTAIN if is_destructive else _LOOK,
        tuple(each.entry.id for each in part)[:_MOST_EVENTS],
        frozenset(filter(None, (_object(each.entry).id for each in part))),
    )


def _object(entry: LogEntry) -> Target:
    target = next(iter(entry.targets), Target())
    return replace(target, name="") if target.name == "<null>" else target


def _shortened(names: Sequence[str]) -> str:
    told = [each for each in names if each]
    more = len(names) - len(told[:3])
    return ", ".join(told[:3]) + (
        f" and {more} more" if told and more else "" if told else f"{len(names)} without a name"
    )
