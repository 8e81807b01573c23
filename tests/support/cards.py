"""Reading cards as a person does: what text is on them, and what can be clicked."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_READERS_TIME = re.compile(
    r"\{\{DATE\((\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ,SHORT\)\}\}, \{\{TIME\(\1T\2:\d\dZ\)\}\}"
)
"""A time that a client shows in its reader's own zone."""


def as_read(text: str) -> str:
    """A text with each reader's time as somebody in UTC reads it: `<2026-08-18 11:00>`."""
    return _READERS_TIME.sub(r"<\1 \2>", text)


def texts(card: Mapping[str, Any]) -> list[str]:
    """Every text a card shows, in order; the runs of one block make one text."""
    return list(_texts(card.get("body", [])))


def text(card: Mapping[str, Any]) -> str:
    """All of a card's text, a line for each block."""
    return "\n".join(texts(card))


def strip(card: Mapping[str, Any]) -> str:
    """The first line of a card: the state of the request."""
    return texts(card)[0]


def _texts(elements: list[Any]) -> Iterator[str]:
    for element in elements:
        if element["type"] == "TextBlock":
            yield element["text"]
        elif element["type"] == "RichTextBlock":
            yield "".join(run["text"] for run in element["inlines"])
        yield from _texts(element.get("items", []))
        yield from _texts(element.get("columns", []))
