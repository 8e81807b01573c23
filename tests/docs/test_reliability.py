"""The pages that promise something name tests that exist."""

import re

import pytest

from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
PAGES = {"reliability.md": 40, "security.md": 20}
"""With the fewest tests that each must name."""


@pytest.mark.parametrize("name,fewest", PAGES.items())
def test_every_test_that_a_page_names_exists(name: str, fewest: int) -> None:
    """A promise without its test is a rumour."""
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", page)
    missing = [
        (file, test)
        for file, test in named
        if (f"def {test}(" if test else "") not in (ROOT / "tests" / file).read_text(encoding="utf-8")
    ]

    assert len(named) > fewest
    assert missing == []


def test_every_abbreviated_name_exists_too() -> None:
    """Where a row names a second test of the same file."""
    everything = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert [name for name in re.findall(r"`…::(\w+)`", PAGE) if f"def {name}(" not in everything] == []
