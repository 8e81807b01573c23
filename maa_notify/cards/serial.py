"""The number at the foot of a card, by which a reader sees that one is missing."""

from collections.abc import Mapping
from typing import Any

from maa_notify.cards import strings


def numbered(card: Mapping[str, Any], number: int, changed_by: int = 0) -> dict[str, Any]:
    """The card with its number in its last line of ours; 0 for none.

    Args:
        card: as it was made.
        number: that it came with.
        changed_by: of the news that it shows now, where it was changed in place.
    """
    if not number:
        return dict(card)
    told = strings.number(number, changed_by)
    body = [
        {**each, "text": f"{each['text']} · {told}"} if _is_footer(each) else each
        for each in card.get("body", ())
    ]
    return {**card, "body": body} if body else dict(card)


def _is_footer(element: Mapping[str, Any]) -> bool:
    # No text of others stands in an element of this type.
    return element.get("type") == "TextBlock" and str(element.get("text", "")).endswith(strings.SENDER)
