"""What the token lets be seen: said plainly, and never taken for news when it becomes less."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from maa_notify.demo.entra_api import SCOPE
from maa_notify.domain.visibility import FAMILIES, MINIMAL, RECOMMENDED
from maa_notify.graph.client import GraphClient
from maa_notify.graph.reader import GraphReader
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import StaticToken
from maa_notify.polling.report import Report
from tests.cards.judge import seen
from tests.support.cards import strip, text
from tests.support.entra import CLIENT, TENANT, FakeEntra
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

APPS = "DeviceManagementApps.Read.All"
DEVICES = "DeviceManagementManagedDevices.Read.All"
MINUTE = 60.0
YEAR_S = 365 * 86_400


class Installation:
    """A notifier that signs in, and whose permissions a test grants and takes away."""

    def __init__(self, notifier: Notifier, entra: FakeEntra) -> None:
        """`entra` hands out its tokens."""
        self.notifier = notifier
        self.entra = entra

    def poll(self, after: float = MINUTE) -> Report:
        """Polls once, a while later."""
        return self.notifier.poll_after(after)

    def hold(self, *permissions: str) -> None:
        """The identity holds these permissions from now on, and gets a new token."""
        self.entra.roles = permissions
        self.notifier.app.tokens.invalidate()


@pytest.fixture
def installation(make_notifier: Callable[..., Notifier]) -> Iterator[Installation]:
    """One with the recommended permissions."""
    with FakeEntra(secret="made-up") as entra:
        entra.lifetime = YEAR_S
        entra.roles = tuple(RECOMMENDED)
        notifier = make_notifier(
            MAA_TENANT_ID=TENANT,
            MAA_ACCESS_TOKEN="",
            MAA_CLIENT_ID=CLIENT,
            MAA_CLIENT_SECRET="made-up",
            MAA_AUTHORITY_URL=entra.url,
        )
        yield Installation(notifier, entra)
        notifier.app.tokens.invalidate()


def app_request(installation: Installation, **fields: Any) -> dict[str, Any]:
    """A request of the family of apps."""
    now = installation.notifier.clock.now()
    kind = {
        "requiredOperationApprovalPolicyTypes": ["app"],
        "payloadName": "Fabrikam VPN",
        "payloadType": "Microsoft.Management.Services.Api.MobileApp",
        "displayPayload": None,
        "actionName": None,
    }
    return make_request(now=now, **{**kind, **fields})


def told(teams: FakeTeams) -> list[str]:
    """The first line of each card."""
    return [strip(card) for card in teams.cards]


def visible_by(report: Report) -> Any:
    """What `poll --json` says of it."""
    return json.loads(report.as_json())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_missing_permission_is_named_in_the_report(installation: Installation, family: Any) -> None:
    """Each family by itself: a poll that is green says what it may not see."""
    complete = visible_by(installation.poll())
    installation.hold(*RECOMMENDED - {family.permission})
    lacking = visible_by(installation.poll())

    assert complete["hidden"] == []
    assert lacking["hidden"] == [family.name]
    assert lacking["error"] is None


def test_a_permission_to_write_opens_the_same(installation: Installation) -> None:
    """Whoever granted more than is needed is not called blind."""
    installation.hold(*(name.replace(".Read.", ".ReadWrite.") for name in RECOMMENDED), MINIMAL)

    assert visible_by(installation.poll())["hidden"] == []


def test_a_token_that_tells_nothing_hides_nothing(notifier: Notifier) -> None:
    """No claim can be read, so nothing is said to be hidden, and nothing is held."""
    report = visible_by(notifier.poll())

    assert (report["hidden"], report["error"]) == ([], None)
    assert {each.state for each in notifier.app.health().visibility} == {"unknown"}


def test_a_lost_permission_is_no_news_of_requests(
    installation: Installation, graph: FakeGraph, teams: FakeTeams, caplog: pytest.LogCaptureFixture
) -> None:
    """The requests of that family are held however long it takes; the log says so once; health fails."""
    caplog.set_level(logging.INFO)
    graph.requests = [app_request(installation)]
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    reports = [visible_by(installation.poll(3_600)) for _ in range(5)]
    health = installation.notifier.app.health()

    assert told(teams) == ["Needs approval · Medium risk"]
    assert {report["error"] for report in reports} == {"permission_lost"}
    assert {report["missing_permission"] for report in reports} == {APPS}
    assert (health.status, health.reason, health.missing_permission) == ("failing", "permission_lost", APPS)
    failing = [line for line in caplog.messages if line.startswith("poll.failing")]
    assert len(failing) == 1
    assert APPS in failing[0]


def test_other_families_are_told_while_one_is_hidden(
    installation: Installation, graph: FakeGraph, teams: FakeTeams
) -> None:
    """A wipe does not wait for the permission to read apps."""
    graph.requests = [app_request(installation)]
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    installation.poll()
    graph.requests.append(make_request(now=installation.notifier.clock.now()))
    installation.poll()

    assert told(teams)[1:] == ["Needs approval · High risk"]


@pytest.mark.parametrize("status,words", [("approved", "Approved"), ("rejected", "Rejected")])
def test_everything_is_told_right_once_the_permission_is_back(
    installation: Installation, graph: FakeGraph, teams: FakeTeams, status: str, words: str
) -> None:
    """What was decided meanwhile is one piece of news, and the poll is good again."""
    graph.requests = [app_request(installation)]
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    installation.poll()
    installation.poll()
    now = installation.notifier.clock.now().isoformat()
    graph.requests[0] |= {"status": status, "lastModifiedDateTime": now}
    installation.hold(*RECOMMENDED)
    report = visible_by(installation.poll())

    assert (report["error"], report["hidden"]) == (None, [])
    assert len(teams.cards) == 2
    assert told(teams)[1].startswith(words)


def test_what_really_left_meanwhile_is_told_after_two_looks(
    installation: Installation, graph: FakeGraph, teams: FakeTeams
) -> None:
    """Back with the permission, a request that is still missing is missing indeed."""
    graph.requests = [app_request(installation)]
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    installation.poll()
    graph.requests = []
    installation.hold(*RECOMMENDED)
    installation.poll()
    once = list(told(teams))
    installation.poll()

    assert once == ["Needs approval · Medium risk"]
    assert told(teams)[1:] == ["No longer listed"]


def test_a_family_of_which_nothing_is_known_may_lose_its_permission(installation: Installation) -> None:
    """Nothing is held, so no poll fails; the report says what may be hidden from now on."""
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    report = visible_by(installation.poll())

    assert (report["error"], report["hidden"]) == (None, ["apps"])


def test_nobody_waits_for_ever_for_a_permission(
    installation: Installation, graph: FakeGraph, teams: FakeTeams
) -> None:
    """A request that expired a month ago would have left Intune's list by itself: it leaves in silence."""
    graph.requests = [app_request(installation)]
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    failing = visible_by(installation.poll(30 * 86_400))
    cards = len(teams.cards)
    later = [visible_by(installation.poll(86_400)) for _ in range(8)]

    assert failing["error"] == "permission_lost"
    assert later[-1]["error"] is None
    assert len(teams.cards) == cards


