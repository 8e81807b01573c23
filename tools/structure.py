"""Measure the shape of the code: packages and their imports, functions, private helpers, comments.

Usage: python tools/structure.py [ROOT] [--compare BEFORE] [--order LEVELS] [--without PACKAGES] [--json]
       python tools/structure.py [ROOT] --docstrings

A package here is a folder below `maa_notify/` with all that it holds, or a module that lies loose beside the
folders; `function_app.py` is one, too. An import counts wherever it stands, in a function as well; one under
`if TYPE_CHECKING` is counted apart. A helper is a function or method whose name begins with an underscore. It
is used where its name is read: called, or passed as a value. Names are resolved within the module.
"""

import argparse
import ast
import io
import json
import math
import statistics
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "maa_notify"
LONGEST_CHAIN = 4
"""Helpers that may call one another in a row; deeper chains are listed."""

MODULE_LEVEL = "(module)"
"""Stands for the code outside of all functions."""

_DIRECTIVES = ("noqa", "type:", "pragma", "fmt:", "mypy:")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
Scope = tuple[Definition, ...]
"""The classes and functions around a place in the code, outermost first."""
Graph = Mapping[str, AbstractSet[str]]
"""From each node to those it leads to; every node is a key."""


@dataclass(frozen=True, slots=True)
class Module:
    """One file of Python; `path` is relative to the root of the project, with slashes."""

    path: str
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The dotted name: `maa_notify.cards` for `maa_notify/cards/__init__.py`."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """The folder below `maa_notify/`, or the name of a loose module."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else parts[0]


@dataclass(frozen=True, slots=True)
class Shape:
    """What was measured: numbers by label, and what stands behind some of them, a line each."""

    numbers: dict[str, float]
    details: dict[str, list[str]]


# Files and lines


def modules_of(root: Path) -> list[Module]:
    """The modules of the notifier below a root, sorted by path.

    Raises:
        ValueError: there are none.
    """
    if not (root / PACKAGE).is_dir():
        raise ValueError(f"there is no {PACKAGE}/ in {root}")
    files = [*root.glob("function_app.py"), *(root / PACKAGE).rglob("*.py")]
    return sorted((_read(root, file) for file in files), key=lambda module: module.path)


def _read(root: Path, file: Path) -> Module:
    text = file.read_text(encoding="utf-8")
    return Module(file.relative_to(root).as_posix(), text, ast.parse(text))


def code_lines(text: str) -> int:
    """The lines that are neither blank nor a comment alone; those of docstrings count."""
    alone = sum(token.line.lstrip().startswith("#") for token in _comments(text))
    return sum(bool(line.strip()) for line in text.splitlines()) - alone


def comment_lines(text: str) -> int:
    """The lines with a comment for readers, which one for a tool (`noqa`) is not."""
    words = (token.string.lstrip("#! ") for token in _comments(text))
    return sum(not each.startswith(_DIRECTIVES) for each in words)


