"""Questions in words, as people write them to the bot."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.insight.phrases import asked_in, query_of, span_in
from maa_notify.insight.query import Query
from maa_notify.insight.span import ALWAYS, period

NOW = datetime(2026, 8, 18, 12, tzinfo=UTC)
TODAY = NOW.date()


def understood(text: str) -> Query | None:
    """What is looked for; None for a question that is not understood."""
    asked = asked_in(text.lower().split())
    return None if asked is None else query_of(asked, NOW, None)


@pytest.mark.parametrize(
    "text,wanted,verb,when",
    [
        ("approved LAPTOP-42 in march", "laptop-42", "", "2026-03"),
        ("approved LAPTOP-42 in march?", "laptop-42", "", "2026-03"),
        ("approved laptop-42", "laptop-42", "", None),
        ("deleted compliance baseline on 2026-03-15", "compliance baseline", "delete", "2026-03-15"),
        (
            "approved the deletion of our compliance baseline on march 15th",
            "compliance baseline",
            "delete",
            "2026-03-15",
        ),
        ("wiped laptop-42 in december", "laptop-42", "wipe", "2025-12"),
        ("asked for the wipe of laptop-42 on 15 march 2025", "laptop-42", "wipe", "2025-03-15"),
        ("changed windows on windows", "windows on windows", "update", None),
        ("approved may", "may", "", None),
        ("approved kiosk 2026-Q1", "kiosk", "", "2026-Q1"),
        ("approved kiosk in 2025", "kiosk", "", "2025"),
        ("approved “laptop 42” yesterday", "laptop 42", "", "2026-08-17"),
        ("approved laptop in the lab", "laptop in the lab", "", None),
    ],
)
def test_a_question_in_words(text: str, wanted: str, verb: str, when: str | None) -> None:
    """Object, verb and time are told apart; a time that names none belongs to the object."""
    assert understood(text) == Query(wanted, verb, span=period(when) if when else ALWAYS)


@pytest.mark.parametrize(
    "text", ["", "are you", "approved", "approved ?", "is laptop-42", "asked laptop-42", "deleted the"]
)
def test_what_is_not_understood_is_no_question(text: str) -> None:
    """Whoever writes it is helped."""
    assert understood(text) is None


@pytest.mark.parametrize(
    "text,start,end",
    [
        ("today", date(2026, 8, 18), date(2026, 8, 19)),
        ("last week", date(2026, 8, 10), date(2026, 8, 17)),
        ("this week", date(2026, 8, 17), date(2026, 8, 24)),
        ("this month", date(2026, 8, 1), date(2026, 8, 19)),
        ("last month", date(2026, 7, 1), date(2026, 8, 1)),
        ("this year", date(2026, 1, 1), date(2026, 8, 19)),
        ("aug", date(2026, 8, 1), date(2026, 9, 1)),
        ("sept.", date(2025, 9, 1), date(2025, 10, 1)),
        ("29 february 2024", date(2024, 2, 29), date(2024, 3, 1)),
    ],
)
def test_times_that_have_a_name(text: str, start: date, end: date) -> None:
    """Those without a year are the latest that have begun."""
    span = span_in(text.split(), TODAY, UTC)

    assert span is not None
    assert (span.start, span.end) == (
        datetime.combine(start, datetime.min.time(), UTC),
        datetime.combine(end, datetime.min.time(), UTC),
    )


@pytest.mark.parametrize("text", ["30 february", "march march", "15 15", "15", "20261", "march 2026 2025"])
def test_what_names_no_time(text: str) -> None:
    """Is no time."""
    assert span_in(text.split(), TODAY, UTC) is None


def test_days_are_those_of_the_people_who_ask() -> None:
    """It is tomorrow already in Auckland."""
    asked = asked_in(["approved", "laptop", "today"])
    assert asked is not None

    query = query_of(asked, NOW, ZoneInfo("Pacific/Auckland"))

    assert query.span.start == datetime(2026, 8, 18, 12, tzinfo=UTC)


@given(st.lists(st.text(), max_size=8))
def test_any_words_can_be_asked(words: list[str]) -> None:
    """Nothing that somebody types brings the bot down."""
    asked = asked_in(words)
    if asked is not None:
        query_of(asked, NOW, None)
