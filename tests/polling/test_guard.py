"""Whoever silences the notifier is heard: attacks on its settings, its memory and its flows, end to end."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.finding import FindingState
from maa_notify.domain.notification import Notification
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import StateError
from maa_notify.graph.requests import parse_request
from maa_notify.identity.secret import Secret
from maa_notify.polling.guard import Guard
from maa_notify.storage.records import (
    APPROVALS,
    DEAD,
    DESTINATION,
    LAST_PURGE,
    LIVE,
    MARK,
    META,
    OUTBOX,
    PAST,
    SNAPSHOT_VERSION,
    WATERMARK,
    DestinationState,
    JournalEntry,
    LastPurge,
    SettingsRecord,
    SnapshotVersion,
    SourceMark,
    Watermark,
    decode,
    encode,
    sent_key,
)
from maa_notify.storage.records import SETTINGS as SETTINGS_ROW
from maa_notify.storage.requests import FINDINGS
from maa_notify.storage.rows import Delete, Put, Row, Write, prefix_end
from maa_notify.storage.seal import seal_in
from maa_notify.storage.store import StateStore
from tests.support.approval import notice
from tests.support.cards import strip, text
from tests.support.clock import START, FakeClock
from tests.support.cut_off import CutOff
from tests.support.graph import FakeGraph, make_request
from tests.support.memory import MemoryRows
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams, ReadForNews
from tests.support.wire import ScriptedServer, reply

MINUTE = 60.0
SETTINGS, LOST = "The notifier's settings were changed", "The notifier's memory was lost"
TOUCHED, SET_BACK = (
    "The notifier's memory was changed by somebody else",
    "The notifier's memory was set back",
)

NAMES = ("LT-0", "LT-3", "LT-5", "LT-9")

Make = Callable[..., Notifier]


@pytest.fixture
def teams() -> Iterator[ReadForNews]:
    """Alarms are read apart."""
    with ReadForNews() as channels:
        yield channels


def destinations(teams: FakeTeams, **entries: dict[str, Any]) -> str:
    """The setting of these channels."""
    listed = [
        {"name": name, "webhook_url": teams.url_for(name), **changes} for name, changes in entries.items()
    ]
    return json.dumps(listed)


def rows_of(notifier: Notifier, prefix: str = "") -> list[Row]:
    """The rows whose keys begin so."""
    return [row for row in notifier.app.store.rows.read(" ", "~~") if row.key.startswith(prefix)]


def delete(notifier: Notifier, *prefixes: str) -> None:
    """Somebody deletes rows, past the notifier."""
    rows = [row for prefix in prefixes for row in rows_of(notifier, prefix)]
    assert rows
    for row in rows:
        notifier.app.store.rows.commit([Delete(row.key, row.etag)])


def put(notifier: Notifier, key: str, data: str) -> None:
    """Somebody writes a row, past the notifier."""
    notifier.app.store.rows.commit([Put(key, data)])


def remove_seals(notifier: Notifier) -> None:
    """An older version wrote all rows that each poll reads."""
    for row in [*rows_of(notifier, META), *rows_of(notifier, OUTBOX)]:
        told = json.loads(row.data)
        for name in ("seal", "sealed_at", "others", "waiting"):
            told.pop(name, None)
        put(notifier, row.key, json.dumps(told, separators=(",", ":")))


def waiting(notifier: Notifier) -> Notification:
    """The one notification that waits."""
    [row] = rows_of(notifier, OUTBOX)
    return decode(row, Notification)


def planted(request: dict[str, Any]) -> RequestState:
    """What the notifier would remember of a request that it had told."""
    return RequestState(parse_request(request))


def test_a_changed_host_is_told_in_every_channel_with_its_name_alone(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """`MAA_GRAPH_URL` leads to an empty Graph: no request comes, and everybody hears why."""
    channels = destinations(teams, security={"events": ["rejected"]}, ops={"policy_types": ["app"]})
    make_notifier(MAA_DESTINATIONS=channels).poll()
    graph.requests = [make_request(now=make_notifier().clock.now())]
    with FakeGraph() as empty:
        attacked = make_notifier(MAA_DESTINATIONS=channels, MAA_GRAPH_URL=empty.url)
        reports = attacked.poll_each(MINUTE, 3)

    assert [report.failure for report in reports] == [None] * 3
    assert (teams.alarms, teams.cards) == ([SETTINGS] * 3, [])
    for name in ("security", "ops", "general"):
        [alarm] = FakeTeams.cards_in(teams, name)
        assert "MAA_GRAPH_URL" in text(alarm)
        assert empty.url not in json.dumps(alarm)
        assert "after 2026" in text(alarm)
    assert sum(line.startswith("settings.changed") for line in caplog.messages) == 1


def test_a_narrowed_filter_is_told_before_anything_is_missed(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """The destination that hears less from now on is told so; the report counts what nobody takes."""
    only = {"MAA_TEAMS_WEBHOOK_URL": ""}
    make_notifier(MAA_DESTINATIONS=destinations(teams, security={}), **only).poll()
    narrowed = destinations(teams, security={"events": ["cancelled"]})
    attacked = make_notifier(MAA_DESTINATIONS=narrowed, **only)
    graph.requests = [make_request(now=attacked.clock.now())]
    report = attacked.poll_after(MINUTE)

    [alarm] = FakeTeams.cards_in(teams, "security")
    assert "security: what it is told" in text(alarm)
    assert (report.unheard, teams.alarms) == (1, [SETTINGS])


def test_a_sink_is_told_where_it_leads_and_in_the_mirror(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """The webhook leads to a sink: the mirror in another tenant hears of the change, and of the requests."""
    with FakeTeams() as mirror, FakeTeams() as sink:
        both = json.dumps([{"name": "mirror", "webhook_url": mirror.url}])
        make_notifier(MAA_DESTINATIONS=both).poll()
        attacked = make_notifier(MAA_DESTINATIONS=both, MAA_TEAMS_WEBHOOK_URL=sink.url)
        graph.requests = [make_request(now=attacked.clock.now(), payloadName="LT-1")]
        attacked.poll_after(MINUTE)
        told = [text(card) for card in mirror.cards]
        posted = json.dumps([*mirror.cards, *sink.cards])

    assert "default: its address" in told[0] or "default: its address" in told[1]
    assert any("LT-1" in each for each in told)
    assert not any(secret in posted for secret in (sink.secret, teams.secret, mirror.secret))


def test_settings_that_stay_are_no_news_whatever_their_order(teams: ReadForNews, make_notifier: Make) -> None:
    """Nor is a restart, or the same said in another way."""
    make_notifier(MAA_DESTINATIONS=destinations(teams, a={}, b={"events": ["approved", "rejected"]})).poll()
    again = destinations(teams, b={"events": ["rejected", "approved"]}, a={})
    reports = make_notifier(MAA_DESTINATIONS=again, MAA_REMINDERS="").poll_each(MINUTE, 2)

    assert teams.alarms == []
    assert len({report.settings for report in reports}) == 1


def test_a_channel_with_two_destinations_hears_of_a_change_once(
    teams: ReadForNews, make_notifier: Make
) -> None:
    """They have one address; another channel hears of it, too."""
    url = teams.url_for("one")
    listed = destinations(teams, one={}, again={"webhook_url": url}, other={})
    make_notifier(MAA_DESTINATIONS=listed).poll()
    make_notifier(MAA_DESTINATIONS=listed, MAA_REMINDERS="24h").poll_after(MINUTE)

    assert [len(FakeTeams.cards_in(teams, name)) for name in ("one", "again", "other")] == [1, 0, 1]


def test_a_destination_that_comes_or_goes_is_told_to_old_and_new(
    teams: ReadForNews, make_notifier: Make
) -> None:
    """Both channels hear of a second one; the one that stays hears that the other is gone."""
    make_notifier(MAA_DESTINATIONS=destinations(teams, old={})).poll()
    make_notifier(MAA_DESTINATIONS=destinations(teams, old={}, new={})).poll_after(MINUTE)
    make_notifier(MAA_DESTINATIONS=destinations(teams, old={})).poll_after(MINUTE)

    assert [len(FakeTeams.cards_in(teams, name)) for name in ("old", "new")] == [2, 1]


def test_another_version_alone_is_only_logged(
    teams: ReadForNews, make_notifier: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """An ordinary update rings nobody; the fingerprint changes all the same."""
    notifier = make_notifier()
    before = notifier.poll()
    notifier.app.guard = replace(notifier.app.guard, version="99.0")
    after = notifier.poll_after(MINUTE)

    assert teams.alarms == []
    assert before.settings != after.settings
    assert [line.split()[0] for line in caplog.messages if "settings." in line] == ["settings.version"]


def test_what_is_remembered_of_settings_gives_no_secret_away(teams: ReadForNews, make_notifier: Make) -> None:
    """Neither the row nor health nor the pulse; the same settings elsewhere have another fingerprint."""
    with ScriptedServer(default=reply(200)) as monitor:
        notifier = make_notifier(MAA_PING_URL=f"{monitor.url}/token-of-the-monitor")
        report = notifier.poll()
        [seen] = monitor.requests
    stored = "".join(row.data for row in rows_of(notifier, META))
    health = notifier.app.health()

    assert f"settings={report.settings}" in seen.query
    assert health.settings == report.settings
    assert len(report.settings) == 16
    for secret in (teams.secret, "token-of-the-monitor", notifier.environ["MAA_GRAPH_URL"]):
        assert secret not in stored
    delete(notifier, META + "settings")
    assert notifier.poll_after(MINUTE).settings != report.settings


@pytest.mark.parametrize("restarts", [True, False])
def test_a_deleted_mark_with_a_wipe_in_the_same_minute(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make, restarts: bool
) -> None:
    """Filed, approved and completed between two polls, the mark gone: all ring, and the wipe is told."""
    notifier = make_notifier()
    now = notifier.clock.now()
    old = [make_request(now=now, age=timedelta(days=days), status="completed") for days in (2, 9)]
    graph.requests = [make_request(now=now), *old]
    notifier.poll()
    told = len(teams.cards)
    delete(notifier, MARK)
    notifier.clock.advance(MINUTE)
    now = notifier.clock.now()
    wipe = make_request(
        now=now,
        age=timedelta(seconds=30),
        status="completed",
        payloadName="LT-66",
        lastModifiedDateTime=iso(now),
    )
    graph.requests += [wipe]
    report = (make_notifier() if restarts else notifier).poll()

    assert (teams.alarms, report.memory_lost) == ([LOST], True)
    assert ["LT-66" in text(card) for card in teams.cards[told:]] == [True]


def test_rows_of_the_history_alone_make_no_first_run(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """All but the journal is deleted and the process starts anew: what ended within the last day is told."""
    notifier = make_notifier()
    now = notifier.clock.now()
    lately = make_request(now=now, age=timedelta(hours=5), status="completed", payloadName="LT-5")
    before = make_request(now=now, age=timedelta(days=3), status="completed", payloadName="LT-3")
    graph.requests = [make_request(now=now), lately, before]
    notifier.poll()
    delete(notifier, LIVE, META)
    told = len(teams.cards)
    make_notifier().poll_after(MINUTE)

    cards = [text(card) for card in teams.cards[told:]]
    assert teams.alarms == [LOST]
    assert len(cards) == 2
    assert any("LT-5" in each for each in cards)


def test_a_new_deployment_is_silent_about_what_ended(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """No history, no alarm: also where Graph fails at first."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now(), status="completed")]
    graph.fail_next(*[reply(503)] * 3)
    notifier.poll()
    make_notifier().poll_each(MINUTE, 2)

    assert (teams.alarms, teams.cards) == ([], [])


