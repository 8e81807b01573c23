"""Graph's JSON as an object of ours, with its ids in one case."""

import re
from typing import Any, TypeVar

import msgspec

_ID = re.compile(r"(?:/\w+/)?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""An id, also as the end of a path such as `/administrativeUnits/ID`."""

_Kind = TypeVar("_Kind")


def convert(raw: object, kind: type[_Kind]) -> _Kind:
    """What Graph told, as `kind`.

    Graph writes one id in both cases, here in lower and there in upper; all are in lower case afterwards, so
    that they can be compared.

    Raises:
        msgspec.ValidationError: it is none.
    """
    return msgspec.convert(_with_small_ids(raw), kind)


def _with_small_ids(raw: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(raw, dict):
        return {name: _with_small_ids(value) for name, value in raw.items()}
    if isinstance(raw, list):
        return [_with_small_ids(each) for each in raw]
    return _small(raw) if isinstance(raw, str) else raw


def _small(text: str) -> str:
    if not _ID.fullmatch(text):
        return text
    path, slash, number = text.rpartition("/")
    return f"{path}{slash}{number.lower()}"
