"""The watch, from the log's entry to the card in the channel."""

import contextlib
import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify import app as app_module
from maa_notify.demo.access import SimulatedAccess
from maa_notify.demo.audit_events import (
    app,
    device,
    intune_app,
    intune_event,
    intune_person,
    member_added,
    permission_granted,
    person,
    secret_added,
    wiped,
)
from maa_notify.demo.audit_logs import SimulatedLogs
from maa_notify.demo.samples import Json
from maa_notify.domain.alert import AlertState
from maa_notify.fleet.shared import SharedResources
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import StaticToken
from maa_notify.storage.records import AUDIT, MARK, SourceMark, decode, encode
from maa_notify.storage.rows import Delete, Put, Write, prefix_end
from tests.support.cards import as_read, text
from tests.support.graph import FakeGraph, graph_error, make_request
from tests.support.memory import MemoryRows
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

MINUTES = 60.0
_UNSEEN = re.compile("[\u200b\u2060]")
DIRECTORY = "/v1.0/auditLogs/directoryAudits"
INTUNE = "/beta/deviceManagement/auditEvents"
MALLORY = person("bad00000-0000-4000-8000-000000000001", "mal.lory@contoso.com")
OTHER = person("bad00000-0000-4000-8000-000000000003", "other@contoso.com")
PUPPET = ("bad00000-0000-4000-8000-000000000002", "puppet@contoso.com")
APP = ("0e000000-0000-4000-8000-000000000001", "0e000000-0000-4000-8000-000000000002", "helpdesk-tool")
WIPES = ("5b07b0dd-2377-4e44-a38d-703f09a0dc3c", "DeviceManagementManagedDevices.PrivilegedOperations.All")


class Watched:
    """A tenant with logs and an approver group, and a notifier that watches it."""

    def __init__(self, graph: FakeGraph, notifier: Notifier) -> None:
        """Begin with one access policy and one approver."""
        self.graph = graph
        self.notifier = notifier
        self.clock = notifier.clock
        self.logs = SimulatedLogs()
        self.access = SimulatedAccess()
        self.group = (self.access.add_group("MAA approvers"), "MAA approvers")
        self.access.add_person(self.group[0], "Theo Brandt")
        self.access.add_policy("deviceWipe", self.group[0])
        self.powerful: list[Json] = []
        self.units: list[Json] = [{"id": "unit", "displayName": "RAU", "isMemberManagementRestricted": True}]
        self.logs.serve(graph.resources)
        self.access.serve(graph.resources)
        graph.resources.add(
            r"/v1\.0/groups/[^/]+/memberOf/microsoft\.graph\.administrativeUnit",
            ("AdministrativeUnit.Read.All",),
            lambda _, __: self.units,
        )
        graph.resources.add(
            r"/v1\.0/servicePrincipals\(appId='[^']+'\)",
            ("Application.Read.All",),
            lambda _, __: {"id": "graph"},
        )
        graph.resources.add(
            r"/v1\.0/servicePrincipals/graph/appRoleAssignedTo",
            ("Application.Read.All",),
            lambda _, __: self.powerful,
        )

    def after(self, minutes: float) -> None:
        """Poll once, so many minutes later."""
        self.notifier.poll_after(minutes * MINUTES)

    def passes(self, minutes: int) -> None:
        """Let so much time pass, and poll every five minutes and at its end."""
        whole, rest = divmod(minutes, 5)
        self.notifier.poll_each(5 * MINUTES, whole)
        if rest:
            self.after(rest)


@pytest.fixture
def watched(graph: FakeGraph, make_notifier: Callable[..., Notifier]) -> Watched:
    """Polled once, so that the watch has begun."""
    made = Watched(graph, make_notifier(MAA_WATCH="on"))
    made.notifier.poll()
    return made


def told(teams: FakeTeams) -> list[str]:
    """What the cards in the channel say."""
    return [_UNSEEN.sub("", as_read(text(card))) for card in teams.cards]


def test_a_puppet_in_the_approver_group_rings_within_one_rhythm_and_once(
    watched: Watched, teams: FakeTeams
) -> None:
    """However often the window that holds the entry is read."""
    watched.logs.log_entra(member_added(watched.clock.now(), MALLORY, watched.group, PUPPET))

    watched.passes(5)
    [card] = told(teams)
    watched.passes(90)

    assert len(teams.cards) == 1
    assert "Somebody was added to an approver group" in card
    assert all(
        words in card
        for words in ("MAA approvers", "puppet@contoso.com", "mal.lory@contoso.com", "203.0.113.7")
    )
    assert "Critical severity" in card


