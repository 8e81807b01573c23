"""docs/posture.md says what the checks are, word by word, since that part is written from them."""

from pathlib import Path

from maa_notify.domain.capabilities import APPROVERS, POSTURE
from maa_notify.insight.posture.checks import CHECKS
from maa_notify.insight.posture.verdict import Verdict
from tools.posture_docs import PAGE, generated, written_anew

ROOT = Path(__file__).parents[2]
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_as_the_checks_are() -> None:
    """To write it anew: `.venv/bin/python tools/posture_docs.py`."""
    assert generated() in TEXT
    assert written_anew(TEXT) == TEXT


def test_every_verdict_is_explained() -> None:
    """And no other."""
    table = TEXT.partition("## Verdicts")[2].partition("\n## ")[0]
    words = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]

    assert words == list(Verdict)


def test_the_table_beside_others_has_a_row_for_each_check() -> None:
    """In their order, with a cell for each of the four."""
    table = TEXT.partition("## Beside others")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| P")]

    assert [row[1].split()[0] for row in rows] == [check.id for check in CHECKS]
    assert {len(row) for row in rows} == {8}
    assert all(cell.strip() for row in rows for cell in row[1:-1])


def test_the_permissions_of_all_checks_are_those_of_two_capabilities() -> None:
    """What is granted for them is all that they need, and nothing more."""
    needed = {each for check in CHECKS for each in check.permissions}

    assert needed == {each.name for one in (APPROVERS, POSTURE) for each in one.permissions}
    table = TEXT.partition("## Permissions")[2].partition("\n## ")[0]
    assert {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")} == needed


def test_every_check_says_all_that_a_person_needs() -> None:
    """Why, how to mend it, and where the rule comes from, in whole sentences."""
    for check in CHECKS:
        assert check.why.endswith(".")
        assert check.mend
        assert check.source
        assert check.permissions
