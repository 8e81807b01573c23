"""`alerts` and `history`: what the watch found, for people and scripts."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maa_notify import app
from maa_notify.domain.alert import Actor, ActorKind, Alert, AlertState, Part, Severity
from maa_notify.domain.change import Change
from maa_notify.domain.notification import Notification
from maa_notify.insight.watch.notices import notice_of
from maa_notify.storage.requests import ALERTS
from tests.cli.conftest import Command

NOW = datetime.now(UTC).replace(microsecond=0)
KEYS = {"id", "severity", "at", "actor", "object", "summary", "events", "story"}
"""The contract's."""


@pytest.fixture
def state(settings: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The settings, with a state that a test writes to as well."""
    settings["MAA_STATE"] = f"sqlite:///{tmp_path / 'state.db'}"
    return settings


def remember(state: dict[str, str], *, days: int = 0, muted: str = "") -> AlertState:
    """An alert that was found so many days ago and waits to be told, unless it is muted."""
    at = NOW - timedelta(days=days)
    alert = Alert(
        "B8",
        Severity.CRITICAL,
        at,
        Actor(ActorKind.PERSON, "1", "", "mal\u202elory@contoso.com", "203.0.113.7"),
        "284b",
        "MAA\napprovers",
        "Somebody was added to an approver group",
        events=("Directory_1",),
    )
    found = AlertState(alert, at, muted=muted, story=(Part(at, "approved request ABCDEF", "puppet"),))
    event = notice_of(found, at)
    told = () if muted else (Notification(event, "default", recorded_at=NOW),)
    notifier = app.build(state)
    try:
        notifier.store.requests.record([Change(found.subject_id, None, found, event, told)], shelf=ALERTS)
    finally:
        notifier.close()
    return found


def test_the_keys_are_those_of_the_contract(command: Command, state: dict[str, str]) -> None:
    """Text of anybody's neither breaks a line nor turns it."""
    command("poll")
    alert = remember(state)

    [found] = json.loads(command("alerts", "--json").out)

    assert set(found) >= KEYS
    assert (found["id"], found["severity"], found["events"]) == (
        alert.subject_id,
        "critical",
        ["Directory_1"],
    )
    assert (found["actor"], found["object"]) == ("mallory@contoso.com", "MAA approvers")
    assert found["story"] == [f"{NOW.isoformat()} approved request ABCDEF: puppet"]


def test_a_span_and_what_is_muted(command: Command, state: dict[str, str]) -> None:
    """Muted alerts are listed with their reason; older ones are not."""
    command("poll")
    remember(state, days=20)
    remember(state, days=1, muted="our own roll-out")

    recent, all_of_them = command("alerts", "--days", "7").out, command("alerts", "--days", "30").out

    assert recent.count("B8") == 1
    assert "(muted: our own roll-out)" in recent
    assert all_of_them.count("B8") == 2


def test_the_history_tells_an_alert_with_the_same_keys(command: Command, state: dict[str, str]) -> None:
    """Beside those of every notification, which mean what they always did."""
    command("poll")
    alert = remember(state)
    command("poll")

    [row] = [each for each in json.loads(command("history", "--json").out) if each["event"] == "alert"]

    assert set(row) >= KEYS | {"key", "destination", "run_id"}
    assert (row["id"], row["request"], row["subject"]) == (
        alert.subject_id,
        alert.subject_id,
        "Somebody was added to an approver group",
    )
