"""Plant small faults in the core, one at a time, and see whether the tests of its area find each.

Usage: python -m tools.mutants [--number N] [--seed N] [--workers N] [--list] [PATH ...]

Prints a table of the faults that no test found. The exit code is 1 when they are more than five in a hundred
of those that are not known to change nothing (`tools/equivalent-mutants.toml`), and 2 when nothing could be
told. Works on copies of the files that git knows; yours are not touched.

Why no library: mutmut changes only what stands in plain functions (no constant, property or class), and
Cosmic Ray has one command for all files and brings a database; neither removes statements, filters or bounds
of slices.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from tools.mutations import Mutant, mutants_of

ROOT = Path(__file__).parents[1]
EQUIVALENT = ROOT / "tools" / "equivalent-mutants.toml"

_LIVES = ("tests/reliability/test_lives.py", "tests/reliability/test_harder_lives.py")
AREAS: Mapping[str, tuple[str, ...]] = {
    "maa_notify/domain/routing.py": (
        "tests/domain",
        "tests/delivery/test_requestor_chat.py",
        "tests/polling",
        *_LIVES,
    ),
    "maa_notify/domain/*.py": ("tests/domain", "tests/polling", *_LIVES),
    "maa_notify/polling/*.py": ("tests/polling", *_LIVES),
    "maa_notify/delivery/*.py": ("tests/delivery", *_LIVES),
    "maa_notify/storage/looks.py": ("tests/storage", "tests/bot/test_looking.py", "tests/polling", *_LIVES),
    "maa_notify/storage/*.py": ("tests/storage", "tests/polling", "tests/delivery", *_LIVES),
}
"""The tests of each module, the first pattern that fits."""

QUICK: Mapping[str, tuple[str, ...]] = {
    "maa_notify/delivery/*.py": (
        "tests/delivery/test_compose.py",
        "tests/delivery/test_lease.py",
        "tests/delivery/test_limits.py",
        "tests/delivery/test_order.py",
        "tests/delivery/test_outcomes.py",
        "tests/delivery/test_pacing.py",
        "tests/delivery/test_retries.py",
        "tests/delivery/test_run.py",
        "tests/delivery/test_said.py",
    ),
    "maa_notify/domain/*.py": ("tests/domain",),
    "maa_notify/polling/*.py": (
        "tests/polling/test_approvals.py",
        "tests/polling/test_marks.py",
        "tests/polling/test_missed.py",
        "tests/polling/test_poll.py",
        "tests/polling/test_report.py",
        "tests/polling/test_retention.py",
        "tests/polling/test_silence.py",
    ),
    "maa_notify/storage/*.py": (
        "tests/storage/test_by_hand.py",
        "tests/storage/test_journal.py",
        "tests/storage/test_outbox.py",
        "tests/storage/test_requests.py",
        "tests/storage/test_snapshot.py",
    ),
}
"""Those that need no wire and find most of it in seconds: what they let pass is tested by all of its area."""

CORE = (
    "maa_notify/delivery/*.py",
    "maa_notify/domain/compare.py",
    "maa_notify/domain/looks.py",
    "maa_notify/domain/quiet.py",
    "maa_notify/domain/reminders.py",
    "maa_notify/domain/routing.py",
    "maa_notify/domain/visibility.py",
    "maa_notify/polling/approvals.py",
    "maa_notify/polling/guard.py",
    "maa_notify/polling/heartbeats.py",
    "maa_notify/polling/marks.py",
    "maa_notify/polling/poll.py",
    "maa_notify/polling/recorder.py",
    "maa_notify/polling/report.py",
    "maa_notify/polling/retention.py",
    "maa_notify/polling/welcome.py",
    "maa_notify/storage/journal.py",
    "maa_notify/storage/looks.py",
    "maa_notify/storage/outbox.py",
    "maa_notify/storage/records.py",
    "maa_notify/storage/requests.py",
    "maa_notify/storage/snapshot.py",
    "maa_notify/storage/versioned.py",
)
"""What decides what is told, to whom and when."""

NUMBER, SEED, WORKERS = 250, 1, 2
MOST_SURVIVORS = 0.05
SLACK_SECONDS = 30.0
TIMES_AS_LONG = 5.0
"""A mutant whose tests take so many times as long as without it, and the slack, hangs; that is found, too."""

FAILED, UNTOLD = 1, 2
SLOW = (
    "tests/polling/test_lifecycle.py::test_a_request_left_alone_for_its_whole_life_rings_no_more_than_planned"
)
"""Left out: these take longer than all others of their area, and find what those find."""
_PYTEST = (
    *("-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"),
    *("-m", "not azurite and not soak", "--deselect", SLOW),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant: `outcome` is `found`, `hung` or `survived`."""

    mutant: Mutant
    outcome: str


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A mutant that changes nothing that anybody could see, and the reason."""

    path: str
    before: str
    after: str
    reason: str


class Trees:
    """Copies of the project, one for each worker, in a temporary folder."""

    def __init__(self, folder: Path, number: int) -> None:
        """Copies the files that git knows, as they are now."""
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
        )
        names = [name for name in listed.stdout.split("\0") if name and not name.startswith("docs/cards/")]
        self._free: SimpleQueue[Path] = SimpleQueue()
        for each in range(number):
            tree = folder / str(each)
            for name in names:
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                if (ROOT / name).is_file():
                    shutil.copy2(ROOT / name, tree / name)
            self._free.put(tree)

    def check(self, tests: Sequence[str], seconds: float) -> None:
        """Runs tests without a fault.

        Args:
            tests: files and folders of tests.
            seconds: after which they hang.

        Raises:
            RuntimeError: they fail or hang; it says what they printed last.
        """
        tree = self._free.get()
        outcome = _tested(tree, tests, seconds)
        said = (tree / "output.txt").read_text(encoding="utf-8", errors="replace")
        self._free.put(tree)
        if outcome != "survived":
            raise RuntimeError(f"these tests fail without any mutant: {' '.join(tests)}\n\n{said[-3_000:]}")

    def test(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> str:
        """Runs tests with a mutant in place; returns what became of it.

        Args:
            mutant: the fault to plant.
            tests: files and folders of tests.
            seconds: after which they hang.
        """
        tree = self._free.get()
        module = tree / mutant.path
        # Put back as it was copied: the project's own file may have changed meanwhile.
        original = module.read_bytes()
        module.write_bytes(mutant.text.encode())
        outcome = _tested(tree, tests, seconds)
        module.write_bytes(original)
        self._free.put(tree)
        return outcome


def _tested(tree: Path, tests: Sequence[str], seconds: float) -> str:
    # No byte code is written: two mutants of one second and size would be taken for the same.
    environ = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "LIVES": ""}
    with (tree / "output.txt").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this very Python
            [sys.executable, *_PYTEST, *tests],
            cwd=tree,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return "hung"
    return "survived" if code == 0 else "found"


def tests_of(path: str) -> tuple[str, ...]:
    """The tests of the area that a module belongs to.

    Raises:
        KeyError: it belongs to none.
    """
    for pattern, tests in AREAS.items():
        if fnmatch(path, pattern):
            return tests
    raise KeyError(path)


def quick_of(path: str) -> tuple[str, ...]:
    """The tests that are run before those of the area."""
    return next((tests for pattern, tests in QUICK.items() if fnmatch(path, pattern)), ())


def core_files(wanted: Sequence[str]) -> list[str]:
    """The modules of the core, or those of them whose path holds one of the wanted texts."""
    found = (path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("maa_notify/*/*.py")))
    core = [path for path in found if any(fnmatch(path, pattern) for pattern in CORE)]
    return [path for path in core if not wanted or any(each in path for each in wanted)]


def sample(mutants: Sequence[Mutant], number: int, seed: int) -> list[Mutant]:
    """So many of the mutants, chosen by a seed: the same ones for the same code and seed."""
    chosen = random.Random(seed).sample(range(len(mutants)), min(number, len(mutants)))  # noqa: S311
    return [mutants[each] for each in sorted(chosen)]


def read_equivalent(text: str) -> list[Equivalent]:
    """The mutants known to change nothing, from the TOML of their file.

    Raises:
        ValueError: an entry has no reason, or a field that is none.
    """
    entries = [Equivalent(**entry) for entry in tomllib.loads(text).get("equivalent", [])]
    if any(not each.reason.strip() for each in entries):
        raise ValueError("each equivalent mutant needs its reason")
    return entries


def survivors(results: Iterable[Result], equivalent: Iterable[Equivalent]) -> tuple[list[Mutant], int]:
    """The mutants that no test found and that are not known to change nothing, and how many counted."""
    known = {(each.path, each.before, each.after) for each in equivalent}
    counted = [
        each for each in results if (each.mutant.path, each.mutant.before, each.mutant.after) not in known
    ]
    return [each.mutant for each in counted if each.outcome == "survived"], len(counted)


def table(mutants: Iterable[Mutant]) -> str:
    """The mutants as a table in Markdown."""
    rows = [
        f"| {each.path.removeprefix('maa_notify/')}:{each.line} | {each.kind}"
        f" | `{each.before}` | `{each.after}` |"
        for each in mutants
    ]
    return "\n".join(["| where | change | from | to |", "|---|---|---|---|", *rows])


def run(mutants: Sequence[Mutant], workers: int) -> list[Result]:
    """Tests every mutant, with a line of progress now and then.

    Raises:
        RuntimeError: the tests of an area fail without any mutant.
    """
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        trees = Trees(Path(folder), workers)
        pool = ThreadPoolExecutor(workers)
        try:
            areas = sorted({tests_of(each.path) for each in mutants})
            print(f"First the tests of {len(areas)} areas without a fault, to time them ...", flush=True)
            limits = dict(zip(areas, pool.map(partial(_limit, trees), areas), strict=True))
            began, results = time.monotonic(), []
            tasks = {pool.submit(_judged, trees, each, limits[tests_of(each.path)]): each for each in mutants}
            for task in as_completed(tasks):
                results.append(Result(tasks[task], task.result()))
                if results[-1].outcome == "survived":
                    each = tasks[task]
                    print(f"     survived: {each.path}:{each.line}, {each.kind}: {each.after}", flush=True)
                _say_progress(results, len(mutants), time.monotonic() - began)
        finally:
            # Whoever interrupts it waits for what runs now, and not for all that was to come.
            pool.shutdown(cancel_futures=True)
    order = {id(each): number for number, each in enumerate(mutants)}
    return sorted(results, key=lambda each: order[id(each.mutant)])


def _judged(trees: Trees, mutant: Mutant, seconds: float) -> str:
    """What became of a mutant by the quick tests, and if it survives them by all of its area."""
    stages = [each for each in (quick_of(mutant.path), tests_of(mutant.path)) if each]
    outcomes = (trees.test(mutant, tests, seconds) for tests in stages)
    return next((each for each in outcomes if each != "survived"), "survived")


def _limit(trees: Trees, tests: tuple[str, ...]) -> float:
    began = time.monotonic()
    trees.check(tests, 1_800.0)
    return (time.monotonic() - began) * TIMES_AS_LONG + SLACK_SECONDS


def _say_progress(results: Sequence[Result], number: int, seconds: float) -> None:
    done = len(results)
    if done % 10 and done < number:
        return
    counts = Counter(each.outcome for each in results)
    left = seconds / done * (number - done) / 60
    said = ", ".join(f"{counts[each]} {each}" for each in ("found", "hung", "survived"))
    print(f"{done:4} of {number}: {said}; about {left:.0f} min left", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--number", type=int, default=NUMBER, help="how many mutants (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="which ones (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=WORKERS, help="how many at once (default: %(default)s)"
    )
    parser.add_argument("--list", action="store_true", help="list them and run nothing")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only modules whose path holds this")
    options = parser.parse_args(arguments)
    files = core_files(options.paths)
    every = [each for path in files for each in mutants_of(path, (ROOT / path).read_text(encoding="utf-8"))]
    chosen = sample(every, options.number, options.seed)
    if options.list:
        print(table(chosen))
        return 0
    if not chosen:
        print("No module of the core fits.")
        return UNTOLD
    print(f"Testing {len(chosen)} of {len(every)} mutants of {len(files)} modules, seed {options.seed} ...")
    try:
        results = run(chosen, options.workers)
    except RuntimeError as error:
        print(f"Nothing can be told: {error}")
        return UNTOLD
    left, counted = survivors(results, read_equivalent(EQUIVALENT.read_text(encoding="utf-8")))
    if left:
        print(f"\n{table(left)}\n")
    share = len(left) / max(counted, 1)
    print(f"{len(left)} of {counted} survived, {share:.1%}; {len(results) - counted} change nothing.")
    return FAILED if share > MOST_SURVIVORS else 0


if __name__ == "__main__":
    sys.exit(main())
