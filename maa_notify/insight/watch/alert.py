"""Alerts: what the watch tells, how bad it is, and what to do now. Pure."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.event import Fact
from maa_notify.insight.watch.log import Actor


class Severity(StrEnum):
    """How bad an alert is; the words of the setting `severity`."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_RANK = {each: rank for rank, each in enumerate(Severity)}


def worst(severities: Iterable[Severity]) -> Severity:
    """The worst of these; low when there is none."""
    return min(severities, key=_RANK.__getitem__, default=Severity.LOW)


class Alert(Struct, frozen=True):
    """Something that leads around approval, or has done so.

    Attributes:
        kind: `B1` to `B11`, `executed_without_approval`, `executed_by_app`, `log_gap`.
        severity: how bad it is.
        at: when it began (UTC).
        actor: who did it.
        object_id: what it was done to; alerts of one kind, actor and object are one.
        object_name: its name, anybody's text.
        title: one line of our own words.
        facts: further lines; the values are anybody's.
        next_step: what to do now, one sentence of our own.
        events: the ids of the entries, in the order of the log.
        concerns: every id that it is about, by which alerts make a story.
    """

    kind: str
    severity: Severity
    at: datetime
    actor: Actor
    object_id: str
    object_name: str
    title: str
    facts: tuple[Fact, ...] = ()
    next_step: str = ""
    events: tuple[str, ...] = ()
    concerns: frozenset[str] = frozenset()

    def joined(self, other: "Alert") -> "Alert":
        """This alert with what a later one of the same act adds."""
        return replace(
            self,
            severity=worst([self.severity, other.severity]),
            at=min(self.at, other.at),
            object_name=self.object_name or other.object_name,
            facts=tuple(dict.fromkeys([*self.facts, *other.facts])),
            events=tuple(dict.fromkeys([*self.events, *other.events])),
            concerns=self.concerns | other.concerns,
        )
