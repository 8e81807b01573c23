"""A clock that was wrong for one poll: once it is right again, everything goes on as ever."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from maa_notify.demo.tenant import wire_time
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import GraphUnavailable
from maa_notify.polling.marks import next_mark
from maa_notify.storage.records import (
    APPROVALS,
    SNAPSHOT_VERSION,
    SourceMark,
    Unreached,
    encode,
    unreached_key,
)
from maa_notify.storage.rows import Delete, Put
from tests.polling.test_sources import Lock
from tests.support.cards import strip
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

AHEAD = timedelta(days=50)
MINUTE = 60.0
HOUR = 3_600.0
DAY = 24 * HOUR


def poll_ahead(notifier: Notifier, ahead: timedelta = AHEAD) -> None:
    """One poll with the clock so far ahead; then it is right again."""
    notifier.clock.advance(ahead)
    notifier.poll()
    notifier.clock.set_back(ahead)


def strips(teams: FakeTeams) -> list[str]:
    """The state that each card tells, in order."""
    return [strip(card).split(" ·")[0] for card in teams.cards]


@pytest.mark.parametrize("has_news", [True, False])
def test_a_channel_still_gets_its_sign_of_life(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, has_news: bool
) -> None:
    """Whether the wrong poll sent a card or a sign of life: the next one comes a month later."""
    notifier.poll()
    graph.requests = [make_request(now=notifier.clock.now())] if has_news else []
    poll_ahead(notifier)
    told = len(teams.cards)
    arrivals = []
    for day in range(70):
        before = len(teams.cards)
        notifier.poll_after(DAY)
        arrivals += [day] * (len(teams.cards) - before)

    assert told == (2 if has_news else 1)
    assert [day for day in arrivals if day < 62] == [30, 60]


def test_health_does_not_say_ok_for_ever(notifier: Notifier) -> None:
    """When nothing polls any more, a last poll in the future is no proof; a poll puts it right."""
    notifier.poll()
    poll_ahead(notifier)
    unproven = notifier.app.health()
    notifier.poll_after(MINUTE)
    proven = notifier.app.health()
    notifier.clock.advance(DAY)

    assert (unproven.status, unproven.last_good_poll) == ("stale", None)
    assert (proven.status, notifier.app.health().status) == ("ok", "stale")


def test_health_tells_no_time_that_has_not_come(graph: FakeGraph, notifier: Notifier) -> None:
    """Neither of the first list, nor of the last request, nor of a token."""
    graph.requests = [make_request(now=notifier.clock.now())]
    poll_ahead(notifier)
    token_of_tomorrow = notifier.clock.now() + timedelta(days=1)
    mark = notifier.app.store.requests.read_mark(APPROVALS)
    assert mark is not None
    notifier.app.store.requests.write_mark(APPROVALS, replace(mark, token_issued_at=token_of_tomorrow))
    at_once = notifier.app.health()
    graph.requests = []
    notifier.poll_after(MINUTE)
    later = notifier.app.health()

    assert (at_once.installed_at, at_once.last_request_at, at_once.token_age_minutes) == (None, None, None)
    assert (later.installed_at, later.last_request_at) == (notifier.clock.now(), None)


def test_a_token_that_is_as_old_as_the_clocks_differ_is_not_of_a_negative_age(notifier: Notifier) -> None:
    """Entra's clock may be a minute ahead of ours."""
    issued_at = notifier.clock.now() + timedelta(minutes=1)
    notifier.app.store.requests.write_mark(
        APPROVALS, SourceMark(failure="graph_denied", token_issued_at=issued_at)
    )

    assert notifier.app.health().token_age_minutes == 0


def test_a_failure_that_began_in_the_future_began_now() -> None:
    """The log line of the recovery tells since when it failed."""
    now = datetime.fromisoformat("2026-11-02T09:00:00+00:00")
    failure = GraphUnavailable("busy")
    mark = next_mark(SourceMark(failing_since=now + AHEAD, last_good=now), failure, SourceMark().outlook, now)

    assert (mark.failing_since, mark.last_good) == (now, now)
    earlier = SourceMark(failing_since=now - AHEAD)
    assert next_mark(earlier, failure, SourceMark().outlook, now).failing_since == now - AHEAD


