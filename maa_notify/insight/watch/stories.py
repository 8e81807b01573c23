"""Stories: alerts and decisions that belong together by person, object and time, in their order. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from maa_notify.domain.alert import Alert, Part, Severity
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import short_key
from maa_notify.domain.request import APPROVED, COMPLETED

WITHIN = timedelta(days=1)
"""How far apart the parts of a story may lie."""
_MOST = 12
_DECISION = "approved request "


def story_of(alert: Alert, others: Iterable[Alert], states: Iterable[RequestState]) -> tuple[Part, ...]:
    """What else belongs to an alert, in the order in which it happened; empty where nothing does.

    Args:
        alert: that is told.
        others: those of the last day, itself among them or not.
        states: the requests that are known.
    """
    related = _related(alert, [each for each in others if _is_near(each.at, alert.at)])
    parts = [_part(each) for each in related]
    known = frozenset().union(*(_ids(each) for each in related))
    parts += [part for each in states for part in _decision(each, known, alert.at)]
    parts = sorted(set(parts), key=lambda each: (each.at, each.what, each.who))
    return tuple(parts[-_MOST:]) if len(parts) > 1 else ()


def _related(alert: Alert, others: Sequence[Alert]) -> list[Alert]:
    """The alert and those that share a person or an object with it, or with one that does."""
    found, left, ids = [alert], [each for each in others if each != alert], _ids(alert)
    while near := [each for each in left if not ids.isdisjoint(_ids(each))]:
        found += near
        left = [each for each in left if each not in near]
        ids = ids.union(*map(_ids, near))
    return [each for each in found if each is alert or each.severity is not Severity.LOW]


def _ids(alert: Alert) -> frozenset[str]:
    return alert.concerns | {alert.object_id} | ({alert.actor.id} - {""})


def _part(alert: Alert) -> Part:
    who = next((each.value for each in alert.facts if each.label in {"Who", "Taken out", "Owner"}), "")
    return Part(alert.at, alert.title, who or alert.object_name or alert.actor.account or alert.actor.name)


def _decision(state: RequestState, known: frozenset[str], at: datetime) -> Iterable[Part]:
    """The approval of a request by somebody whom the story is about."""
    request = state.request
    for step in state.steps:
        if (
            step.status in {APPROVED, COMPLETED}
            and step.by.id
            and step.by.id.lower() in known
            and _is_near(step.at, at)
        ):
            yield Part(step.at, f"{_DECISION}{short_key(request.id)}", step.by.upn or step.by.name)


def decided_since(states: Iterable[RequestState], since: datetime) -> bool:
    """Whether anybody approved a request since then (UTC)."""
    steps = (step for each in states for step in each.steps)
    return any(each.status in {APPROVED, COMPLETED} and each.by.id and each.at >= since for each in steps)


def decisions_in(story: Iterable[Part]) -> set[Part]:
    """The parts of a story that are approvals."""
    return {each for each in story if each.what.startswith(_DECISION)}


def _is_near(one: datetime, other: datetime) -> bool:
    return abs(one - other) <= WITHIN
