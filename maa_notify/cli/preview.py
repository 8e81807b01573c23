"""`preview`: shows the card for a status or for a request of one's own, or where it would go."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maa_notify.cli.arguments import add_json, add_key, whole_number
from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.text import complain, print_json, reason_of

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
        "--request",
        metavar="FILE",
        help="raw JSON as Graph gives it: a whole answer, a list or one request; - for standard input",
    )
    add_key(parser, "of the requests in FILE only this one, by its id or the key on its card")
    parser.add_argument("--policy-type", metavar="TYPE", help="as if the request were of this type")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--route", action="store_true", help="say which destinations of the settings would get it, and why"
    )
    how.add_argument("--png", metavar="FILE", help="write a picture; needs Chromium and 'make setup'")
    add_json(parser, "with --route: print the answer as JSON")
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="of the picture")
    parser.add_argument(
        "--width", type=whole_number(100, 4_000), default=720, metavar="PIXELS", help="of the picture"
    )


def run(options: argparse.Namespace) -> int:
    """Prints cards or routes, or draws a picture; returns the exit code.

    Raises:
        SettingsError: a setting is wrong: for a route any, for a card one of those that show on it.
    """
    from maa_notify.cli.preview_options import PreviewOptions, UnusableError, problem_of_word
    from maa_notify.cli.route import show_route

    if options.key is not None and options.request is None:
        complain("--key says which of the requests in a file is meant, so it needs --request")
        return WRONG_SETTINGS
    status = options.status.encode("utf-8", "replace").decode()  # a terminal may give half a character
    if problem := problem_of_word(status):
        complain(problem)
    wanted = PreviewOptions(status, options.request, options.policy_type, options.key)
    try:
        if options.route:
            return show_route(wanted, as_json=options.json)
        cards = _cards(wanted)
    except UnusableError as error:
        complain(str(error))
        return WRONG_SETTINGS
    if options.png is None:
        print_json(cards if len(cards) > 1 else cards[0])
        return OK
    if len(cards) > 1:
        complain(
            f"{options.request} holds {len(cards)} requests, and a picture shows one: say which with --key"
        )
        return WRONG_SETTINGS
    return _draw(cards[0], options)


def _cards(wanted: "PreviewOptions") -> list[dict[str, Any]]:
    from zoneinfo import ZoneInfo

    from maa_notify.cards.builder import TeamsCards
    from maa_notify.cards.times import TimeFormat
    from maa_notify.clock import SystemClock
    from maa_notify.settings.reader import read_display

    shown = read_display(os.environ)
    times = TimeFormat(ZoneInfo(shown.time_zone) if shown.time_zone else None)
    cards = TeamsCards(
        shown.cloud.approvals_url, times=times, tenant=shown.tenant_name, tickets=shown.tickets
    )
    return wanted.cards(cards, SystemClock().now())


def _draw(card: dict[str, Any], options: argparse.Namespace) -> int:
    # The renderer is not deployed; nothing else needs it.
    from maa_notify.rendering import renderer
    from maa_notify.rendering.errors import RenderingError

    try:
        renderer.screenshot(card, Path(options.png), options.theme, options.width)
    except RenderingError as error:
        complain(str(error))
        return FAILED
    except OSError as error:
        complain(f"{options.png} cannot be written: {reason_of(error)}")
        return FAILED
    print(f"{options.png} written")
    return OK
