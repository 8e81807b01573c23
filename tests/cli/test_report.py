"""`report`: the figures as text, JSON and a page."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_who import completed
from tests.support.graph import FakeGraph

NOW = datetime.now(UTC)
SINCE = ["--since", f"{NOW - timedelta(days=20):%Y-%m-%d}"]


@pytest.fixture(autouse=True)
def requests(command: Command, graph: FakeGraph) -> None:
    """Three requests that a poll has seen, one of them long ago."""
    graph.requests = [completed("ONE"), completed("TWO", status="rejected"), completed("OLD", days=60)]
    command("poll")


def test_as_json(command: Command) -> None:
    """For scripts, of the span that is asked for."""
    done = command("report", *SINCE, "--json")
    told = json.loads(done.out)

    assert done.code == 0
    assert (told["requests"], told["outcomes"]) == (2, {"completed": 1, "rejected": 1})
    assert [each["name"] for each in told["approvers"]] == ["noor.haddad@contoso.com"]
    assert told["decision"]["median_s"] == 7200


def test_as_text(command: Command) -> None:
    """With what is worth a look."""
    done = command("report", *SINCE)

    assert done.code == 0
    assert ": 2 requests" in done.out
    assert "mira.holt@contoso.com: 2" in done.out
    assert "Nothing stands out." in done.out


def test_without_names(command: Command, tmp_path: Path) -> None:
    """In each of the three forms."""
    told = [command("report", *SINCE, "--no-names", *form).out for form in ([], ["--json"])]
    command("report", *SINCE, "--no-names", "--html", "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert not any(name in each.lower() for each in (*told, page) for name in ("mira", "noor"))
    assert "Approver 1" in told[0]
    assert "Approver 1" in page


def test_as_a_page(command: Command, tmp_path: Path) -> None:
    """One file, and nothing on the terminal unless JSON is wanted, too."""
    done = command("report", *SINCE, "--html", "report.html", MAA_TENANT_NAME="Contoso")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert (done.code, done.out) == (0, "")
    assert page.startswith("<!doctype html>")
    assert "Contoso" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_month_is_one_of_the_display_time_zone(command: Command) -> None:
    """And the last one is meant where nothing is said."""
    old = NOW - timedelta(days=60)
    month = json.loads(command("report", "--month", f"{old:%Y-%m}", "--json").out)
    last = json.loads(command("report", "--json", MAA_TIME_ZONE="Asia/Tokyo").out)

    assert month["requests"] >= 1
    assert last["since"].endswith("T15:00:00Z")


@pytest.mark.parametrize(
    "words",
    [
        ["--month", "march"],
        ["--month", "2026-01", "--since", "2026-01"],
        ["--since", "2026", "--until", "2025"],
    ],
)
def test_a_span_that_cannot_be_meant(command: Command, words: list[str]) -> None:
    """Is a wrong argument."""
    done = command("report", *words)

    assert done.code == 2
    assert "Traceback" not in done.err


def test_a_page_that_cannot_be_written(command: Command) -> None:
    """Gets a sentence."""
    done = command("report", *SINCE, "--html", "no/such/folder/report.html")

    assert done.code == 1
    assert "cannot be written" in done.err
