"""The protocol of state stores: ordered rows, and transactions with optimistic concurrency.

One tenant is one partition. A row is a key and a JSON text; its `etag` writes with every write, so
that a writer who read an older version is told so instead of overwriting. Both backends pass one contract
test suite.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

MAX_CHANGES = 100
"""Changes in one transaction at most: the documented limit of an entity group transaction in Azure Tables."""

MAX_BYTES = 3_500_000
"""Size of one transaction at most, by `wire_size`: Azure Tables takes 4 MiB on the wire."""


class Row(Struct, frozen=True):
    """A row as it was read."""

    key: str
    data: str
    etag: str


class Insert(Struct, frozen=True):
    """Creates a row; a conflict when it exists."""

    key: str
    data: str


class Update(Struct, frozen=True):
    """Replaces a row; a conflict unless it still has this etag."""

    key: str
    data: str
    etag: str


class Put(Struct, frozen=True):
    """Creates or replaces a row, whatever was there."""

    key: str
    data: str


class Delete(Struct, frozen=True):
    """Removes a row; a conflict unless it still has this etag."""

    key: str
    etag: str


Write = Insert | Update | Put | Delete


def wire_size(write: Write) -> int:
    """The most bytes that a write takes when sent: the Azure client makes twelve of an emoji."""
    return 1_000 + (0 if isinstance(write, Delete) else len(json.dumps(write.data)))


def prefix_end(prefix: str) -> str:
    """The end of the range of all keys that begin with a prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


class ConflictError(Exception):
    """Another process wrote one of the rows first; nothing of the transaction was done."""


class Rows(Protocol):
    """A state store. Anything but a conflict that goes wrong is a `StateError`."""

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows with `first <= key < end`, in the order of their keys."""
        ...

    def get(self, key: str) -> Row | None:
        """One row, or None."""
        ...

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Does all writes or none; at most `MAX_CHANGES`, no key twice.

        Returns:
            The new etag of each row in the order of the writes; "" for a deleted one.

        Raises:
            ConflictError: a row was not as the change expects it.
            StateError: the store cannot be reached or refused.
        """
        ...

    def close(self) -> None:
        """Lets go of files and connections."""
        ...