def test_a_nudge_counts_from_the_time_that_is_right(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """An approval that the wrong poll found, without a time of its own, is nudged four hours later."""
    notifier = make_notifier(MAA_COMPLETE_REMINDERS="4h", MAA_HEARTBEAT_DAYS="0")
    request = make_request(now=notifier.clock.now(), expirationDateTime=None)
    graph.requests = [request]
    notifier.poll()
    request["status"] = "approved"
    poll_ahead(notifier)
    notifier.poll_after(MINUTE)
    notifier.poll_after(3.9 * HOUR)
    early = strips(teams)
    notifier.poll_after(HOUR)

    nudge = "Reminder: approved, not completed"
    assert early == ["Needs approval", "Approved - Needs completion"]
    assert strips(teams) == [*early, nudge]


def test_reminders_that_rang_too_early_ring_when_it_is_time(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Half of forty days seems to be gone at once; at the true half the approvers are still reminded."""
    notifier = make_notifier(MAA_REMINDERS="25%,50%,24h", MAA_HEARTBEAT_DAYS="0")
    filed = notifier.clock.now()
    expires = wire_time(filed + timedelta(days=40))
    graph.requests = [make_request(now=filed, age=timedelta(), expirationDateTime=expires)]
    notifier.poll()
    notifier.poll_after(11 * DAY)
    poll_ahead(notifier, timedelta(days=12))
    before = len(teams.cards)
    arrivals = []
    for day in range(12, 40):
        told = len(teams.cards)
        notifier.poll_after(DAY)
        arrivals += [day] * (len(teams.cards) - told)

    assert before == 3
    assert arrivals == [20, 39]


def test_old_rows_are_not_deleted_by_the_clock_of_one_poll(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Journal and past requests are there as ever, so what comes back is not new; later they are purged."""
    notifier = make_notifier(MAA_RETENTION_DAYS="35", MAA_HEARTBEAT_DAYS="0")
    notifier.poll()
    request = make_request(now=notifier.clock.now(), age=-timedelta(seconds=1), status="completed")
    graph.requests = [request]
    notifier.poll_after(MINUTE)
    graph.requests = []
    notifier.poll_after(MINUTE)
    poll_ahead(notifier)
    kept = len(list(notifier.app.store.journal.read_sent()))
    graph.requests = [request]
    notifier.poll_after(MINUTE)
    told = strips(teams)
    for _ in range(3):
        notifier.poll_after(20 * DAY)

    assert (kept, told) == (1, ["Completed"])
    assert list(notifier.app.store.journal.read_sent()) == []


def test_an_open_request_must_still_be_missing_twice(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Missed by the wrong poll, then by two right ones: told at the second, once."""
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    graph.requests = []
    poll_ahead(notifier)
    heard = []
    for _ in range(4):
        notifier.poll_after(MINUTE)
        heard.append(strips(teams).count("No longer listed"))

    assert heard == [0, 1, 1, 1]


def test_two_looks_a_second_apart_are_one(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """A glitch of Graph that two pollers see at once is no disappearance; one that lasts is."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    notifier.poll()
    twin = notifier.another()
    graph.requests = []
    for poller in (notifier, twin, notifier, twin):
        poller.poll_after(10)
    graph.requests = [request]
    notifier.poll_after(MINUTE)
    glitch = len(teams.cards)
    graph.requests = []
    twin.poll_after(MINUTE)
    notifier.poll_after(49)
    soon = len(teams.cards)
    twin.poll_after(1)
    twin.close()

    assert (glitch, soon) == (1, 1)
    assert strips(teams)[1:] == ["No longer listed"]


@pytest.mark.parametrize("had_history", [True, False])
def test_a_first_poll_ahead_of_time_hides_no_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, had_history: bool
) -> None:
    """What was filed and ended before the wrong first poll's time is told, from the next poll on."""
    if had_history:
        graph.requests = [make_request(now=notifier.clock.now(), status="completed")]
    poll_ahead(notifier)
    for _ in range(2):
        graph.requests.append(make_request(now=notifier.clock.now(), age=timedelta(), status="rejected"))
        notifier.poll_after(MINUTE)

    assert strips(teams) == ["Rejected", "Rejected"]


@pytest.mark.parametrize("years", [1, 150])
def test_a_request_filed_in_the_future_is_remembered_like_any_other(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, years: int
) -> None:
    """It leaves and comes back, before that time and after it: no second announcement, nor of the others."""
    now = notifier.clock.now()
    filed = now + timedelta(days=365 * years)
    notifier.poll()
    odd = make_request(
        now=now, age=-timedelta(seconds=1), status="completed", requestDateTime=wire_time(filed)
    )
    plain = make_request(now=now, age=-timedelta(seconds=1), status="completed")
    graph.requests = [odd, plain]
    for wait in (MINUTE, DAY, years * 366 * DAY):
        notifier.poll_after(wait)
        listed, graph.requests = graph.requests, []
        notifier.poll_after(MINUTE)
        graph.requests = listed

    told = [each for each in strips(teams) if each == "Completed"]
    assert len(told) == 2


def test_a_request_filed_in_the_future_casts_no_doubt_on_later_ones(
    graph: FakeGraph, notifier: Notifier
) -> None:
    """Of those the past is not read for ever after."""
    now = notifier.clock.now()
    notifier.poll()
    ahead = now + timedelta(days=3_650)
    graph.requests = [make_request(now=now, status="completed", requestDateTime=wire_time(ahead))]
    notifier.poll_after(MINUTE)
    graph.requests = []
    notifier.poll_after(MINUTE)
    snapshot = notifier.app.store.requests.read_snapshot()

    assert snapshot.watermark is not None
    assert snapshot.watermark <= now
    assert snapshot.left_ahead == (ahead,)


def test_graph_is_not_left_alone_until_a_time_in_the_future(graph: FakeGraph, notifier: Notifier) -> None:
    """A `Retry-After` that the wrong poll was given ends with it."""
    graph.fail_next(reply(429, headers={"Retry-After": "1800"}))
    poll_ahead(notifier)

    assert notifier.poll_after(MINUTE).failure is None


@pytest.mark.parametrize("ahead", [timedelta(minutes=3), AHEAD])
def test_another_source_keeps_its_rhythm(notifier: Notifier, ahead: timedelta) -> None:
    """Asked by the wrong poll, it is asked again no later than its rhythm and the doubt of clocks allow."""
    source = Lock(timedelta(minutes=5))
    notifier.app.sources = [source]
    poll_ahead(notifier, ahead)
    for _ in range(10):
        notifier.poll_after(MINUTE)

    assert source.looks >= 2


def test_a_person_is_not_unreached_until_a_time_in_the_future(notifier: Notifier) -> None:
    """The mark of a person who could not be written to holds for a day after it, and not for days before.

    Nor does it once that time has come: by then it has been looked at, and is gone.
    """
    now = notifier.clock.now()
    outbox = notifier.app.store.outbox
    times = {"mira": now + AHEAD, "jonas": now, "aiko": now - timedelta(days=2)}
    notifier.app.store.rows.commit(
        [Put(unreached_key("chat", name), encode(Unreached(at))) for name, at in times.items()]
    )

    since = now - timedelta(days=1)
    assert [outbox.is_unreached("chat", name, since, now) for name in times] == [False, True, False]
    assert not outbox.is_unreached("chat", "mira", now + AHEAD - timedelta(days=1), now + AHEAD)


def test_any_number_of_requests_filed_in_the_future_are_remembered(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """More than are remembered one by one: those that come back are not new."""
    now = notifier.clock.now()
    notifier.poll()
    raw = make_request(now=now, age=-timedelta(seconds=1), status="completed")
    listed = [
        {**raw, "id": f"ahead-{day}", "requestDateTime": wire_time(now + timedelta(days=day))}
        for day in range(9, 69)
    ]
    events = []
    for shown in (listed, [], listed):
        graph.requests = list(shown)
        events.append(notifier.poll_after(MINUTE).events)

    assert events == [60, 0, 0]


def test_a_wrong_first_poll_hides_no_news_though_the_next_mark_is_missing(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """The poll that sees history ends before its mark is written; what ends then is told by the next one."""
    poll_ahead(notifier)
    wrong = notifier.app.store.requests.read_mark(APPROVALS)
    assert wrong is not None
    graph.requests = [make_request(now=notifier.clock.now(), age=timedelta(days=9), status="completed")]
    notifier.poll_after(MINUTE)
    notifier.app.store.requests.write_mark(APPROVALS, wrong)
    graph.requests.append(make_request(now=notifier.clock.now(), age=timedelta(), status="rejected"))
    notifier.poll_after(HOUR)

    assert strips(teams) == ["Rejected"]


def test_memory_that_the_wrong_poll_lost_makes_no_history_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Its beginning lies in the future, so that it begins with the next poll."""
    now = notifier.clock.now()
    graph.requests = [make_request(now=now, age=timedelta(days=9), status="completed")]
    notifier.poll()
    mark = SourceMark(now + AHEAD, outlook=Outlook(now + AHEAD), memory_lost_at=now + AHEAD)
    rows = notifier.app.store.rows
    for row in list(rows.read("live:", "live;")):
        rows.commit([Delete(row.key, row.etag), Put(SNAPSHOT_VERSION, '{"token": "other"}')])
    notifier.app.store.requests.write_mark(APPROVALS, mark)
    notifier.poll_after(MINUTE)

    assert strips(teams) == []


def test_intunes_clock_may_be_behind_ours(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """Once history was seen, an end that is dated some minutes before our first poll is news."""
    now = notifier.clock.now()
    graph.requests = [make_request(now=now, status="completed")]
    notifier.poll()
    graph.requests.append(make_request(now=now, age=timedelta(minutes=4), status="rejected"))
    notifier.poll_after(MINUTE)

    assert strips(teams) == ["Rejected"]
