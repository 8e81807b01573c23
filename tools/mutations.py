"""The mutants of a module: each is its text with one small fault, as somebody might write it by mistake.

Left alone are annotations, decorators, what log lines say, f-strings and protocols, since a change there is
no other behaviour or cannot be seen from a test of behaviour.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
}
_TWINS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault in one module.

    Attributes:
        path: of the module, from the root of the project, with slashes.
        kind: of the fault, in a word or three.
        line: where it begins.
        before: the lines of code that change, without indentation.
        after: the same lines with the fault; it and `before` name the mutant wherever its lines move to.
        text: the whole module with the fault.
    """

    path: str
    kind: str
    line: int
    before: str
    after: str
    text: str


@dataclass(frozen=True, slots=True)
class _Edit:
    """A change of one kind: the text `new` in place of a node."""

    kind: str
    node: ast.expr | ast.stmt | ast.keyword
    new: str


class _Source:
    """The text of a module and the places of its nodes in it, in bytes, as `ast` counts them."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        lines = self.data.splitlines(keepends=True)
        self._starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """The first byte of a node and the one behind its last."""
        first = self._starts[node.lineno - 1] + node.col_offset
        return first, self._starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    def of(self, node: ast.expr) -> str:
        """The text of a node."""
        first, end = self.span(node)
        return self.data[first:end].decode()


def mutants_of(path: str, text: str) -> list[Mutant]:
    """All mutants of a module, in the order of its lines; `path` and `text` are those of the module."""
    source = _Source(text)
    found = (_mutant(path, source, edit) for edit in _edits(ast.parse(text), source))
    once = {mutant.text: mutant for mutant in found if mutant is not None}
    return sorted(once.values(), key=lambda each: each.line)


def _mutant(path: str, source: _Source, edit: _Edit) -> Mutant | None:
    """The mutant of an edit; None if that makes no Python."""
    first, end = source.span(edit.node)
    text = (source.data[:first] + edit.new.encode() + source.data[end:]).decode()
    try:
        ast.parse(text)
    except SyntaxError:
        return None
    before, after = _changed_lines(source.data.decode(), text)
    return Mutant(path, edit.kind, edit.node.lineno, before, after, text)


def _changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines that differ, each text on one line."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return re.sub(r"\s+", " ", " ".join(old)).strip(), re.sub(r"\s+", " ", " ".join(new)).strip()


def _edits(tree: ast.Module, source: _Source) -> Iterator[_Edit]:
    for node in _live_nodes(tree):
        match node:
            case ast.Constant(value=bool()):
                yield _Edit("bool", node, str(not node.value))
            case ast.Constant(value=int() | float() as number):
                yield _Edit("number", node, repr(number + 1))
            case ast.Compare(ops=[operator], left=left, comparators=[right]):
                yield _between(_COMPARISONS[type(operator)], source, node, left, right)
            case ast.BinOp(op=operator, left=left, right=right) if type(operator) in _ARITHMETIC:
                yield _between(_ARITHMETIC[type(operator)], source, node, left, right)
            case ast.expr():
                yield from _of_expression(node, source)
            case ast.stmt():
                yield from _of_statement(node)
            case ast.comprehension():
                yield from (_Edit("filter dropped", each, "True") for each in node.ifs)
            case _:
                pass


def _between(
    operators: tuple[str, str], source: _Source, node: ast.expr, left: ast.expr, right: ast.expr
) -> _Edit:
    """The edit that puts another operator between two operands, with the parentheses that stand there."""
    old, new = operators
    first, end = source.span(node)
    (_, left_end), (right_first, _) = source.span(left), source.span(right)
    gap = source.data[left_end:right_first].decode()
    # What is left of the gap without its operator are parentheses of the operands and line breaks.
    closing, opening = gap[: len(gap) - len(gap.lstrip(" )\n"))], gap[len(gap.rstrip(" (\n")) :]
    text = source.data[first:left_end].decode() + f"{closing} {new} {opening}"
    return _Edit(f"{new} for {old}", node, text + source.data[right_first:end].decode())


def _of_expression(node: ast.expr, source: _Source) -> Iterator[_Edit]:
    match node:
        case ast.BoolOp(op=operator, values=values):
            word = " and " if isinstance(operator, ast.And) else " or "
            for number in range(len(values)):
                left = [f"({source.of(each)})" for each in values[:number] + values[number + 1 :]]
                yield _Edit(f"operand {number + 1} dropped", node, f"({word.join(left)})")
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _Edit("not dropped", node, f"({source.of(operand)})")
        case ast.IfExp(body=body, orelse=orelse):
            yield _Edit("always the first", node, f"({source.of(body)})")
            yield _Edit("always the second", node, f"({source.of(orelse)})")
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper)) if lower or upper:
            yield _Edit("slice widened", node, f"{source.of(value)}[:]")
        case ast.Call(func=ast.Name(id=name)) if name in _TWINS:
            yield _Edit(f"{_TWINS[name]} for {name}", node.func, _TWINS[name])
        case ast.Starred(ctx=ast.Load()):
            yield _Edit("starred dropped", node, "*()")
        case _:
            pass
    if isinstance(node, ast.Call):
        # In its place stands what adds nothing, so that no comma is left over.
        yield from (_Edit("keyword dropped", each, "**{}") for each in node.keywords if each.arg is not None)


def _of_statement(node: ast.stmt) -> Iterator[_Edit]:
    match node:
        case ast.If(test=test):
            yield _Edit("condition true", test, "True")
            yield _Edit("condition false", test, "False")
        case ast.While(test=test):
            yield _Edit("condition false", test, "False")
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.AugAssign() | ast.Delete():
            yield _Edit("statement removed", node, "pass")
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield _Edit("statement removed", node, "pass")
        case _:
            pass


def _live_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it whose change is another behaviour."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in _LEFT_ALONE.get(type(node), ()):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_left_alone(child):
                yield from _live_nodes(child)


_OF_FUNCTIONS = frozenset({"decorator_list", "returns"})
_LEFT_ALONE: dict[type[ast.AST], frozenset[str]] = {
    ast.FunctionDef: _OF_FUNCTIONS,
    ast.ClassDef: frozenset({"decorator_list", "bases", "keywords"}),
    ast.arg: frozenset({"annotation"}),
    ast.AnnAssign: frozenset({"annotation"}),
}


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.ClassDef(bases=bases):
            return any(isinstance(each, ast.Name) and each.id == "Protocol" for each in bases)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="_LOG")))):
            return True
        case _:
            return False
