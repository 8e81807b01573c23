"""docs/reliability.md names tests that exist."""

import re

from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_exists() -> None:
    """A promise without its test is a rumour."""
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", PAGE)
    missing = [
        (file, test)
        for file, test in named
        if test not in (ROOT / "tests" / file).read_text(encoding="utf-8")
    ]

    assert len(named) > 40
    assert missing == []


def test_every_abbreviated_name_exists_too() -> None:
    """Where a row names a second test of the same file."""
    everything = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert [name for name in re.findall(r"`…::(\w+)`", PAGE) if f"def {name}(" not in everything] == []
