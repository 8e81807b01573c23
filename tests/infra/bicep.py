"""The templates as data: what each file declares, and which names it uses. No compiler is at hand."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_bicep
from pycep import BicepParser

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))
EXTENDED = INFRA / "graph" / "main.bicep"
"""The one file with an extension, which this grammar of tree-sitter does not know."""

_DECLARATIONS = {
    "parameter_declaration",
    "variable_declaration",
    "resource_declaration",
    "module_declaration",
    "output_declaration",
}
_KINDS = ("parameters", "variables", "resources", "modules", "outputs")
_LOOP_NAMES = {"loop_variable", "loop_enumerator"}


def label(path: Path) -> str:
    """A file's name in test reports."""
    return path.relative_to(INFRA).as_posix()


@cache
def declared(path: Path) -> dict[str, Any]:
    """What a file declares, by kind and name. Symbols and strings look alike in it."""
    content: Mapping[str, Any] = BicepParser().parse(text=path.read_text(encoding="utf-8"))
    return {kind: content.get(kind) or {} for kind in _KINDS}


def decorator(declaration: dict[str, Any], name: str) -> Any:
    """The argument of a decorator, or None."""
    return next((each["argument"] for each in declaration["decorators"] if each["type"] == name), None)


def config(declaration: dict[str, Any]) -> dict[str, Any]:
    """The body of a resource or module, with or without a condition."""
    body: dict[str, Any] = declaration["config"]
    return body["config"] if "condition" in body else body


def is_secure(parameter: dict[str, Any]) -> bool:
    """Whether a parameter is kept out of logs and history."""
    return any(each["type"] == "secure" for each in parameter["decorators"])


def outputs_used(path: Path) -> set[tuple[str, str]]:
    """Every `module.outputs.name` of a file."""
    found = re.findall(r"\b(\w+)!?\.outputs\.(\w+)", path.read_text(encoding="utf-8"))
    return {(module, output) for module, output in found}


@cache
def tree(path: Path) -> tree_sitter.Tree:
    """The syntax tree of a file."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
    return parser.parse(path.read_bytes())


def names_used(path: Path) -> set[str]:
    """Every symbol that an expression of a file refers to, but functions."""
    return {_text(node) for node in _nodes(tree(path).root_node) if _is_reference(node)}


def names_known(path: Path) -> set[str]:
    """Every symbol that a file declares, and the variables of its loops."""
    nodes = [node for node in _nodes(tree(path).root_node) if node.parent is not None]
    return {_text(node) for node in nodes if _is_declared(node) or _is_of_loop(node)}


def _nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def _is_declared(node: tree_sitter.Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type in _DECLARATIONS and node == parent.named_child(0)


def _is_of_loop(node: tree_sitter.Node) -> bool:
    if node.type in _LOOP_NAMES:
        return True
    parent = node.parent
    return parent is not None and node == parent.child_by_field_name("initializer")


def _is_reference(node: tree_sitter.Node) -> bool:
    parent = node.parent
    if node.type != "identifier" or parent is None:
        return False
    is_key = parent.type == "object_property" and node == parent.named_child(0)
    is_function = node == parent.child_by_field_name("function")
    return not (is_key or is_function or _is_declared(node) or _is_of_loop(node))
