"""The command line: `maa-notify …`, the same as `python -m maa_notify …`."""

import argparse
import logging
import os
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from maa_notify import __version__
from maa_notify.cli import streams
from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.text import complain, fault_of, reason_of
from maa_notify.errors import MaaNotifyError, SettingsError
from maa_notify.logs import log_to_stderr

_EPILOG = """\
exit codes:
  0  done, and nothing waits that was refused
  1  Graph or the state store failed; the next poll catches up
  2  settings or arguments are wrong
  3  a destination did not take its notifications, which wait, or some were given up
  4  posture: the defence around approval has faults

Settings come from environment variables that begin with MAA_, or from the file that --env-file names;
docs/settings.md lists them.
"""


class Command(Struct, frozen=True):
    """A command: its module, and one line that says what it does."""

    module: str
    help: str


class CommandModule(Protocol):
    """The functions of a command's module. Its import loads no network library, so that `--help` is fast."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the description and the arguments of the command."""
        ...

    def run(self, options: argparse.Namespace) -> int:
        """Runs the command and returns the exit code.

        Raises:
            MaaNotifyError: it cannot be done; the text is for the person who called.
        """
        ...


COMMANDS = {
    "init": Command("maa_notify.cli.init", "ask for the settings and write them into a file"),
    "poll": Command("maa_notify.cli.poll", "poll once"),
    "status": Command("maa_notify.cli.status", "show what waits for whom, and whether the notifier works"),
    "watch": Command("maa_notify.cli.watch", "poll again and again"),
    "demo": Command("maa_notify.cli.demo", "try it with a simulated tenant"),
    "doctor": Command("maa_notify.cli.doctor", "check settings, token, Graph, state and destinations"),
    "posture": Command("maa_notify.cli.posture", "check how well the tenant protects approval"),
    "preview": Command("maa_notify.cli.preview", "show the card for a status, or where a request would go"),
    "outbox": Command("maa_notify.cli.outbox", "list, retry or discard what waits or was given up"),
    "alerts": Command("maa_notify.cli.alerts", "list the alerts of the watch, also the muted ones"),
    "history": Command("maa_notify.cli.history", "list what was told, when and where"),
    "who": Command("maa_notify.cli.who", "say who asked for what, who approved it, and when"),
    "report": Command("maa_notify.cli.report", "print figures about the requests of a month or another span"),
    "teams-app": Command("maa_notify.cli.teams_app", "build the app package of the bot"),
    "completion": Command("maa_notify.cli.completion", "print a script that completes commands in a shell"),
    "tenants": Command("maa_notify.cli.tenants", "list the tenants of a fleet, and wrong settings"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; errors are printed as one line, without a traceback."""
    streams.prepare()
    trouble: OSError | None = None
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as end:  # of the help, of the version and of wrong arguments
        code = end.code if isinstance(end.code, int) else OK
    except OSError as error:
        code, trouble = FAILED, error
    unwritten = streams.settle() or (trouble if trouble and trouble.filename is None else None)
    if unwritten is not None:
        complain(f"the output could not be written: {reason_of(unwritten)}")
        code = code if code == WRONG_SETTINGS else FAILED
    elif trouble is not None:
        complain(reason_of(trouble))
    streams.settle()
    return code


def parser_for(words: Collection[str]) -> argparse.ArgumentParser:
    """The parser of a command line; only the modules of commands that it names are imported."""
    parser = argparse.ArgumentParser(
        prog="maa-notify",
        description="Tells Microsoft Teams about Intune's Multi Admin Approval requests.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"maa-notify {__version__}")
    _add_common(parser)
    add_json(parser, "print the result as JSON, where the command has it")
    parser.set_defaults(quiet=False, env_file=None, tenant=None, json=False, takes_json=False, run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name, command in COMMANDS.items():
        added = commands.add_parser(name, help=command.help)
        _add_common(added)
        if name in words:
            module: CommandModule = import_module(command.module)
            module.add_arguments(added)
            added.set_defaults(run=module.run)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Options that may stand before and after the name of a command."""
    # Without a default, so that the parser of the command does not undo what stood before its name.
    parser.add_argument(
        "-q", "--quiet", action="store_true", default=argparse.SUPPRESS, help="log only warnings and errors"
    )
    parser.add_argument(
        "--env-file",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="file of settings, lines NAME=VALUE; a variable of the environment wins over the file",
    )
    parser.add_argument(
        "--tenant",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="in a fleet: the tenant to work on, by tenant_id or tenant_name",
    )


def _run(words: Sequence[str]) -> int:
    try:
        return _command(words)
    except SettingsError as error:
        complain("\n".join([str(error), *_way_in()]))
        return WRONG_SETTINGS
    except MaaNotifyError as error:
        complain(str(error))
    except KeyboardInterrupt:
        complain("stopped")
    except MemoryError:
        complain("this machine has not enough memory for it")
    except ImportError as error:
        complain(f"the installation is not complete: {error}")
    except OSError:  # of the output, of a file or of the machine
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: one line instead of a traceback
        complain(fault_of(error))
    return FAILED


def _way_in() -> list[str]:
    """What to do for somebody who has no settings at all, or forgot to name their file."""
    if any(name.startswith("MAA_") for name in os.environ):
        return []
    return ["There are no settings yet. maa-notify init asks for them and writes a file for --env-file FILE."]


def _command(words: Sequence[str]) -> int:
    parser = parser_for(words)
    options, others = parser.parse_known_args(words)
    if (options.json or "--json" in others) and not options.takes_json and options.run is not None:
        parser.error(f"{options.command} has no --json")
    # argparse takes the keys of a command up to the first option only; those that follow are keys as well.
    keys = [each for each in others if hasattr(options, "keys") and not each.startswith("-")]
    if len(keys) < len(others):
        parser.error(f"unrecognized arguments: {' '.join(each for each in others if each not in keys)}")
    if keys:
        options.keys = [*options.keys, *keys]
    if options.run is None:
        parser.print_help()
        return OK
    if options.env_file is not None:
        from maa_notify.cli.env_file import use_env_file

        use_env_file(Path(options.env_file))
    from maa_notify.settings.startup import wants_json_logs

    level = logging.WARNING if options.quiet else logging.INFO
    log_to_stderr(level, as_json=wants_json_logs(os.environ))
    if options.tenant is not None:
        from maa_notify.cli.tenants import use_settings_of

        use_settings_of(options.tenant)
    code: int = options.run(options)
    return code
