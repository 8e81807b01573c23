"""Questions in words, as people write them to the bot."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.insight.phrases import asked_in, query_of, readings_of
from maa_notify.insight.query import Query
from maa_notify.insight.span import ALWAYS, period
from maa_notify.insight.when import span_in

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
        ("has approved laptop-42", "laptop-42", "", None),
        ("did approve laptop-42?", "laptop-42", "", None),
        ("rejected the request to wipe laptop-42", "laptop-42", "wipe", None),
        ("requested the deletion of the baseline", "baseline", "delete", None),
        ("asked to wipe laptop-42", "laptop-42", "wipe", None),
        ("approved deleting the baseline in march", "baseline", "delete", "2026-03"),
        ("approved the request for laptop-42", "laptop-42", "", None),
        ("modified `VPN profile` on 15.03.2026", "vpn profile", "update", "2026-03-15"),
        ("approved laptop-42 on the 15th of march", "laptop-42", "", "2026-03-15"),
        ("approved laptop-42 on 3/15/2026", "laptop-42", "", "2026-03-15"),
        ("approved laptop-42 in q1", "laptop-42", "", "2026-Q1"),
        ("approved laptop-42 last year", "laptop-42", "", "2025"),
        ("approved laptop-42 on march 15, 2026", "laptop-42", "", "2026-03-15"),
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
        ("29 february", date(2024, 2, 29), date(2024, 3, 1)),
        ("last quarter", date(2026, 4, 1), date(2026, 7, 1)),
        ("q4", date(2025, 10, 1), date(2026, 1, 1)),
        ("2025 q3", date(2025, 7, 1), date(2025, 10, 1)),
        ("monday", date(2026, 8, 17), date(2026, 8, 18)),
        ("tuesday", date(2026, 8, 18), date(2026, 8, 19)),
        ("last tuesday", date(2026, 8, 11), date(2026, 8, 12)),
        ("3 weeks ago", date(2026, 7, 28), date(2026, 7, 29)),
        ("last 30 days", date(2026, 7, 20), date(2026, 8, 19)),
        ("past week", date(2026, 8, 12), date(2026, 8, 19)),
        ("between march and may", date(2026, 3, 1), date(2026, 6, 1)),
        ("from 2026-01-05 to yesterday", date(2026, 1, 5), date(2026, 8, 18)),
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


@pytest.mark.parametrize(
    "text,start,end",
    [
        ("since march", date(2026, 3, 1), None),
        ("after last week", date(2026, 8, 17), None),
        ("before 2026-03-15", None, date(2026, 3, 15)),
        ("until march", None, date(2026, 4, 1)),
    ],
)
def test_times_with_one_end(text: str, start: date | None, end: date | None) -> None:
    """The other end is any time."""
    span = span_in(text.split(), TODAY, UTC)

    assert span is not None
    assert [each and each.date() for each in (span.start, span.end)] == [start, end]


@pytest.mark.parametrize(
    "text", ["03/04/2026", "between may and march", "0 days ago", "1.2.3", "10.0.19045", "since"]
)
def test_what_may_be_two_times_is_none(text: str) -> None:
    """Nobody guesses which of two numbers is the month; versions are no dates."""
    assert span_in(text.split(), TODAY, UTC) is None


@pytest.mark.parametrize("text", ["30 february", "march march", "15 15", "15", "20261", "march 2026 2025"])
def test_what_names_no_time(text: str) -> None:
    """Is no time."""
    assert span_in(text.split(), TODAY, UTC) is None


def readings(text: str) -> list[Query]:
    """All that a question may look for."""
    asked = asked_in(text.lower().split())
    return [] if asked is None else list(readings_of(asked, NOW, None))


@pytest.mark.parametrize(
    "text,name,verb",
    [
        ("deleted office 2021", "office 2021", "delete"),
        ("approved update rings", "update rings", ""),
        ("approved the laptop-42 wipe", "laptop-42", "wipe"),
        ("approved laptop-42's wipe", "laptop-42", "wipe"),
        ("approved windows update", "windows update", ""),
        ("approved windows baseline march", "windows baseline march", ""),
    ],
)
def test_a_name_may_hold_what_could_be_a_time_or_a_verb(text: str, name: str, verb: str) -> None:
    """Both are looked for."""
    assert Query(name, verb) in readings(text)


def test_a_key_may_stand_for_the_name() -> None:
    """It is what people see on the card."""
    assert Query(key="7qk2md-2") in readings("approved 7QK2MD-2")
    assert Query(key="7qk2md") in readings("rejected the request 7QK2MD")


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
        assert query_of(asked, NOW, None) in [*readings_of(asked, NOW, None)]
