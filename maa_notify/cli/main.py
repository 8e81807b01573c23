"""The command line: `maa-notify …`, the same as `python -m maa_notify …`."""

from __future__ import annotations

import argparse
import logging
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from maa_notify import __version__
from maa_notify.errors import MaaNotifyError, SettingsError
from maa_notify.logs import log_to_stderr

if TYPE_CHECKING:
    # There is no public name for what add_subparsers() returns.
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

OK = 0
FAILED = 1
WRONG_SETTINGS = 2
REFUSED = 3

_DAY = 86_400
_EPILOG = """\
exit codes:
  0  done, and nothing waits that was refused
  1  Graph or the state store failed; the next poll catches up
  2  settings or arguments are wrong
  3  a destination did not take its notifications, which wait, or some were given up

Settings come from environment variables that begin with MAA_; docs/settings.md lists them.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; nothing prints a traceback at a person."""
    options = _parser().parse_args(arguments)
    log_to_stderr(logging.WARNING if options.quiet else logging.INFO)
    try:
        return _run(options)
    except SettingsError as error:
        return _complain(str(error), WRONG_SETTINGS)
    except MaaNotifyError as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return _complain("stopped", FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last resort: a place instead of a traceback
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {place.name}, line {place.lineno} of {place.filename}"
        return _complain(f"this is a fault of maa-notify itself: {where}; please report it", FAILED)


def _run(options: argparse.Namespace) -> int:
    if options.tenant is not None:
        _become(options.tenant)
    command: Callable[[argparse.Namespace], int] = options.command
    return command(options)


def _complain(text: str, code: int) -> int:
    print(f"maa-notify: {text}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="maa-notify",
        description="Tells Microsoft Teams about Intune's Multi Admin Approval requests.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"maa-notify {__version__}")
    parser.add_argument("-q", "--quiet", action="store_true", help="log only warnings and errors")
    parser.add_argument(
        "--tenant", metavar="NAME", help="in a fleet: the tenant to work on, by tenant_id or tenant_name"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (
        _add_poll,
        _add_watch,
        _add_demo,
        _add_doctor,
        _add_preview,
        _add_outbox,
        _add_history,
        _add_teams_app,
        _add_tenants,
    ):
        add(commands)
    return parser


def _add_poll(commands: _Commands) -> None:
    parser = commands.add_parser(
        "poll", help="poll once", description="Lists the requests once and tells Teams what is new."
    )
    parser.add_argument(
        "--json", action="store_true", help="print a report as one JSON object on the last line"
    )
    parser.set_defaults(command=_poll)


def _add_watch(commands: _Commands) -> None:
    parser = commands.add_parser(
        "watch",
        help="poll again and again",
        description="Polls until it is stopped with Ctrl-C or a signal. The poll under way is ended in peace;"
        " asked a second time, it stops at once, which loses nothing either.",
    )
    parser.add_argument("--every", type=_seconds, default=60.0, metavar="SECONDS", help="default: 60")
    parser.set_defaults(command=_watch)


def _add_demo(commands: _Commands) -> None:
    parser = commands.add_parser(
        "demo",
        help="try it with a simulated tenant",
        description="Shows a simulated tenant and its Teams channel in the browser; the notifier is real.",
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="default: a free one")
    parser.add_argument("--no-scenario", action="store_true", help="do not play the prepared requests")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument(
        "--bot", action="store_true", help="send cards by the bot, to Microsoft's Agents Playground"
    )
    parser.set_defaults(command=_demo)


def _add_doctor(commands: _Commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="check settings, token, Graph, state and destinations",
        description="Checks everything that has to work and says what to mend. Sends nothing unless told to.",
    )
    parser.add_argument("--send", action="store_true", help="post a sample card to each destination")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(command=_doctor)


def _add_preview(commands: _Commands) -> None:
    parser = commands.add_parser(
        "preview",
        help="show the card for a status, or where a request would go",
        description="Makes the card of a sample request, or of one of your own: as JSON on standard output or"
        " as a picture. Or says where the request would go. Sends nothing.",
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
        help="raw JSON of one request, as Graph gives it; - for standard input",
    )
    parser.add_argument("--policy-type", metavar="TYPE", help="as if the request were of this type")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--route", action="store_true", help="say which destinations of the settings would hear, and why"
    )
    how.add_argument("--png", metavar="FILE", help="write a picture; needs Chromium and 'make setup'")
    parser.add_argument("--json", action="store_true", help="with --route: print the answer as JSON")
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="of the picture")
    parser.add_argument("--width", type=int, default=720, metavar="PIXELS", help="of the picture")
    parser.set_defaults(command=_preview)


def _add_outbox(commands: _Commands) -> None:
    parser = commands.add_parser(
        "outbox",
        help="look after notifications that wait or were given up",
        description="Lists, retries or discards notifications that wait or were given up.",
    )
    parser.add_argument(
        "action",
        choices=("list", "retry", "discard"),
        help="retry makes them due now; the next poll sends them",
    )
    parser.add_argument(
        "keys", nargs="*", metavar="KEY", help="only these (as listed); discard needs them or --all"
    )
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.set_defaults(command=_outbox)


def _add_history(commands: _Commands) -> None:
    parser = commands.add_parser(
        "history", help="what was told, when and where", description="Prints the journal of notifications."
    )
    parser.add_argument("--format", choices=("csv", "json"), default="csv", help="default: csv")
    parser.add_argument("--days", type=int, default=None, metavar="N", help="only the last N days")
    parser.set_defaults(command=_history)


def _add_teams_app(commands: _Commands) -> None:
    parser = commands.add_parser(
        "teams-app",
        help="build the app package of the bot",
        description="Builds the package that an administrator uploads to the organisation's app catalogue."
        " It reads MAA_BOT_CLIENT_ID, else MAA_CLIENT_ID, and MAA_BOT_COMMANDS.",
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="the zip file to write")
    parser.add_argument(
        "--website",
        type=_https,
        default="https://intune.microsoft.com",
        metavar="URL",
        help="where people who look the app up are sent; default: %(default)s",
    )
    parser.add_argument(
        "--app-version",
        type=_version,
        default=__version__,
        metavar="N.N.N",
        help="Teams takes an update only with a higher one; default: %(default)s",
    )
    parser.set_defaults(command=_teams_app)


def _add_tenants(commands: _Commands) -> None:
    parser = commands.add_parser(
        "tenants",
        help="list the tenants of a fleet, and whose settings are wrong",
        description="Reads MAA_TENANTS and the settings of every tenant in it. Sends nothing.",
    )
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.set_defaults(command=_tenants)


def _https(text: str) -> str:
    if not re.fullmatch(r"https://[!-~]{1,2000}", text):
        raise argparse.ArgumentTypeError("must begin with https://")
    return text


def _version(text: str) -> str:
    if not re.fullmatch(r"(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){2}", text, re.ASCII):
        raise argparse.ArgumentTypeError("must be three numbers, such as 1.0.2")
    return text


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= _DAY:
        raise argparse.ArgumentTypeError("must be from 1 to 86400 seconds")
    return value


# Each command is imported only when it is called: `--help` and the Function's cold start stay light.


def _become(tenant: str) -> None:
    from maa_notify.cli.tenants import become

    become(tenant)


def _poll(options: argparse.Namespace) -> int:
    from maa_notify.cli.poll import poll

    return poll(as_json=options.json)


def _watch(options: argparse.Namespace) -> int:
    from maa_notify.cli.poll import watch

    return watch(every=options.every)


def _demo(options: argparse.Namespace) -> int:
    from maa_notify.demo.run import DemoOptions, run_demo

    show = DemoOptions(scenario=not options.no_scenario, open_browser=options.open, bot=options.bot)
    return run_demo(show, port=options.port)


def _doctor(options: argparse.Namespace) -> int:
    from maa_notify.cli.doctor import doctor

    return doctor(send=options.send, as_json=options.json)


def _preview(options: argparse.Namespace) -> int:
    from maa_notify.cli.preview import PreviewOptions, UnusableError, preview
    from maa_notify.cli.route import show_route

    wish = PreviewOptions(options.status, options.request, options.policy_type)
    try:
        if options.route:
            return show_route(wish, as_json=options.json)
        return preview(wish, png=options.png, theme=options.theme, width=options.width)
    except UnusableError as error:
        return _complain(str(error), WRONG_SETTINGS)


def _outbox(options: argparse.Namespace) -> int:
    from maa_notify.cli.outbox import outbox

    return outbox(options.action, options.keys, everything=options.all, as_json=options.json)


def _history(options: argparse.Namespace) -> int:
    from maa_notify.cli.history import history

    return history(options.format, days=options.days)


def _teams_app(options: argparse.Namespace) -> int:
    from maa_notify.cli.teams_app import teams_app

    return teams_app(options.output, website=options.website, version=options.app_version)


def _tenants(options: argparse.Namespace) -> int:
    from maa_notify.cli.tenants import tenants

    return tenants(as_json=options.json)
