"""The log lines that alarms and queries are built on, as whole polls write them."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from maa_notify.polling.run import poll_once
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

MINUTE = timedelta(minutes=1)
_FINGERPRINT = re.compile(" settings=[0-9a-f]{16}$")
Lines = Callable[[Notifier], list[str]]


@pytest.fixture
def lines_of(caplog: pytest.LogCaptureFixture) -> Lines:
    """Polls once, and returns what was logged meanwhile, without the poll's id, which all lines have."""

    def poll(notifier: Notifier) -> list[str]:
        caplog.clear()
        with caplog.at_level("INFO", logger="maa_notify"):
            poll_once(lambda: notifier.app, "timer")
        found = [re.fullmatch(r"(\S+) poll=([0-9a-f]{12}) (.+)", each) for each in caplog.messages]
        assert all(found), caplog.messages
        assert len({each[2] for each in found if each}) == 1
        return [f"{each[1]} {_FINGERPRINT.sub('', each[3])}" for each in found if each]

    return poll


def test_a_good_poll(graph: FakeGraph, notifier: Notifier, lines_of: Lines) -> None:
    """One line for each event, each card and the poll itself, in the forms that are documented."""
    now = notifier.clock.now()
    old = make_request(now=now, age=timedelta(minutes=90))
    decided = make_request(now=now, status="approved", requiredOperationApprovalPolicyTypes=["app", "role"])
    graph.requests = [old, decided, make_request(now=now, status="rejected")]

    told = lines_of(notifier)

    assert [re.sub(r"key=[0-9A-Z]{6}-1", "key=K", line) for line in told] == [
        f"poll.event key=K event=created type=deviceWipe risk=high request={old['id']}",
        f"poll.event key=K event=created type=app+role risk=high request={decided['id']}",
        "deliver.sent key=K destination=default event=created type=deviceWipe risk=high after_s=5400",
        "deliver.sent key=K destination=default event=created type=app+role risk=high after_s=61",
        (
            "poll.done trigger=timer listed=3 events=2 delivered=2 pending=0 overdue=0 dead=0 malformed=0"
            " waiting=1 oldest_waiting_s=5400 hidden=none stale=0 unreached=0 unheard=0 seconds=1.00"
            " failure=none"
        ),
    ]


def test_a_decision_is_timed_from_the_decision_and_a_reminder_from_its_hour(
    graph: FakeGraph, make_notifier: Callable[..., Notifier], lines_of: Lines
) -> None:
    """How late a card is, not how old the request."""
    notifier = make_notifier(MAA_REMINDERS="24h")
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    lines_of(notifier)
    notifier.clock.advance(timedelta(hours=49))
    reminder = next(line for line in lines_of(notifier) if line.startswith("deliver.sent"))
    notifier.clock.advance(MINUTE)
    request.update(
        status="approved", lastModifiedDateTime=(notifier.clock.now() - timedelta(seconds=40)).isoformat()
    )
    decision = next(line for line in lines_of(notifier) if line.startswith("deliver.sent"))

    assert " event=reminder type=deviceWipe risk=high after_s=0" in reminder
    assert " event=approved type=deviceWipe risk=high after_s=40" in decision


def test_a_channel_that_fails_recovers_and_gives_up(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier], lines_of: Lines
) -> None:
    """By name, in quotes where it has a space; each said once."""
    destination = {"name": "Security team", "webhook_url": teams.url}
    notifier = make_notifier(MAA_DESTINATIONS=json.dumps([destination]), MAA_HEARTBEAT_DAYS="0")
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_all(reply(404))
    first = lines_of(notifier)
    notifier.clock.advance(timedelta(minutes=20))
    second = lines_of(notifier)
    for _ in range(6):
        notifier.poll_after(timedelta(days=1).total_seconds())
    notifier.clock.advance(timedelta(days=1))
    given_up = lines_of(notifier)
    teams.answer_all(None)
    graph.requests.append(make_request(now=notifier.clock.now()))
    recovered = lines_of(notifier)

    assert (
        'deliver.failing destination="Security team" code=destination_refused waiting=1 destination '
        in first[1]
    )
    assert [line.split()[0] for line in second] == ["poll.done"]
    assert " pending=1 overdue=1 dead=0 " in second[0]
    assert re.match(
        r'deliver\.dead key=[0-9A-Z]{6}-1 destination="Security team" attempts=9 given up', given_up[0]
    )
    since = "failing_since=2026-11-02T09:00:00+00:00"
    assert f'deliver.recovered destination="Security team" {since}' in recovered


def test_a_poll_that_graph_refuses(graph: FakeGraph, notifier: Notifier, lines_of: Lines) -> None:
    """The reason once, and its code in the line of every poll."""
    graph.fail_next(reply(403))
    first = lines_of(notifier)
    graph.fail_next(reply(403))
    second = lines_of(notifier)
    recovered = lines_of(notifier)

    assert [line.split(" ")[0] for line in first + second] == ["poll.failing", "poll.done", "poll.done"]
    assert first[0].startswith("poll.failing source=approvals code=graph_denied Graph refused (403 ")
    assert second[0].endswith(" failure=graph_denied")
    assert recovered[0].startswith("poll.recovered source=approvals failing_since=")


def test_a_poll_that_cannot_be_recorded(notifier: Notifier, lines_of: Lines) -> None:
    """One line, an error, with the reason."""
    notifier.app.store.close()

    [line] = lines_of(notifier)

    assert line.startswith("poll.failed code=state trigger=timer the state file ")


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "x key=AAAAAA-1 risk=low\r\npoll.done failure=none"},
        {"status": "new risk=low\npoll.done failure=none"},
        {"requiredOperationApprovalPolicyTypes": ["app risk=low", "poll.done failure=none"]},
        {"payloadName": "a\npoll.done failure=none", "requestJustification": "risk=low failure=none"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_request_cannot_write_into_the_log(
    graph: FakeGraph, notifier: Notifier, lines_of: Lines, fields: dict[str, object]
) -> None:
    """Whatever stands in it: no line of its own, and no value that a query would take for ours."""
    graph.requests = [{**make_request(now=notifier.clock.now()), **fields}]

    told = lines_of(notifier)

    assert [line.split(" ")[0] for line in told] == ["poll.event", "deliver.sent", "poll.done"]
    assert not any("risk=low" in line or "\n" in line for line in told)
    assert sum("failure=" in line for line in told) == 1


def test_a_policy_type_that_nobody_knows_is_other(
    graph: FakeGraph, notifier: Notifier, lines_of: Lines
) -> None:
    """Types are words of a closed list, so that a chart of them stays one."""
    graph.requests = [
        make_request(now=notifier.clock.now(), requiredOperationApprovalPolicyTypes=["x", "app", "y"]),
        make_request(now=notifier.clock.now(), requiredOperationApprovalPolicyTypes=None),
    ]

    types = {re.search(r" type=(\S+)", line) for line in lines_of(notifier)[:2]}

    assert {each[1] for each in types if each} == {"other+app", "unknown"}


def test_a_sign_of_life_is_about_no_request(make_notifier: Callable[..., Notifier], lines_of: Lines) -> None:
    """It has neither type nor risk, and does not count as a late card."""
    notifier = make_notifier(MAA_HEARTBEAT_DAYS="1")
    lines_of(notifier)
    notifier.clock.advance(timedelta(days=2))

    told = lines_of(notifier)

    assert " destination=default event=heartbeat type=none risk=none after_s=0" in told[0]
