"""The watch over time: what comes late, in floods, in other orders, and while a part of Graph fails."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from maa_notify.demo.audit_events import (
    app,
    intune_app,
    member_added,
    permission_granted,
    secret_added,
    wiped,
)
from maa_notify.demo.wire import json_answer
from maa_notify.insight.identifiers import GLOBAL_ADMINISTRATOR
from maa_notify.storage.records import encode
from tests.cards.judge import alive_in
from tests.insight.watch.capture_shapes import PIM, PUPPET, by_pim, by_user, role_given
from tests.polling.test_watch import APP, DIRECTORY, INTUNE, MALLORY, WIPES, Watched, told
from tests.support.cards import texts
from tests.support.graph import FakeGraph, graph_error, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import played

MINUTE = timedelta(minutes=1)
LONGEST_ROW = 32_000
"""Characters that a property of a table holds."""


@pytest.fixture
def watched(graph: FakeGraph, make_notifier: Callable[..., Notifier]) -> Watched:
    """Watched for two hours, so that the history of requests is known."""
    made = Watched(graph, make_notifier(MAA_WATCH="on", MAA_DIGEST_ABOVE="50"))
    made.notifier.poll()
    made.after(120)
    return made


@pytest.mark.parametrize("is_pim_first", [True, False])
def test_the_halves_of_an_activation_may_come_in_different_looks(
    watched: Watched, teams: FakeTeams, *, is_pim_first: bool
) -> None:
    """Two services write them, each in its own time."""
    now = watched.clock.now()
    own = by_pim(now, "Add member to role completed (PIM activation)", by_user(PUPPET), GLOBAL_ADMINISTRATOR)
    twin = role_given(now, PIM, GLOBAL_ADMINISTRATOR)
    first, second = (own, twin) if is_pim_first else (twin, own)

    watched.logs.log_entra(first)
    watched.passes(5)
    watched.logs.log_entra(second)
    watched.passes(90)

    assert told(teams) == []


def test_a_role_given_past_pim_rings_once_though_pim_repeats_it(watched: Watched, teams: FakeTeams) -> None:
    """It finds the same assignment every two hours."""
    for _ in range(4):
        watched.logs.log_entra(
            by_pim(
                watched.clock.now(),
                "Add member to role outside of PIM (permanent)",
                by_user(),
                GLOBAL_ADMINISTRATOR,
            )
        )
        watched.passes(120)

    assert len(told(teams)) == 1


def test_a_flood_is_told_once_also_as_it_leaves_the_window(watched: Watched, teams: FakeTeams) -> None:
    """Its last few are no alerts of their own."""
    begun = watched.clock.now()
    watched.logs.log_entra(
        *(
            permission_granted(
                begun + number * MINUTE, MALLORY, *WIPES, (f"sp{number}", f"app{number}", f"app {number}")
            )
            for number in range(12)
        )
    )

    watched.after(13)
    watched.passes(100)

    [card] = told(teams)
    assert "12 of them" in card


def test_a_burst_is_told_once_also_as_it_leaves_the_window(watched: Watched, teams: FakeTeams) -> None:
    """And a wave that goes on is told again when it has doubled."""
    begun, by = watched.clock.now(), intune_app(APP[1], APP[2])
    watched.logs.log_intune(*(wiped(begun + number * MINUTE, by, f"device-{number}") for number in range(14)))

    watched.after(6)
    watched.passes(120)

    assert [card.split(" times")[0][-2:].strip() for card in told(teams)] == ["7", "14"]


def test_a_quiet_flood_hides_nothing(watched: Watched, teams: FakeTeams) -> None:
    """A pipeline renews many secrets, among them that of an app that can go around approval."""
    watched.powerful.append({"id": "1", "appRoleId": WIPES[0], "principalId": APP[0]})
    watched.passes(65)
    before, now, by = len(teams.cards), watched.clock.now(), app("ci", "pipeline")
    others = [(f"sp{number}", f"app{number}", f"web {number}") for number in range(30)]
    watched.logs.log_entra(*(secret_added(now, by, each) for each in others))
    watched.passes(10)
    watched.logs.log_entra(secret_added(watched.clock.now(), by, APP))

    watched.passes(5)
    [card] = told(teams)[before:]
    watched.passes(85)

    assert len(teams.cards) == before + 1
    assert "An app that can go around approval got a new credential" in card
    assert APP[2] in card


def test_three_thousand_members_at_once_are_one_card(
    watched: Watched, graph: FakeGraph, teams: FakeTeams
) -> None:
    """What is kept of them fits in a row."""
    graph.page_size, begun = 999, watched.clock.now()
    watched.logs.log_entra(
        *(
            member_added(
                begun + timedelta(milliseconds=100 * number),
                MALLORY,
                watched.group,
                (f"{number:08}-0000-4000-8000-{number:012}", f"puppet{number}@contoso.com"),
            )
            for number in range(3000)
        )
    )

    watched.passes(90)

    assert len(teams.cards) == 1
    [kept] = watched.notifier.app.store.alerts.read_since()
    assert len(encode(kept)) < LONGEST_ROW


def test_an_app_that_is_armed_later_raises_what_was_quiet(watched: Watched, teams: FakeTeams) -> None:
    """A new app, its secret, and a look later its permission."""
    now = watched.clock.now()
    watched.logs.log_entra(secret_added(now, MALLORY, APP))
    watched.passes(10)
    assert told(teams) == []

    watched.logs.log_entra(permission_granted(watched.clock.now(), MALLORY, *WIPES, APP))
    watched.passes(90)

    titles = sorted(card.partition(" Critical")[0].partition(" High")[0] for card in told(teams))
    assert len(titles) == 2
    assert any("An app that can go around approval got a new credential" in card for card in told(teams))
    assert not any("More of the same" in card for card in told(teams))


@pytest.mark.parametrize("hours", [1, 3])
def test_a_log_that_is_refused_leaves_the_comparison(
    watched: Watched, graph: FakeGraph, teams: FakeTeams, hours: int
) -> None:
    """What changed in the tenant is told while the log answers 403, and the log's entry joins it."""
    graph.fail_next(*[graph_error(403, "Forbidden", "no")] * 500, on=DIRECTORY)
    watched.passes(10)
    member = watched.access.add_person(watched.group[0], "Puppet")
    watched.logs.log_entra(
        member_added(watched.clock.now(), MALLORY, watched.group, (member, "puppet@contoso.com"))
    )

    watched.passes(60 * hours + 10)

    [card] = told(teams)
    assert "Somebody was added to an approver group" in card


