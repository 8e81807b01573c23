"""The figures of a report, held against SQL over the same requests and against small cases by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maa_notify.cli.request_rows import request_row
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Step
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import ApprovalRequest, Identity
from maa_notify.insight import wording
from maa_notify.insight.figures import Figures, figures, quantile
from maa_notify.insight.hours import seconds_in_hours
from maa_notify.insight.span import ALWAYS, period
from tests.insight.samples import NOW, person, request_records

MIRA, JONAS, NOOR = (person(number) for number in range(3))
MONDAY = datetime(2026, 8, 17, 9, 0, tzinfo=UTC)
QUARTER = period("2026-Q2")

Query = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def found() -> Figures:
    """The figures of one quarter out of a year."""
    return figures(request_records(4_000), QUARTER, NOW, None)


@pytest.fixture(scope="module")
def sql() -> Iterator[Query]:
    """The requests of that quarter as a table, made of the rows that `history --requests` prints."""
    rows = [request_row(each) for each in request_records(4_000)]
    with duckdb.connect() as connection:
        names = list(rows[0])
        connection.execute(f"CREATE TABLE export ({', '.join(f'{name} VARCHAR' for name in names)})")
        marks, values = ", ".join("?" for _ in names), [list(row.values()) for row in rows]
        connection.executemany(f"INSERT INTO export VALUES ({marks})", values)  # noqa: S608 - question marks
        connection.execute(
            """
            CREATE TABLE requests AS
            SELECT *,
                CASE WHEN policy_types = '' THEN 'unknown' ELSE split_part(policy_types, ' ', 1) END AS kind,
                approved_at <> '' OR rejected_at <> '' AS is_decided,
                TRY_CAST(decision_s AS INTEGER) AS wait, TRY_CAST(completion_s AS INTEGER) AS completion
            FROM export
            WHERE CAST(filed_at AS TIMESTAMPTZ) >= TIMESTAMPTZ '2026-04-01 00:00:00+00'
                AND CAST(filed_at AS TIMESTAMPTZ) < TIMESTAMPTZ '2026-07-01 00:00:00+00'
            """
        )
        yield connection


def one(sql: Query, question: str) -> Any:
    """The one value that answers."""
    row = sql.execute(question).fetchone()
    assert row is not None
    return row[0]


def counts(sql: Query, question: str) -> dict[str, int]:
    """The counts by the word in the first column."""
    return {str(name): number for name, number in sql.execute(question).fetchall()}


def test_counts_are_those_of_sql(found: Figures, sql: Query) -> None:
    """Of all requests, by outcome and by type, and of what is worth a look."""
    assert found.requests == one(sql, "SELECT count(*) FROM requests") > 800
    assert found.outcomes == counts(sql, "SELECT outcome, count(*) FROM requests GROUP BY ALL")
    by_type = sql.execute("SELECT kind, outcome, count(*) FROM requests GROUP BY ALL").fetchall()
    assert {(kind, *each) for kind, outcomes in found.types.items() for each in outcomes.items()} == set(
        by_type
    )
    assert found.expired_undecided == one(
        sql, "SELECT count(*) FROM requests WHERE outcome = 'expired' AND NOT is_decided"
    )
    assert found.hasty_approvals == one(
        sql, "SELECT count(*) FROM requests WHERE approved_at <> '' AND wait <= 60"
    )
    assert found.by_applications == one(
        sql, "SELECT count(*) FROM requests WHERE requestor_kind = 'application'"
    )
    assert (found.reminded, found.reminders) == (
        one(sql, "SELECT count(*) FROM requests WHERE reminders::INTEGER > 0"),
        one(sql, "SELECT sum(reminders::INTEGER) FROM requests"),
    )


def test_times_are_those_of_sql(found: Figures, sql: Query) -> None:
    """Median and 90th percentile, and the groups of the chart."""
    for told, name in ((found.decision, "wait"), (found.completion, "completion")):
        assert told.count == one(sql, f"SELECT count({name}) FROM requests")  # noqa: S608 - a word of ours
        assert told.median_s == pytest.approx(one(sql, f"SELECT quantile_cont({name}, 0.5) FROM requests"))  # noqa: S608
        assert told.p90_s == pytest.approx(one(sql, f"SELECT quantile_cont({name}, 0.9) FROM requests"))  # noqa: S608
    assert found.waits == counts(
        sql,
        """
        SELECT CASE WHEN wait <= 300 THEN '5 min' WHEN wait <= 3600 THEN '1 h' WHEN wait <= 14400 THEN '4 h'
            WHEN wait <= 86400 THEN '1 d' WHEN wait <= 259200 THEN '3 d' ELSE 'longer' END, count(*)
        FROM requests WHERE wait IS NOT NULL GROUP BY ALL
        """,
    ) | {each: 0 for each, count in found.waits.items() if count == 0}


def test_people_are_those_of_sql(found: Figures, sql: Query) -> None:
    """Who decided and who asked, how often, and how long it took."""
    approvers = sql.execute(
        "SELECT approver, count(*), quantile_cont(wait, 0.5) FROM requests WHERE is_decided GROUP BY ALL"
    ).fetchall()
    requestors = counts(sql, "SELECT requestor, count(*) FROM requests GROUP BY ALL")

    assert {(each.name, each.count, each.decision.median_s) for each in found.approvers} == set(approvers)
    assert {each.name: each.count for each in found.requestors} == requestors
    assert [each.count for each in found.approvers] == sorted(
        (each.count for each in found.approvers), reverse=True
    )
    assert found.top_approver_share == pytest.approx(
        max(number for _, number, _ in approvers) / sum(number for _, number, _ in approvers)
    )
    assert [each.name for each in found.requestors if each.is_application] == ["fabrikam-release"]


def test_periods_are_those_of_sql(found: Figures, sql: Query) -> None:
    """A quarter is shown in weeks, which begin on Mondays."""
    monday = "date_trunc('week', CAST(filed_at[:19] AS TIMESTAMP))::DATE"
    weeks = counts(sql, f"SELECT {monday}, count(*) FROM requests GROUP BY ALL")  # noqa: S608 - words of ours

    assert found.period == "week"
    assert {each.first_day: sum(each.outcomes.values()) for each in found.periods} == weeks


def test_pairs_that_only_decide_each_other_are_those_of_sql(sql: Query) -> None:
    """Neither has requests that somebody else decided."""
    records = [each for each in request_records(4_000) if not each.request.is_filed_by_application]
    mutual = [
        each
        for each in records
        if (each.request.requestor.name in {"Ana Ruiz", "Priya Nair"})
        or each.approver.name not in {"Ana Ruiz", "Priya Nair"}
    ]

    [pair] = figures(mutual, QUARTER, NOW, None).pairs

    asked = "SELECT count(*) FROM requests WHERE is_decided AND requestor_kind = 'user' AND requestor = '{}'"
    assert pair.names == ("ana.ruiz@contoso.com", "priya.nair@contoso.com")
    assert pair.counts == tuple(one(sql, asked.format(name)) for name in pair.names)


def decided(
    asker: Identity,
    approver: Identity,
    *,
    after: timedelta = timedelta(hours=1),
    at: datetime = MONDAY,
    **changes: Any,
) -> RequestRecord:
    """A request that was approved."""
    request = ApprovalRequest(
        f"{asker.name}-{at}", "approved", ("app",), at, requestor=asker, approver=approver
    )
    steps = (Step("approved", at + after, approver),)
    return RequestRecord(RequestState(replace(request, **changes), 2, steps=steps))


def told(*records: RequestRecord, **options: Any) -> Figures:
    """The figures of a few requests."""
    return figures(records, ALWAYS, NOW, None, **options)


def test_nothing_makes_an_empty_report() -> None:
    """No division by nothing."""
    found = told()

    assert (found.requests, found.decision.median_s, found.top_approver_share, found.periods) == (
        0,
        None,
        None,
        [],
    )
    assert wording.remarks(found) == []


def test_whoever_approves_his_own_request_is_noticed() -> None:
    """It should not be possible, and it was seen."""
    assert told(decided(MIRA, MIRA), decided(MIRA, NOOR)).own_approvals == 1
    assert "1 request was decided by whoever asked." in wording.remarks(told(decided(MIRA, MIRA)))


def test_a_type_that_depends_on_one_person_is_noticed() -> None:
    """From three decisions on."""
    records = [decided(MIRA, NOOR, at=MONDAY + timedelta(days=each)) for each in range(3)]

    assert told(*records).one_person_types == {"app": 3}
    assert told(*records[:2]).one_person_types == {}
    assert told(*records, decided(MIRA, JONAS)).one_person_types == {}


def test_names_can_be_left_out() -> None:
    """From figures, sentences and pairs alike; the counts stay."""
    records = [decided(MIRA, NOOR), decided(NOOR, MIRA), decided(MIRA, NOOR, after=timedelta(seconds=9))]
    named, nameless = told(*records), told(*records, names=False)

    assert "mira.holt" in str(named)
    assert not any(name in str(nameless).lower() for name in ("mira", "noor", "holt", "haddad"))
    assert not any(name in str(wording.remarks(nameless)).lower() for name in ("mira", "noor"))
    assert [each.count for each in nameless.approvers] == [each.count for each in named.approvers]


def test_an_open_request_waits_until_now_and_one_that_vanished_does_not() -> None:
    """Nobody knows when that one ended."""
    waiting = RequestRecord(
        RequestState(ApprovalRequest("1", "needsApproval", ("app",), NOW - timedelta(hours=30)))
    )
    gone = replace(waiting, is_listed=False)

    total = [each.waiting_in_hours_s + each.waiting_out_of_hours_s for each in (told(waiting), told(gone))]

    assert total == [30 * 3600, 0]
    assert told(gone).outcomes == {"noLongerListed": 1}


@pytest.mark.parametrize(
    "start,hours,inside",
    [
        (MONDAY, 1, 1),
        (MONDAY.replace(hour=7), 2, 1),
        (MONDAY.replace(hour=17), 2, 1),
        (MONDAY, 24, 10),
        (MONDAY - timedelta(days=2), 24, 0),
        (MONDAY - timedelta(days=3), 72, 10),
        (MONDAY, 24 * 7, 50),
    ],
)
def test_working_hours(start: datetime, hours: int, inside: int) -> None:
    """Nights and weekends are nobody's working time."""
    assert seconds_in_hours(start, start + timedelta(hours=hours), UTC) == inside * 3600


def test_working_hours_are_those_of_the_display_time_zone() -> None:
    """Nine o'clock in UTC is evening in Auckland; and a day on which clocks change has as many of them."""
    auckland, berlin = ZoneInfo("Pacific/Auckland"), ZoneInfo("Europe/Berlin")
    spring = datetime(2026, 3, 27, 12, tzinfo=UTC)

    assert seconds_in_hours(MONDAY, MONDAY + timedelta(hours=1), auckland) == 0
    assert seconds_in_hours(spring, spring + timedelta(days=3), berlin) == (5 + 6) * 3600


@given(st.lists(st.integers(0, 10**7), min_size=1), st.floats(0, 1))
def test_a_quantile_lies_among_its_values(lengths: list[int], share: float) -> None:
    """And its ends are the least and the most."""
    found = quantile(lengths, share)

    assert found is not None
    assert min(lengths) <= found <= max(lengths)
    assert (quantile(lengths, 0), quantile(lengths, 1)) == (min(lengths), max(lengths))
