"""`history` as an export: notifications or requests, of any span, for any spreadsheet."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maa_notify.cli.request_rows import REQUEST_COLUMNS
from maa_notify.cli.spreadsheet import cell
from maa_notify.domain.event import short_key
from tests.cli.conftest import Command
from tests.cli.test_who import completed
from tests.support.graph import FakeGraph
from tests.support.process import environment

NOW = datetime.now(UTC).replace(microsecond=0)


def day(ago: int) -> str:
    """The day so many days ago."""
    return f"{NOW - timedelta(days=ago):%Y-%m-%d}"


def test_there_is_a_row_for_each_request_with_all_its_times(command: Command, graph: FakeGraph) -> None:
    """By the time of filing, whatever was told of it and whether Graph still lists it."""
    graph.requests = [completed("LATER", days=2), completed("EARLIER", days=9)]
    command("poll")
    graph.requests = graph.requests[:1]
    command("poll")
    command("poll")

    rows = list(csv.DictReader(io.StringIO(command("history", "--requests").out)))

    assert [row["object"] for row in rows] == ["EARLIER", "LATER"]
    assert list(rows[0]) == list(REQUEST_COLUMNS)
    row = rows[1]
    filed = NOW - timedelta(days=2)
    assert (row["verb"], row["subject"], row["outcome"]) == ("wipe", "Wipe device LATER", "completed")
    assert (row["requestor"], row["approver"]) == ("mira.holt@contoso.com", "noor.haddad@contoso.com")
    assert row["filed_at"] == filed.isoformat()
    assert row["completed_at"] == row["closed_at"] == (filed + timedelta(hours=2)).isoformat()
    assert (row["total_s"], row["decision_s"], row["approved_at"]) == ("7200", "", "")


def test_requests_as_json_of_one_key(command: Command, graph: FakeGraph) -> None:
    """The keys are the columns."""
    graph.requests = [completed("ONE"), completed("TWO")]
    command("poll")
    key = short_key(graph.requests[1]["id"])

    [entry] = json.loads(command("history", "--requests", "--json", "--key", key).out)
    none = command("history", "--requests", "--json", "--key", "000000")

    assert entry["object"] == "TWO"
    assert list(entry) == list(REQUEST_COLUMNS)
    assert (none.code, json.loads(none.out)) == (1, [])


def test_a_span_holds_what_happened_in_it(command: Command, graph: FakeGraph) -> None:
    """For a request anything that happened to it, for a notification that it was told."""
    graph.requests = [completed("OLD", days=20), completed("NEW", days=3)]
    command("poll")
    graph.requests.append(completed("OPEN", days=40, status="needsApproval"))
    command("poll")

    def objects(*words: str) -> list[str]:
        return [each["object"] for each in json.loads(command("history", "--requests", "--json", *words).out)]

    told = [
        len(json.loads(command("history", "--json", *words).out))
        for words in (["--since", day(1)], ["--until", day(1)], ["--since", day(0), "--until", day(0)])
    ]

    assert objects("--since", day(4)) == ["NEW"]
    assert objects("--until", day(10)) == ["OPEN", "OLD"]
    assert objects("--since", day(21), "--until", day(20)) == ["OLD"]
    assert objects("--days", "4") == ["NEW"]
    assert told == [1, 0, 1]


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "ascii"])
def test_a_table_is_utf_8_whatever_the_terminal_has(
    settings: dict[str, str], graph: FakeGraph, tmp_path: Path, encoding: str
) -> None:
    """Escapes would be part of the names for a spreadsheet; JSON keeps its own."""
    graph.requests = [completed("Größe-日本")]
    given = environment({**settings, "PYTHONIOENCODING": encoding})

    def run(*words: str) -> bytes:
        done = subprocess.run(
            [sys.executable, "-m", "maa_notify", *words],
            env=given,
            cwd=tmp_path,
            capture_output=True,
            timeout=50,
            check=True,
        )
        return done.stdout

    run("poll")
    [row] = csv.DictReader(io.StringIO(run("history", "--requests").decode("utf-8")))
    [entry] = json.loads(run("history", "--requests", "--json"))

    assert row["object"] == entry["object"] == "Größe-日本"


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1"])
def test_no_cell_is_a_formula(value: str) -> None:
    """Also in full width."""
    assert cell(value) == f"'{value}"


def test_nor_is_a_part_of_one() -> None:
    """A spreadsheet may part cells by semicolons, and leave blanks out."""
    assert cell(" =1+1") == " '=1+1"
    assert cell("x;=1+1") == "x;'=1+1"


@pytest.mark.parametrize("value", ["", "LAPTOP-42", "a=b", "2026-03-15T10:00:00+00:00", "Größe", "'x"])
def test_any_other_cell_is_as_it_is(value: str) -> None:
    """An apostrophe more would be part of a name."""
    assert cell(value) == value


@pytest.mark.parametrize(
    "words",
    [
        ["--requests", "--destination", "ops"],
        ["--days", "3", "--since", "2026-01"],
        ["--since", "2026-02", "--until", "2026-01"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_a_wrong_argument(command: Command, words: list[str]) -> None:
    """With a sentence."""
    done = command("history", *words)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("maa-notify: ")