def _comments(text: str) -> Iterator[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return (token for token in tokens if token.type == tokenize.COMMENT)


# Imports between packages


def package_imports(modules: Sequence[Module], *, for_types: bool = False) -> dict[str, set[str]]:
    """Which packages each package imports: at run time, or else under `if TYPE_CHECKING`."""
    by_name = {module.name: module for module in modules}
    graph: dict[str, set[str]] = {module.package: set() for module in modules}
    for module in modules:
        for name, is_for_types in imported_names(module):
            target = _longest_known(name, by_name)
            if target is not None and is_for_types == for_types:
                graph[module.package] |= {target.package} - {module.package}
    return graph


def imported_names(module: Module) -> Iterator[tuple[str, bool]]:
    """Each dotted name that a module imports, and whether it does so under `if TYPE_CHECKING`."""
    for_types = _only_for_types(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _source(node, module)
            yield from ((f"{source}.{alias.name}", node in for_types) for alias in node.names)


def _only_for_types(tree: ast.Module) -> set[ast.AST]:
    blocks = [
        statement
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING"
        for statement in node.body
    ]
    return {inner for statement in blocks for inner in ast.walk(statement)}


def _source(node: ast.ImportFrom, module: Module) -> str:
    """The dotted name after `from`, made absolute."""
    if node.level == 0:
        return node.module or ""
    parts = module.path.removesuffix(".py").split("/")[: -node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _longest_known(name: str, known: Mapping[str, Module]) -> Module | None:
    """The module that a dotted name stands for or stands in."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return known.get(name)


def upward(graph: Graph, order: Sequence[AbstractSet[str]] = ()) -> list[tuple[str, str]]:
    """The imports that lead from a lower level of a declared order to a higher one.

    Args:
        graph: which packages each package imports.
        order: the packages of each level, the highest first; without it, an import within a cycle counts.

    Raises:
        ValueError: the order lacks a package.
    """
    level = {package: depth for depth, packages in enumerate(order) for package in packages}
    if order and (missing := sorted(graph.keys() - level.keys())):
        raise ValueError(f"the order does not name {', '.join(missing)}")
    cycle_of = {package: cycle for cycle in cycles(graph) for package in cycle}
    return [
        (one, other)
        for one in sorted(graph)
        for other in sorted(graph[one])
        if (level[other] < level[one] if order else other in cycle_of.get(one, ()))
    ]


# Graphs


def cycles(graph: Graph) -> list[tuple[str, ...]]:
    """The groups of two or more nodes that all lead to one another, each sorted."""
    reached = {node: _reached(graph, node) for node in graph}
    groups = {tuple(sorted(other for other in reached[node] if node in reached[other])) for node in graph}
    return sorted(group for group in groups if len(group) > 1)


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        node = ahead.pop()
        if node not in found:
            found.add(node)
            ahead.extend(graph[node])
    return found


def longest_paths(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The longest path from each node, with it; a path that enters a cycle goes once through all of it."""
    cycle_of = {node: cycle for cycle in cycles(graph) for node in cycle}
    found: dict[str, tuple[str, ...]] = {}

    def path_from(node: str) -> tuple[str, ...]:
        if node not in found:
            here = (node, *(other for other in cycle_of.get(node, ()) if other != node))
            ahead = {target for each in here for target in graph[each]}.difference(here)
            found[node] = here + max(map(path_from, sorted(ahead)), key=len, default=())
        return found[node]

    return {node: path_from(node) for node in graph}


# Functions and helpers


def walk(node: ast.AST, scope: Scope = ()) -> Iterator[tuple[Scope, ast.AST]]:
    """Every node below one, and the classes and functions around it; a decorator lies within its function."""
    for child in ast.iter_child_nodes(node):
        yield scope, child
        yield from walk(child, (*scope, child) if isinstance(child, Definition) else scope)


def functions_of(tree: ast.AST) -> list[tuple[Scope, Function]]:
    """All functions and methods, nested ones too, each with what is around it."""
    return [(scope, node) for scope, node in walk(tree) if isinstance(node, Function)]


def length(node: Function) -> int:
    """Lines from `def` to the last, docstring and blank lines included."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def is_private(name: str) -> bool:
    """Whether a name begins with an underscore, and is none of Python's own such as `__init__`."""
    return name.startswith("_") and not name.endswith("__")


def qualified(scope: Scope, name: str = "") -> str:
    """The dotted name within the module: `Poll._list`."""
    return ".".join([*(each.name for each in scope), *([name] if name else [])])


@dataclass(frozen=True, slots=True)
class Helpers:
    """The private helpers of one module.

    Attributes:
        uses: how often each is used outside itself.
        graph: which helpers each function uses; an outer one uses what its nested ones do.
        starts: where a chain may begin: functions and methods that are neither helpers nor nested, and the
            module itself, which may keep helpers in a table.
    """

    uses: dict[str, int]
    graph: dict[str, set[str]]
    starts: list[str]

    def chains(self) -> dict[str, tuple[str, ...]]:
        """The longest chain of helpers behind each start; without those that use none."""
        paths = longest_paths(self.graph)
        return {start: paths[start][1:] for start in self.starts if self.graph[start]}


def helpers_of(tree: ast.Module) -> Helpers:
    """The helpers of a module, and who uses them."""
    functions = {qualified(scope, node.name): (scope, node) for scope, node in functions_of(tree)}
    names = _Names(tree)
    uses = Counter(dict.fromkeys(names.helpers, 0))
    graph: dict[str, set[str]] = {name: set() for name in (MODULE_LEVEL, *functions)}
    for scope, node in walk(tree):
        around = {qualified(scope[: depth + 1]) for depth in range(len(scope))}
        for helper in names.meant_by(node, scope):
            uses[helper] += helper not in around
            for user in around & functions.keys() or {MODULE_LEVEL}:
                graph[user].add(helper)
    starts = [
        name
        for name, (scope, node) in functions.items()
        if not is_private(node.name) and not any(isinstance(each, Function) for each in scope)
    ]
    return Helpers(dict(uses), graph, [MODULE_LEVEL, *starts])


class _Names:
    """Finds the helpers of one module that a name or an attribute means."""

    def __init__(self, tree: ast.Module) -> None:
        private = [(scope, node.name) for scope, node in functions_of(tree) if is_private(node.name)]
        self.helpers = {qualified(scope, name) for scope, name in private}
        self._methods = {
            qualified(scope, name) for scope, name in private if scope and isinstance(scope[-1], ast.ClassDef)
        }
        self._bases = {
            qualified(scope, node.name): [base.id for base in node.bases if isinstance(base, ast.Name)]
            for scope, node in walk(tree)
            if isinstance(node, ast.ClassDef)
        }

    def meant_by(self, node: ast.AST, scope: Scope) -> set[str]:
        """The helpers that a node reads; more than one where only the name of a method is known."""
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                return self._function(name, scope)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Load()):
                classes = [depth for depth, each in enumerate(scope) if isinstance(each, ast.ClassDef)]
                return self._method(name, qualified(scope[: classes[-1] + 1])) if classes else set()
            case ast.Attribute(value=ast.Name(id=owner), attr=name, ctx=ast.Load()) if owner in self._bases:
                return self._method(name, owner)
            case ast.Attribute(attr=name, ctx=ast.Load()):
                return {method for method in self._methods if method.endswith(f".{name}")}
        return set()

    def _function(self, name: str, scope: Scope) -> set[str]:
        """The innermost one of this name; a class hides its own from the methods within."""
        for depth in range(len(scope), -1, -1):
            is_hidden = 0 < depth < len(scope) and isinstance(scope[depth - 1], ast.ClassDef)
            if not is_hidden and (found := qualified(scope[:depth], name)) in self.helpers:
                return {found}
        return set()

    def _method(self, name: str, owner: str) -> set[str]:
        """The method of a class, or of the nearest base in this module."""
        if f"{owner}.{name}" in self._methods:
            return {f"{owner}.{name}"}
        bases = (self._method(name, base) for base in self._bases.get(owner, ()) if base != owner)
        return next(filter(None, bases), set())


# Docstrings


def docstrings(module: Module) -> Iterator[tuple[int, str, str]]:
    """Line, name and first line of the docstring ("" without one) of a module, its classes and functions."""
    yield 1, module.name, _first_line(module.tree)
    for scope, node in walk(module.tree):
        if isinstance(node, Definition):
            yield node.lineno, qualified(scope, node.name), _first_line(node)


def _first_line(node: Definition | ast.Module) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


def undocumented(module: Module) -> list[str]:
    """The public functions and methods without a docstring, nested ones and Python's own left out."""
    return [
        f"{module.path}:{node.lineno} {qualified(scope, node.name)}"
        for scope, node in functions_of(module.tree)
        if not any(each.name.startswith("_") for each in (*scope, node))
        and not any(isinstance(each, Function) for each in scope)
        and ast.get_docstring(node) is None
    ]


# The report


def measure(
    root: Path, order: Sequence[AbstractSet[str]] = (), without: AbstractSet[str] = frozenset()
) -> Shape:
    """All numbers of a project, in the order in which they are shown; as if some packages were not there.

    Raises:
        ValueError: there is no such project, or the order lacks a package.
    """
    modules = [module for module in modules_of(root) if module.package not in without]
    parts = (_imports(modules, order), _lines(root, modules), _functions(modules), _helpers(modules))
    return Shape(
        {label: number for part in parts for label, number in part.numbers.items()},
        {heading: lines for part in parts for heading, lines in part.details.items()},
    )


def _imports(modules: list[Module], order: Sequence[AbstractSet[str]]) -> Shape:
    graph = package_imports(modules)
    for_types = package_imports(modules, for_types=True)
    circular, up = cycles(graph), upward(graph, order)
    numbers = {
        "packages and loose modules": len(graph),
        "levels (longest path of imports)": max(map(len, longest_paths(graph).values()), default=0),
        "imports between packages": sum(map(len, graph.values())),
        "imports between packages, for types only": sum(len(for_types[each] - graph[each]) for each in graph),
        "import cycles": len(circular),
        "imports upwards" if order else "imports within cycles": len(up),
    }
    details = {
        "import cycles": [", ".join(cycle) for cycle in circular],
        "imports upwards" if order else "imports within cycles": [f"{one} -> {other}" for one, other in up],
    }
    return Shape(dict(numbers), details)


def _lines(root: Path, modules: list[Module]) -> Shape:
    texts = [module.text for module in modules]
    tests = [path.read_text(encoding="utf-8") for path in (root / "tests").rglob("*.py")]
    code = sum(map(code_lines, texts))
    loose = [module for module in modules if module.path.count("/") == 1]
    numbers = {
        f"modules at the top of {PACKAGE}/": len(loose),
        "modules": len(modules),
        "lines": sum(len(text.splitlines()) for text in texts),
        "code lines": code,
        "lines of tests": sum(len(text.splitlines()) for text in tests),
        "code lines of tests": sum(map(code_lines, tests)),
        "comments per 1,000 code lines": round(1000 * sum(map(comment_lines, texts)) / max(code, 1), 1),
    }
    return Shape(numbers, {})


def _functions(modules: list[Module]) -> Shape:
    lengths = sorted(length(node) for module in modules for _, node in functions_of(module.tree)) or [0]
    bare = [line for module in modules for line in undocumented(module)]
    numbers = {
        "functions and methods": sum(len(functions_of(module.tree)) for module in modules),
        "length, median": statistics.median(lengths),
        "length, p90": lengths[math.ceil(0.9 * len(lengths)) - 1],
        "length, longest": lengths[-1],
        "public ones without docstring": len(bare),
    }
    return Shape(numbers, {"public functions without docstring": bare})


def _helpers(modules: list[Module]) -> Shape:
    found = [(module, helpers_of(module.tree)) for module in modules]
    uses = [count for _, helpers in found for count in helpers.uses.values()]
    chains = [
        (len(chain), f"{module.path}:{start} -> {' -> '.join(chain)}")
        for module, helpers in found
        for start, chain in helpers.chains().items()
    ]
    deep = sorted((each for each in chains if each[0] > LONGEST_CHAIN), key=lambda each: (-each[0], each[1]))
    numbers = {
        "private helpers": len(uses),
        "private helpers used once": uses.count(1),
        "deepest chain of helpers": max((depth for depth, _ in chains), default=0),
        f"chains deeper than {LONGEST_CHAIN}": len(deep),
    }
    heading = f"chains deeper than {LONGEST_CHAIN}"
    return Shape(dict(numbers), {heading: [f"{depth}  {line}" for depth, line in deep]})


def table(shapes: Mapping[str, Shape]) -> str:
    """The numbers side by side, a column for each shape; a single one without a heading."""
    labels = list(dict.fromkeys(label for shape in shapes.values() for label in shape.numbers))
    rows = [(label, *(_number(shape.numbers.get(label)) for shape in shapes.values())) for label in labels]
    if len(shapes) > 1:
        rows.insert(0, ("", *shapes))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def _number(number: float | None) -> str:
    return "-" if number is None else f"{number:,g}" if number != int(number) else f"{int(number):,}"


def report(shape: Shape) -> str:
    """The numbers, and below them what stands behind some."""
    parts = [
        f"{heading}:\n" + "\n".join(f"  {line}" for line in lines)
        for heading, lines in shape.details.items()
        if lines
    ]
    return "\n\n".join([table({"": shape}), *parts])


def review(modules: Iterable[Module]) -> str:
    """The first line of each docstring, with its place."""
    return "\n".join(
        f"{module.path}:{line} {name}: {text}"
        for module in modules
        for line, name, text in docstrings(module)
        if text
    )


def main(arguments: Sequence[str]) -> int:
    """Prints what was asked for."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        print(_answer(asked))
    except ValueError as error:
        parser.error(str(error))
    return 0


def _answer(asked: argparse.Namespace) -> str:
    if asked.docstrings:
        return review(modules_of(asked.root))
    order = [set(level.split()) for level in asked.order.split(",")] if asked.order else []
    without = set(asked.without.split(","))
    shapes = {"after": measure(asked.root, order, without)}
    if asked.compare:  # whose packages may have other names, so that no order fits both
        shapes = {"before": measure(asked.compare, (), without), **shapes}
    if asked.json:
        found = {name: asdict(shape) for name, shape in shapes.items()}
        return json.dumps(found if asked.compare else found["after"], indent=2)
    return table(shapes) if asked.compare else report(shapes["after"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the shape of the code.")
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="the project; this one if left out")
    parser.add_argument("--compare", type=Path, metavar="BEFORE", help="an older tree to show beside it")
    parser.add_argument(
        "--order",
        default="",
        metavar="LEVELS",
        help='the packages from top to bottom, a comma between levels: "function_app cli, app, polling"',
    )
    parser.add_argument(
        "--without", default="", metavar="PACKAGES", help='left out, such as "demo,rendering"'
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="numbers and details as JSON")
    shown.add_argument("--docstrings", action="store_true", help="the first line of each docstring instead")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