@pytest.mark.parametrize("restarts", [True, False])
def test_a_planted_row_hides_no_request(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make, restarts: bool
) -> None:
    """A `live:` row says that the wipe was told already: the card rings once, and the wipe is told."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    told = len(teams.cards)
    notifier.clock.advance(MINUTE)
    wipe = make_request(now=notifier.clock.now(), status="completed", payloadName="LT-66")
    put(notifier, f"{LIVE}{wipe['id']}", encode(planted(wipe)))
    graph.requests += [wipe]
    later = make_notifier() if restarts else notifier
    later.poll()
    later.poll_each(MINUTE, 3)

    assert teams.alarms == [TOUCHED]
    assert ["LT-66" in text(card) for card in teams.cards[told:]] == [True]


@pytest.mark.parametrize("kind", ["changed", "deleted"])
def test_a_row_that_was_changed_or_deleted_is_noticed(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make, kind: str
) -> None:
    """Whether a request was marked as rejected, or forgotten."""
    notifier = make_notifier()
    request = make_request(now=notifier.clock.now(), payloadName="LT-66")
    graph.requests = [request, make_request(now=notifier.clock.now())]
    notifier.poll()
    [row] = [row for row in rows_of(notifier, LIVE) if request["id"] in row.key]
    delete(notifier, row.key)
    if kind == "changed":
        state = decode(row, RequestState)
        put(notifier, row.key, encode(replace(state, request=replace(state.request, status="rejected"))))
    make_notifier().poll_each(MINUTE, 3)

    assert teams.alarms == [TOUCHED]


def test_all_requests_and_their_version_that_are_deleted_ring_once_though_nothing_is_listed(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """Nothing is recorded after that, so only the alarm can write the version again."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll_each(MINUTE, 2)
    delete(notifier, LIVE, SNAPSHOT_VERSION)
    graph.requests = []
    make_notifier().poll_each(MINUTE, 4)

    assert teams.alarms == [TOUCHED]


