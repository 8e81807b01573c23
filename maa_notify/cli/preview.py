"""`preview`: shows the card for a status or for a request of one's own, or where it would go."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.text import complain

if TYPE_CHECKING:
    from maa_notify.cli.preview_options import PreviewOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Makes the card of a sample request, or of one of your own: as JSON on standard output or as a"
        " picture. Or says where the request would go. Sends nothing."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "status",
        nargs="?",
        default="needsApproval",
        help="needsApproval (default), approved, completed, rejected, cancelled, expired, or any other;"
        " also a card of docs/cards by its name, such as reminder, expiring or digest",
    )
    what.add_argument(
        "--request", metavar="FILE", help="raw JSON of one request, as Graph gives it; - for standard input"
    )
    parser.add_argument("--policy-type", metavar="TYPE", help="as if the request were of this type")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--route", action="store_true", help="say which destinations of the settings would hear, and why"
    )
    how.add_argument("--png", metavar="FILE", help="write a picture; needs Chromium and 'make setup'")
    add_json(parser, "with --route: print the answer as JSON")
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="of the picture")
    parser.add_argument("--width", type=int, default=720, metavar="PIXELS", help="of the picture")


def run(options: argparse.Namespace) -> int:
    """Prints a card or a route, or draws a picture; returns the exit code.

    Raises:
        SettingsError: a setting is wrong, for a route.
    """
    from maa_notify.cli.preview_options import PreviewOptions, UnusableError
    from maa_notify.cli.route import show_route

    wanted = PreviewOptions(options.status, options.request, options.policy_type)
    try:
        if options.route:
            return show_route(wanted, as_json=options.json)
        card = _card(wanted)
    except UnusableError as error:
        complain(str(error))
        return WRONG_SETTINGS
    if options.png is not None:
        return _draw(card, options)
    print(json.dumps(card, indent=2, ensure_ascii=False))
    return OK


def _card(wanted: "PreviewOptions") -> dict[str, Any]:
    from maa_notify.cards.builder import TeamsCards
    from maa_notify.clock import SystemClock
    from maa_notify.identity.clouds import CLOUDS

    return wanted.card(TeamsCards(CLOUDS["global"].approvals_url), SystemClock().now())


def _draw(card: dict[str, Any], options: argparse.Namespace) -> int:
    # The renderer is not deployed; nothing else needs it.
    from maa_notify.rendering import renderer
    from maa_notify.rendering.errors import RenderingError

    try:
        renderer.screenshot(card, Path(options.png), options.theme, options.width)
    except RenderingError as error:
        complain(str(error))
        return FAILED
    print(f"{options.png} written")
    return OK
