"""Routing: which destinations get an event, and why. Pure.

A poll and an explanation ask the same function, so what is explained is what happens.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum

from msgspec import Struct

from maa_notify.domain.event import (
    ALERT_KINDS,
    POSTURE,
    Event,
    EventKind,
    Notice,
    NoticeKind,
    RequestEvent,
)
from maa_notify.domain.request import (
    ACCOUNT,
    APPROVED,
    EXPIRED,
    GUID,
    REJECTED,
    STATUSES,
    Identity,
)

EXPIRING = "expiring"
"""The last reminder of the plan."""

EVENT_NAMES = (
    *(str(each) for each in EventKind if each is not EventKind.LOOKING),
    EXPIRING,
    str(NoticeKind.SUMMARY),
    *STATUSES,
    POSTURE,
    str(NoticeKind.ALERT),
    *ALERT_KINDS,
)
DEFAULT_SEVERITIES = frozenset({"critical", "high", "medium"})
"""Of the alerts that a destination gets, unless its settings say otherwise: the rest is daily life."""
EVENTS_FOR_REQUESTOR = frozenset({APPROVED, REJECTED, EXPIRED, EXPIRING, str(EventKind.COMPLETE_REMINDER)})
"""What a requestor wants to hear of an own request, unless the settings say otherwise."""

_LONGEST_ACCOUNT = 113
"""Of a user principal name in Entra; a longer text may have been cut, and name somebody else."""


class RoutingReason(StrEnum):
    """Why a destination gets an event or does not."""

    WANTED = "wanted"
    FALLBACK = "left_over"
    OTHER_POLICY_TYPE = "other_policy_type"
    OTHER_EVENT = "other_event"
    OTHER_SEVERITY = "other_severity"
    ALREADY_ROUTED = "taken"
    BY_APPLICATION = "by_application"
    NO_REQUESTOR = "no_requestor"
    NO_REQUEST = "no_request"
    CARDS_THERE = "cards_there"
    CARDS_STAY = "cards_stay"


_DELIVERS = frozenset({RoutingReason.WANTED, RoutingReason.FALLBACK, RoutingReason.CARDS_THERE})


class RoutingDecision(Struct, frozen=True):
    """Whether one destination gets an event; `recipient` is the person of a chat, "" for a channel."""

    destination: str
    reason: RoutingReason
    recipient: str = ""

    @property
    def delivers(self) -> bool:
        """Whether the destination gets the event."""
        return self.reason in _DELIVERS


class Route(Struct, frozen=True):
    """Which events one destination gets: empty sets mean all.

    Attributes:
        name: the destination's name.
        policy_types: policy types as Graph spells them.
        events: words of `EVENT_NAMES`; a status stands for reaching it, `status_changed` for any new one.
        catch_all: gets only what no other channel takes.
        to_requestor: no channel, but the chat with whoever filed the request.
        by_object_id: a person is known there by the Entra object id alone.
        severities: of alerts.
        to_approvers: no channel, but the chats with those who can decide.
        follows: for these chats, the channels by whose words they go.
        keeps_cards: its cards are changed in place.
    """

    name: str
    policy_types: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    catch_all: bool = False
    to_requestor: bool = False
    by_object_id: bool = False
    severities: frozenset[str] = DEFAULT_SEVERITIES
    to_approvers: bool = False
    follows: frozenset[str] = frozenset()
    keeps_cards: bool = False

    @property
    def is_chat(self) -> bool:
        """Whether it is no channel."""
        return self.to_requestor or self.to_approvers

    def takes(self, event: Event) -> bool:
        """Whether the event is of a type and a kind that this destination gets."""
        return _unwanted(event, self, event.topics) is None


def route(event: Event, routes: Sequence[Route]) -> list[RoutingDecision]:
    """The decisions for the destinations that get an event, in the order of the settings."""
    return [decision for decision in explain(event, routes) if decision.delivers]


def explain(event: Event, routes: Sequence[Route]) -> list[RoutingDecision]:
    """The decision for each destination, in the order of the settings."""
    channels = [each for each in routes if not each.catch_all and not each.is_chat]
    # Under each set of topics by itself: a catch-all that was told once has to hear the end, too.
    is_routed = all(
        any(_unwanted(event, channel, topics) is None for channel in channels) for topics in event.topics_told
    )
    return [
        _decision_of_approvers(event, each, routes)
        if each.to_approvers
        else _decision(event, each, is_routed=is_routed)
        for each in routes
    ]


def _decision_of_approvers(event: Event, route: Route, routes: Sequence[Route]) -> RoutingDecision:
    """As the bot's channels choose; but another status of a request goes to whoever may have its card."""
    if not isinstance(event, RequestEvent):
        return RoutingDecision(route.name, RoutingReason.NO_REQUEST)
    unwanted = [_unwanted(event, each, event.topics) for each in routes if each.name in route.follows]
    if None in unwanted:
        return RoutingDecision(route.name, RoutingReason.WANTED)
    is_open_again = event.kind is EventKind.STATUS_CHANGED
    if not event.wants_decision or event.only_changes_cards or is_open_again:
        return RoutingDecision(route.name, RoutingReason.CARDS_THERE)
    is_other_event = RoutingReason.OTHER_EVENT in unwanted
    reason = RoutingReason.OTHER_EVENT if is_other_event else RoutingReason.OTHER_POLICY_TYPE
    return RoutingDecision(route.name, reason)


