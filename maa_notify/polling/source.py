"""The protocol of a source of changes; approval requests are one source."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct, field

from maa_notify.domain.change import Change
from maa_notify.domain.request import ApprovalRequest
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import GraphError
from maa_notify.storage.records import Versioned
from maa_notify.storage.requests import REQUESTS, Shelf
from maa_notify.storage.snapshot import Snapshot


class Seen(Struct, frozen=True):
    """What a source listed, in numbers.

    Attributes:
        listed: entries that Graph listed.
        malformed: entries of Graph's list that could not be read.
        waiting: requests that need approval.
        oldest_waiting_s: the age of the oldest of these, in seconds; 0 when there is none.
        hidden: the families of requests that may be hidden; the poll fills it in from the outlook.
        stale: entries that were older than what is known, and ignored.
    """

    listed: int = 0
    malformed: int = 0
    waiting: int = 0
    oldest_waiting_s: int = 0
    hidden: tuple[str, ...] = ()
    stale: int = 0


class News(Struct, frozen=True):
    """The changes that a source found, ready to be recorded.

    Attributes:
        changes: what changed, in the order in which it is to be told.
        known: the subjects as they were read; a change is recorded only if they still are so.
        past: of the subjects, those that had left and are back, as they were read.
        shelf: where in the state store they are.
        seen: what was looked at.
        is_complete: the source answered; False where it failed and there are no news for that reason.
        problem: what was wrong although it answered; the poll does not count as good.
        outlook: what could be seen, to be remembered; None for what was remembered before.
        not_before: the source asked not to be asked again before (UTC).
        cursor: how far a log was read; "" where that did not change.
    """

    changes: Sequence[Change[Any]] = ()
    known: Mapping[str, Versioned[Any]] = field(default_factory=dict)
    past: Mapping[str, Versioned[Any]] = field(default_factory=dict)
    shelf: Shelf = REQUESTS
    seen: Seen = Seen()
    is_complete: bool = False
    problem: GraphError | None = None
    outlook: Outlook | None = None
    not_before: datetime | None = None
    cursor: str = ""


class Source(Protocol):
    """A source of changes."""

    @property
    def name(self) -> str:
        """One word, for its mark in the state store, logs and health."""
        ...

    @property
    def rhythm(self) -> timedelta:
        """The least time between two looks; zero for one at each poll."""
        ...

    def news(self, snapshot: Snapshot, now: datetime) -> News:
        """What changed since the snapshot.

        Raises:
            GraphError: nobody can tell now; the other sources are asked all the same.
            StateError: the state store failed.
        """
        ...


class Annotator(Protocol):
    """Adds to events of requests what a card tells beside the request."""

    def annotated(
        self, changes: Sequence[Change[Any]], snapshot: Snapshot, now: datetime
    ) -> Sequence[Change[Any]]:
        """The changes with what could be learnt in time; never an error."""
        ...

    def people(self, request: ApprovalRequest, now: datetime) -> tuple[str, ...]:
        """The Entra object ids of those who can surely decide a request; nobody where that is not certain."""
        ...
