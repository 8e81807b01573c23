"""Who hears of what."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maa_notify.domain.event import Event, EventKind, Notice, NoticeKind, RequestEvent
from maa_notify.domain.request import Identity
from maa_notify.domain.routing import (
    EVENT_NAMES,
    EVENTS_FOR_REQUESTOR,
    Route,
    RoutingDecision,
    RoutingReason,
    explain,
    route,
)
from tests.support.approval import (
    NOW,
    approval,
    changed,
    complete_reminder,
    created,
    no_longer_listed,
    reminder,
)

EVERYTHING_ELSE = Route("default", catch_all=True)
CHAT = Route("chat", events=EVENTS_FOR_REQUESTOR, to_requestor=True)
MIRA = Identity("user", "Mira Holt", "mira.holt@contoso.com", "a1f4c0de-0001-4c1e-8f00-000000000001")


def heard(event: Event, routes: Sequence[Route]) -> list[str]:
    """The names of the destinations that hear of an event."""
    return [verdict.destination for verdict in route(event, routes)]


def events(*names: str) -> Route:
    """A destination that is choosy about events."""
    return Route("choosy", events=frozenset(names))


def types(*names: str) -> Route:
    """A destination that is choosy about policy types."""
    return Route("choosy", policy_types=frozenset(names))


def test_a_destination_without_wishes_hears_everything() -> None:
    """A channel that is only named gets every event."""
    news = [created(), changed(approval("approved")), reminder(), complete_reminder(), no_longer_listed()]

    assert [heard(event, [Route("all")]) for event in news] == [["all"]] * 5


@pytest.mark.parametrize(
    "policy_types,expected",
    [
        (("deviceWipe",), ["choosy"]),
        (("app", "deviceWipe"), ["choosy"]),
        (("app",), ["default"]),
        ((), ["default"]),
        (("neverHeardOf",), ["default"]),
    ],
)
def test_a_destination_hears_of_its_policy_types(policy_types: tuple[str, ...], expected: list[str]) -> None:
    """Wipes go to the device channel, everything else to the default one, new types included."""
    event = created(approval(policy_types=policy_types))

    assert heard(event, [types("deviceWipe"), EVERYTHING_ELSE]) == expected


def test_a_request_without_a_type_can_be_routed_as_unknown() -> None:
    """A request whose type Graph does not tell need not go astray."""
    assert types("unknown").takes(created(approval(policy_types=())))


@pytest.mark.parametrize(
    "event,words",
    [
        (created(), {"created", "needsApproval"}),
        (created(approval("rejected")), {"created", "status_changed", "rejected"}),
        (created(approval("neverHeardOf")), {"created", "status_changed"}),
        (changed(approval("approved")), {"status_changed", "approved"}),
        (changed(approval(), "approved"), {"status_changed", "needsApproval"}),
        (changed(approval("neverHeardOf")), {"status_changed"}),
        (reminder(), {"reminder"}),
        (reminder(more=False), {"reminder", "expiring"}),
        (complete_reminder(), {"complete_reminder"}),
        (no_longer_listed(), {"no_longer_listed"}),
    ],
    ids=lambda value: (
        f"{value.kind}-{value.request.status}" if isinstance(value, RequestEvent) else len(value)
    ),
)
def test_an_event_answers_to_its_words(event: Event, words: set[str]) -> None:
    """A channel that asks for outcomes also hears of a request that was decided before its first poll."""
    assert words <= set(EVENT_NAMES)
    assert {name for name in EVENT_NAMES if events(name).takes(event)} == words


def test_both_wishes_must_be_met() -> None:
    """A channel for approved wipes hears neither of approved apps nor of rejected wipes."""
    both = Route("both", frozenset({"deviceWipe"}), frozenset({"approved"}))

    assert both.takes(changed(approval("approved")))
    assert not both.takes(changed(approval("rejected")))
    assert not both.takes(changed(approval("approved", policy_types=("app",))))


def test_several_destinations_may_hear_of_one_event() -> None:
    """Two channels that ask for the same event both get it, in the order of the settings."""
    routes = [Route("one"), Route("two"), types("app"), EVERYTHING_ELSE]

    assert heard(created(), routes) == ["one", "two"]


def test_the_default_hears_only_what_nobody_else_takes() -> None:
    """The default channel is not flooded with what has a channel of its own, and nothing falls through."""
    routes = [EVERYTHING_ELSE, events("approved")]

    assert heard(changed(approval("approved")), routes) == ["choosy"]
    assert heard(changed(approval("rejected")), routes) == ["default"]


def test_an_event_that_nobody_wants_goes_nowhere() -> None:
    """Without a default the list is empty, and the poll can say so."""
    assert heard(created(), [events("approved")]) == []


def test_every_verdict_has_its_reason() -> None:
    """Whoever wonders why a channel is silent reads why, destination by destination."""
    routes = [types("role"), events("approved"), Route("all"), EVERYTHING_ELSE]

    assert [(each.delivers, each.reason) for each in explain(created(), routes)] == [
        (False, RoutingReason.OTHER_POLICY_TYPE),
        (False, RoutingReason.OTHER_EVENT),
        (True, RoutingReason.WANTED),
        (False, RoutingReason.ALREADY_ROUTED),
    ]
    assert explain(created(), [types("role"), EVERYTHING_ELSE])[1] == RoutingDecision(
        "default", RoutingReason.FALLBACK
    )


@given(
    st.lists(
        st.builds(
            Route,
            st.sampled_from("abcd"),
            st.frozensets(st.sampled_from(["deviceWipe", "app"])),
            st.frozensets(st.sampled_from(["created", "approved", "expiring"])),
            st.booleans(),
            st.booleans(),
        )
    ),
    st.sampled_from([created(), changed(approval("approved")), reminder(more=False)]),
)
def test_the_explanation_is_what_happens(routes: list[Route], event: Event) -> None:
    """Each destination has one verdict in the order of the settings, and those that hear are routed to."""
    verdicts = explain(event, routes)

    assert [each.destination for each in verdicts] == [each.name for each in routes]
    assert route(event, routes) == [each for each in verdicts if each.delivers]


@pytest.mark.parametrize(
    "event",
    [
        changed(approval("approved", requestor=MIRA)),
        changed(approval("rejected", requestor=MIRA)),
        changed(approval("expired", requestor=MIRA)),
        reminder(approval(requestor=MIRA), more=False),
        complete_reminder(approval("approved", requestor=MIRA)),
    ],
    ids=lambda event: event.name,
)
def test_the_requestor_hears_what_asks_something_of_them(event: Event) -> None:
    """In the chat, and the default channel as well: a chat takes nothing away from it."""
    assert route(event, [CHAT, EVERYTHING_ELSE]) == [
        RoutingDecision("chat", RoutingReason.WANTED, "mira.holt@contoso.com"),
        RoutingDecision("default", RoutingReason.FALLBACK),
    ]


@pytest.mark.parametrize(
    "event",
    [
        created(approval(requestor=MIRA)),
        reminder(approval(requestor=MIRA)),
        changed(approval("completed", requestor=MIRA)),
        changed(approval("cancelled", requestor=MIRA)),
    ],
    ids=lambda event: event.name,
)
def test_the_requestor_is_spared_what_they_did_themselves(event: Event) -> None:
    """Who filed, completed or cancelled a request knows."""
    assert explain(event, [CHAT]) == [RoutingDecision("chat", RoutingReason.OTHER_EVENT)]


@pytest.mark.parametrize(
    "requestor,expected",
    [
        (MIRA, RoutingDecision("chat", RoutingReason.WANTED, MIRA.upn)),
        (replace(MIRA, upn=""), RoutingDecision("chat", RoutingReason.WANTED, MIRA.id)),
        (
            replace(MIRA, upn="mira_fabrikam.com#EXT#@contoso.com"),
            RoutingDecision("chat", RoutingReason.WANTED, MIRA.id),
        ),
        (replace(MIRA, upn="a@b.co, c@d.co", id=""), RoutingDecision("chat", RoutingReason.NO_REQUESTOR)),
        (
            replace(MIRA, upn=f"{'m' * 60}@{'c' * 48}.com"),
            RoutingDecision("chat", RoutingReason.WANTED, f"{'m' * 60}@{'c' * 48}.com"),
        ),
        (
            replace(MIRA, upn=f"{'m' * 60}@{'c' * 49}.com", id=""),
            RoutingDecision("chat", RoutingReason.NO_REQUESTOR),
        ),
        (replace(MIRA, upn="", id="somebody"), RoutingDecision("chat", RoutingReason.NO_REQUESTOR)),
        (replace(MIRA, kind="application"), RoutingDecision("chat", RoutingReason.BY_APPLICATION)),
        (Identity(), RoutingDecision("chat", RoutingReason.NO_REQUESTOR)),
    ],
)
def test_only_a_person_can_be_chatted_with(requestor: Identity, expected: RoutingDecision) -> None:
    """The exact form of an account or an id, never an application; other destinations do not mind."""
    event = changed(approval("approved", requestor=requestor))

    assert explain(event, [CHAT, Route("all")]) == [expected, RoutingDecision("all", RoutingReason.WANTED)]


def test_a_chat_can_be_choosy_about_policy_types() -> None:
    """As any other destination."""
    chat = replace(CHAT, policy_types=frozenset({"app"}))

    assert explain(changed(approval("approved", requestor=MIRA)), [chat]) == [
        RoutingDecision("chat", RoutingReason.OTHER_POLICY_TYPE)
    ]


def settled(policy_type: str, *former: str) -> Event:
    """The rejection of a request that has this policy type now, and was told under others before."""
    event = changed(approval("rejected", policy_types=(policy_type,) if policy_type else ()))
    assert isinstance(event, RequestEvent)
    return replace(event, former_types=tuple((each,) if each else () for each in former))


WIPES = Route("wipes", policy_types=frozenset({"deviceWipe"}))
APPS = Route("apps", policy_types=frozenset({"app"}))


@pytest.mark.parametrize(
    "event,expected",
    [
        (settled("app"), ["apps"]),
        (settled("app", "deviceWipe"), ["wipes", "apps"]),
        (settled("script", "deviceWipe"), ["wipes", "default"]),
        (settled("deviceWipe", "script"), ["wipes", "default"]),
        (settled("deviceWipe", ""), ["wipes", "default"]),
        (settled("", "app"), ["apps", "default"]),
        (settled("app", "deviceWipe", "script"), ["wipes", "apps", "default"]),
    ],
)
def test_a_request_whose_policy_type_changed_is_settled_where_it_was_told(
    event: Event, expected: list[str]
) -> None:
    """By its present type and by those of before; the channel for the rest too, if it was the one."""
    assert heard(event, [WIPES, APPS, EVERYTHING_ELSE]) == expected


def test_topics_are_those_of_now_and_of_before_each_once() -> None:
    """The log and the reasons of a route name them all."""
    assert settled("app", "deviceWipe", "app").topics == ("app", "deviceWipe")
    assert settled("", "").topics == ("unknown",)


def looking() -> Event:
    """Somebody says that they look at a request."""
    return RequestEvent(EventKind.LOOKING, approval(), 1, NOW)


@pytest.mark.parametrize(
    "event,channel,reason",
    [
        (created(), Route("bot"), RoutingReason.WANTED),
        (created(), Route("bot", policy_types=frozenset({"app"})), RoutingReason.OTHER_POLICY_TYPE),
        (created(), Route("bot", events=frozenset({"approved"})), RoutingReason.OTHER_EVENT),
        (
            changed(approval("approved")),
            Route("bot", events=frozenset({"created"})),
            RoutingReason.CARDS_THERE,
        ),
        (no_longer_listed(), Route("bot", events=frozenset({"created"})), RoutingReason.CARDS_THERE),
        (
            changed(approval("needsApproval")),
            Route("bot", events=frozenset({"created"})),
            RoutingReason.CARDS_THERE,
        ),
        (looking(), Route("bot", events=frozenset({"created"})), RoutingReason.CARDS_THERE),
        (looking(), Route("bot", policy_types=frozenset({"app"})), RoutingReason.CARDS_THERE),
        (
            changed(approval("approved")),
            Route("bot", policy_types=frozenset({"app"})),
            RoutingReason.CARDS_THERE,
        ),
    ],
)
def test_chats_with_approvers_follow_the_bots_channels(
    event: Event, channel: Route, reason: RoutingReason
) -> None:
    """Their words choose what begins a card; another status goes wherever one may stand.

    Also where no channel asks for such requests any more.
    """
    chats = Route("approver chat", to_approvers=True, follows=frozenset({"bot"}))
    other = Route("webhook")

    assert explain(event, [other, channel, chats])[-1] == RoutingDecision("approver chat", reason)


def test_chats_with_approvers_hear_of_requests_alone() -> None:
    """Though the bot's channels get all else, too."""
    notice = Notice(NoticeKind.FINDING, "finding", 1, NOW, "A policy was deleted")
    chats = Route("approver chat", to_approvers=True, follows=frozenset({"bot"}))

    assert [each.reason for each in explain(notice, [Route("bot"), chats])] == [
        RoutingReason.WANTED,
        RoutingReason.NO_REQUEST,
    ]


@pytest.mark.parametrize("kind", ["B1", "executed_without_approval", "log_gap"])
def test_a_channel_can_ask_for_one_kind_of_alert(kind: str) -> None:
    """Each is a word that the settings take."""
    alert = Notice(NoticeKind.ALERT, "alert", 1, NOW, "An alert", words=(kind,), severity="high")

    assert kind in EVENT_NAMES
    assert heard(alert, [events(kind), events("B2")]) == ["choosy"]


def test_who_looks_is_told_where_cards_are_changed_and_nowhere_else() -> None:
    """A webhook would post a card of its own for each press, and the requestor need not know."""
    kept = Route("bot", events=frozenset({"created"}), keeps_cards=True)

    assert heard(looking(), [Route("webhook"), CHAT, kept, EVERYTHING_ELSE]) == ["bot"]
    assert "looking" not in EVENT_NAMES
