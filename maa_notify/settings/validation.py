"""Checks of texts in the settings, with messages free of secrets; and the list of what they find."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from maa_notify.errors import Mistake
from maa_notify.net.client import is_loopback

UNRESOLVED = (
    "the Key Vault reference was not resolved: check that the secret exists, that the identity has the role"
    " Key Vault Secrets User, and that keyVaultReferenceIdentity names that identity"
)

_MOST_BYTES = 16 * 1024 * 1024
_REFERENCE = "@microsoft.keyvault("
_WORD = re.compile(r"[A-Za-z_]{1,40}")
_RETIRED = (
    "this is an Office 365 connector, which Microsoft has retired and turned off: in Teams open the channel's"
    " menu > Workflows, take a 'webhook' template and copy its URL"
)
_RETIRED_HOSTS = re.compile(r"(^|\.)webhook\.office(365)?\.com$|^outlook\.office(365)?\.com$")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’"}  # noqa: RUF001 - what word processors make of them
_NAMES = {"\n": "a line break", "\r": "a line break", "\t": "a tab", "\xa0": "a no-break space"}


@dataclass(slots=True)
class Findings:
    """The mistakes and warnings found while settings are read, in the order in which they were found."""

    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, name: str, problem: str) -> None:
        """Adds a mistake in the setting of this name."""
        self.mistakes.append(Mistake(name, problem))

    def warn(self, name: str, text: str) -> None:
        """Adds a warning about the setting of this name."""
        self.warnings.append(f"{name}: {text}")

    def has_wrong(self, name: str) -> bool:
        """Whether the setting of this name has a mistake already; a second one would only confuse."""
        return any(mistake.setting == name for mistake in self.mistakes)


def clean(text: str) -> str:
    """The text without the quotes, spaces and marks that copying or an editor puts around it.

    That is: blanks, line breaks, byte order marks and other characters that cannot be seen, and one pair of
    quotes.
    """
    bare = _without_margin(text)
    if len(bare) > 1 and _QUOTES.get(bare[0]) == bare[-1]:
        return _without_margin(bare[1:-1])
    return bare


def _without_margin(text: str) -> str:
    start, end = 0, len(text)
    while start < end and not _is_visible(text[start]):
        start += 1
    while end > start and not _is_visible(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_visible(character: str) -> bool:
    return character.isprintable() and not character.isspace()


def hidden_in(text: str) -> str:
    """The name of the first invisible character in a text; "" when there is none."""
    for character in text:
        if not character.isprintable():
            return _NAMES.get(character, f"an invisible character (U+{ord(character):04X})")
    return ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The word that was probably meant, as the end of a sentence; "" when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - slow to load, and for mistakes only

    names = {each.lower(): each for each in known}
    close = get_close_matches(word.lower(), names, 1)
    return f"; did you mean {names[close[0]]!r}?" if close else ""


def is_word(text: str) -> bool:
    """Whether a text looks like a word that was mistyped; anything else may be a misplaced secret."""
    return _WORD.fullmatch(text) is not None


def redacted(word: str) -> str:
    """A word as somebody mistyped it, or that it is none."""
    return repr(word) if is_word(word) else "a word"


def is_unresolved(value: str) -> bool:
    """Whether a value is still the reference to a secret instead of the secret."""
    return value.lower().startswith(_REFERENCE)


def is_header_safe(value: str) -> bool:
    """Whether a value can travel in a header."""
    return value.isascii() and value.isprintable() and " " not in value


def read_json_list(text: str, example: str) -> list[Any]:
    """The entries of a JSON list, which is the text itself or stands in the file that the text names.

    A file may be UTF-8 or UTF-16, with or without a byte order mark: both are written by PowerShell.

    Raises:
        ValueError: what is wrong, without the text or the file's content.
    """
    source: str | bytes = text
    problem = f"must be a JSON list, such as {example}, or name a file that holds one"
    if not text.startswith(("[", "{")):
        try:
            with Path(text).open("rb") as file:
                source = file.read(_MOST_BYTES)  # whatever the name leads to, a device without an end too
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and "://" not in text else None
            why = f"; the file that it names cannot be read: {reason}" if reason else ""
            raise ValueError(f"{problem}{why}") from None
    try:
        found = json.loads(source)
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"must be a JSON list, and is not JSON at {position}") from None
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON list, and is not JSON in UTF-8 or UTF-16") from None
    if not isinstance(found, list):
        raise ValueError(problem)  # noqa: TRY004 - of JSON, as the rest of what can be wrong
    return found


def problem_of_url(url: str) -> str:
    """Why a text is no address to which secrets may be sent; "" when it is one."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not has_host or not is_header_safe(url):
        return "is not a URL that begins with https://"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    if parts.scheme == "http" and not is_loopback(url):
        return "must begin with https:// (plain http only for this machine itself)"
    return ""


def problem_of_origin(url: str) -> str:
    """Why a text is no origin of a service, that is scheme, host and port alone; "" when it is one."""
    problem = problem_of_url(url)
    if problem:
        return problem
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment:
        return "must be an origin only, such as https://graph.microsoft.com, without a path or version"
    return ""


def problem_of_webhook(url: str) -> str:
    """Why a text is no Workflows webhook of Teams; "" when it is one."""
    if is_unresolved(url):
        return "a Key Vault reference must be the whole of a setting, it is not resolved inside JSON"
    problem = problem_of_url(url)
    if problem:
        return problem
    if _RETIRED_HOSTS.search((urlsplit(url).hostname or "").lower()):
        return _RETIRED
    return ""
