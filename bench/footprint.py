"""What is loaded and held: imports, memory and disk, each looked at in processes of their own."""

from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from statistics import median

from packaging.requirements import Requirement

from bench import goals
from bench.child import BARE_IMPORTS, ROOT, floor_program, import_time, peak_megabytes, poll_program
from bench.goals import Figure
from bench.measure import Contender, Span, rounds
from bench.product import Site, settle
from bench.report import progress
from bench.scenarios import Bench, on_both_clocks
from bench.server import TenantServer, serving

_BODY_BYTES = 50_000
_ROOM = 20.0
_MEGABYTE = 1_000_000


def cold_start(bench: Bench) -> Iterator[Figure]:
    """A fresh process until the Function's file is loaded, with all that it loads."""
    progress("cold start")
    taken = rounds(_import(BARE_IMPORTS), _import("import function_app"), runs=bench.extent.runs)
    yield from on_both_clocks(goals.COLD_START, "import function_app", taken)


def _import(program: str) -> Contender:
    def run() -> Span:
        return import_time(program)

    return lambda: run


def disk(_bench: Bench) -> Iterator[Figure]:
    """What is deployed: the packages of requirements.txt, and our own code beside them."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if line and not line.strip().startswith("#")]
    here = [each.name for each in pinned if each.marker is None or each.marker.evaluate()]
    packages = sum(_size_of(name) for name in here)
    ours = sum(_size(path) for path in (ROOT / "maa_notify").rglob("*.py") if "demo" not in path.parts)
    both = (packages + ours) / packages
    yield Figure(goals.DISK, f"{len(here)} packages", _megabytes(packages), _megabytes(packages + ours), both)


def _size_of(package: str) -> int:
    """Without compiled bytecode: whether there is any depends on the installer."""
    found = distribution(package).files or []
    return sum(_size(Path(str(each.locate()))) for each in found if each.suffix != ".pyc")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _megabytes(size: float) -> str:
    return f"{size / _MEGABYTE:.1f} MB"


def memory(bench: Bench) -> Iterator[Figure]:
    """The peak of a process that loads the Function and polls once, 1,000 listed."""
    listed, tenant = 1_000, "memory.contoso.com"
    progress("peak memory")
    settle(bench.sqlite, tenant, listed)
    with serving(listed) as server:
        peaks = [peak_megabytes(_poll(Site(server, bench.sqlite, tenant))) for _ in range(3)]
    allowed = median(peak_megabytes(BARE_IMPORTS) for _ in range(3)) + _ROOM
    used = median(peaks)
    what = f"{listed:,} listed; floor: bare imports + {_ROOM:.0f} MB"
    yield Figure(goals.MEMORY, what, f"{allowed:.1f} MB", f"{used:.1f} MB", used / allowed)


def bodies(bench: Bench) -> Iterator[Figure]:
    """What large bodies add to the peak: no more than to that of a reader who holds one page at a time."""
    listed, tenant = bench.extent.bodies, "bodies.contoso.com"
    progress(f"{listed:,} bodies of {_BODY_BYTES:,} bytes")
    settle(bench.sqlite, tenant, listed)
    with serving(listed) as slim, serving(listed, _BODY_BYTES) as fat:
        floor = _added(lambda server: floor_program(server.url), slim, fat)
        used = _added(lambda server: _poll(Site(server, bench.sqlite, tenant)), slim, fat)
    what = f"{listed:,} listed, {_BODY_BYTES // 1_000} kB each"
    yield Figure(goals.BODIES, what, f"{floor:.1f} MB", f"{used:.1f} MB", used / floor)


def _added(program: Callable[[TenantServer], str], slim: TenantServer, fat: TenantServer) -> float:
    with_bodies = median(peak_megabytes(program(fat)) for _ in range(3))
    return with_bodies - median(peak_megabytes(program(slim)) for _ in range(3))


def _poll(site: Site) -> str:
    return poll_program(site.settings())