def test_a_loss_under_a_running_process_is_told_once(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """All rows but those of requests go: the polls are counted from one again, and that is no second loss."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll_each(MINUTE, 4)
    delete(notifier, META)
    notifier.poll_each(MINUTE, 4)

    assert teams.alarms == [LOST]


@pytest.mark.parametrize("days_off", [0, 5])
@pytest.mark.parametrize("restarts", [True, False])
@pytest.mark.parametrize("prefixes", [(LIVE,), (LIVE, SNAPSHOT_VERSION)], ids=["alone", "with the version"])
def test_requests_that_are_deleted_make_no_history_news(  # noqa: PLR0917 - three cases of one
    graph: FakeGraph,
    teams: ReadForNews,
    make_notifier: Make,
    prefixes: tuple[str, ...],
    restarts: bool,
    days_off: int,
) -> None:
    """All of them, with the mark still there: what is open is told, and what ended since a day before it."""
    notifier = make_notifier()
    notifier.poll()
    graph.requests = [make_request(now=notifier.clock.now(), status="completed", payloadName="LT-3")]
    notifier.poll_after(MINUTE)
    notifier.clock.advance(timedelta(days=3))
    now = notifier.clock.now()
    lately = make_request(now=now, age=timedelta(hours=5), status="completed", payloadName="LT-5")
    graph.requests += [make_request(now=now, payloadName="LT-0"), lately]
    notifier.poll_after(MINUTE)
    told = len(teams.cards)
    delete(notifier, *prefixes)
    notifier.clock.advance(timedelta(hours=1))
    graph.requests += [make_request(now=notifier.clock.now(), status="completed", payloadName="LT-9")]
    notifier.clock.advance(timedelta(days=days_off))
    (make_notifier() if restarts else notifier).poll_each(MINUTE, 2)

    cards = {name: text(card) for card in teams.cards[told:] for name in NAMES if name in text(card)}
    assert (teams.alarms, len(teams.cards[told:])) == ([TOUCHED], 3)
    assert sorted(cards) == ["LT-0", "LT-5", "LT-9"]
    assert [name for name, card in sorted(cards.items()) if "lost its memory" in card] == ["LT-0", "LT-5"]


def writes_mark_of_approvals(writes: Sequence[Write]) -> bool:
    """Whether the mark of the last poll is among them."""
    return any(each.key == MARK + "approvals" for each in writes)


def writes_settings(writes: Sequence[Write]) -> bool:
    """Whether the row of the settings is among them."""
    return any(each.key == SETTINGS_ROW for each in writes)


def test_a_loss_is_told_once_though_the_poll_that_found_it_ended_there(
    teams: ReadForNews, make_notifier: Make
) -> None:
    """The row of the settings is gone; the store goes away between the alarm and the new row."""
    notifier = make_notifier()
    notifier.poll()
    delete(notifier, META + "settings")
    later = make_notifier()
    rows = later.app.store.rows
    later.app.store = StateStore(
        CutOff(rows, lambda writes: any(each.key == SETTINGS_ROW for each in writes))
    )
    with pytest.raises(StateError):
        later.poll_after(MINUTE)
    make_notifier().poll_each(MINUTE, 3)

    assert teams.alarms == [TOUCHED]


def test_a_mark_that_is_older_than_rows_is_noticed(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """Somebody put the row of an hour ago back."""
    notifier = make_notifier()
    notifier.poll()
    [old] = rows_of(notifier, MARK)
    for _ in range(2):
        graph.requests = [*graph.requests, make_request(now=notifier.clock.now())]
        notifier.poll_after(30 * MINUTE)
    put(notifier, old.key, old.data)
    notifier.poll_each(MINUTE, 3)

    assert teams.alarms == [SET_BACK]


def test_a_mark_of_another_source_that_is_older_rings_once_though_each_poll_ends_there() -> None:
    """The one that begins anew is newer than any that the approvals' mark knows of."""
    store = StateStore(MemoryRows()).requests
    store.write_mark("watch", SourceMark(last_good=START, number=3))
    store.write_mark(APPROVALS, SourceMark(last_good=START, number=9, others={"watch": 7}))
    times = [START + timedelta(minutes=each) for each in range(3)]

    found = [Guard().look(store, store.read_snapshot(), ["ops"], now).is_memory_lost for now in times]

    assert found == [True, False, False]


def test_two_pollers_and_hands_at_the_outbox_touch_nothing(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """All of them write through the same door, in any order."""
    notifier = make_notifier()
    twin = notifier.another()
    for number in range(6):
        now = notifier.clock.now()
        graph.requests = [*graph.requests, make_request(now=now), make_request(now=now, status="approved")]
        first, second = (notifier, twin) if number % 2 else (twin, notifier)
        first.poll_after(MINUTE)
        second.poll()
        graph.requests = graph.requests[1:]
        second.poll_after(MINUTE)
    twin.close()
    make_notifier().poll_each(MINUTE, 2)

    assert teams.alarms == []


def test_a_state_of_an_older_version_is_no_attack(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """Its rows have no numbers, no totals and no settings; nor have those of an older one that came back."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    for row in rows_of(notifier, META):
        told = json.loads(row.data)
        for name in ("number", "settings", "total", "mark"):
            told.pop(name, None)
        put(notifier, row.key, json.dumps(told))
    delete(notifier, META + "settings")
    make_notifier().poll_each(MINUTE, 3)

    assert teams.alarms == []


def test_an_alarm_is_told_once_though_teams_fails(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """It waits in the outbox like any other card."""
    make_notifier().poll()
    teams.fail_next(*[reply(503)] * 3)
    make_notifier(MAA_POLL_SCHEDULE="0 0 * * * *").poll_each(10 * MINUTE, 6)

    assert teams.alarms == [SETTINGS]


def test_a_flood_hides_no_alarm(graph: FakeGraph, teams: ReadForNews, make_notifier: Make) -> None:
    """Two hundred requests in the minute of the change: the alarm is a card of its own, in the same poll."""
    make_notifier().poll()
    attacked = make_notifier(MAA_DIGEST_ABOVE="6")
    now = attacked.clock.now()
    graph.requests = [make_request(now=now) for _ in range(200)]
    attacked.poll_after(MINUTE)

    assert teams.alarms == [SETTINGS]


def test_a_poll_with_nothing_new_writes_no_more_than_before(
    graph: FakeGraph, clock: FakeClock, tmp_path: Path, teams: ReadForNews
) -> None:
    """One reading and the mark."""
    notifier = Notifier(graph, teams, tmp_path / "quiet.db", clock)
    graph.requests = [make_request(now=clock.now())]
    notifier.poll()
    notifier.poll_after(MINUTE)
    rows, calls = notifier.app.store.rows, []
    commit = rows.commit

    def counted(writes: Any) -> list[str]:
        calls.append([write.key for write in writes])
        return commit(writes)

    rows.commit = counted  # type: ignore[method-assign]
    notifier.poll_after(MINUTE)
    notifier.close()

    assert calls == [[f"{MARK}approvals"]]


def iso(moment: Any) -> str:
    """A time as Graph writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def test_a_version_that_is_deleted_with_the_mark_is_a_loss(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """Requests that nobody's version explains, and no mark."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    delete(notifier, MARK, SNAPSHOT_VERSION, "sent:")
    make_notifier().poll_each(MINUTE, 2)

    assert teams.alarms == [LOST]
    assert strip(teams.cards[0]).startswith("Needs approval")


def is_mark(writes: Sequence[Write]) -> bool:
    """Whether a poll notes how far it came."""
    return any(each.key.startswith(MARK) for each in writes)


def test_first_polls_that_were_killed_lost_nothing(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """What they recorded has left the list before any of them wrote a mark."""
    requests = [make_request(now=make_notifier().clock.now(), status="completed")]
    for graph.requests in (requests, []):
        notifier = make_notifier()
        notifier.app.store = StateStore(CutOff(notifier.app.store.rows, is_mark))
        with pytest.raises(StateError):
            notifier.poll()
    left = rows_of(make_notifier(), PAST)
    report = make_notifier().poll_after(MINUTE)

    assert (len(left), report.memory_lost, teams.alarms) == (1, False, [])


def test_a_loss_is_noticed_where_nothing_was_ever_told(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """What is left is a request that had ended before the first poll, and left the list."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now(), status="completed")]
    notifier.poll()
    graph.requests = []
    notifier.poll_after(MINUTE)
    delete(notifier, META)
    make_notifier().poll_after(MINUTE)

    assert teams.alarms == [LOST]


def written(kind: type[Any], **changes: Any) -> Callable[[Row], str]:
    """What a row says with these changes."""
    return lambda row: encode(replace(decode(row, kind), **changes))


YEARS = timedelta(days=3_000)

HANDS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "a mark of a first run": (MARK, written(SourceMark, last_good=None)),
    "a mark of which nothing is left": (MARK, lambda _: encode(SourceMark())),
    "a mark that says nothing": (MARK, lambda _: "{}"),
    "a mark that begins to watch later": (MARK, written(SourceMark, outlook=Outlook(since=START + YEARS))),
    "a mark that keeps Graph from being asked": (
        MARK,
        written(SourceMark, not_before=START + timedelta(minutes=59)),
    ),
    "a mark without the settings": (MARK, written(SourceMark, settings="")),
    "a version that counted nothing": (SNAPSHOT_VERSION, written(SnapshotVersion, total=None, mark=0)),
    "a destination that is to wait": (
        DESTINATION,
        written(DestinationState, retry_after_until=START + YEARS),
    ),
    "a destination with another number": (DESTINATION, written(DestinationState, serial=2**40)),
    "a key of one's own": (SETTINGS_ROW, written(SettingsRecord, key="0" * 32)),
    "a day without a purge": (LAST_PURGE, written(LastPurge, at=START + YEARS)),
}


@pytest.mark.parametrize("kind", HANDS)
@pytest.mark.parametrize("restarts", [True, False])
def test_a_row_that_each_poll_reads_was_changed(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make, kind: str, restarts: bool
) -> None:
    """Whatever it says: each channel hears of it within one poll, and of the wipe of that minute."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    notifier.poll_after(MINUTE)
    told = len(teams.cards)
    prefix, change = HANDS[kind]
    [row] = rows_of(notifier, prefix)
    put(notifier, row.key, change(row))
    notifier.clock.advance(MINUTE)
    now = notifier.clock.now()
    wipe = make_request(
        now=now,
        age=timedelta(seconds=30),
        status="completed",
        payloadName="LT-66",
        lastModifiedDateTime=iso(now),
    )
    graph.requests += [wipe]
    later = make_notifier() if restarts else notifier
    report = later.poll()
    later.poll_each(MINUTE, 3)

    assert report.memory_lost
    assert [each for each in teams.alarms if each != SETTINGS] == [TOUCHED]
    assert ["LT-66" in text(card) for card in teams.cards[told:]] == [True]


def test_a_changed_mark_hides_nothing_of_a_time_without_polls(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """A wipe in three days without polls is told, for the process knows when it last looked."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll_each(MINUTE, 2)
    told = len(teams.cards)
    notifier.clock.advance(timedelta(days=1))
    now = notifier.clock.now()
    graph.requests += [make_request(now=now, status="completed", payloadName="LT-66")]
    notifier.clock.advance(timedelta(days=2))
    [row] = rows_of(notifier, MARK)
    put(notifier, row.key, written(SourceMark, settings="")(row))
    notifier.poll_each(MINUTE, 2)

    assert teams.alarms == [TOUCHED]
    assert ["LT-66" in text(card) for card in teams.cards[told:]] == [True]


@pytest.mark.parametrize("restarts", [True, False])
def test_a_row_of_the_past_hides_no_request(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make, restarts: bool
) -> None:
    """Two rows say that the wipe was told, ended and left the list long ago."""
    notifier = make_notifier()
    notifier.poll()
    notifier.clock.advance(MINUTE)
    now = notifier.clock.now()
    wipe = make_request(now=now, age=timedelta(seconds=30), status="completed", payloadName="LT-66")
    put(notifier, f"{PAST}{wipe['id']}", encode(replace(planted(wipe), missing_since=now)))
    put(notifier, WATERMARK, encode(Watermark(now)))
    graph.requests = [wipe]
    later = make_notifier() if restarts else notifier
    later.poll()
    later.poll_each(MINUTE, 2)

    assert teams.alarms == [TOUCHED]
    assert ["LT-66" in text(card) for card in teams.cards] == [True]


WAITING: dict[str, Callable[[Row], str] | None] = {
    "deleted": None,
    "told by a digest": written(Notification, told=True),
    "of another channel": written(Notification, destination="nowhere"),
    "for later": written(Notification, recorded_at=START + YEARS, not_before=START + timedelta(hours=20)),
    "worn out": written(Notification, failing_for=1e9, attempts=9_999, ill=True),
}


@pytest.mark.parametrize("kind", WAITING)
@pytest.mark.parametrize("restarts", [True, False])
def test_what_waits_is_told_whoever_touches_it(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make, kind: str, restarts: bool
) -> None:
    """Teams fails for a minute, and meanwhile somebody takes the card away, or makes it wait for ever."""
    notifier = make_notifier()
    notifier.poll()
    notifier.poll_after(MINUTE)
    teams.fail_next(*[reply(503)] * 3)
    graph.requests = [make_request(now=notifier.clock.now(), payloadName="LT-66")]
    notifier.poll_after(MINUTE)
    [row] = rows_of(notifier, OUTBOX)
    change = WAITING[kind]
    if change is None:
        delete(notifier, row.key)
    else:
        put(notifier, row.key, change(row))
    later = make_notifier() if restarts else notifier
    later.poll_each(MINUTE, 4)

    assert teams.alarms == [TOUCHED]
    assert ["LT-66" in text(card) for card in teams.cards] == [True]


def test_what_a_poll_told_by_a_clock_set_back_is_no_touch(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """That poll is killed before it says so in the mark, and the clock is right again."""
    notifier = make_notifier()
    notifier.poll()
    teams.fail_next(*[reply(503)] * 3)
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll_after(MINUTE)
    notifier.clock.set_back(timedelta(hours=2))
    cut = make_notifier()
    cut.app.store = StateStore(CutOff(cut.app.store.rows, writes_mark_of_approvals))
    with pytest.raises(StateError):
        cut.poll()
    notifier.clock.set_back(-timedelta(hours=2))
    make_notifier().poll_each(MINUTE, 2)

    assert (len(teams.cards), teams.alarms) == (1, [])


def test_an_old_entry_of_the_journal_excuses_no_card_that_vanished(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """Somebody takes the card away and leaves an entry as if it had been told long before: that rings."""
    notifier = make_notifier()
    notifier.poll()
    teams.fail_next(*[reply(503)] * 3)
    graph.requests = [make_request(now=notifier.clock.now(), payloadName="LT-66")]
    notifier.poll_after(MINUTE)
    [waits] = notifier.app.store.outbox.read_pending()
    delete(notifier, OUTBOX)
    told = JournalEntry(waits.value, notifier.clock.now() - timedelta(days=2))
    put(notifier, sent_key(told), encode(told))
    make_notifier().poll_each(MINUTE, 4)

    assert teams.alarms == [TOUCHED]


def test_a_person_may_discard_what_waits(graph: FakeGraph, teams: ReadForNews, make_notifier: Make) -> None:
    """That is how it was meant."""
    notifier = make_notifier()
    notifier.poll()
    teams.fail_next(*[reply(503)] * 3)
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll_after(MINUTE)
    by_hand = notifier.another()
    [waits] = by_hand.app.store.outbox.read_pending()
    by_hand.app.store.outbox.discard(waits)
    by_hand.close()
    make_notifier().poll_each(MINUTE, 3)

    assert (teams.alarms, teams.cards) == ([], [])


def test_a_person_may_discard_more_than_are_noted(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """The oldest are among those that the next poll asks for."""
    notifier = make_notifier()
    notifier.poll()
    teams.answer_all(reply(404))
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(320)]
    notifier.poll_after(MINUTE)
    outbox = notifier.app.store.outbox
    for waits in sorted(outbox.read_pending(), key=lambda each: each.value.key):
        outbox.discard(waits)
    teams.answer_all(None)
    make_notifier().poll_each(MINUTE, 2)

    assert (teams.alarms, teams.cards) == ([], [])


def test_a_version_that_is_gone_is_a_touch(graph: FakeGraph, teams: ReadForNews, make_notifier: Make) -> None:
    """With it the count of the rows: one was planted. The mark counts on, so no older copy passes for it."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll_each(MINUTE, 3)
    before = notifier.app.store.requests.read_mark("approvals")
    wipe = make_request(now=notifier.clock.now(), status="completed", payloadName="LT-66")
    put(notifier, f"{LIVE}{wipe['id']}", encode(planted(wipe)))
    delete(notifier, SNAPSHOT_VERSION)
    graph.requests += [wipe]
    later = make_notifier()
    later.poll()
    after = later.app.store.requests.read_mark("approvals")
    later.poll_each(MINUTE, 2)

    assert teams.alarms == [TOUCHED]
    assert sum("LT-66" in text(card) for card in teams.cards) == 1
    assert before is not None
    assert after is not None
    assert after.number > before.number


@pytest.mark.parametrize("has_finding", [True, False])
def test_a_version_is_missed_where_only_a_finding_was_recorded(has_finding: bool) -> None:
    """No request was ever listed; where nothing at all was recorded there is no version to miss."""
    rows, guard = MemoryRows(), Guard({"MAA_GRAPH_URL": Secret("https://graph.test")})

    def look() -> bool:
        store = StateStore(rows).requests
        return guard.look(store, store.read_snapshot(), ["ops"], START).is_memory_lost

    StateStore(rows).requests.write_mark(APPROVALS, SourceMark(last_good=START, number=1))
    is_lost_at_first = look()
    finding = Change("lock:approvers", None, FindingState(notice(), START))
    if has_finding:
        StateStore(rows).requests.record([finding], shelf=FINDINGS)
    before = look()
    [*versions] = rows.read(SNAPSHOT_VERSION, prefix_end(SNAPSHOT_VERSION))
    rows.commit([Delete(each.key, each.etag) for each in versions])

    assert (is_lost_at_first, before, look()) == (False, False, has_finding)


def test_an_older_copy_of_the_whole_table_is_noticed_by_a_running_process(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """All of it fits together; but the process knows how far it had come."""
    notifier = make_notifier()
    notifier.poll_each(MINUTE, 3)
    old = rows_of(notifier)
    notifier.poll_each(MINUTE, 3)
    delete(notifier, "")
    for row in old:
        put(notifier, row.key, row.data)
    notifier.poll_each(MINUTE, 3)

    assert teams.alarms == [SET_BACK]


def test_a_planted_row_is_noticed_where_nothing_is_new(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """Within a quarter of an hour, and no poll reads more than once for it."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    notifier.poll_after(MINUTE)
    wipe = make_request(now=notifier.clock.now(), status="completed")
    put(notifier, f"{LIVE}{wipe['id']}", encode(planted(wipe)))
    rows = notifier.app.store.rows
    ranges: list[str] = []
    read = rows.read

    def counted(first: str, end: str) -> Iterator[Row]:
        ranges.append(first)
        return read(first, end)

    rows.read = counted  # type: ignore[method-assign]
    reads: list[int] = []
    for _ in range(15):
        ranges.clear()
        if notifier.poll_after(MINUTE).memory_lost:
            break
        reads.append(len(ranges))

    assert reads == [1] * len(reads)
    assert ranges[0] == DEAD
    assert teams.alarms == [TOUCHED]


def test_rows_of_the_version_before_are_sealed_in_silence(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """Also what waits; and those of a version before that came back for a while."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    teams.fail_next(*[reply(503)] * 3)
    graph.requests += [make_request(now=notifier.clock.now(), payloadName="LT-66")]
    notifier.poll_after(MINUTE)
    remove_seals(notifier)
    later = make_notifier()
    later.poll_each(MINUTE, 3)
    sealed = [seal_in(row.data) for row in [*rows_of(later, META), *rows_of(later, OUTBOX)]]

    assert teams.alarms == []
    assert sum("LT-66" in text(card) for card in teams.cards) == 1
    assert sealed
    assert all(sealed)


def test_what_waits_since_the_version_before_does_not_begin_anew(
    graph: FakeGraph, teams: ReadForNews, make_notifier: Make
) -> None:
    """What it has failed for counts on, so that it is given up when that was said."""
    notifier = make_notifier()
    notifier.poll()
    teams.fail_next(*[reply(503)] * 9)
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll_after(MINUTE)
    before = waiting(notifier)
    remove_seals(notifier)
    later = make_notifier()
    later.poll_after(MINUTE)
    after = waiting(later)

    assert after.attempts == before.attempts + 1 > 2
    assert after.failing_for > before.failing_for