def test_what_was_in_the_log_before_the_watch_began_is_history(
    graph: FakeGraph, make_notifier: Callable[..., Notifier], teams: FakeTeams
) -> None:
    """Also where the overlapping window of the second look holds it."""
    watched = Watched(graph, make_notifier(MAA_WATCH="on"))
    watched.logs.log_entra(
        member_added(watched.clock.now() - timedelta(minutes=5), MALLORY, watched.group, PUPPET)
    )

    watched.notifier.poll()
    watched.passes(70)

    assert teams.cards == []


def test_an_entry_that_comes_late_is_told(watched: Watched, teams: FakeTeams) -> None:
    """A quarter of an hour after it happened, and after later ones were read."""
    late = member_added(watched.clock.now() + timedelta(minutes=1), MALLORY, watched.group, PUPPET)
    watched.passes(15)
    watched.logs.log_entra(late)

    watched.passes(5)

    assert len(teams.cards) == 1


def test_an_operation_without_a_request_rings_after_a_request_could_be_listed(
    watched: Watched, teams: FakeTeams
) -> None:
    """Twenty minutes later and not before; with a request never."""
    watched.after(120)
    watched.logs.log_intune(
        wiped(watched.clock.now(), intune_person("mira", "mira.holt@contoso.com"), "some-device")
    )

    watched.passes(19)
    assert teams.cards == []
    watched.passes(10)

    [card] = told(teams)
    assert "A protected operation was carried out without approval" in card
    assert "mira.holt@contoso.com" in card


def test_an_operation_with_its_request_is_silent(
    watched: Watched, graph: FakeGraph, teams: FakeTeams
) -> None:
    """The request is told, and nothing else."""
    watched.after(120)
    raw = make_request(now=watched.clock.now())
    graph.requests = [raw]
    watched.passes(1)
    graph.requests = [
        {**raw, "status": "approved", "lastModifiedDateTime": f"{watched.clock.now():%Y-%m-%dT%H:%M:%SZ}"}
    ]
    watched.passes(1)
    user = raw["requestor"]["user"]
    by = intune_person(
        user.get("id") or "", user.get("userPrincipalName") or user.get("upn") or user.get("Upn") or ""
    )
    watched.logs.log_intune(wiped(watched.clock.now(), by, raw["payloadId"]))
    told = len(teams.cards)

    watched.passes(60)

    assert len(teams.cards) == told == 2


def test_the_story_is_told(watched: Watched, teams: FakeTeams) -> None:
    """The app got the permission 40 minutes before its first wipe."""
    watched.after(120)
    watched.logs.log_entra(permission_granted(watched.clock.now(), MALLORY, *WIPES, APP))
    watched.passes(40)
    watched.logs.log_intune(wiped(watched.clock.now(), intune_app(APP[1], APP[2]), "some-device"))

    watched.passes(30)

    granted, wipe = told(teams)
    assert "An app got a permission that leads around approval" in granted
    assert "An app carried out a protected operation without approval" in wipe
    assert "An app got a permission that leads around approval" in wipe


def test_what_the_log_lost_is_found_by_comparing(watched: Watched, teams: FakeTeams) -> None:
    """Within an hour, though nobody can tell who did it; log and comparison of one change are one card."""
    watched.passes(10)
    watched.access.add_person(watched.group[0], "Puppet")
    watched.passes(60)
    [card] = told(teams)
    assert "Somebody was added to an approver group" in card
    assert "the log does not tell" in card

    member = watched.access.add_person(watched.group[0], "Another Puppet")
    watched.logs.log_entra(
        member_added(watched.clock.now(), MALLORY, watched.group, (member, "another@contoso.com"))
    )
    watched.passes(90)

    assert len(teams.cards) == 2


def test_an_alert_that_is_expected_is_muted_and_kept(
    graph: FakeGraph, make_notifier: Callable[..., Notifier], teams: FakeTeams
) -> None:
    """It stands in the list of alerts with its reason."""
    allow = [{"object_id": APP[0], "alert": "B1", "reason": "our own roll-out", "until": "2099-01-01"}]
    watched = Watched(graph, make_notifier(MAA_WATCH="on", MAA_WATCH_ALLOW=json.dumps(allow)))
    watched.notifier.poll()
    watched.logs.log_entra(permission_granted(watched.clock.now(), MALLORY, *WIPES, APP))

    watched.passes(10)

    assert teams.cards == []
    [kept] = watched.notifier.app.store.alerts.read_since()
    assert (kept.alert.kind, kept.muted) == ("B1", "our own roll-out")


