"""Who may import whom. Dependencies point downwards only, inside functions too."""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "maa_notify"

LEVELS = (
    {"clock", "domain", "errors", "logs", "net"},
    {"cards", "identity", "storage"},
    {"insight"},
    {"bot", "delivery", "graph", "rendering"},
    {"demo", "polling", "settings", "teams"},
    {"fleet"},
    {"app"},
    {"cli", "functions"},
    {"__main__"},
)
"""Every package and every module at the top, from the ground up; one level imports lower ones only."""

PURE = (
    "maa_notify.domain",
    "maa_notify.insight",
    "maa_notify.cards",
    "maa_notify.insight",
    "maa_notify.bot.answers",
    "maa_notify.bot.strings",
)
TOUCHES_NOTHING = (
    *PURE,
    *(f"maa_notify.delivery.{each}" for each in ("compose", "lease", "limits", "order", "pacing", "retries")),
)
ADAPTERS = ("maa_notify.graph", "maa_notify.storage", "maa_notify.teams")
NOT_DEPLOYED = ("maa_notify.demo", "maa_notify.rendering")
MAY_SHOW_THE_DEMO = ("maa_notify.cli", *NOT_DEPLOYED)
POSIX_ONLY = {
    "crypt",
    "curses",
    "fcntl",
    "grp",
    "nis",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "spwd",
    "syslog",
    "termios",
    "tty",
}

Import = tuple[str, bool]


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> list[Import]:
    """Every module that a file imports, and whether it does so when it is itself imported."""
    return list(_imports(ast.parse(path.read_text(encoding="utf-8")), is_at_once=True))


def _imports(node: ast.AST, *, is_at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, is_at_once) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "an import relative to the package hides where it leads"
            yield from ((f"{child.module}.{alias.name}", is_at_once) for alias in child.names)
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(child, is_at_once=is_at_once and not is_function)


def is_within(name: str, *packages: str) -> bool:
    """Whether a module is one of these packages or stands in one."""
    return any(name == each or name.startswith(f"{each}.") for each in packages)


MODULES = {name_of(path): imports_of(path) for path in sorted(PACKAGE.rglob("*.py"))}


def modules_in(*packages: str) -> list[str]:
    """The names of all modules of these packages."""
    found = [name for name in MODULES if is_within(name, *packages)]
    assert found
    return found


def reached_from(name: str, seen: set[str]) -> set[str]:
    """A module and all of our own modules that are imported with it."""
    if name not in seen:
        seen.add(name)
        for imported, is_at_once in MODULES[name]:
            for target in (imported, imported.rpartition(".")[0]):
                if is_at_once and target in MODULES:
                    reached_from(target, seen)
    return seen


@pytest.mark.parametrize("module", modules_in(*PURE))
def test_the_pure_packages_import_nothing_from_outside(module: str) -> None:
    """What is decided and shown can be tested without Azure, HTTP or storage, and stays so."""
    allowed = {
        *sys.stdlib_module_names,
        "msgspec",
    }  # its structs are defined fifty times as fast as dataclasses
    foreign = [
        name
        for name, _ in MODULES[module]
        if name.split(".")[0] not in allowed and not is_within(name, *PURE)
    ]

    assert foreign == []


@pytest.mark.parametrize("module", modules_in(*TOUCHES_NOTHING))
def test_what_is_pure_touches_nothing(module: str) -> None:
    """No clock, network, file or chance within: the same input gives the same answer."""
    impure = (
        "asyncio",
        "http",
        "io",
        "os",
        "pathlib",
        "random",
        "secrets",
        "socket",
        "sqlite3",
        "subprocess",
    )
    worldly = (*impure, "tempfile", "threading", "time", "urllib.request", "uuid.uuid1", "uuid.uuid4")

    assert [name for name, _ in MODULES[module] if is_within(name, *worldly)] == []


def level_of(package: str) -> int:
    """On which level a package or a module at the top stands."""
    return next(number for number, level in enumerate(LEVELS) if package in level)


def package_of(module: str) -> str:
    """The package of a module, or the module itself where it stands at the top."""
    return module.split(".")[1]


def arrows() -> set[tuple[str, str]]:
    """Which package imports from which other one, at any time."""
    found = {
        (package_of(module), package_of(target))
        for module, imports in MODULES.items()
        for name, _ in imports
        for target in (name, name.rpartition(".")[0])
        if target in MODULES and "." in target and "." in module
    }
    return {(one, other) for one, other in found if one != other}


def test_every_package_stands_on_a_level() -> None:
    """Whoever adds a package says where it belongs, and nobody keeps a name that is gone."""
    assert {package_of(module) for module in MODULES if "." in module} == set().union(*LEVELS)


def test_no_arrow_runs_back_up() -> None:
    """A package imports from lower levels only, so that each can be read and tested without those above."""
    assert {(one, other) for one, other in arrows() if level_of(one) <= level_of(other)} == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    """A circle would mean that its modules are one, even one that is closed inside a function."""
    direct = {
        module: {
            target
            for name, _ in imports
            for target in (name, name.rpartition(".")[0])
            if target in MODULES and target != module
        }
        for module, imports in MODULES.items()
    }

    try:
        TopologicalSorter(direct).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_no_adapter_looks_into_another(adapter: str) -> None:
    """Each outside world can be replaced by itself."""
    others = [each for each in ADAPTERS if each != adapter]
    found = [
        (module, name)
        for module in modules_in(adapter)
        for name, _ in MODULES[module]
        if is_within(name, *others)
    ]

    assert found == []


@pytest.mark.parametrize("module", modules_in("maa_notify.bot"))
def test_whoever_asks_back_reaches_the_state_store_only(module: str) -> None:
    """Answers can read and never decide: nothing of Graph, sign-in or sending is within their reach."""
    reached = reached_from(module, set())

    out_of_reach = [
        f"maa_notify.{each}"
        for level in LEVELS[level_of("bot") :]
        for each in level
        if each not in {"bot", "insight"}
    ]
    assert [name for name in reached if is_within(name, *out_of_reach)] == []


@pytest.mark.parametrize("module", MODULES)
def test_the_demo_is_not_deployed(module: str) -> None:
    """The simulated tenant can be left out of a deployment: nothing but the commands knows it."""
    if is_within(module, *MAY_SHOW_THE_DEMO):
        return

    assert [name for name, _ in MODULES[module] if is_within(name, *NOT_DEPLOYED)] == []


@pytest.mark.parametrize(
    "entry", ["maa_notify.cli.main", "maa_notify.__main__", "maa_notify.functions.handlers"]
)
def test_the_entry_points_start_without_the_demo(entry: str) -> None:
    """`--help` and a Function start without loading it."""
    assert [name for name in reached_from(entry, set()) if is_within(name, *NOT_DEPLOYED)] == []


def test_the_function_is_triggers_only() -> None:
    """The file that Azure loads stays small enough to read at a glance."""
    tree = ast.parse((ROOT / "function_app.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]

    assert functions
    assert all((each.end_lineno or 0) - each.lineno < 6 for each in functions)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_be_imported_on_windows(module: str) -> None:
    """An administrator's laptop is no Linux host."""
    assert [name for name, at_once in MODULES[module] if at_once and name.split(".")[0] in POSIX_ONLY] == []
