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
                approved_at <> '' OR rejected_at <> '' OR outcome IN ('approved', 'completed', 'rejected')
                    OR approver <> '' AS is_decided,
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
        sql,
        """
        SELECT count(*) FROM requests WHERE date_diff('second', CAST(filed_at AS TIMESTAMPTZ),
            CAST(nullif(coalesce(nullif(approved_at, ''), completed_at), '') AS TIMESTAMPTZ)) BETWEEN 0 AND 60
        """,
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


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_waiting_in_and_out_of_hours_is_that_of_sql(zone: str) -> None:
    """Counted minute by minute, in a span in which clocks change."""
    span = period("2026-03", ZoneInfo(zone))
    records = [each for each in request_records(4_000, seed=7) if span.holds(each.filed_at or NOW)]
    found = figures(records, span, NOW, ZoneInfo(zone))
    waits = [
        (each.filed_at, each.decided_at or each.closed_at or (NOW if each.is_listed else each.filed_at))
        for each in records
    ]

    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE waits (start TIMESTAMPTZ, stop TIMESTAMPTZ)")
        connection.executemany("INSERT INTO waits VALUES (?, ?)", waits)
        inside, total = connection.execute(
            """
            WITH minutes AS (
                SELECT minute, timezone(?, minute) AS here
                FROM range(TIMESTAMPTZ '2026-02-27 00:00:00+00', TIMESTAMPTZ '2027-01-02 00:00:00+00',
                    INTERVAL 1 MINUTE) AS all_minutes(minute)
            ), working AS (
                SELECT minute FROM minutes WHERE isodow(here) <= 5 AND hour(here) >= 8 AND hour(here) < 18
            )
            SELECT
                (SELECT sum(epoch(least(stop, minute + INTERVAL 1 MINUTE)) - epoch(greatest(start, minute)))
                    FROM waits JOIN working ON minute < stop AND minute + INTERVAL 1 MINUTE > start),
                (SELECT sum(epoch(stop) - epoch(start)) FROM waits)
            """,
            [zone],
        ).fetchone() or (0, 0)

    assert len(records) > 200
    assert found.waiting_in_hours_s == pytest.approx(inside)
    assert found.waiting_in_hours_s + found.waiting_out_of_hours_s == pytest.approx(total)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 11])
def test_few_lengths_have_the_median_and_the_percentile_of_sql(count: int) -> None:
    """Where a quantile falls between two, or on the only one."""
    lengths = [7 * number * number for number in range(count)]
    with duckdb.connect() as connection:
        told = connection.execute(
            "SELECT quantile_cont(length, 0.5), quantile_cont(length, 0.9) FROM unnest(?) AS all_of(length)",
            [lengths],
        ).fetchone()

    assert told == pytest.approx((quantile(lengths, 0.5), quantile(lengths, 0.9)))


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


def unseen(status: str, approver: Identity, **changes: Any) -> RequestRecord:
    """A request that no poll saw before it had this status, two hours after its filing."""
    request = ApprovalRequest(
        "unseen", status, ("app",), MONDAY, modified_at=MONDAY + timedelta(hours=2), approver=approver
    )
    steps = (Step(status, MONDAY + timedelta(hours=2), Identity()),)
    return RequestRecord(RequestState(replace(request, requestor=MIRA, **changes), 1, steps=steps))


def test_a_decision_that_no_poll_saw_counts_all_the_same() -> None:
    """Graph names who approved what was completed since; when, and for how long it waited, nobody knows."""
    found = told(unseen("completed", NOOR), unseen("expired", NOOR), unseen("completed", MIRA))

    assert (found.decisions, found.decision.count, found.expired_undecided) == (3, 0, 0)
    assert [(each.name, each.count) for each in found.approvers] == [
        ("noor.haddad@contoso.com", 2),
        ("mira.holt@contoso.com", 1),
    ]
    assert found.own_approvals == 1
    assert found.waiting_in_hours_s + found.waiting_out_of_hours_s == 0
    assert wording.decision_times(found) == "no poll saw when 3 decisions came"


def test_what_was_completed_within_a_minute_was_approved_within_one() -> None:
    """Faster than polls look."""
    at = MONDAY + timedelta(seconds=50)
    fast = replace(unseen("completed", NOOR), state=replace(unseen("completed", NOOR).state, steps=()))
    request = replace(fast.request, modified_at=at)

    assert told(replace(fast, state=replace(fast.state, request=request))).hasty_approvals == 1
    assert told(unseen("completed", NOOR)).hasty_approvals == 0


def test_an_approval_by_an_application_is_noticed() -> None:
    """None should be."""
    robot = Identity("application", "fabrikam-release", id="2c92")
    found = told(decided(MIRA, robot))

    assert found.decided_by_applications == 1
    assert "1 request was decided by an application, not by a person." in wording.remarks(found)
    assert [(each.name, each.is_application) for each in found.approvers] == [("fabrikam-release", True)]


def test_whoever_decided_first_counts_as_one_who_decided() -> None:
    """A second approver does not hide that the first one was the requestor."""
    twice = decided(MIRA, NOOR)
    steps = (Step("approved", MONDAY, MIRA), *twice.state.steps)

    assert told(replace(twice, state=replace(twice.state, steps=steps))).own_approvals == 1


def test_one_person_is_one_whatever_graph_tells_of_him() -> None:
    """An id now, an account then, both at another time; an account may change."""
    whole = Identity("user", "Mira Holt", "mira.holt@contoso.com", "A1F4")
    forms = [
        whole,
        replace(whole, upn=""),
        replace(whole, id="", upn="Mira.Holt@contoso.com"),
        Identity("user", id="a1f4"),
    ]
    found = told(
        *(decided(each, NOOR, at=MONDAY + timedelta(days=day)) for day, each in enumerate(forms)),
        decided(NOOR, forms[1]),
        decided(forms[2], forms[3]),
    )

    assert [(each.name, each.count) for each in found.requestors] == [
        ("mira.holt@contoso.com", 5),
        ("noor.haddad@contoso.com", 1),
    ]
    assert found.own_approvals == 1


def test_two_who_share_a_name_are_two() -> None:
    """By their ids; and an application is no person of its name."""
    one, other = (Identity("user", "Max Weber", id=each) for each in ("1", "2"))
    found = told(
        decided(MIRA, one),
        decided(MIRA, other),
        decided(MIRA, other),
        decided(MIRA, Identity("application", "mira.holt@contoso.com")),
    )

    assert [(each.name, each.is_application, each.count) for each in found.approvers] == [
        ("Max Weber", False, 2),
        ("Max Weber", False, 1),
        ("mira.holt@contoso.com", True, 1),
    ]
    assert found.one_person_types == {}
    assert found.own_approvals == 0
    assert not any(each.is_application for each in found.requestors)


def test_names_and_words_of_others_hold_no_escapes() -> None:
    """They are read on terminals, also as JSON."""
    evil = Identity("user", "Ev\u009b31mil\u202e", "ev\u009b2J@contoso.com", "e1")
    found = told(decided(evil, NOOR, status="odd\u009b", policy_types=("app\u009b",)), decided(NOOR, evil))

    assert not {"\u009b", "\u202e"}.intersection(str(found) + str(wording.remarks(found)))
    assert found.pairs[0].names == ("ev 2j@contoso.com", "noor.haddad@contoso.com")


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
