"""`MAA_POLL_SCHEDULE` means to us what it means to the timer of the Functions host."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maa_notify.errors import SettingsError
from maa_notify.polling.health import next_poll, polling_status
from maa_notify.settings.reader import read_settings
from maa_notify.settings.startup import schedule_from
from maa_notify.storage.records import SourceMark

FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "ncrontab.json").read_text(encoding="utf-8"))
ACCEPTED = {each["schedule"]: each["next"] for each in FACTS["schedules"] if each["next"]}
REFUSED = [each["schedule"] for each in FACTS["schedules"] if not each["next"]]
READ_BY_THE_HOST_ALONE = ("0 0 0 31 2 *", "0 0 0 * * FRI-MON", "0 0 22-2 * * *")
"""A day that never comes, and ranges that the host reads from the lower to the higher end."""

LEAST = {
    "MAA_TENANT_ID": "5f0f3c3e-0000-4000-8000-000000000001",
    "MAA_TEAMS_WEBHOOK_URL": "https://example.com/hook?sig=0",
}


def schedule_of(text: str) -> str:
    """The schedule as the settings have it."""
    return read_settings({**LEAST, "MAA_POLL_SCHEDULE": text}).poll_schedule


def problem_of(text: str) -> str:
    """The one mistake of such a schedule."""
    with pytest.raises(SettingsError) as caught:
        schedule_of(text)
    [mistake] = caught.value.mistakes
    return str(mistake)


def time_of(text: str) -> datetime:
    """A time of the facts."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("text", [each for each in ACCEPTED if each not in READ_BY_THE_HOST_ALONE])
def test_a_schedule_that_the_host_takes_is_taken_with_the_hosts_meaning(text: str) -> None:
    """Health must not call polls overdue at times at which the host did not mean to poll."""
    found, at, end = [], time_of(FACTS["after"]), time_of(FACTS["until"])
    for _ in ACCEPTED[text]:
        following = next_poll(schedule_of(text), at)
        if following > end:
            found.append("none")
            break
        at = following
        found.append(at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    assert found == ACCEPTED[text]


@pytest.mark.parametrize("text", [each for each in ACCEPTED if each not in READ_BY_THE_HOST_ALONE])
def test_the_host_is_given_one_spelling(text: str) -> None:
    """Six fields with single spaces and plain numbers, which mean the same when they are read again."""
    spelled = schedule_from({"MAA_POLL_SCHEDULE": text})

    assert spelled == schedule_of(text) == schedule_of(spelled)
    assert len(spelled.split(" ")) == 6
    assert set(spelled) <= set("0123456789 *,-/")


@pytest.mark.parametrize(
    "text, spelled",
    [
        ("0 * * * * *", "0 * * * * *"),
        ("0 */5 * * * *", "0 */5 * * * *"),
        ("  0   0 9-17 * *   MON-FRI ", "0 0 9-17 * * 1-5"),
        ("*/5 * * * *", "0 */5 * * * *"),
        ("00 05,35 * * january,Feb 1-5", "0 5,35 * * 1,2 1-5"),
        ("0 5/20 */100 7/9 * 1/2", "0 5-59/20 0 7-31/9 * 1-6/2"),
        ("0 3-3 4-5 *,1 12/1 0-6", "0 3 4-5 * 12 *"),
    ],
)
def test_schedules_are_spelled_plainly(text: str, spelled: str) -> None:
    """As a person would write them who knows how the host reads them."""
    assert schedule_of(text) == spelled


@pytest.mark.parametrize(
    "text",
    [*REFUSED, "every minute", "60 * * * * *", "00:05:00", "0 */0 * * * *", "0 0 0 * * 1-7", "0 ٥ * * * *"],
)
def test_a_schedule_that_the_host_refuses_is_refused_here(text: str) -> None:
    """The host would leave the timer out without a word; with the default it polls and says what is wrong."""
    assert problem_of(text).startswith("MAA_POLL_SCHEDULE: must have the six fields of NCRONTAB")
    assert schedule_from({"MAA_POLL_SCHEDULE": text}) == "0 * * * * *"


@pytest.mark.parametrize(
    "text, problem",
    [
        ("0 0 0 31 2 *", "none of these months has so many days"),
        ("0 0 0 31 4,6,FEB *", "none of these months has so many days"),
        ("0 0 0 * * FRI-MON", "5-1 runs backwards"),
        ("0 0 22-2 * * *", "22-2 runs backwards"),
        ("0\t*\t*\t*\t*\t*", "parted by spaces; it holds a tab"),
    ],
)
def test_a_schedule_that_does_not_do_what_it_seems_to_is_refused_with_the_reason(
    text: str, problem: str
) -> None:
    """The host takes some of these, and polls at other times than whoever wrote them meant, or never."""
    assert problem in problem_of(text)


@pytest.mark.parametrize(
    "now, status",
    [("2027-02-01T00:05:00Z", ""), ("2027-02-01T00:11:00Z", "stale"), ("2026-12-07T12:00:00Z", "")],
)
def test_a_day_of_the_month_and_one_of_the_week_must_both_come(now: str, status: str) -> None:
    """With cron's own meaning health would call a poller overdue on each Monday and each first of a month."""
    mark = SourceMark(last_good=datetime(2026, 11, 25, 12, tzinfo=UTC))

    assert polling_status(mark, schedule_of("0 0 0 1 * MON"), time_of(now)) == status
