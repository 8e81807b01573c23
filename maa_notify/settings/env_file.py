"""Files of settings with `NAME=VALUE` on each line, as systemd and Docker take them.

These two read some lines in different ways, and so do shells: a `#` within a value, a backslash, a quote in
the middle. Such a line is refused, and what to write in its place is told: a file that is read here means
the same to systemd. (Docker hands quotes over as they are; those around a whole value are taken off when a
setting is read.)
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from maa_notify.errors import Mistake, SettingsError

_MOST_BYTES = 1024 * 1024
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\$`])')
"""What a backslash in double quotes stands before, in a shell and in systemd; elsewhere it is itself."""
_QUOTED = {"'": re.compile("'([^']*)'(.*)"), '"': re.compile(r'"((?:[^"\\]|\\.)*)"(.*)')}
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9_.,:;/@%+=?&{}~-]*")


def read_env_file(path: Path) -> dict[str, str]:
    """The variables in a file, by name.

    Raises:
        SettingsError: it cannot be read, or lines of it are wrong: each with its number, none with its value.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)  # whatever the name leads to, a device without an end too
        text = content.decode(_encoding_of(content))
    except OSError as error:
        raise SettingsError([Mistake(str(path), f"cannot be read: {error.strerror}")]) from None
    except ValueError:  # of the name, or of what is in it
        raise SettingsError([Mistake(str(path), "is not text in UTF-8 or UTF-16")]) from None
    if len(content) == _MOST_BYTES:
        raise SettingsError([Mistake(str(path), "is too long for a file of settings")])
    return parse_env(text, str(path))


def parse_env(text: str, where: str) -> dict[str, str]:
    """The variables in the text of such a file; `where` names it in errors.

    Raises:
        SettingsError: lines of it are wrong.
    """
    found: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for number, line in enumerate(re.split("\r\n|\n|\r", text), 1):
        try:
            name, value = _variable(line.strip(), found)
        except ValueError as error:
            mistakes.append(Mistake(f"{where}, line {number}", str(error)))
            continue
        if name:
            found[name] = value
    if mistakes:
        raise SettingsError(mistakes)
    return found


def env_text(variables: Mapping[str, str]) -> str:
    """The text of a file that holds these variables; none may hold a line break."""
    return "".join(f"{name}={_written(value)}\n" for name, value in variables.items())


def _written(value: str) -> str:
    if _NEEDS_NO_QUOTES.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    escaped = re.sub(r'["\\$`]', r"\\\g<0>", value)
    return f'"{escaped}"'


def _encoding_of(content: bytes) -> str:
    return "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _variable(line: str, before: Collection[str]) -> tuple[str, str]:
    """The name and the value on a line; two empty ones for a comment and an empty line.

    `before` are the names in the lines before.

    Raises:
        ValueError: what is wrong, without the value.
    """
    if not line or line.startswith(("#", ";")):
        return "", ""
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise ValueError("is not of the form NAME=VALUE, without spaces around the =")
    name, value = parts[1], parts[2]
    if name in before:
        raise ValueError(f"{name} is in an earlier line already")
    if "\0" in value:
        raise ValueError(f"{name} has a zero character, which a variable cannot have")
    if value != value.lstrip():
        raise ValueError(f"{name} has a space after the =")
    if value.startswith(("'", '"')):
        return name, _unquoted(name, value)
    if re.search(r"\s#", value):
        raise ValueError(
            f"{name} has a # after a space: put a comment on its own line, and a value in quotes"
        )
    if "\\" in value:
        raise ValueError(f"{name} has a backslash: put the value in single quotes")
    return name, value


def _unquoted(name: str, value: str) -> str:
    mark = value[0]
    parts = _QUOTED[mark].fullmatch(value)
    if parts is None:
        raise ValueError(f"{name} has a quote that is not closed on its line")
    if parts[2]:
        raise ValueError(f"{name} has something after the closing quote: put a comment on its own line")
    return parts[1] if mark == "'" else _ESCAPED.sub(r"\1", parts[1])
