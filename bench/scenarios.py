"""Everything that is timed: one function for each group of lines in the table."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median

import httpx

from bench import goals
from bench.backends import Backend
from bench.floor import post_card, read_list
from bench.goals import Figure, Goal
from bench.measure import Contender, Moment, Paired, Span, rounds
from bench.product import Notifier, Site, age, notifier, settle
from bench.report import progress
from bench.server import PAGE_SIZE, serving
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.storage.records import LIVE, OUTBOX
from maa_notify.storage.rows import Row
from tests.support.clock import FakeClock

_NO_POSTS = DeliveryLimits(time_budget_s=-1.0)
_MINUTE = 60.0
_MILLI = 1_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        sizes: how many requests are listed.
        histories: past requests and journal rows.
        runs: counted rounds of each line; fewer where a round takes long.
        bodies: how many requests have a large body.
        burst: new requests at once.
        cards: cards that wait, for the pace.
        fleets: how many tenants one process polls.
    """

    sizes: Sequence[int] = (100, 1_000, 10_000)
    histories: Sequence[tuple[int, int]] = ((0, 100_000), (10_000, 100_000), (100_000, 100_000))
    runs: int = 15
    bodies: int = 10_000
    burst: int = 500
    cards: int = 300
    fleets: Sequence[int] = (10, 100, 1_000)


FULL = Extent()
QUICK = Extent((100, 1_000), ((1_000, 1_000),), runs=5, bodies=1_000, cards=100, fleets=(10, 100))


