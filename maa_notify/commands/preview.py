"""`preview`: a card of the catalogue or for any status, as JSON or as a picture."""

import json
import sys
from pathlib import Path
from typing import Literal

from maa_notify.cards.maker import TeamsCards
from maa_notify.clock import SystemClock
from maa_notify.commands.samples import sample_card
from maa_notify.graph.clouds import CLOUDS


def preview(word: str, *, png: str | None, theme: Literal["light", "dark"], width: int) -> int:
    """Prints the card's JSON, or writes its picture; returns the exit code."""
    card = sample_card(TeamsCards(CLOUDS["global"].approvals_url), word, SystemClock().now())
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
