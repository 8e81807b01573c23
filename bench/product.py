"""The notifier itself, wired up for the benchmark, and a state in which it finds nothing new."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bench.listing import request
from bench.measure import Moment
from bench.places import TABLE, Place
from bench.server import TenantServer
from maa_notify import app
from maa_notify.clock import Clock
from maa_notify.core.compare import Change as Found
from maa_notify.core.compare import Tracked
from maa_notify.core.request import parse_request
from maa_notify.deliver import Policy
from maa_notify.settings import DEFAULT_DESTINATION
from maa_notify.state import codec
from maa_notify.state.rows import Change, Put, Row, Rows
from maa_notify.state.store import Held, StateStore, ToRecord
from maa_notify.teams.outlet import Card, Outlet, Receipt

UNHURRIED = Policy(gap=timedelta(0), posts=1_000_000)
"""No pace limit: how fast it could be, not how fast it may be."""

BATCH = 100


@dataclass(slots=True)
class Watched:
    """A state store that counts what is asked of it, and notes when the outbox is first read."""

    rows: Rows
    reads: int = 0
    writes: int = 0
    outbox_read_at: Moment | None = None

    def read(self, first: str, end: str) -> Iterator[Row]:
        """Passes on."""
        self.reads += 1
        if first == codec.PENDING and self.outbox_read_at is None:
            self.outbox_read_at = Moment.now()
        return self.rows.read(first, end)

    def get(self, key: str) -> Row | None:
        """Passes on."""
        self.reads += 1
        return self.rows.get(key)

    def commit(self, changes: Sequence[Change]) -> list[str]:
        """Passes on."""
        self.writes += 1
        return self.rows.commit(changes)

    def close(self) -> None:
        """Passes on."""
        self.rows.close()


@dataclass(slots=True)
class Heard:
    """A destination that notes when each card was taken, by the processes' clocks and by the notifier's."""

    outlet: Outlet
    clock: Clock
    moments: list[Moment] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def post(self, card: Card) -> Receipt:
        """Passes on."""
        receipt = self.outlet.post(card)
        self.moments.append(Moment.now())
        self.times.append(self.clock.monotonic())
        return receipt

    def close(self) -> None:
        """Passes on."""
        self.outlet.close()


@dataclass(frozen=True, slots=True)
class Notifier:
    """One notifier under watch."""

    app: app.App
    rows: Watched
    channel: Heard

    def poll(self) -> None:
        """Polls once; a poll that does not succeed has no business in a benchmark."""
        report = self.app.poll()
        if report.failure is not None or report.refused:
            raise RuntimeError(f"the poll failed: {report}")


@dataclass(frozen=True, slots=True)
class Site:
    """One installation: a tenant, and where its requests and its state are."""

    server: TenantServer
    place: Place
    tenant: str

    def settings(self, digest_above: int = 5) -> dict[str, str]:
        """What the notifier is told."""
        return {
            "MAA_TENANT_ID": self.tenant,
            "MAA_ACCESS_TOKEN": "a-token",
            "MAA_GRAPH_URL": self.server.url,
            "MAA_TEAMS_WEBHOOK_URL": self.server.webhook,
            "MAA_STATE": self.place.state,
            "MAA_TABLE_NAME": TABLE,
            "MAA_DIGEST_ABOVE": str(digest_above),
        }


def notifier(
    site: Site, policy: Policy = UNHURRIED, clock: Clock | None = None, digest_above: int = 5
) -> Notifier:
    """The notifier as it is wired up everywhere, with eyes on its store and its channel."""
    made = app.build(site.settings(digest_above), clock, policy)
    made.store.close()
    rows = Watched(site.place.rows(site.tenant))
    channel = Heard(made.outlets[DEFAULT_DESTINATION], made.clock)
    made.store, made.outlets = StateStore(rows), {DEFAULT_DESTINATION: channel}
    return Notifier(made, rows, channel)


def settle(place: Place, tenant: str, count: int) -> None:
    """Remembers so many requests as they are listed, so that a poll finds nothing new."""
    store = StateStore(place.rows(tenant))
    known = (parse_request(request(number)) for number in range(count))
    store.record([ToRecord(Found(each.id, None, Tracked(each))) for each in known])
    now = datetime.now(UTC)
    store.write_mark(codec.PollMark(last_good=now))
    store.write_tidied(now)
    store.start_silence(DEFAULT_DESTINATION, Held(codec.Lane(quiet_since=now), ""), None)
    store.close()


def age(place: Place, tenant: str, past: int, journal: int) -> None:
    """Adds what a long life leaves behind: requests that left the list, and what was told."""
    rows = place.rows(tenant)
    data = codec.encode(Tracked(parse_request(request(0))))
    for first in range(0, past, BATCH):
        rows.commit([Put(f"{codec.PAST}old-{first + each:08d}", data) for each in range(BATCH)])
    for first in range(0, journal, BATCH):
        rows.commit([Put(f"{codec.SENT}2026-{first + each:08d}", data) for each in range(BATCH)])
    rows.close()
