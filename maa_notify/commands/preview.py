"""`preview`: the card for a status, as JSON or as a picture."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from maa_notify.cards.maker import TeamsCards
from maa_notify.clock import SystemClock
from maa_notify.commands.samples import sample_event
from maa_notify.graph.clouds import CLOUDS

_DIGEST_OF = ("needsApproval", "approved", "reminder", "rejected", "expired", "completed")


def preview(word: str, *, png: str | None, theme: Literal["light", "dark"], width: int) -> int:
    """Prints the card's JSON, or writes its picture; returns the exit code."""
    card = sample_card(word, SystemClock().now())
    if png is None:
        print(json.dumps(card, indent=2, ensure_ascii=False))
        return 0
    # The demo's room is not deployed; nothing else needs it.
    from maa_notify.demo import renderer
    from maa_notify.demo.errors import DemoError

    try:
        renderer.screenshot(card, Path(png), theme, width)
    except DemoError as error:
        print(f"maa-notify: {error}", file=sys.stderr)
        return 1
    print(f"{png} written")
    return 0


def sample_card(word: str, now: datetime) -> dict[str, Any]:
    """The card for a status, for `reminder`, or for `digest`."""
    cards = TeamsCards(CLOUDS["global"].approvals_url)
    if word == "digest":
        return cards.digest([sample_event(each, now) for each in _DIGEST_OF], "preview", now)[0]
    return cards.card(sample_event(word, now), "preview", now)