@pytest.mark.parametrize("path", [DIRECTORY, INTUNE])
def test_a_log_that_fails_delays_no_request(
    watched: Watched, graph: FakeGraph, teams: FakeTeams, path: str
) -> None:
    """And what it held meanwhile is told when it answers again."""
    watched.after(60)
    graph.fail_next(*[graph_error(403, "Forbidden", "no")] * 6, on=path)
    graph.requests = [make_request(now=watched.clock.now())]
    watched.logs.log_entra(member_added(watched.clock.now(), MALLORY, watched.group, PUPPET))

    watched.passes(1)
    assert len(teams.cards) >= 1
    watched.passes(120)

    assert len(teams.cards) == 2


def test_a_secret_of_a_powerful_app_rings_and_that_of_another_does_not(
    watched: Watched, teams: FakeTeams
) -> None:
    """Which apps are powerful is read once an hour."""
    watched.powerful.append({"id": "1", "appRoleId": WIPES[0], "principalId": APP[0]})
    watched.passes(65)  # the comparison tells that the app is new among the powerful
    before = len(teams.cards)
    now = watched.clock.now()
    watched.logs.log_entra(secret_added(now, app("ci", "pipeline"), ("other", "other-id", "web")))
    watched.logs.log_entra(secret_added(now, app("ci", "pipeline"), APP))

    watched.passes(10)

    assert [before, len(teams.cards)] == [1, 2]
    assert "got a new credential" in told(teams)[-1]


def test_a_poll_with_nothing_new_asks_the_logs_once_in_their_rhythm(
    watched: Watched, graph: FakeGraph
) -> None:
    """Two requests each five minutes, and the tenant once an hour."""
    watched.passes(10)
    before = len(graph.calls)
    watched.passes(60)

    asked = [call.path for call in graph.calls[before:]]
    assert asked.count(DIRECTORY) == asked.count(INTUNE) == 12
    assert {call.method for call in graph.calls} == {"GET"}


@pytest.mark.parametrize("page_size", [1, 3])
def test_a_flood_of_entries_blinds_nobody(
    watched: Watched, graph: FakeGraph, teams: FakeTeams, page_size: int
) -> None:
    """What cannot be read in one look is read in several, and what matters in it is told."""
    graph.page_size = page_size
    begun = watched.clock.now()
    noise = [
        member_added(begun + timedelta(seconds=number), MALLORY, ("other", "Other"), PUPPET)
        for number in range(200)
    ]
    watched.logs.log_entra(*noise[:100], member_added(begun, MALLORY, watched.group, PUPPET), *noise[100:])

    watched.passes(240)

    assert len([card for card in told(teams) if "approver group" in card]) == 1


def test_what_left_the_log_unread_is_told(watched: Watched, teams: FakeTeams) -> None:
    """After two weeks without a look nobody can tell what happened in the first of them."""
    watched.after(14 * 24 * 60)

    watched.passes(2)

    assert len([card for card in told(teams) if "never read" in card]) == 1


def test_two_pollers_tell_an_alert_once(watched: Watched, teams: FakeTeams) -> None:
    """Both find it in the same minute."""
    other = watched.notifier.another()
    watched.logs.log_entra(member_added(watched.clock.now(), MALLORY, watched.group, PUPPET))
    watched.clock.advance(6 * MINUTES)

    watched.notifier.poll()
    other.poll()
    watched.passes(10)
    other.close()

    assert len(teams.cards) == 1


@pytest.mark.parametrize("page_size", [1, 3])
def test_a_flood_in_a_log_without_an_order_blinds_nobody(
    watched: Watched, graph: FakeGraph, teams: FakeTeams, page_size: int
) -> None:
    """Shorter spans are asked for until one can be read."""
    watched.after(120)
    graph.page_size = page_size
    by, begun = intune_person("mira", "mira.holt@contoso.com"), watched.clock.now()
    noise = [
        intune_event("syncDevice ManagedDevice", begun + timedelta(seconds=number), by, device(str(number)))
        for number in range(200)
    ]
    watched.logs.log_intune(*reversed(noise[100:]), wiped(begun, by, "some-device"), *noise[:100])

    watched.passes(240)

    assert len([card for card in told(teams) if "without approval" in card]) == 1


