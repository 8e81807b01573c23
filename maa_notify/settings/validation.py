"""Forms of words and addresses in the settings: what is wrong with one, in words free of secrets."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from urllib.parse import urlsplit

from maa_notify.net.client import is_loopback

_UNRESOLVED = "@microsoft.keyvault("
_WORD = re.compile(r"[A-Za-z_]{1,40}")
_RETIRED = (
    "this is an Office 365 connector, which Microsoft has retired and turned off: in Teams open the channel's"
    " menu > Workflows, take a 'webhook' template and copy its URL"
)
_RETIRED_HOSTS = re.compile(r"(^|\.)webhook\.office(365)?\.com$|^outlook\.office(365)?\.com$")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The word that was probably meant, as the end of a sentence; "" when none is near."""
    names = {each.lower(): each for each in known}
    close = get_close_matches(word.lower(), names, 1)
    return f"; did you mean {names[close[0]]!r}?" if close else ""


def redacted(word: str) -> str:
    """A word as somebody mistyped it; anything that does not look like a word may be a misplaced secret."""
    return repr(word) if _WORD.fullmatch(word) else "a word"


def is_unresolved(value: str) -> bool:
    """Whether a value is still the reference to a secret instead of the secret."""
    return value.lower().startswith(_UNRESOLVED)


def is_header_safe(value: str) -> bool:
    """Whether a value can travel in a header."""
    return value.isascii() and value.isprintable() and " " not in value


def problem_of_url(url: str) -> str:
    """What keeps a text from being an address to which secrets may be sent; "" when nothing does."""
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
    """The same for an origin alone."""
    problem = problem_of_url(url)
    if problem:
        return problem
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment:
        return "must be an origin only, such as https://graph.microsoft.com, without a path or version"
    return ""


def problem_of_webhook(url: str) -> str:
    """The same for a webhook of Teams."""
    if is_unresolved(url):
        return "a Key Vault reference must be the whole of a setting, it is not resolved inside JSON"
    problem = problem_of_url(url)
    if problem:
        return problem
    if _RETIRED_HOSTS.search((urlsplit(url).hostname or "").lower()):
        return _RETIRED
    return ""
