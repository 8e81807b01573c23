"""Names in the sentences about a tenant: set apart, so that none of them passes for words of ours. Pure."""

from collections.abc import Sequence

from maa_notify.cards.text import ELLIPSIS, plain
from maa_notify.domain.names import CLOSING, OPENING, set_apart

_LIMIT = 120
"""Characters of a name: what Entra takes for an application, and the line of a card has room for more."""


def called(key: str, *names: str | None, limit: int = _LIMIT) -> str:
    """What a sentence calls something: its first name that shows anything, set apart, or else its bare id."""
    return next((set_apart(shown) for each in names if (shown := plain(each or "", limit))), key)


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Names that are set apart, as a list in a sentence; of more than `most`, how many are left out."""
    parts = list(names[:most])
    if len(names) > len(parts):
        parts.append(f"{len(names) - len(parts)} more")
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def sentence(text: str, limit: int) -> str:
    """A sentence with such names on one line, cut to `limit`; a name that is cut still ends with its mark."""
    shown = plain(text, limit)
    if not (shown.endswith(ELLIPSIS) and _is_open(shown)):
        return shown
    shorter = plain(text, limit - len(CLOSING))
    return f"{shorter}{CLOSING}" if _is_open(shorter) else shorter


def _is_open(text: str) -> bool:
    return text.rfind(OPENING) > text.rfind(CLOSING)
