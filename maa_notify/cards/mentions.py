"""Mentions of people: only of those that the settings name, never of anybody that a request names.

A mention is an `<at>` in one of our own texts and an entity beside the card with exactly the same text
(Teams documentation, "Format cards": user mention by UPN or Entra object id).
"""

import re
from collections.abc import Mapping, Sequence

from maa_notify.cards.elements import Element, trusted_text
from maa_notify.domain.event import Event, EventKind
from maa_notify.domain.request import ACCOUNT, GUID, NEEDS_APPROVAL

Mentions = Mapping[str, Sequence[str]]
"""Whom to mention, by words of `EVENT_NAMES`."""

DECISION_WANTED = (NEEDS_APPROVAL, str(EventKind.REMINDER))
"""The words of all events that ask for a decision: new, taken back, still waiting."""

MOST = 20
"""People that one card can mention; Teams ignores more."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]+")


def is_person(text: str) -> bool:
    """Whether a text has the form of a user principal name or an Entra object id."""
    return bool(ACCOUNT.fullmatch(text) or GUID.fullmatch(text))


def mentioned_people(events: Sequence[Event], mentions: Mentions) -> list[str]:
    """The people to mention for any of these events, once each, in the order of the settings."""
    words = frozenset[str]().union(*(event.names for event in events))
    mentioned = (person for word, people in mentions.items() if word in words for person in people)
    by_account: dict[str, str] = {}
    for person in mentioned:
        by_account.setdefault(person.lower(), person)  # Entra tells no upper from lower case
    return list(by_account.values())[:MOST]


def with_mentions(card: Element, people: Sequence[str]) -> Element:
    """The card with a line under its status line that mentions these people."""
    if not people:
        return card
    texts = [f"<at>{name}</at>" for name in _names(people)]
    entities = [
        {"type": "mention", "text": text, "mentioned": {"id": person, "name": text[4:-5]}}
        for text, person in zip(texts, people, strict=True)
    ]
    strip, *rest = card["body"]
    line = trusted_text(" ".join(texts), spacing="Small")
    return {**card, "body": [strip, line, *rest], "msteams": {**card["msteams"], "entities": entities}}


def _names(people: Sequence[str]) -> list[str]:
    """A name for each person, no two alike: where accounts begin alike, with the first part of the domain."""
    short = [_name(person, number) for number, person in enumerate(people, 1)]
    longer = [_name_and_domain(person, name) for person, name in zip(people, short, strict=True)]
    told = [name if _is_alone(name, short) else long for name, long in zip(short, longer, strict=True)]
    return [name if _is_alone(name, told) else f"{name} {number}" for number, name in enumerate(told, 1)]


def _is_alone(name: str, names: Sequence[str]) -> bool:
    return sum(name.lower() == other.lower() for other in names) == 1


def _name(person: str, number: int) -> str:
    """The name to show: the first part of an account, or a number if that leaves nothing."""
    if GUID.fullmatch(person):
        return f"Person {number}"
    return _NOT_IN_NAMES.sub(" ", person.partition("@")[0]).strip() or f"Person {number}"


def _name_and_domain(person: str, name: str) -> str:
    domain = person.partition("@")[2].partition(".")[0]
    return f"{name} {domain}".strip()