def test_a_request_that_left_in_silence_is_not_new_when_it_is_back(
    installation: Installation, graph: FakeGraph, teams: FakeTeams
) -> None:
    """Nobody takes a request of last month for one that was filed today."""
    graph.requests = [app_request(installation)]
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    installation.poll()
    installation.poll(35 * 86_400)
    installation.hold(*RECOMMENDED)
    installation.poll()
    events = [entry.notification.event for entry in installation.notifier.app.store.journal.read_sent()]

    assert [event.name for event in events if event.subject_id == graph.requests[0]["id"]] == [
        "created",
        "needsApproval",
    ]


def test_a_loss_that_shows_a_poll_later_is_one_too(
    installation: Installation, graph: FakeGraph, teams: FakeTeams
) -> None:
    """Graph may go on listing for a while what the new token no longer shows."""
    # A type outside a list is shown to everybody by the simulated Graph, and read all the same.
    graph.requests = [app_request(installation, requiredOperationApprovalPolicyTypes="app")]
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    installation.poll()
    graph.requests = []
    reports = [visible_by(installation.poll()) for _ in range(3)]

    assert {report["error"] for report in reports} == {"permission_lost"}
    assert len(teams.cards) == 1


def test_requests_of_no_known_family_are_held_with_any(
    installation: Installation, graph: FakeGraph, teams: FakeTeams
) -> None:
    """Nobody can tell whether the permission that is gone was the one that showed them."""
    graph.requests = [make_request(requiredOperationApprovalPolicyTypes=["brandNew"], payloadType=None)]
    installation.poll()
    graph.requests = []
    installation.hold(*RECOMMENDED - {APPS})
    reports = [visible_by(installation.poll()) for _ in range(3)]

    assert {report["error"] for report in reports} == {"permission_lost"}
    assert len(teams.cards) == 1