class Killed(BaseException):
    """The process ends here."""


class MortalRows(MemoryRows):
    """Rows in memory that end the process at one of the writes: before it, or right after."""

    def __init__(self) -> None:
        """Live for ever, until told otherwise."""
        super().__init__()
        self.ends_at = 0
        self._writes = 0

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Do all writes or none."""
        self._writes += 1
        if self._writes * 2 - 1 == self.ends_at:
            raise Killed
        done = super().commit(writes)
        if self._writes * 2 == self.ends_at:
            raise Killed
        return done

    def begin(self, ends_at: int) -> None:
        """Count from here."""
        self.ends_at, self._writes = ends_at, 0

    @property
    def points(self) -> int:
        """How many points there were."""
        return self._writes * 2


@pytest.mark.parametrize("number", [1, 2])
def test_an_alert_survives_a_kill_at_any_write(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier], number: int
) -> None:
    """It is never lost, and comes twice at most where the kill lies between Teams' answer and its record."""
    watched = Watched(graph, make_notifier(MAA_WATCH="on"))
    settings = watched.notifier.app.settings

    def poll(rows: MortalRows) -> None:
        parts = app_module.Parts(StaticToken(Secret("x")), rows, SharedResources())
        with contextlib.closing(app_module.wire(settings, parts, watched.clock)) as wired:
            wired.poll()

    twice, is_past_the_end = 0, False
    for point in range(1, 20):
        rows = MortalRows()
        poll(rows)
        before = len(teams.cards)
        now = watched.clock.now()
        watched.logs.log_entra(
            *(member_added(now, by, watched.group, PUPPET) for by in (MALLORY, OTHER)[:number])
        )
        watched.clock.advance(6 * MINUTES)
        rows.begin(point)
        with contextlib.suppress(Killed):
            poll(rows)
        is_past_the_end = rows.points < point
        rows.begin(0)
        for _ in range(4):
            watched.clock.advance(6 * MINUTES)
            poll(rows)
        came = len(teams.cards) - before
        twice += came > number
        assert number <= came <= number + 1, f"{came} cards at point {point}"
        watched.clock.advance(3 * 60 * MINUTES)

    assert is_past_the_end, "there are more points than were tried"
    assert twice <= number


@pytest.mark.parametrize("kind", ["deleted", "set back", "changed"])
def test_a_mark_of_the_watch_that_somebody_touched_hides_no_alert(
    watched: Watched, teams: FakeTeams, kind: str
) -> None:
    """Without how far it was read, what happened would be history: a day of the log is read again."""
    watched.passes(10)
    rows = watched.notifier.app.store.rows
    [old] = [row for row in rows.read(MARK, prefix_end(MARK)) if row.key.endswith("entra_audit")]
    watched.passes(10)
    [row] = [row for row in rows.read(MARK, prefix_end(MARK)) if row.key.endswith("entra_audit")]
    watched.clock.advance(MINUTES)
    watched.logs.log_entra(member_added(watched.clock.now(), MALLORY, watched.group, PUPPET))
    changed = encode(replace(decode(row, SourceMark), cursor=""))
    texts = {"set back": old.data, "changed": changed}
    rows.commit([Put(row.key, texts[kind]) if kind in texts else Delete(row.key, row.etag)])

    watched.passes(30)
    cards = told(teams)

    assert sum("memory was changed by somebody else" in card for card in cards) == 1
    assert sum("Somebody was added to an approver group" in card for card in cards) == 1


def test_a_planted_row_hides_no_alert(watched: Watched, teams: FakeTeams) -> None:
    """It says that the watch told of just this entry of the log."""
    watched.passes(5)
    watched.logs.log_entra(member_added(watched.clock.now(), MALLORY, watched.group, PUPPET))
    watched.passes(5)
    rows = watched.notifier.app.store.rows
    [row] = rows.read(AUDIT, prefix_end(AUDIT))
    rows.commit([Delete(row.key, row.etag)])
    planted = decode(row, AlertState)
    rows.commit([Put(f"{AUDIT}{planted.subject_id}", encode(planted))])
    watched.passes(5)

    assert sum("Somebody was added to an approver group" in card for card in told(teams)) == 2
