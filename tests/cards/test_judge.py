"""The judge of cards itself: a fault that it does not see would pass everywhere."""

from copy import deepcopy
from typing import Any

import fastjsonschema
import pytest

from maa_notify.cards.builder import TeamsCards
from tests.cards.judge import URL, alive_in, assert_sound
from tests.support.approval import NOW, created

GOOD = TeamsCards(URL).card(created(), "ops", NOW)


@pytest.mark.parametrize(
    "element",
    [
        {"type": "TextBlok", "text": "x", "wrap": True},
        {"type": "TextBlock", "wrap": True},
        {"type": "TextBlock", "text": "x", "wrap": True, "colour": "Good"},
        {"type": "TextBlock", "text": "x", "wrap": True, "weight": "Heavy"},
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun"}]},
        {"type": "ColumnSet", "columns": [{"type": "TextBlock", "text": "x", "wrap": True}]},
        {"type": "Container"},
    ],
)
def test_what_the_schema_forbids_is_seen(element: dict[str, Any]) -> None:
    """Teams would show an empty message for it."""
    card = {**deepcopy(GOOD), "body": [*GOOD["body"], element]}

    with pytest.raises(fastjsonschema.JsonSchemaException):
        assert_sound(card)


@pytest.mark.parametrize(
    "element",
    [
        {"type": "Table", "columns": []},
        {"type": "FactSet", "facts": []},
        {"type": "Input.Text", "id": "x"},
        {"type": "TextBlock", "text": "x"},
        {"type": "TextBlock", "text": "", "wrap": True},
        {"type": "TextBlock", "text": "x" * 20_000, "wrap": True},
    ],
    ids=["Table", "FactSet", "Input.Text", "no wrap", "no text", "too much text"],
)
def test_what_only_some_clients_show_is_seen(element: dict[str, Any]) -> None:
    """Valid by the schema, and still nothing for a phone or for Workflows."""
    card = {**deepcopy(GOOD), "body": [*GOOD["body"], element]}

    with pytest.raises(AssertionError):
        assert_sound(card)


@pytest.mark.parametrize(
    "change", [{"version": "1.5"}, {"actions": []}, {"fallbackText": ""}, {"msteams": {}}]
)
def test_a_wrong_frame_is_seen(change: dict[str, Any]) -> None:
    """Version, button, fallback and width are part of every card."""
    with pytest.raises(AssertionError):
        assert_sound({**deepcopy(GOOD), **change})


@pytest.mark.parametrize(
    "text",
    [
        "https://x",
        "mailto:x",
        "tel:1",
        "evil.example",
        "例え。テスト",
        "10.0.0.1",
        "a@b",
        "{{x}}",
        "<at>",
        "< / AT >",
        "&lt;",
        "\u202e",
        "\x00",
        "\ud800",
        "\ue000",
        "\U000e0041",
        "\u3164",
        "a" + "\u0301" * 4,
    ],
    ids=ascii,
)
def test_whatever_is_alive_is_seen(text: str) -> None:
    """Otherwise a test of hostile text would prove nothing."""
    assert alive_in(f"see {text} now")
