"""Mentions of people: only of those that the settings name, never of anybody that a request names.

The word `@approvers` stands for those who can decide the request, which Entra tells and no request.

A mention is an `<at>` in one of our own texts and an entity beside the card with exactly the same text
(Teams documentation, "Format cards": user mention by UPN or Entra object id).
"""

import re
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from maa_notify.cards.elements import Element, trusted_text
from maa_notify.domain.event import Event, EventKind, RequestEvent
from maa_notify.domain.request import ACCOUNT, GUID, NEEDS_APPROVAL

Mentions = Mapping[str, Sequence[str]]
"""Whom to mention, by words of `EVENT_NAMES`: people, or `APPROVERS`."""

APPROVERS = "@approvers"

DECISION_WANTED = (NEEDS_APPROVAL, str(EventKind.REMINDER))
"""The words of all events that ask for a decision: new, taken back, still waiting."""

MOST = 20
"""People that one card can mention; Teams ignores more."""
MOST_APPROVERS = 10
"""Of those who can decide: to ring more is to ring nobody."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]+")
_NAME_LIMIT = 64


class Mentioned(Struct, frozen=True):
    """Somebody to mention.

    Attributes:
        id: a user principal name or an Entra object id.
        account: to make the shown name of.
    """

    id: str
    account: str


def is_person(text: str) -> bool:
    """Whether a text has the form of a user principal name or an Entra object id."""
    return bool(ACCOUNT.fullmatch(text) or GUID.fullmatch(text))


def mentioned_people(events: Sequence[Event], mentions: Mentions) -> list[Mentioned]:
    """The people to mention for any of these events, once each, those of the settings first."""
    words = frozenset[str]().union(*(event.names for event in events))
    named = [each for word, people in mentions.items() if word in words for each in people]
    fixed = [Mentioned(each, each) for each in named if each != APPROVERS]
    told: dict[str, Mentioned] = {}
    for each in fixed:
        told.setdefault(each.id.lower(), each)  # Entra tells no upper from lower case
    asked = [word for word, people in mentions.items() if APPROVERS in people]
    return [*told.values(), *_approvers(events, asked, told)][:MOST]


def _approvers(events: Sequence[Event], words: Sequence[str], told: Collection[str]) -> list[Mentioned]:
    """Those who can decide any of the events that ask for it, without those who are mentioned already."""
    found: dict[str, Mentioned] = {}
    asking = [each for each in events if isinstance(each, RequestEvent) and each.wants_decision]
    for event in asking:
        people = event.deciders.people if event.deciders and not event.names.isdisjoint(words) else ()
        for each in people:
            if GUID.fullmatch(each.id) and {each.id.lower(), each.account.lower()}.isdisjoint(told):
                found.setdefault(each.id.lower(), Mentioned(each.id, each.account or each.id))
    return list(found.values())[:MOST_APPROVERS]


def with_mentions(card: Element, people: Sequence[Mentioned]) -> Element:
    """The card with a line under its status line that mentions these people."""
    if not people:
        return card
    texts = [f"<at>{name}</at>" for name in _names([each.account for each in people])]
    entities = [
        {"type": "mention", "text": text, "mentioned": {"id": person.id, "name": text[4:-5]}}
        for text, person in zip(texts, people, strict=True)
    ]
    strip, *rest = card["body"]
    line = trusted_text(" ".join(texts), spacing="Small")
    return {**card, "body": [strip, line, *rest], "msteams": {**card["msteams"], "entities": entities}}


def _names(accounts: Sequence[str]) -> list[str]:
    """A name for each account, no two alike: if need be with the first part of the domain, or a number."""
    short = [_name(account, number) for number, account in enumerate(accounts, 1)]
    longer = [_name_and_domain(account, name) for account, name in zip(accounts, short, strict=True)]
    told = [name if _is_alone(name, short) else long for name, long in zip(short, longer, strict=True)]
    while not all(_is_alone(name, told) for name in told):
        # A name may look like one of ours with its number: then that gets a number, too.
        told = [name if _is_alone(name, told) else f"{name} {number}" for number, name in enumerate(told, 1)]
    return told


def _is_alone(name: str, names: Sequence[str]) -> bool:
    return sum(name.lower() == other.lower() for other in names) == 1


def _name(person: str, number: int) -> str:
    """The name to show: the first part of an account, or a number if that leaves nothing."""
    if GUID.fullmatch(person):
        return f"Person {number}"
    return _NOT_IN_NAMES.sub(" ", person.partition("@")[0][:_NAME_LIMIT]).strip() or f"Person {number}"


def _name_and_domain(person: str, name: str) -> str:
    domain = person.partition("@")[2].partition(".")[0]
    return f"{name} {domain}".strip()
