"""Entries to alerts: several entries of one act are one alert, twins are told once. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify.domain.alert import Actor, ActorKind, Alert, Severity
from maa_notify.domain.event import Fact
from maa_notify.domain.names import set_apart
from maa_notify.insight.watch.apps import app_alerts
from maa_notify.insight.watch.ground import Ground
from maa_notify.insight.watch.log import LogEntry
from maa_notify.insight.watch.people import approver_group_in, is_pim, people_alerts, role_of

_ONE_ACT = timedelta(hours=1)
"""Alerts of one kind, actor and object within this time are one."""
_TWIN = timedelta(minutes=15)
"""Within which PIM logs the other half of what it did."""
_LATE = timedelta(minutes=10)
"""By how much the one half may come later into the log than the other."""
MANY_BY = "many by "
_BAD_COMPANY = frozenset({"B1", "B5", "B7", "B8"})
_MANY = 10
"""Objects of one kind of alert and one actor, above which they are one alert."""


def alerts_in(entries: Iterable[LogEntry], ground: Ground) -> list[Alert]:
    """The alerts that entries of Entra's log give rise to, oldest first, those of one act together."""
    told = list(_without_twins(_done(entries), ground))
    # An app that got a permission within this window can go around approval from then on.
    gained = frozenset(
        one
        for entry in told
        for each in app_alerts(entry, ground)
        if each.kind == "B1"
        for one in each.concerns
    )
    aware = replace(ground, powerful_apps=(ground.powerful_apps or frozenset()) | gained)
    alerts = [each for entry in told for each in (*app_alerts(entry, aware), *people_alerts(entry, aware))]
    return _folded(raised(acts(alerts)))


def early(entries: Iterable[LogEntry], ground: Ground, now: datetime) -> list[LogEntry]:
    """The entries that look like PIM's, and whose other half may still come."""
    return [
        each
        for each in _without_twins(_done(entries), ground)
        if each.service != "pim" and is_pim(each.actor) and now - each.at < _LATE
    ]


def _done(entries: Iterable[LogEntry]) -> list[LogEntry]:
    return sorted({each.id: each for each in entries if each.succeeded}.values(), key=_order)


def _order(entry: LogEntry) -> tuple[object, ...]:
    return entry.at, entry.id


def _without_twins(entries: Sequence[LogEntry], ground: Ground) -> Iterator[LogEntry]:
    """Without the entries that PIM writes twice: once as PIM, and once through the directory.

    Only where PIM's own entry is there: a name is no proof, and anybody may call an app "MS-PIM".
    """

    def about(entry: LogEntry) -> str:
        return role_of(entry) or approver_group_in(entry, ground)

    by_pim: dict[tuple[str, str], list[datetime]] = {}
    for each in entries:
        thing = about(each) if each.service == "pim" else ""
        for person in each.of_kind("user") if thing else ():
            by_pim.setdefault((thing, person.id), []).append(each.at)
    for entry in entries:
        may_be_twin = entry.service != "pim" and is_pim(entry.actor)
        thing = about(entry) if may_be_twin else ""
        own = [at for each in entry.targets for at in by_pim.get((thing, each.id), ())] if thing else []
        if not any(abs(at - entry.at) <= _TWIN for at in own):
            yield entry


def acts(alerts: Iterable[Alert]) -> list[Alert]:
    """The alerts with those of one kind, actor and object within an hour joined, in the order they began."""
    found: list[Alert] = []
    places: dict[tuple[str, str], list[int]] = {}
    for alert in alerts:
        keys = [(alert.kind, each) for each in {alert.object_id, *alert.concerns}]
        near = sorted({place for key in keys for place in places.get(key, ())})
        place = next((each for each in near if is_same_act(found[each], alert)), len(found))
        if place == len(found):
            found.append(alert)
        else:
            found[place] = found[place].joined(alert)
        for key in keys:
            places.setdefault(key, []).append(place)
    return found


def is_same_act(alert: Alert, later: Alert) -> bool:
    """Whether a later alert adds to this one."""
    return (
        alert.kind == later.kind
        and (alert.is_repeated or later.is_repeated or _may_be_one(alert.actor, later.actor))
        and (alert.object_id == later.object_id or not alert.concerns.isdisjoint(later.concerns))
        and abs(later.at - alert.at) <= _ONE_ACT
    )


def _may_be_one(actor: Actor, other: Actor) -> bool:
    """Whether two alerts may be of one actor: what was found by comparing tells of none."""
    kinds = {actor.kind, other.kind}
    return ActorKind.UNKNOWN in kinds or (actor.id or actor.name) == (other.id or other.name)


def raised(alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts, with those raised that mean nothing by themselves and much beside others.

    A new app that gets a permission or a credential within the hour; a role that is activated by somebody of
    whom other alerts tell.
    """
    bad = [each for each in alerts if each.kind in _BAD_COMPANY and each.severity is not Severity.LOW]
    return [replace(each, severity=Severity.MEDIUM) if _is_worse(each, bad) else each for each in alerts]


def _is_worse(alert: Alert, bad: Sequence[Alert]) -> bool:
    """Whether an alert of low severity means more beside these."""
    if alert.severity is not Severity.LOW or alert.kind not in {"B4", "B9"}:
        return False
    near = (each for each in bad if abs(each.at - alert.at) <= _ONE_ACT)
    if alert.kind == "B4":
        return any(
            each.kind in {"B1", "B5"} and not each.concerns.isdisjoint(alert.concerns) for each in near
        )
    person = alert.concerns | ({alert.actor.id} - {""})
    return any(each.actor.id in person for each in near)


def many_by(alert: Alert) -> str:
    """The object of an alert that stands for many of this kind, severity and actor."""
    return f"{MANY_BY}{alert.actor.id or alert.actor.name} {alert.severity}"


def _folded(alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts, with those of one kind, severity and actor as one where they are many: one card."""
    groups: dict[tuple[str, str], list[Alert]] = {}
    for each in alerts:
        groups.setdefault((each.kind, many_by(each)), []).append(each)
    found: list[Alert] = []
    for each in alerts:
        group = groups[each.kind, many_by(each)]
        if len(group) <= _MANY:
            found.append(each)
        elif each is group[0]:
            found.append(_as_one(group))
    return found


def _as_one(alerts: Sequence[Alert]) -> Alert:
    first = alerts[0]
    whole = first
    for each in alerts[1:]:
        whole = whole.joined(each)
    names = [each.object_name or each.object_id for each in alerts]
    about = Fact(
        "About", f"{len(alerts)} of them: {', '.join(map(set_apart, names[:3]))} and {len(alerts) - 3} more"
    )
    # Not the object of the first, which leaves the window that is looked at.
    return replace(
        whole, object_id=many_by(first), object_name="", facts=(about, *whole.facts[:5]), is_repeated=False
    )
