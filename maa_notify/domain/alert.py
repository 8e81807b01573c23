"""Alerts: what the watch tells, how bad it is, and what to do now. Pure."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.event import Fact


class ActorKind(StrEnum):
    """Who did something: a person, an app, a service of Microsoft's, or nobody told."""

    PERSON = "person"
    APPLICATION = "application"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Actor(Struct, frozen=True):
    """Who did something.

    Attributes:
        kind: what it is.
        id: of the account, or of the service principal; "" when the log does not tell.
        name: as the log has it; anybody's text.
        account: the user principal name; "" for an app.
        address: the IP address; "" in Intune's log, which has none.
    """

    kind: ActorKind = ActorKind.UNKNOWN
    id: str = ""
    name: str = ""
    account: str = ""
    address: str = ""


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


class Part(Struct, frozen=True):
    """One part of a story.

    Attributes:
        at: when (UTC).
        what: what happened, in our own words.
        who: whom it is about, anybody's text.
    """

    at: datetime
    what: str
    who: str = ""


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


class AlertState(Struct, frozen=True):
    """What is remembered of an alert.

    Attributes:
        alert: with all that joined it.
        found_at: when it was found first (UTC); its key holds it.
        revision: counts what was told of it, from 1.
        muted: why it rings nowhere, in the operator's words; "" for one that rings.
        story: what else belongs to it.
    """

    alert: Alert
    found_at: datetime
    revision: int = 1
    muted: str = ""
    story: tuple[Part, ...] = ()

    @property
    def subject_id(self) -> str:
        """The id of what it is about, the same whatever joins it."""
        return f"{family_of(self.alert)}{self.found_at:%Y%m%dT%H%M%S}"


def family_of(alert: Alert) -> str:
    """How the ids of all alerts of this kind about this object begin."""
    digest = hashlib.sha256(alert.object_id.lower().encode()).hexdigest()[:16]
    return f"{alert.kind.replace('_', '')}-{digest}-"
