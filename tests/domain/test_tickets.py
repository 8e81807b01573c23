"""Ticket numbers in other people's text: found whole, found fast, and never more than a number."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maa_notify.domain.tickets import MOST_TICKETS, TicketLinks, expression_of
from tests.support.hostile import texts

ADDRESS = "https://tickets.example/t/{}?x=1"
ENCODED = re.compile(r"https://tickets\.example/t/(?:[A-Za-z0-9_-]|%[0-9A-F]{2})+\?x=1")


def found(pattern: str, *texts: str) -> list[str]:
    """The numbers that a pattern finds."""
    return [number for number, _ in TicketLinks(ADDRESS, pattern).found_in(*texts)]


@pytest.mark.parametrize(
    "pattern,text,expected",
    [
        (r"INC-\d{4,8}", "ticket INC-20418, see INC-1 and INC-20418", ["INC-20418"]),
        (r"INC-\d{4,8}", "XINC-20418 INC-204181234567 inc-20418", []),
        (r"INC-\d{4,8}", "(INC-20418) “INC-20419” INC-20420.", ["INC-20418", "INC-20419", "INC-20420"]),
        (r"INC-\d{4,8}", "INC-20418é INC-٢٠٤١٨ ЯINC-20418", []),
        (r"INC\d{7}|CHG\d{7}", "CHG0000001 INC0000002", ["CHG0000001", "INC0000002"]),
        (r"[A-Z]{2,6}-\d+", "SEC-1 ABCDEFG-2 OPS-3", ["SEC-1", "OPS-3"]),
        ("AB#[0-9]+", "fixes AB#12", ["AB#12"]),
        ("#[0-9]{3,6}", "#1234", ["#1234"]),
        ("REQ ?[0-9]{3}", "REQ 123 REQ124", ["REQ 123", "REQ124"]),
        (r"T\d{2}", "T01 T02 T03 T04 T05", ["T01", "T02", "T03"]),
    ],
)
def test_whole_numbers_are_found_once_each(pattern: str, text: str, expected: list[str]) -> None:
    """As they are written, in order, and no part of a longer word."""
    assert found(pattern, text) == expected


def test_a_number_is_percent_encoded_in_its_place() -> None:
    """It cannot add a path, a parameter or a fragment to the operator's address."""
    links = TicketLinks(ADDRESS, "AB#[0-9]{2}|AB/[0-9]{2}|AB [0-9]{2}")

    assert [url for _, url in links.found_in("AB#12 AB/12", "AB 12")] == [
        "https://tickets.example/t/AB%2312?x=1",
        "https://tickets.example/t/AB%2F12?x=1",
        "https://tickets.example/t/AB%2012?x=1",
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a|a)*b",
        ".*",
        "INC.+",
        r"\w+",
        r"\S+",
        "^INC",
        "INC$",
        "[^a]+",
        "a{2,21}",
        "a{30}",
        "a{3,2}",
        "a++",
        "a+?",
        "[a-z]+[a-z]+[a-z]+",
        "a?b?",
        "x*",
        "a|",
        "|INC-[0-9]{4}",
        "a",
        "[]",
        "[",
        "[[:alpha:]]+",
        "(?i)inc",
        r"\1",
        "é+",
        "{}",
        "a" * 101,
        "AA|BB|CC|DD|EE",
    ],
)
def test_a_pattern_that_could_run_away_is_refused(pattern: str) -> None:
    """And so is one that would find everything or nothing."""
    with pytest.raises(ValueError, match="must "):
        expression_of(pattern)


PATTERNS = st.text(alphabet="Aa1#-/ \\d[]{}(),+?*|.^$x09", max_size=24) | st.text(max_size=12)


@settings(max_examples=400)
@given(PATTERNS, texts)
def test_whatever_is_found_is_bounded_and_stays_in_its_place(pattern: str, text: str) -> None:
    """Any pattern that is taken, on any text: a few links, each to the operator's own address."""
    try:
        expression_of(pattern)
    except ValueError:
        return
    links = TicketLinks(ADDRESS, pattern).found_in(text)

    assert len(links) <= MOST_TICKETS
    assert all(ENCODED.fullmatch(url) for _, url in links)
    assert all(number in text and number.isascii() and number.isprintable() for number, _ in links)


@pytest.mark.parametrize(
    "pattern", ["[A-Z0-9]+[A-Z0-9]+#", r"[A-Z]*\d+x", r"\d{1,20}-\d{1,20}", "A+A+|A+A+B|A+A+C"]
)
def test_no_text_keeps_the_search_busy(pattern: str) -> None:
    """The worst patterns that are taken, on the texts that are worst for them."""
    worst = ("A" * 1_200, "1" * 1_200, "A1" * 600, "1-" * 600, ("A" * 41 + "-") * 28)
    began = time.process_time()
    found(pattern, *worst)

    assert time.process_time() - began < 5
