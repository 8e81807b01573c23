"""Alerts about operations that nobody approved; a burst of one actor is one. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from msgspec.structs import replace

from maa_notify.domain.alert import MOST_EVENTS, ActorKind, Alert, Severity
from maa_notify.domain.event import Fact
from maa_notify.domain.names import set_apart
from maa_notify.insight.watch.acts import many_by
from maa_notify.insight.watch.executed import DESTRUCTIVE, Execution, Outcome
from maa_notify.insight.watch.log import LogEntry, Target

WITHOUT_APPROVAL = "executed_without_approval"
BY_APP = "executed_by_app"
_BURST = 5
_BURST_TIME = timedelta(minutes=10)
_CONTAIN = "A wipe cannot be called back: block the account or app now, then revoke its sessions."
_LOOK = "Ask who did it and why; undo it if nobody of yours planned it."
_NAMES = 3
_TITLES = {
    Outcome.WITHOUT_APPROVAL: "A protected operation was carried out without approval",
    Outcome.MISMATCH: "A protected operation does not match its approval",
    Outcome.BY_APP: "An app carried out a protected operation without approval",
    Outcome.EARLY: "A protected operation was carried out, and no approval of it is listed yet",
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
    """The alerts about operations that nobody approved, oldest first: a burst of one actor is one.

    A burst of what cannot be undone is told before a request may still be listed.
    """
    alerts = [
        _alert(part)
        for group in _by_actor(each for each in found if each.outcome in _TITLES)
        for chain in _chains(group)
        for part in ([chain] if _is_burst(chain) else [[each] for each in chain])
        if part[0].outcome is not Outcome.EARLY or _is_burst(part)
    ]
    return sorted(alerts, key=lambda each: each.at)


def _by_actor(found: Iterable[Execution]) -> list[list[Execution]]:
    groups: dict[str, list[Execution]] = {}
    for each in found:
        actor = each.entry.actor
        if each.outcome is not Outcome.EARLY or each.policy_type in DESTRUCTIVE:
            groups.setdefault(actor.id or actor.name, []).append(each)
    return list(groups.values())


def _chains(group: Sequence[Execution]) -> Iterator[list[Execution]]:
    """Parts of what one actor did, with ten minutes at most from one operation to the next."""
    chain: list[Execution] = []
    for each in group:
        if chain and each.entry.at - chain[-1].entry.at > _BURST_TIME:
            yield chain
            chain = []
        chain.append(each)
    if chain:
        yield chain


def _is_burst(chain: Sequence[Execution]) -> bool:
    """Whether five of them lie within ten minutes."""
    times = [each.entry.at for each in chain]
    return any(last - first <= _BURST_TIME for first, last in zip(times, times[_BURST - 1 :], strict=False))


def _alert(part: Sequence[Execution]) -> Alert:
    first = part[0]
    judged = next((each for each in part if each.outcome is not Outcome.EARLY), first)
    entry, target = first.entry, _object(first.entry)
    is_burst = _is_burst(part)
    title = f"{len(part)} times: {_TITLES[judged.outcome]}" if is_burst else _TITLES[judged.outcome]
    names = [_object(each.entry).name for each in part]
    facts = [Fact("Operation", ", ".join(sorted({_LABELS[each.policy_type] for each in part})))]
    if is_burst:
        facts.append(Fact("Objects", _shortened(names)))
    if judged.reason:
        facts.append(Fact("Why", judged.reason))
    is_destructive = any(each.policy_type in DESTRUCTIVE for each in part)
    ids = filter(None, (_object(each.entry).id for each in part[:MOST_EVENTS]))
    alert = Alert(
        BY_APP if entry.actor.kind is ActorKind.APPLICATION else WITHOUT_APPROVAL,
        Severity.HIGH,
        entry.at,
        entry.actor,
        target.id or entry.id,
        "" if is_burst else target.name,
        title,
        tuple(facts),
        _CONTAIN if is_destructive else _LOOK,
        tuple(each.entry.id for each in part[:MOST_EVENTS]),
        frozenset(ids),
        last=part[-1].entry.at,
    )
    if not is_burst:
        return alert
    severity = Severity.CRITICAL if is_destructive else Severity.HIGH
    return replace(alert, object_id=many_by(alert), severity=severity)


def _object(entry: LogEntry) -> Target:
    target = next(iter(entry.targets), Target())
    return replace(target, name="") if target.name == "<null>" else target


def _shortened(names: Sequence[str]) -> str:
    """The first few names and how many there are besides."""
    told = [each for each in names if each][:_NAMES]
    if not told:
        return f"{len(names)} without a name"
    more = len(names) - len(told)
    return ", ".join(map(set_apart, told)) + (f" and {more} more" if more else "")
