"""Texts and ids of an entry of an audit log, as far as it has them. Pure."""

TEXT = 256
"""Characters that are kept of a text."""


def id_of(value: object) -> str:
    """An id in lower case, since the logs and Graph's objects spell it differently; "" for none."""
    return text_of(value).strip().lower()


def text_of(value: object, limit: int = TEXT) -> str:
    """The text of a value, up to so many characters; "" for what is no text, number or truth value."""
    if isinstance(value, bool):
        return str(value).lower()
    return value[:limit] if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def words_of(value: object) -> list[str]:
    """The texts of a list; empty for what is none."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
