"""Who hears of what."""

import pytest

from maa_notify.core.event import Event
from maa_notify.core.routing import EVENT_NAMES, Route, route
from tests.support.approval import approval, changed, created, no_longer_listed, reminder

EVERYTHING_ELSE = Route("default", catch_all=True)


def events(*names: str) -> Route:
    """A destination that is choosy about events."""
    return Route("choosy", events=frozenset(names))


def types(*names: str) -> Route:
    """A destination that is choosy about policy types."""
    return Route("choosy", policy_types=frozenset(names))


def test_a_destination_without_wishes_hears_everything() -> None:
    """A channel that is only named gets every event."""
    news = [created(), changed(approval("approved")), reminder(), no_longer_listed()]

    assert [route(event, [Route("all")]) for event in news] == [["all"]] * 4


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

    assert route(event, [types("deviceWipe"), EVERYTHING_ELSE]) == expected


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
        (no_longer_listed(), {"no_longer_listed"}),
    ],
    ids=lambda value: f"{value.kind}-{value.request.status}" if isinstance(value, Event) else "",
)
def test_an_event_answers_to_its_words(event: Event, words: set[str]) -> None:
    """A channel that asks for outcomes also hears of a request that was decided before its first poll."""
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

    assert route(created(), routes) == ["one", "two"]


def test_the_default_hears_only_what_nobody_else_takes() -> None:
    """The default channel is not flooded with what has a channel of its own, and nothing falls through."""
    routes = [EVERYTHING_ELSE, events("approved")]

    assert route(changed(approval("approved")), routes) == ["choosy"]
    assert route(changed(approval("rejected")), routes) == ["default"]


def test_an_event_that_nobody_wants_goes_nowhere() -> None:
    """Without a default the list is empty, and the poll can say so."""
    assert route(created(), [events("approved")]) == []
