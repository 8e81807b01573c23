"""Names that somebody else chose, set apart in sentences of ours so that none passes for our words. Pure."""

import re

OPENING, CLOSING = "“”"
_DOUBLE = '"“”„‟«»＂〝〞〟❝❞❠ʺ″‴⁗‶‷˝ˮ״˶᳓🙶🙷🙸'  # noqa: RUF001 - what is meant
_SINGLE = "'‘’‚‛`´ʹʻʼʽˈˊˋ′‵＇❛❜❟"  # noqa: RUF001 - what is meant
_LIKE_QUOTES = re.compile(f"[{_DOUBLE}{_SINGLE}]{{2,}}|[{_DOUBLE}]")


def unquoted(text: str) -> str:
    """The text without what looks like our quotation marks: an apostrophe stands in its place."""
    return _LIKE_QUOTES.sub("’", text)


def set_apart(name: str) -> str:
    """The name in quotation marks that it cannot end; "" for none. What is odd about its letters stays."""
    return f"{OPENING}{unquoted(name)}{CLOSING}" if name else ""
