"""The walls of the house: who may import whom. Dependencies point downwards only."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "maa_notify"
PURE = ("maa_notify.core", "maa_notify.cards", "maa_notify.bot.commands", "maa_notify.bot.words")
ADAPTERS = ("maa_notify.graph", "maa_notify.state", "maa_notify.teams")
UPSTAIRS = ("app", "bot", "cli", "commands", "demo", "deliver", "function", "poll")
MAY_SHOW_THE_DEMO = ("maa_notify.cli", "maa_notify.commands", "maa_notify.demo")
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


def is_within(name: str, *rooms: str) -> bool:
    """Whether a module is one of these rooms or stands in one."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


MODULES = {name_of(path): imports_of(path) for path in sorted(PACKAGE.rglob("*.py"))}


def modules_in(*rooms: str) -> list[str]:
    """The names of all modules of these rooms."""
    found = [name for name in MODULES if is_within(name, *rooms)]
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
def test_the_pure_rooms_import_nothing_from_outside(module: str) -> None:
    """What is decided and shown can be tested without Azure, HTTP or storage, and stays so."""
    foreign = [
        name
        for name, _ in MODULES[module]
        if name.split(".")[0] not in sys.stdlib_module_names and not is_within(name, *PURE)
    ]

    assert foreign == []


@pytest.mark.parametrize("module", modules_in(*PURE))
def test_the_pure_rooms_touch_nothing(module: str) -> None:
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
    worldly = (*impure, "tempfile", "threading", "time", "urllib", "uuid")

    assert [name for name, _ in MODULES[module] if is_within(name, *worldly)] == []


@pytest.mark.parametrize("module", modules_in("maa_notify.core"))
def test_the_core_knows_no_cards(module: str) -> None:
    """What is shown depends on what is, never the other way round."""
    assert [
        name
        for name, _ in MODULES[module]
        if not is_within(name, "maa_notify.core", *sys.stdlib_module_names)
    ] == []


@pytest.mark.parametrize("module", modules_in(*ADAPTERS))
def test_no_adapter_looks_upwards(module: str) -> None:
    """An adapter serves whoever calls it and knows neither poll nor commands."""
    upstairs = [f"maa_notify.{room}" for room in UPSTAIRS]

    assert [name for name, _ in MODULES[module] if is_within(name, *upstairs)] == []


@pytest.mark.parametrize("room", ADAPTERS)
def test_no_adapter_looks_into_another(room: str) -> None:
    """Each outside world can be replaced by itself."""
    others = [each for each in ADAPTERS if each != room]
    found = [
        (module, name)
        for module in modules_in(room)
        for name, _ in MODULES[module]
        if is_within(name, *others)
    ]

    assert found == []


@pytest.mark.parametrize("module", modules_in("maa_notify.bot"))
def test_whoever_asks_back_reaches_the_state_store_only(module: str) -> None:
    """Answers can read and never decide: nothing of Graph, sign-in or sending is within their reach."""
    reached = reached_from(module, set())

    upstairs = [f"maa_notify.{room}" for room in UPSTAIRS if room != "bot"]
    out_of_reach = ("maa_notify.graph", "maa_notify.teams", *upstairs)
    assert [name for name in reached if is_within(name, *out_of_reach)] == []


@pytest.mark.parametrize("module", MODULES)
def test_the_demo_is_not_deployed(module: str) -> None:
    """The simulated tenant can be left out of a deployment: nothing but the commands knows it."""
    if is_within(module, *MAY_SHOW_THE_DEMO):
        return

    assert [name for name, _ in MODULES[module] if is_within(name, "maa_notify.demo")] == []


@pytest.mark.parametrize("door", ["maa_notify.cli", "maa_notify.__main__", "maa_notify.function"])
def test_the_doors_open_without_the_demo(door: str) -> None:
    """`--help` and a Function start without loading it."""
    assert [name for name in reached_from(door, set()) if is_within(name, "maa_notify.demo")] == []


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


def test_no_two_modules_import_each_other() -> None:
    """A circle would mean that two modules are one."""
    direct = {
        module: {
            target
            for name, at_once in imports
            for target in (name, name.rpartition(".")[0])
            if at_once and target in MODULES and target != module
        }
        for module, imports in MODULES.items()
    }

    assert [
        (one, other) for one in direct for other in direct[one] if one < other and one in direct[other]
    ] == []
