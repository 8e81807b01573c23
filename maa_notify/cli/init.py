"""`init`: asks for the settings, checks each answer at once, and writes them into a file."""

import argparse
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from getpass import getpass
from pathlib import Path

from msgspec import Struct

from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.text import complain

_WITHOUT_A_TERMINAL = """\
init asks questions, and there is no terminal on which to answer them. Write the file yourself, readable by
its owner only (chmod 600), and then run maa-notify --env-file FILE doctor:
  MAA_TENANT_ID=the directory (tenant) id
  MAA_CLIENT_ID=the application (client) id
  MAA_CLIENT_SECRET='the value of a client secret'
  MAA_TEAMS_WEBHOOK_URL='the URL of a Teams workflow'
docs/settings.md lists all others."""
_SECRET, _CERTIFICATE = "MAA_CLIENT_SECRET", "MAA_CLIENT_CERTIFICATE_PATH"
_SQLITE = "sqlite:///"


class _Question(Struct, frozen=True):
    """One question: the setting it is for, what to enter, what an empty answer means."""

    setting: str
    text: str
    default: str = ""
    prefix: str = ""
    is_path: bool = False


_BEFORE = (
    _Question("MAA_TENANT_ID", "Directory (tenant) id, from Entra's overview page"),
    _Question("MAA_CLOUD", "Microsoft cloud: global, usgov, dod or china", default="global"),
    _Question("MAA_CLIENT_ID", "Application (client) id of the app registration"),
)
_CREDENTIALS = {
    "secret": _Question(_SECRET, "Value of the client secret (not its id)"),
    "certificate": _Question(
        _CERTIFICATE, "File with the certificate and its private key, PEM or PFX", is_path=True
    ),
}
_AFTER = (
    _Question("MAA_TEAMS_WEBHOOK_URL", "URL of the Teams workflow that posts the cards"),
    _Question(
        "MAA_STATE",
        "File for the state, which remembers what was told",
        default="maa-notify.db",
        prefix=_SQLITE,
        is_path=True,
    ),
    _Question("MAA_TIME_ZONE", "Time zone to show beside UTC, such as Europe/Berlin (Enter for none)"),
)
_MAY_BE_EMPTY = frozenset({"MAA_TIME_ZONE"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Asks for what has to be set, checks each answer at once, and writes a file for --env-file that its"
        " owner alone may read. Secrets are not shown while they are typed. Sends nothing."
    )
    parser.add_argument(
        "--output", default="maa-notify.env", metavar="FILE", help="the file to write; default: %(default)s"
    )


def run(options: argparse.Namespace) -> int:
    """Asks and writes; returns the exit code."""
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stdout)):
        complain(_WITHOUT_A_TERMINAL)
        return WRONG_SETTINGS
    path = Path(options.output)
    if problem := _problem_of_place(path):
        complain(problem)
        return FAILED
    try:
        if path.exists() and not _is_agreed(f"{path} is there already. Replace it?"):
            complain("nothing was written")
            return FAILED
        answers = _answers()
    except EOFError:
        print()
        complain("stopped, and nothing was written")
        return FAILED
    for warning in _warnings(answers):
        complain(warning)
    try:
        _write(path, answers)
    except OSError as error:
        complain(f"{path} cannot be written: {error.strerror}")
        return FAILED
    _tell_next(path)
    return OK


def _problem_of_place(path: Path) -> str:
    """Why no file can be written there; "" where nothing speaks against it."""
    if path.is_dir():
        return f"{path} is a folder. Give the file to write, such as {path / 'maa-notify.env'}"
    if not os.access(path.parent, os.W_OK):
        return f"{path} cannot be written: there is no folder {path.parent} that takes it"
    return ""


def _is_terminal(stream: object) -> bool:
    isatty: Callable[[], bool] | None = getattr(stream, "isatty", None)
    return isatty is not None and isatty()


def _answers() -> dict[str, str]:
    """The settings that were asked for, by name.

    Raises:
        EOFError: somebody wants to stop.
    """
    print("Ctrl-C stops and writes nothing. What is in [brackets] is taken when you press Enter.", flush=True)
    answers = {each.setting: _answer(each) for each in _BEFORE}
    kind = _choice("Sign in with a secret or a certificate?", tuple(_CREDENTIALS))
    for each in (_CREDENTIALS[kind], *_AFTER):
        answers[each.setting] = _answer(each)
    return {name: value for name, value in answers.items() if value}


def _answer(question: _Question) -> str:
    """The answer to one question, asked until it is right."""
    from maa_notify.settings.fields import BY_NAME
    from maa_notify.settings.reader import problem_of_value
    from maa_notify.settings.validation import clean

    shown = f"{question.text} [{question.default}]: " if question.default else f"{question.text}: "
    is_hidden = BY_NAME[question.setting].secret and not question.prefix
    while True:
        given = clean(_typed(shown, is_hidden=is_hidden)) or question.default
        if is_hidden and given:
            print(f"  {len(given)} characters", flush=True)
        value = _value(question, given) if given else ""
        if not value and question.setting in _MAY_BE_EMPTY:
            return value
        problem = problem_of_value(question.setting, value) if value else "is required"
        if not problem:
            return value
        print(f"  {question.setting} {problem}", flush=True)


def _value(question: _Question, given: str) -> str:
    """The value of the setting: a path from the home folder in full, and a URL of the state as it is."""
    if not question.is_path or "://" in given:
        return given
    return question.prefix + os.path.expanduser(given)  # noqa: PTH111 - Path would raise where there is no home


def _typed(prompt: str, *, is_hidden: bool) -> str:
    try:
        return getpass(prompt) if is_hidden else input(prompt)
    except UnicodeDecodeError:  # of a terminal in another encoding
        return "\0"


def _choice(text: str, words: tuple[str, ...]) -> str:
    """One of some words, of which the first is meant by an empty answer, and its beginning will do."""
    while True:
        given = _typed(f"{text} [{words[0]}]: ", is_hidden=False).strip().lower()
        found = [word for word in words if word.startswith(given)]
        if found:
            return found[0]
        print(f"  must be one of {', '.join(words)}", flush=True)


def _is_agreed(text: str) -> bool:
    return _typed(f"{text} [y/N]: ", is_hidden=False).strip().lower() in {"y", "yes"}


def _warnings(answers: Mapping[str, str]) -> list[str]:
    """What the settings together say."""
    from maa_notify.settings.reader import read_as_far_as_possible

    found = read_as_far_as_possible(answers)
    return [*map(str, found.mistakes), *found.settings.warnings]


def _write(path: Path, answers: Mapping[str, str]) -> None:
    """Writes the file as a whole or not at all; its owner alone may read it from its first moment on."""
    from maa_notify.settings.env_file import env_text

    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(f"# Settings of maa-notify; docs/settings.md lists all.\n{env_text(answers)}")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _tell_next(path: Path) -> None:
    call = f"maa-notify --env-file {shlex.quote(str(path))}"
    print(f"""
{path} is written; its owner alone may read it. What comes next:
  {call} doctor --send   checks everything and posts a sample card
  {call} watch           polls until it is stopped
  {call} status          shows what waits, and whether all is well
docs/servers.md says how to keep it running.""")