def _decision(event: Event, route: Route, *, is_routed: bool) -> RoutingDecision:
    if event.only_changes_cards:
        return RoutingDecision(route.name, _reason_of_change(event, route))
    unwanted = _unwanted(event, route, event.topics)
    if unwanted is not None:
        return RoutingDecision(route.name, unwanted)
    if route.to_requestor:
        return _decision_of_chat(event.requestor, route)
    if route.catch_all:
        return RoutingDecision(
            route.name, RoutingReason.ALREADY_ROUTED if is_routed else RoutingReason.FALLBACK
        )
    return RoutingDecision(route.name, RoutingReason.WANTED)


def _reason_of_change(event: Event, route: Route) -> RoutingReason:
    """Why a destination gets what only changes posted cards, whatever events it asks for."""
    if not route.keeps_cards:
        return RoutingReason.CARDS_STAY
    is_other = route.policy_types and route.policy_types.isdisjoint(event.topics)
    return RoutingReason.OTHER_POLICY_TYPE if is_other else RoutingReason.CARDS_THERE


def _unwanted(event: Event, route: Route, topics: Collection[str]) -> RoutingReason | None:
    """Why an event with these topics is not of a type or kind that a route takes; None if it is."""
    if route.policy_types and route.policy_types.isdisjoint(topics):
        return RoutingReason.OTHER_POLICY_TYPE
    if route.events and route.events.isdisjoint(event.names):
        return RoutingReason.OTHER_EVENT
    severity = event.severity if isinstance(event, Notice) else ""
    if severity and severity not in route.severities:
        return RoutingReason.OTHER_SEVERITY
    return None


def _decision_of_chat(requestor: Identity, route: Route) -> RoutingDecision:
    if requestor.kind == "application":
        return RoutingDecision(route.name, RoutingReason.BY_APPLICATION)
    recipient = _recipient(requestor, by_account=not route.by_object_id)
    return RoutingDecision(
        route.name, RoutingReason.WANTED if recipient else RoutingReason.NO_REQUESTOR, recipient
    )


def _recipient(requestor: Identity, *, by_account: bool) -> str:
    """The requestor's user principal name, else the object id; "" if neither has the exact form."""
    account, object_id = requestor.upn, requestor.id
    if by_account and len(account) <= _LONGEST_ACCOUNT and ACCOUNT.fullmatch(account):
        return account
    return object_id if GUID.fullmatch(object_id) else ""
