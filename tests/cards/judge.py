"""What every card has to be: valid by Microsoft's schema, showable on every client, small, and dead."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fastjsonschema

Card = dict[str, Any]

URL = "https://intune.microsoft.com/#view/x"
MAX_BYTES = 20_000
MAX_BYTES_KEPT = 24_000

SINCE_1_2 = {
    "AdaptiveCard",
    "TextBlock",
    "RichTextBlock",
    "TextRun",
    "Container",
    "ColumnSet",
    "Column",
    "ActionSet",
    "Action.OpenUrl",
}
"""The types that our cards may be made of: all of them older than version 1.3."""
ASKING = {"Action.Execute", "Action.Submit"}
"""The one button of version 1.4, on cards of the bot alone, and what older clients show in its place."""

_BREAK = "\u200b"
_ISOLATED = re.compile("\u2068([^\u2066-\u2069]*)\u2069")
_JOINED = re.compile("(?<=[\u0600-\u1cff])[\u200c\u200d](?=[\u0600-\u1cff])")
_TOWER = 5
_DEVICE_PAGE = re.compile(
    re.escape(URL.removesuffix("#view/x"))
    + "#view/Microsoft_Intune_Devices/DeviceSettingsMenuBlade/~/overview/mdmDeviceId/[0-9a-f-]{36}"
)
_ALIVE = {
    "an address with a scheme": r"\w://",
    "a scheme": r"[^\W\d_]:[^\s\u200b]",
    "a host": r"[^\s\u200b][.\u3002\uff0e\uff61][^\W\d_]",
    "an address in numbers": r"\d+\.\d+\.\d+\.\d+",
    "an account": r"[^\s\u200b][@\uff20][^\s\u200b]",
    "a macro": r"\{\{|\}\}",
    "a mention": r"(?i)<\s*/?\s*at\b",
    "an entity": r"&#?\w+;",
    "zalgo": r"[\u0300-\u036f]{3}|[\u20d0-\u20f0]{2}",
    "an invisible character": r"[\u115f\u1160\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]",
}


@cache
def _schema() -> Callable[[Card], Card]:
    """Microsoft's schema of version 1.5, as the package of a third party carries it."""
    package = find_spec("adaptive_cards")
    assert package is not None
    assert package.origin is not None
    text = (Path(package.origin).parent / "schemas" / "schema-1.5.json").read_text(encoding="utf-8-sig")
    check: Callable[[Card], Card] = fastjsonschema.compile(json.loads(text))
    return check


def objects(element: object) -> Iterator[Card]:
    """Every object of a card that has a type, the card itself first."""
    if isinstance(element, dict):
        if "type" in element:
            yield element
        for value in element.values():
            yield from objects(value)
    elif isinstance(element, list):
        for value in element:
            yield from objects(value)


def runs(card: Card) -> list[str]:
    """The texts that no client reads as Markdown."""
    return [each["text"] for each in objects(card) if each["type"] == "TextRun"]


def strings_elsewhere(element: object) -> Iterator[str]:
    """Every other string of a card, keys included: our own words, or nothing of a request."""
    if isinstance(element, str):
        yield element
    elif isinstance(element, list):
        for value in element:
            yield from strings_elsewhere(value)
    elif isinstance(element, dict):
        is_run = element.get("type") == "TextRun"
        for key, value in element.items():
            yield key
            if not (is_run and key == "text"):
                yield from strings_elsewhere(value)


def bytes_posted(card: Card) -> int:
    """The size of the request's body."""
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    message = {"type": "message", "attachments": [attachment]}
    return len(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())


def bytes_kept(card: Card) -> int:
    """The size that Workflows counts: the card as a text within JSON."""
    return len(
        json.dumps(json.dumps(card, ensure_ascii=False, separators=(",", ":")), ensure_ascii=False).encode()
    )


def assert_sound(card: Card) -> None:
    """Judges a card as the service and the clients do."""
    bare = deepcopy(card)
    assert bare.pop("msteams") == {"width": "full"}
    _schema()(bare)
    assert (card["version"], card["type"]) == ("1.4", "AdaptiveCard")
    found = list(objects(card))
    links = card["actions"]
    _judge_questions([each for each in found if each["type"] == "ActionSet"])
    assert {each["type"] for each in found} <= SINCE_1_2 | ASKING
    assert all(each.get("wrap") is True for each in found if each["type"] == "TextBlock")
    assert all(each.get("text") for each in found if each["type"] in {"TextBlock", "TextRun"})
    buttons = [(each["title"], each["url"]) for each in links]
    assert buttons[:1] == [("Review in Intune", URL)]
    more = buttons[1:]
    assert all(title == "Device" and _DEVICE_PAGE.fullmatch(url) for title, url in more[:1])
    assert more[1:] == []
    assert card["fallbackText"]
    assert bytes_posted(card) <= MAX_BYTES
    assert bytes_kept(card) <= MAX_BYTES_KEPT


def _judge_questions(rows: Sequence[Card]) -> None:
    """One button at most that calls back, in a row of its own; older clients get the same in its place."""
    assert len(rows) <= 1
    for row in rows:
        [button] = row["actions"]
        assert (button["type"], button["fallback"]["type"]) == ("Action.Execute", "Action.Submit")
        assert button["data"] == button["fallback"]["data"]
        assert set(button["data"]) == {"request", "verb"}


def alive_in(text: str) -> list[str]:
    """What a client could bring to life in a text, in words; empty for a safe one."""
    found = [name for name, pattern in _ALIVE.items() if re.search(pattern, text)]
    bare = _JOINED.sub("", _ISOLATED.sub(r"\1", text))
    odd = {each for each in bare if unicodedata.category(each) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}}
    marks = "".join("M" if unicodedata.category(each).startswith("M") else " " for each in bare)
    towers = [f"a tower of {len(each)} marks" for each in marks.split() if len(each) > _TOWER]
    return found + towers + [f"U+{ord(each):04X}" for each in odd - {_BREAK}]


def seen(text: str) -> str:
    """A text as a reader sees it, without breaks and isolates."""
    return _ISOLATED.sub(r"\1", text.replace(_BREAK, ""))