def test_the_log_names_the_permission_whatever_failed_before(
    installation: Installation, graph: FakeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each reason: first Graph is down, then a permission is lost, then a second one."""
    graph.requests = [app_request(installation), make_request(now=installation.notifier.clock.now())]
    installation.poll()
    graph.fail_next(*[reply(503)] * 3)
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS})
    installation.poll()
    installation.hold(*RECOMMENDED - {APPS, DEVICES})
    installation.poll()
    installation.poll()
    lines = [line for line in caplog.messages if line.startswith("poll.failing")]

    assert ["graph_unavailable" in line for line in lines] == [True, False, False]
    assert [(APPS in line, DEVICES in line) for line in lines[1:]] == [(True, False), (True, True)]
    assert installation.notifier.app.health().missing_permission == f"{APPS}, {DEVICES}"


def test_an_opaque_token_hides_nothing_even_after_one_that_did(
    installation: Installation, graph: FakeGraph
) -> None:
    """What the token of before lacked says nothing of one that cannot be read."""
    installation.hold(MINIMAL)
    installation.poll()
    app = installation.notifier.app
    app.reader.close()
    app.reader = GraphReader(graph.url, SCOPE, StaticToken(Secret("an-opaque-token")), app.clock)
    app.graph = GraphClient(app.reader)
    report = visible_by(installation.poll())

    assert (report["hidden"], report["error"]) == ([], None)
    assert {each.state for each in installation.notifier.app.health().visibility} == {"unknown"}


def test_a_refused_token_shows_what_it_lacks(installation: Installation) -> None:
    """A poll that Graph refuses does not go on saying that everything can be seen."""
    installation.poll()
    installation.hold("Other.Read.All")
    report = visible_by(installation.poll())
    health = installation.notifier.app.health()

    assert report["error"] == "graph_denied"
    assert len(report["hidden"]) == len(FAMILIES)
    assert {each.state for each in health.visibility} == {"hidden"}


def test_a_heartbeat_of_a_failing_notifier_claims_nothing(
    installation: Installation, graph: FakeGraph, teams: FakeTeams
) -> None:
    """A card that arrives is no proof that requests are seen."""
    installation.poll()
    graph.fail_next(*[reply(503)] * 3)
    installation.poll(31 * 86_400)

    assert "cannot be listed" in strip(teams.cards[0])
    assert "No news" not in text(teams.cards[0])


def test_a_heartbeat_says_what_may_be_hidden(installation: Installation, teams: FakeTeams) -> None:
    """A quiet channel of a half-blind notifier is not told that there was nothing."""
    installation.hold(MINIMAL)
    installation.poll()
    installation.poll(31 * 86_400)
    heartbeat = seen(text(teams.cards[0]))

    assert "may be hidden" in strip(teams.cards[0])
    assert APPS in heartbeat
    assert MINIMAL not in heartbeat
    assert "No news" not in heartbeat
    assert "none since 2026-11-02" in heartbeat


def test_a_heartbeat_tells_of_the_last_request(
    installation: Installation, graph: FakeGraph, teams: FakeTeams
) -> None:
    """Somebody who wonders about the silence sees when there was something last."""
    graph.requests = [app_request(installation, status="completed")]
    installation.poll()
    graph.requests = []
    installation.poll()
    installation.poll(31 * 86_400)

    assert "No news" in strip(teams.cards[0])
    assert "listed on 2026-11-02" in text(teams.cards[0])


def test_health_says_what_was_seen_and_when(installation: Installation, graph: FakeGraph) -> None:
    """By family, with the permission, and when a request of it was last listed."""
    graph.requests = [app_request(installation)]
    installation.poll()
    installation.hold(*RECOMMENDED - {"DeviceManagementScripts.Read.All"})
    installation.poll()
    health = installation.notifier.app.health()
    families = {each.family: each for each in health.visibility}

    assert families["apps"].state == "visible"
    assert families["apps"].last_listed == installation.notifier.clock.now()
    assert (families["scripts"].state, families["scripts"].last_listed) == ("hidden", None)
    assert families["scripts"].permission == "DeviceManagementScripts.Read.All"
    assert health.last_request_at == installation.notifier.clock.now()
    assert health.installed_at == installation.notifier.clock.now() - timedelta(seconds=MINUTE)


def test_an_old_answer_of_graph_is_no_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """A stale copy of an approved request takes no approval back; it is counted, and logged once."""
    caplog.set_level(logging.INFO)
    waiting = make_request(now=notifier.clock.now())
    graph.requests = [waiting]
    notifier.poll()
    notifier.clock.advance(MINUTE)
    approved = {**waiting, "status": "approved", "lastModifiedDateTime": notifier.clock.now().isoformat()}
    graph.requests = [approved]
    notifier.poll()
    graph.requests = [waiting]
    reports = [visible_by(notifier.poll_after(MINUTE)) for _ in range(3)]
    graph.requests = [approved]
    notifier.poll_after(MINUTE)

    assert len(teams.cards) == 2
    assert [report["stale"] for report in reports] == [1, 1, 1]
    assert len([line for line in caplog.messages if line.startswith("graph.stale")]) == 1


@pytest.mark.parametrize("changed", [None, "same"])
def test_an_answer_without_a_newer_time_counts_as_of_now(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, changed: str | None
) -> None:
    """Graph does not always tell when a request changed."""
    waiting = make_request(now=notifier.clock.now())
    graph.requests = [waiting]
    notifier.poll()
    at = waiting["lastModifiedDateTime"] if changed else None
    graph.requests = [{**waiting, "status": "approved", "lastModifiedDateTime": at}]
    notifier.poll_after(MINUTE)

    assert len(teams.cards) == 2


def test_an_answer_without_a_time_does_not_undo_the_order(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Waiting, approved, approved without a time, and then the old answer again: two cards."""
    waiting = make_request(now=notifier.clock.now())
    at = (notifier.clock.now() + timedelta(seconds=1)).isoformat()
    approved = {**waiting, "status": "approved", "lastModifiedDateTime": at}
    for listed in (waiting, approved, {**approved, "lastModifiedDateTime": None}, waiting, approved):
        graph.requests = [listed]
        notifier.poll_after(MINUTE)

    assert len(teams.cards) == 2


def test_a_time_from_the_future_keeps_no_news_away(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Graph names tomorrow, and the approval of today is told all the same."""
    tomorrow = (notifier.clock.now() + timedelta(days=1)).isoformat()
    waiting = make_request(now=notifier.clock.now(), lastModifiedDateTime=tomorrow)
    graph.requests = [waiting]
    notifier.poll()
    notifier.clock.advance(MINUTE)
    graph.requests = [
        {**waiting, "status": "approved", "lastModifiedDateTime": notifier.clock.now().isoformat()}
    ]
    notifier.poll()

    assert len(teams.cards) == 2


def test_an_old_answer_about_a_request_that_left_is_counted_too(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """It brings nobody back, and the report says that it was there."""
    waiting = make_request(now=notifier.clock.now())
    at = (notifier.clock.now() + timedelta(seconds=1)).isoformat()
    graph.requests = [{**waiting, "status": "rejected", "lastModifiedDateTime": at}]
    notifier.poll()
    graph.requests = []
    notifier.poll_after(MINUTE)
    graph.requests = [waiting]
    report = visible_by(notifier.poll_after(MINUTE))

    assert report["stale"] == 1
    assert len(teams.cards) == 0


def test_whoever_heard_that_it_is_gone_hears_that_it_is_back(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Even a destination that asks for nothing else."""
    destination = {"name": "gone", "webhook_url": teams.url, "events": ["no_longer_listed"]}
    notifier = make_notifier(MAA_DESTINATIONS=json.dumps([destination]), MAA_TEAMS_WEBHOOK_URL="")
    kept = [make_request(now=notifier.clock.now())]
    for listed in (kept, [], [], kept):
        graph.requests = listed
        notifier.poll_after(MINUTE)

    assert [each.partition(" · ")[2] for each in told(teams)] == ["", "listed again · High risk"]


def test_who_asks_for_reminders_alone_is_reminded_of_what_was_away_when_one_came_due(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """It never heard that the request was gone, nor that it is back."""
    destination = {"name": "late", "webhook_url": teams.url, "events": ["expiring"]}
    notifier = make_notifier(
        MAA_DESTINATIONS=json.dumps([destination]), MAA_TEAMS_WEBHOOK_URL="", MAA_REMINDERS="1h"
    )
    end = (notifier.clock.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = [make_request(now=notifier.clock.now(), expirationDateTime=end)]
    for listed in (kept, [], []):
        graph.requests = listed
        notifier.poll_after(MINUTE)
    notifier.poll_after(65 * MINUTE)
    graph.requests = kept
    notifier.poll_each(MINUTE, 5)

    assert told(teams) == ["Reminder: needs approval · High risk"]


def test_a_request_that_is_back_is_told_again(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """Whoever read that nobody knows its outcome learns that it waits after all, once."""
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    graph.requests, kept = [], graph.requests
    notifier.poll_after(MINUTE)
    notifier.poll_after(MINUTE)
    graph.requests = kept
    for _ in range(3):
        notifier.poll_after(MINUTE)

    assert told(teams)[1:] == ["No longer listed", "Needs approval · listed again · High risk"]
