"""Alerts: what the watch tells, how bad it is, and what to do now. Pure."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

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

    def is_worse_than(self, other: "Severity") -> bool:
        """Whether it is worse."""
        return _RANK[self] < _RANK[other]


MOST_EVENTS = 100
"""Ids of entries that an alert keeps, and ids that it is about."""
MOST_FACTS = 5
"""Lines that an alert keeps; its card has room for who did it and for the story beside them."""

_Part = TypeVar("_Part")
_RANK = {each: rank for rank, each in enumerate(Severity)}


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
        is_repeated: whether the log tells it again and again, for as long as it holds.
        last: when the last of it happened (UTC); None for `at`.
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
    is_repeated: bool = False
    last: datetime | None = None

    @property
    def ended(self) -> datetime:
        """When the last of it happened (UTC)."""
        return self.last or self.at

    def joined(self, other: "Alert") -> "Alert":
        """This alert with what another of the same act adds; the worse one says what it is."""
        worse = other if other.severity.is_worse_than(self.severity) else self
        is_vague = self.actor.kind is ActorKind.UNKNOWN or self.is_repeated
        return replace(
            self,
            severity=worse.severity,
            at=min(self.at, other.at),
            actor=other.actor if is_vague and other.actor.kind is not ActorKind.UNKNOWN else self.actor,
            object_name=self.object_name or other.object_name,
            title=worse.title,
            facts=_first_of(self.facts, other.facts, MOST_FACTS),
            next_step=worse.next_step,
            events=_first_of(self.events, other.events, MOST_EVENTS),
            concerns=frozenset(_first_of(sorted(self.concerns), sorted(other.concerns), MOST_EVENTS)),
            is_repeated=self.is_repeated and other.is_repeated,
            last=max(self.ended, other.ended),
        )


def _first_of(some: Iterable[_Part], others: Iterable[_Part], most: int) -> tuple[_Part, ...]:
    """Each of them once, at most so many, since a row of a table has a maximum size."""
    return tuple(dict.fromkeys([*some, *others]))[:most]


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
