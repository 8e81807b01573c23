"""The log lines of a delivery: who reads the log alone learns what is wrong, once."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery import outcomes, said
from maa_notify.delivery.retries import Verdict
from maa_notify.errors import DestinationRefused
from maa_notify.storage.outbox import Outcome
from tests.delivery.waiting import DAY, HOUR, SECOND, news
from tests.support.clock import START

GONE = DestinationRefused("404")


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    """Lines of all levels."""
    caplog.set_level("INFO")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The level and the name of each line."""
    return [(each.levelname, each.getMessage().split()[0]) for each in caplog.records]


def test_each_card_that_was_taken_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """With its key, its destination and how long it took since it happened."""
    said.sent([news("a"), news("b", destination="other")], START + HOUR)

    assert lines(caplog) == [("INFO", "deliver.sent")] * 2
    assert "destination=other" in caplog.messages[1]
    assert f"key={news('b').value.event.short_key}" in caplog.messages[1]
    assert "after_s=3660" in caplog.messages[0]


@pytest.mark.parametrize("since,expected", [(None, []), (START, [("WARNING", "deliver.recovered")])])
def test_the_end_of_an_outage_has_a_line(
    since: datetime | None, expected: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Only where there was one."""
    said.recovered("default", since)

    assert lines(caplog) == expected


@pytest.mark.parametrize(
    "blame,is_news,expected",
    [(GONE, True, [("ERROR", "deliver.failing")]), (GONE, False, []), (None, True, [])],
    ids=["begins", "goes on", "the card's fault"],
)
def test_an_outage_is_said_when_it_begins(
    blame: DestinationRefused | None, is_news: bool, expected: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """With its code and how much waits."""
    said.failed("default", [news()], Verdict([news().value], blame), is_news=is_news, waiting=7)

    assert lines(caplog) == expected
    assert all("waiting=7" in line and "destination_refused" in line for line in caplog.messages)


@pytest.mark.parametrize(
    "before,after,is_said", [(False, True, True), (True, True, False), (True, False, False)]
)
def test_an_ill_card_is_said_once(
    before: bool, after: bool, is_said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """When it is found that others are taken."""
    tried = news(ill=before)

    said.failed("default", [tried], Verdict([replace(tried.value, ill=after)], None), is_news=True, waiting=1)

    assert lines(caplog) == ([("ERROR", "deliver.ill")] if is_said else [])


@pytest.mark.parametrize(
    "before,after,is_said",
    [
        ({}, {"refused": True}, True),
        ({"refused": True}, {"refused": True}, False),
        ({"ill": True}, {"ill": True, "refused": True}, False),
        ({}, {"refused": True, "digest": "d"}, False),
    ],
    ids=["refused", "as before", "ill by itself", "a digest"],
)
def test_a_card_that_is_refused_in_every_form_is_said_once(
    before: dict[str, Any], after: dict[str, Any], is_said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a digest the single cards come first."""
    tried = news(**before)

    said.failed("default", [tried], Verdict([replace(tried.value, **after)], None), is_news=True, waiting=1)

    assert lines(caplog) == ([("ERROR", "deliver.ill")] if is_said else [])
    assert all("smallest form" in line for line in caplog.messages)


def test_a_wait_that_one_persons_chat_asks_for_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Until when, and not that others are taken, which nobody knows yet; nor who the person is."""
    tried = news(recipient="mira@contoso.com")
    error = "the Bot Connector answered 429"
    kept = replace(tried.value, personal=True, not_before=START + HOUR, last_error=error)

    said.failed("chat", [tried], Verdict([kept], None), is_news=True, waiting=1)

    assert lines(caplog) == [("WARNING", "deliver.put_off")]
    assert f"until {START + HOUR:%H:%M:%S} UTC" in caplog.text
    assert "answered 429" in caplog.text
    assert "mira" not in caplog.text


@pytest.mark.parametrize(
    "before,after,is_said", [(0, 1, False), (1, 2, False), (2, 3, True), (3, 4, True), (3, 3, False)]
)
def test_the_third_copy_without_an_answer_and_all_later_ones_are_said(
    before: int, after: int, is_said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """With their number; another failure of the same card is none."""
    tried = news(doubts=before)

    said.failed(
        "default", [tried], Verdict([replace(tried.value, doubts=after)], None), is_news=True, waiting=1
    )

    assert lines(caplog) == ([("ERROR", "deliver.in_doubt")] if is_said else [])
    assert all(f"copies={after}" in line for line in caplog.messages)


def test_what_leaves_untold_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """What is given up loudly, who is out of reach quietly, and nothing of what waits or was told."""
    spent = replace(news().value, failing_since=START - DAY, failing_for=DAY.total_seconds(), attempts=9)
    dead = outcomes.failed([news()], Verdict([spent], None), DAY, START)
    gone = outcomes.left_alone([news()], "not installed", START, is_known=False)

    said.left([*dead, *gone, Outcome(news(), kept=news().value)], 7)
    said.left([Outcome(news(), entry=dead[0].entry)], 7)

    assert lines(caplog) == [("ERROR", "deliver.dead"), ("INFO", "deliver.unreached")]
    assert "after 7 days" in caplog.messages[0]
    assert "attempts=9" in caplog.messages[0]
    assert "not installed" in caplog.messages[1]


def test_what_waits_for_a_destination_that_is_gone_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Once for each such destination, with how much it is."""
    said.unknown({"old": [news(), news("b", recorded_at=START - SECOND)], "older": [news()]})

    assert lines(caplog) == [("ERROR", "deliver.unknown")] * 2
    assert ["pending=2" in line for line in caplog.messages] == [True, False]
