"""The walks through the code lead along files and functions that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
STEPS = re.findall(r"`([a-z_]+/[a-z_]+\.py)::([\w.]+)`", PAGE)


@pytest.mark.parametrize("file,name", STEPS)
def test_each_step_of_a_walk_exists(file: str, name: str) -> None:
    """A newcomer who follows the page finds each function where the page says it is."""
    tree = ast.parse((ROOT / "maa_notify" / file).read_text(encoding="utf-8"))
    *classes, function = name.split(".")
    body = tree.body
    for each in classes:
        [found] = [node for node in body if isinstance(node, ast.ClassDef) and node.name == each]
        body = found.body

    kinds = (ast.FunctionDef, ast.ClassDef)
    assert function in {node.name for node in body if isinstance(node, kinds)}


def test_the_page_has_both_walks() -> None:
    """From Graph to a card, and from a second source to one."""
    assert len(STEPS) > 20
