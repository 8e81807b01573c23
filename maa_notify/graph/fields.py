"""Reads single fields of what Graph sends, whatever stands there."""

NAME_LIMIT = 256
"""Characters of a name; Graph's own limits are lower."""
WORD_LIMIT = 64
"""Characters of a word that Graph has a list of."""

_CONTROLS = dict.fromkeys((*range(32), 127), " ")


def text_of(value: object, limit: int = NAME_LIMIT) -> str:
    """A text of so many characters at most; "" for anything else.

    It is without lone surrogates, which UTF-8 cannot hold, and controls, which JSON writes six times as long.
    """
    if not isinstance(value, str):
        return ""
    text = value.strip()[:limit]
    if not (text.isascii() and text.isprintable()):
        text = text.translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")
    return text.strip()
