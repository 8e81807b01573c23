"""The notifier itself, wired up for the benchmark, and a state in which it finds nothing new."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bench.backends import TABLE, Backend
from bench.listing import request
from bench.measure import Moment
from bench.server import TenantServer
from maa_notify import app
from maa_notify.clock import Clock
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.graph.requests import parse_request
from maa_notify.storage import records as codec
from maa_notify.storage.rows import Put, Row, Rows, Write
from maa_notify.storage.store import StateStore

UNHURRIED = DeliveryLimits(min_interval=timedelta(0), rate_limit=1_000_000)
"""No pace limit: how fast it could be, not how fast it may be."""

BATCH = 100


@dataclass(slots=True)
class Watched:
    """A state store that counts what is asked of it, and notes when.

    Attributes:
        rows: the store itself.
        clock: the notifier's.
        reads: how often rows were asked for.
        writes: how often a transaction was asked for.
        recorded_at: when something new was recorded last.
        taken_at: when each card was taken: the next thing after that is to write it into the journal.
        taken_by_clock: the same by the notifier's clock, in seconds.
    """

    rows: Rows
    clock: Clock
    reads: int = 0
    writes: int = 0
    recorded_at: Moment | None = None
    taken_at: list[Moment] = field(default_factory=list)
    taken_by_clock: list[float] = field(default_factory=list)

    def read(self, first: str, end: str) -> Iterator[Row]:
        """Passes on."""
        self.reads += 1
        return self.rows.read(first, end)

    def get(self, key: str) -> Row | None:
        """Passes on."""
        self.reads += 1
        return self.rows.get(key)

    def commit(self, changes: Sequence[Write]) -> list[str]:
        """Passes on."""
        self.writes += 1
        if any(change.key.startswith(codec.SENT) for change in changes):
            self.taken_at.append(Moment.now())
            self.taken_by_clock.append(self.clock.monotonic())
        etags = self.rows.commit(changes)
        if any(change.key.startswith(codec.LIVE) for change in changes):
            self.recorded_at = Moment.now()
        return etags

    def close(self) -> None:
        """Passes on."""
        self.rows.close()


@dataclass(frozen=True, slots=True)
class Notifier:
    """One notifier under watch."""

    app: app.App
    rows: Watched

    def poll(self) -> None:
        """Polls once; a poll that does not succeed has no business in a benchmark."""
        report = self.app.poll()
        if report.failure is not None or report.refused:
            raise RuntimeError(f"the poll failed: {report}")


@dataclass(frozen=True, slots=True)
class Site:
    """One installation: a tenant, and where its requests and its state are."""

    server: TenantServer
    backend: Backend
    tenant: str

    def settings(self, digest_above: int = 5) -> dict[str, str]:
        """What the notifier is told."""
        return {
            "MAA_TENANT_ID": self.tenant,
            "MAA_ACCESS_TOKEN": "a-token",
            "MAA_GRAPH_URL": self.server.url,
            "MAA_TEAMS_WEBHOOK_URL": self.server.webhook,
            "MAA_STATE": self.backend.state,
            "MAA_TABLE_NAME": TABLE,
            "MAA_DIGEST_ABOVE": str(digest_above),
        }


def notifier(
    site: Site, limits: DeliveryLimits = UNHURRIED, clock: Clock | None = None, digest_above: int = 5
) -> Notifier:
    """The notifier as it is wired up everywhere, with an eye on its store."""
    made = app.build(site.settings(digest_above), clock, limits)
    made.store.close()
    rows = Watched(site.backend.rows(site.tenant), made.clock)
    made.store = StateStore(rows)
    return Notifier(made, rows)


def settle(backend: Backend, tenant: str, count: int) -> None:
    """Remembers so many requests as they are listed, so that a poll finds nothing new."""
    store = StateStore(backend.rows(tenant))
    known = (parse_request(request(number)) for number in range(count))
    store.requests.record(Change(each.id, None, RequestState(each)) for each in known)
    now = datetime.now(UTC)
    store.requests.write_mark("approvals", codec.SourceMark(last_good=now))
    store.journal.write_last_purge(now)
    store.outbox.note_silence("default", codec.Versioned(codec.DestinationState(quiet_since=now), ""), None)
    store.close()


def age(backend: Backend, tenant: str, past: int, journal: int) -> None:
    """Adds what a long life leaves behind: requests that left the list, and what was told."""
    rows = backend.rows(tenant)
    data = codec.encode(RequestState(parse_request(request(0))))
    for first in range(0, past, BATCH):
        rows.commit([Put(f"{codec.PAST}old-{first + each:08d}", data) for each in range(BATCH)])
    for first in range(0, journal, BATCH):
        rows.commit([Put(f"{codec.SENT}2026-{first + each:08d}", data) for each in range(BATCH)])
    rows.close()