@dataclass(frozen=True, slots=True)
class Bench:
    """Where to measure, and how much."""

    extent: Extent
    sqlite: Backend
    table: Backend

    @property
    def backends(self) -> tuple[Backend, Backend]:
        """Both stores."""
        return self.sqlite, self.table

    def runs(self, listed: int) -> int:
        """How many rounds: fewer of long ones."""
        return max(3, self.extent.runs * 2_000 // (listed + 2_000))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A group of lines, and the goals that they are held against."""

    goals: tuple[Goal, ...]
    measure: Callable[[Bench], Iterator[Figure]]


def polls(bench: Bench) -> Iterator[Figure]:
    """A poll with nothing new, against the same bytes and rows by bare calls."""
    for listed in bench.extent.sizes:
        with serving(listed) as server:
            for backend in bench.backends:
                site = Site(server, backend, f"poll{listed}.contoso.com")
                yield from _polls_of(bench, site, listed)


def _polls_of(bench: Bench, site: Site, listed: int) -> Iterator[Figure]:
    what = f"{listed:,} listed, {site.backend.name}"
    progress(f"{what}: making the state")
    settle(site.backend, site.tenant, listed)
    progress(f"{what}: polling")
    bare, product = bare_poll(site), notifier(site)
    taken = rounds(lambda: bare, lambda: product.poll, runs=bench.runs(listed))
    yield from on_both_clocks(goals.POLL, what, taken)
    # Whatever the notifier keeps in memory between polls does not help the first one of a process.
    taken = rounds(lambda: bare, lambda: notifier(site).poll, runs=3, warm_up=1)
    yield _figure(goals.FIRST_POLL, f"{what}, processor", taken[0])
    yield _trips(what, product, listed)


def bare_poll(site: Site) -> Callable[[], None]:
    """What nobody can do without: what is known, the list, and a note that it was looked at."""
    client, store = httpx.Client(), site.backend.bare(site.tenant)
    mark = Row("meta:bench", '{"last_good":"2026-11-02T09:00:00Z"}', "")

    def poll() -> None:
        store.read()
        read_list(client, site.server.url)
        store.write([mark])

    return poll


def _trips(what: str, product: Notifier, listed: int) -> Figure:
    product.rows.reads = product.rows.writes = 0
    product.poll()
    trips, pages = product.rows.reads + product.rows.writes, -(-listed // PAGE_SIZE)
    return Figure(goals.TRIPS, what, f"{pages} + 2", f"{pages} + {trips}", (pages + trips) / (pages + 2))


def histories(bench: Bench) -> Iterator[Figure]:
    """A poll beside rows that are none of its business, against the same poll without them."""
    listed = 1_000
    with serving(listed) as server:
        young = Site(server, bench.sqlite, "young.contoso.com")
        settle(young.backend, young.tenant, listed)
        for past, journal in bench.extent.histories:
            old = Site(server, bench.sqlite, f"old{past}.contoso.com")
            what = f"{past:,} past, {journal:,} journal"
            progress(f"{what}: making the state")
            settle(old.backend, old.tenant, listed)
            age(old.backend, old.tenant, past, journal)
            progress(f"{what}: polling")
            yield from on_both_clocks(goals.HISTORY, what, _beside(young, old, 2 * bench.extent.runs))


def _beside(young: Site, old: Site, runs: int) -> tuple[Paired, Paired]:
    without, product = notifier(young), notifier(old)
    return rounds(lambda: without.poll, lambda: product.poll, runs=runs)


def bursts(bench: Bench) -> Iterator[Figure]:
    """Many new requests at once, until the last is recorded: against the list and the same rows written."""
    new = bench.extent.burst
    with serving(new) as server:
        for backend in bench.backends:
            progress(f"{new} new requests, {backend.name}")
            sites = (Site(server, backend, f"burst{number}.contoso.com") for number in count())
            first = _before_burst(next(sites))
            first.poll()
            rows = [*first.rows.read(LIVE, f"{LIVE}~"), *first.rows.read(OUTBOX, f"{OUTBOX}~")]
            taken = rounds(_bare_burst(sites, rows), _burst(sites), runs=bench.extent.runs)
            yield from on_both_clocks(goals.BURST, f"{new} new, {backend.name}", taken)


def _before_burst(site: Site) -> Notifier:
    settle(site.backend, site.tenant, 0)
    return notifier(site, _NO_POSTS)


def _burst(sites: Iterator[Site]) -> Contender:
    def ready() -> Callable[[], Span]:
        product = _before_burst(next(sites))

        def run() -> Span:
            start = Moment.now()
            product.poll()
            return Span.between(start, product.rows.recorded_at or start)

        return run

    return ready


def _bare_burst(sites: Iterator[Site], rows: Sequence[Row]) -> Contender:
    def ready() -> Callable[[], None]:
        site, client = next(sites), httpx.Client()
        store = site.backend.bare(site.tenant)

        def run() -> None:
            read_list(client, site.server.url)
            store.write(rows)

        return run

    return ready


def first_cards(bench: Bench) -> Iterator[Figure]:
    """One new request among many known ones, until Teams has taken its card."""
    listed = 1_000
    for backend in bench.backends:
        with serving(listed) as server:
            site, what = Site(server, backend, "card.contoso.com"), f"{listed:,} listed, {backend.name}"
            progress(f"first card, {what}")
            settle(backend, site.tenant, listed)
            product = _first_card(site)
            taken = rounds(_bare_card(site), product, runs=bench.extent.runs)
            yield from on_both_clocks(goals.FIRST_CARD, what, taken)
            taken = rounds(_bare_card(site, reads=True), product, runs=bench.extent.runs)
            yield from on_both_clocks(goals.FIRST_CARD_READ, what, taken)


def _first_card(site: Site) -> Contender:
    """Before each run there is a poll with nothing new, as there is in each quiet minute."""
    product = notifier(site)

    def run() -> Span:
        start = Moment.now()
        product.poll()
        return Span.between(start, product.rows.taken_at[-1])

    def ready() -> Callable[[], Span]:
        product.poll()
        site.server.grow(1)
        return run

    return ready


def _bare_card(site: Site, *, reads: bool = False) -> Contender:
    """The list, one write and one post; with `reads` what is known of the listed requests, too."""
    client, store = httpx.Client(), site.backend.bare(site.tenant)
    card = json.dumps({"type": "message", "text": "x" * 3_000}).encode()
    row = Row("meta:bench", "x" * 1_000, "")

    def run() -> None:
        if reads:
            store.read()
        read_list(client, site.server.url)
        store.write([row])
        post_card(client, site.server.webhook, card)

    return lambda: run


def pace(bench: Bench) -> Iterator[Figure]:
    """A backlog of single cards, polled every minute of a clock that runs as fast as the machine."""
    limits, clock, cards = DeliveryLimits(), FakeClock(), bench.extent.cards
    progress("the pace of a destination")
    with serving(cards) as server:
        site = Site(server, bench.sqlite, "pace.contoso.com")
        settle(site.backend, site.tenant, 0)
        product = notifier(site, limits, clock, digest_above=cards)
        times = _drained(product, clock, cards)
    most, used = most_within(times, limits.rate_window.total_seconds()), share_of_limit(times, limits)
    what = f"{cards} cards wait, a poll each minute"
    yield Figure(goals.PACE, what, f"{limits.rate_limit}", f"{most}", most / limits.rate_limit)
    yield Figure(goals.PACE_USED, what, f"{limits.rate_limit}", f"{used * limits.rate_limit:.1f}", used)


def _drained(product: Notifier, clock: FakeClock, cards: int) -> list[float]:
    while len(product.rows.taken_by_clock) < cards:
        started = clock.monotonic()
        product.poll()
        clock.advance(max(0.0, started + _MINUTE - clock.monotonic()))
    return product.rows.taken_by_clock


def most_within(times: Sequence[float], window: float) -> int:
    """The most cards in any span of that length, its beginning included."""
    return max(sum(first <= each < first + window for each in times) for first in times)


def share_of_limit(times: Sequence[float], limits: DeliveryLimits) -> float:
    """Cards in whole windows from the first to the last, as a share of what the limit would let pass."""
    window = limits.rate_window.total_seconds()
    windows = int((times[-1] - times[0]) // window)
    sent = sum(each < times[0] + windows * window for each in times)
    return sent / (windows * limits.rate_limit)


def on_both_clocks(goal: Goal, what: str, taken: tuple[Paired, Paired]) -> Iterator[Figure]:
    """Two lines: processor time, and time on the wall."""
    cpu, wall = taken
    yield _figure(goal, f"{what}, processor", cpu)
    yield _figure(goal, f"{what}, wall", wall)


def _figure(goal: Goal, what: str, taken: Paired) -> Figure:
    floor, product = (f"{median(each) * _MILLI:,.1f} ms" for each in (taken.floor, taken.product))
    return Figure(goal, what, floor, product, taken.ratio, taken.spread)
