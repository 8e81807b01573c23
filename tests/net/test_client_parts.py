"""The small parts: waits that answers ask for, addresses, other people's logs."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.net.client import HttpResponse, is_loopback, origin_of, silence_third_parties

SERVED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def asked(value: str, **headers: str) -> float | None:
    """What an answer with this `Retry-After` asks for."""
    return HttpResponse(429, {"retry-after": value, **headers}).retry_after


def http_date(seconds: float) -> str:
    """A date so many seconds after the answer's own."""
    return format_datetime(SERVED + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    "value, seconds",
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("9" * 400, 999_999_999),
        ("-5", None),
        ("1.5", None),
        ("１２", None),  # digits, but not those of HTTP
        ("soon", None),
        ("", None),
        (http_date(90), 90),
        (http_date(-90), 0),
        ("Mon, 02 Nov 2026 10:00:30 +0100", 30),
        ("Mon, 02 Nov 2026 09:00:30", 30),
        ("Mon, 02 Nov 2026 09:00:30 -0000", 30),
        ("Mon, 02 Nov 99999999 09:00:30 GMT", None),
        ("Mon, 02 Nov 2026 09:00:30 +99999999999999999999", None),
        ("Mon, 32 Nov 2026 09:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    """Seconds or a date, which counts from the answer's own; anything else asks for nothing."""
    assert asked(value, date=http_date(0)) == seconds


def test_a_date_counts_from_now_when_the_answer_has_none() -> None:
    """Or one that cannot be read."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert 50 < (asked(soon) or 0) <= 60
    assert 50 < (asked(soon, date="yesterday") or 0) <= 60


@given(st.text() | st.from_regex(r"\A\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [+-]?\w+\Z"), st.text())
def test_no_retry_after_is_too_odd(value: str, date: str) -> None:
    """Whatever is sent, it is a wait of zero or more, or none."""
    seconds = asked(value, date=date)

    assert seconds is None or seconds >= 0


def test_an_answer_shows_nothing_of_its_body() -> None:
    """A body may be a token."""
    assert "eyJ" not in repr(HttpResponse(200, {}, b"eyJ..."))


@pytest.mark.parametrize(
    "url, here",
    [
        ("http://127.0.0.1:8080/x", True),
        ("http://127.9.9.9", True),
        ("http://localhost", True),
        ("http://LOCALHOST:1", True),
        ("http://[::1]:1", True),
        ("http://127.0.0.1.example", False),
        ("http://localhost@evil.example", False),
        ("http://127.0.0.1\\@evil.example", False),
        ("http://evil.example#127.0.0.1", False),
        ("http://0.0.0.0", False),
        ("https://graph.microsoft.com", False),
        ("http://[::1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_names(url: str, here: bool) -> None:
    """Only there plain http is no risk, so nothing else may pass for it."""
    assert is_loopback(url) is here


@pytest.mark.parametrize(
    "url, origin",
    [
        ("https://graph.microsoft.com", "https://graph.microsoft.com:443"),
        ("HTTPS://Graph.Microsoft.Com:443/beta?x#y", "https://graph.microsoft.com:443"),
        ("http://127.0.0.1", "http://127.0.0.1:80"),
        ("https://graph.microsoft.com:8443", "https://graph.microsoft.com:8443"),
        ("https://user@graph.microsoft.com", ""),
        ("https://graph.microsoft.com@evil.example/", ""),
        ("ftp://graph.microsoft.com", ""),
        ("//graph.microsoft.com", ""),
        ("https://", ""),
        ("https://[::1", ""),
        ("https://a:99999", ""),
        ("https://graph.micro\tsoft.com", ""),
        ("", ""),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    """And none when somebody tries to be clever."""
    assert origin_of(url) == origin


def test_libraries_that_log_addresses_may_only_warn() -> None:
    """The worst of them writes the whole webhook URL at INFO."""
    silence_third_parties()

    for name in ("httpx", "httpcore.http11", "urllib3.connectionpool", "msal.application", "azure.core"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
        assert logging.getLogger(name).isEnabledFor(logging.WARNING)
