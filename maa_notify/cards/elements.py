"""The few building blocks that cards are made of: only what every Teams client shows, phones included."""

import json
from collections.abc import Sequence
from typing import Any

Element = dict[str, Any]

_LABEL_WIDTH = "104px"


def trusted_text(text: str, **style: str | bool) -> Element:
    """A `TextBlock` with text of ours. Clients read Markdown in it, so it must hold nothing of a request."""
    return {"type": "TextBlock", "text": text, "wrap": True, **style}


def run(text: str, **style: str | bool | Element) -> Element:
    """A `TextRun`; `text` has been through `safe` or is our own."""
    return {"type": "TextRun", "text": text, **style}


def rich(*runs: Element, **style: str | bool) -> Element:
    """A `RichTextBlock`, whose text no client reads as Markdown."""
    return {"type": "RichTextBlock", "inlines": list(runs), **style}


def container(style: str, *items: Element, bleed: bool = False) -> Element:
    """A coloured box; with `bleed` it reaches the edges of the card."""
    return {"type": "Container", "style": style, "bleed": bleed, "items": list(items)}


def fact(label: str, value: str) -> Element:
    """A label and a value in line; a `FactSet` would read the value as Markdown."""
    return fact_of(label, [run(value)])


def fact_of(label: str, value: Sequence[Element]) -> Element:
    """The same with a value of several runs."""
    columns = [
        {"type": "Column", "width": _LABEL_WIDTH, "items": [rich(run(label, isSubtle=True))]},
        {"type": "Column", "width": "stretch", "items": [rich(*value)]},
    ]
    return {"type": "ColumnSet", "columns": columns, "spacing": "Small"}


def card(
    body: list[Element], fallback: str, *, button: str, url: str, more: Sequence[tuple[str, str]] = ()
) -> Element:
    """A whole card with its button; `fallback` is the text where cards cannot be shown.

    `more` are the titles and addresses of further buttons.
    """
    buttons = [(button, url), *more]
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "fallbackText": fallback,
        "msteams": {"width": "full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": title, "url": each} for title, each in buttons],
    }


def with_question(made: Element, title: str, verb: str, data: dict[str, str]) -> Element:
    """The card with one more button, which calls the bot back; older clients send a message in its place.

    It has a row of its own above the others: a phone is too narrow for three buttons side by side.
    `Action.Execute` is of Adaptive Cards 1.4 (Microsoft's "Universal Action Model").
    """
    told = {**data, "verb": verb}
    fallback = {"type": "Action.Submit", "title": title, "data": told}
    button = {"type": "Action.Execute", "title": title, "verb": verb, "data": told, "fallback": fallback}
    return {**made, "body": [*made["body"], {"type": "ActionSet", "actions": [button]}]}


def sizes(element: Element) -> tuple[int, int]:
    """Bytes of a card without its envelope: as posted, and as Workflows keeps it: a text within JSON."""
    posted = json.dumps(element, ensure_ascii=False, separators=(",", ":"))
    return len(posted.encode()), len(json.dumps(posted, ensure_ascii=False).encode())
