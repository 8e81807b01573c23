"""A fleet on a real queue: how many tenants one process polls in a minute, and what memory they take."""

import json
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from bench import goals
from bench.backends import Backend, TableBackend
from bench.child import BARE_IMPORTS, fleet_program, peak_megabytes
from bench.goals import Figure
from bench.measure import Contender, rounds
from bench.product import Site, settle
from bench.report import progress
from bench.scenarios import Bench, bare_poll
from bench.server import TenantServer, serving
from maa_notify.app import build
from maa_notify.fleet.fleet import Fleet
from tests.support.azurite import Azurite
from tests.support.queue_host import QueueHost

_LISTED = 10
_MINUTE = 60.0
_MILLI = 1_000


def fleets(bench: Bench) -> Iterator[Figure]:
    """From the first message of a full queue to the last, with nothing new in any tenant."""
    with Azurite("queue") as queues, serving(_LISTED) as server:
        for count in bench.extent.fleets:
            # A service of its own: Azurite looks through all of a table for each question.
            with Azurite() as tables:
                backend = TableBackend(tables.connection_string)
                progress(f"{count:,} tenants: making the state")
                for tenant in _names(count):
                    settle(backend, tenant, _LISTED)
                progress(f"{count:,} tenants: polling")
                yield from _fleet_of(backend, queues, server, count)
                progress(f"{count:,} tenants: memory")
                yield _memory_of(backend, server, count)


def _memory_of(backend: Backend, server: TenantServer, count: int) -> Figure:
    bare = peak_megabytes(BARE_IMPORTS)
    used = peak_megabytes(fleet_program(_settings(backend, server, count)))
    what = f"{count:,} tenants, {_LISTED} listed each; floor: bare imports"
    return Figure(goals.FLEET_MEMORY, what, f"{bare:.1f} MB", f"{used:.1f} MB", used / bare)


def _fleet_of(backend: Backend, queues: Azurite, server: TenantServer, count: int) -> Iterator[Figure]:
    fleet = Fleet(_settings(backend, server, count), build)
    bare = bare_poll(Site(server, backend, _names(count)[0]))
    floor = _drained(queues, f"bare-{count}", fleet.asks, lambda _: bare())
    product = _drained(queues, f"polls-{count}", fleet.asks, fleet.poll)
    cpu, wall = rounds(floor, product, runs=5 if count < _MILLI else 3, warm_up=1)
    if fleet.health().status != "ok":
        raise RuntimeError(f"the fleet is not well: {fleet.health()}")
    fleet.close()
    what = f"{count:,} tenants, {_LISTED} listed each"
    yield _rate(what, count, wall.floor, wall.product, wall.ratio, wall.spread)
    each = [f"{median(side) / count * _MILLI:.1f} ms" for side in (cpu.floor, cpu.product)]
    yield Figure(goals.FLEET_WORK, what, each[0], each[1], cpu.ratio, cpu.spread)


def _drained(
    queues: Azurite, name: str, asks: Callable[[], list[str]], run: Callable[[str], object]
) -> Contender:
    def done(message: str) -> bool:
        run(message)
        return True

    host = QueueHost(queues.connection_string, name, done)

    def ready() -> Callable[[], None]:
        host.put(asks())

        def drain() -> None:
            host.drain()

        return drain

    return ready


def _rate(  # noqa: PLR0913, PLR0917 - all of one line
    what: str, count: int, floor: Sequence[float], product: Sequence[float], ratio: float, spread: float
) -> Figure:
    each_minute = [f"{count / median(side) * _MINUTE:,.0f}" for side in (floor, product)]
    return Figure(goals.FLEET, what, each_minute[0], each_minute[1], ratio, spread)


def _names(count: int) -> list[str]:
    return [f"fleet{number}.contoso.com" for number in range(count)]


def _settings(backend: Backend, server: TenantServer, count: int) -> dict[str, str]:
    tenants = [{"tenant_id": each, "tenant_name": each.partition(".")[0]} for each in _names(count)]
    return {**Site(server, backend, "fleet").settings(), "MAA_TENANTS": json.dumps(tenants)}