@pytest.mark.parametrize("path", [DIRECTORY, INTUNE])
def test_throttling_is_waited_out(watched: Watched, graph: FakeGraph, teams: FakeTeams, path: str) -> None:
    """Intune's comes as 500."""
    text = "Rate limit reached because of too many requests to query broker"
    graph.fail_next(*[graph_error(500, "InternalServerError", text)] * 2, on=path)
    watched.logs.log_entra(
        member_added(watched.clock.now(), MALLORY, watched.group, (PUPPET, "p@contoso.com"))
    )

    report = watched.notifier.poll_after(360)

    assert report.failure is None
    assert len(teams.cards) == 1


def test_a_tenant_that_could_not_be_looked_at_is_looked_at_again_soon(
    graph: FakeGraph, make_notifier: Callable[..., Notifier], teams: FakeTeams
) -> None:
    """Not an hour later: until then nobody knows which groups approve."""
    watched = Watched(graph, make_notifier(MAA_WATCH="on"))
    graph.fail_next(
        *[graph_error(503, "ServiceUnavailable", "later")] * 6,
        on="/beta/deviceManagement/operationApprovalPolicies",
    )
    watched.notifier.poll()
    watched.logs.log_entra(
        member_added(watched.clock.now() + MINUTE, MALLORY, watched.group, (PUPPET, "p@contoso.com"))
    )

    watched.passes(20)

    assert len(teams.cards) == 1


def test_what_the_clock_says_is_still_to_come_is_told_then(watched: Watched, teams: FakeTeams) -> None:
    """Our clock is three minutes late."""
    watched.logs.log_entra(
        member_added(watched.clock.now() + 9 * MINUTE, MALLORY, watched.group, (PUPPET, "p@contoso.com"))
    )

    watched.passes(15)

    assert len(teams.cards) == 1


def test_the_story_goes_on_with_what_the_puppet_approves(
    watched: Watched, graph: FakeGraph, teams: FakeTeams
) -> None:
    """The card of the group is told anew, once, when the new member approves a request."""
    watched.logs.log_entra(
        member_added(watched.clock.now(), MALLORY, watched.group, (PUPPET, "p@contoso.com"))
    )
    watched.passes(10)
    raw = make_request(now=watched.clock.now())
    graph.requests = [raw]
    watched.passes(5)
    approver = {"user": {"id": PUPPET.lower(), "displayName": "Puppet", "userPrincipalName": "p@contoso.com"}}
    graph.requests = [
        {
            **raw,
            "status": "approved",
            "approver": approver,
            "lastModifiedDateTime": f"{watched.clock.now():%Y-%m-%dT%H:%M:%SZ}",
        }
    ]

    watched.passes(90)

    stories = [card for card in told(teams) if "approved request" in card]
    assert len(stories) == 1
    assert "Somebody was added to an approver group" in stories[0]


@pytest.mark.parametrize("path", [DIRECTORY, INTUNE])
def test_a_log_that_goes_on_elsewhere_is_not_followed(
    watched: Watched, graph: FakeGraph, teams: FakeTeams, path: str
) -> None:
    """The token goes to no other host; what was logged meanwhile is told when the log is sound again."""
    elsewhere = {"value": [], "@odata.nextLink": f"https://evil.example{path}?$skiptoken=2"}
    graph.fail_next(*[played(json_answer(200, elsewhere))] * 2, on=path)
    graph.requests = [make_request(now=watched.clock.now())]
    watched.logs.log_entra(
        member_added(watched.clock.now(), MALLORY, watched.group, (PUPPET, "p@contoso.com"))
    )

    report = watched.notifier.poll_after(360)
    assert report.failure is None  # of the requests
    watched.passes(60)

    assert sum("approver group" in card for card in told(teams)) == 1
    assert len(teams.cards) == 2
    assert {call.headers.get("host") for call in graph.calls if call.path == path} == {
        graph.url.partition("//")[2]
    }


def test_an_attack_with_hostile_names_is_text_on_its_card(watched: Watched, teams: FakeTeams) -> None:
    """Whoever acts chooses his name, and that of his app."""
    name = "**URGENT** [Approve](https://evil.example) <at>Aiko</at> \u202egnp.exe"
    watched.logs.log_entra(
        permission_granted(watched.clock.now(), app(name, name), *WIPES, ("sp", "app", name)),
        {**member_added(watched.clock.now(), app("x", name), watched.group, (PUPPET, name)), "id": name},
    )

    watched.passes(10)

    assert len(teams.cards) == 2
    for card in teams.cards:
        assert [alive_in(each) for each in texts(card) if "evil" in each] == [
            [] for each in texts(card) if "evil" in each
        ]
