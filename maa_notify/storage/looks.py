"""Remembers who says that they are looking at a request: ours alone, Intune knows nothing of it."""

from collections.abc import Iterable
from contextlib import suppress

from maa_notify.domain.event import Look, storage_key
from maa_notify.errors import StateCorrupt
from maa_notify.storage.records import LOOK, Versioned, encode, versioned_from
from maa_notify.storage.rows import ConflictError, Delete, Insert, Row, Update
from maa_notify.storage.versioned import VersionedRows


class LookStore:
    """The looks of one tenant. Every method may raise `StateError`."""

    def __init__(self, rows: VersionedRows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows

    def find(self, request_id: str) -> Versioned[Look | None]:
        """Who said last that they are looking at a request, to be written over; of nobody, None."""
        row = self._rows.get(LOOK + storage_key(request_id))
        found = looks_in([row] if row else []).values()
        look = next((each.value for each in found), None)
        return Versioned(look, row.etag if row else "")

    def write(self, request_id: str, look: Versioned[Look]) -> None:
        """Remembers it in place of what was found, under the etag of that.

        Raises:
            ConflictError: somebody else has said so, or it was forgotten, since.
        """
        key, data = LOOK + storage_key(request_id), encode(look.value)
        self._rows.commit([Update(key, data, look.etag) if look.etag else Insert(key, data)])

    def forget(self, key: str, etag: str) -> None:
        """Removes one by the storage key of its request, unless somebody has said so again since."""
        try:
            self._rows.commit([Delete(LOOK + key, etag)])
        except ConflictError:
            return


def looks_in(rows: Iterable[Row]) -> dict[str, Versioned[Look]]:
    """The looks among some rows, by the storage key of their request.

    A damaged one counts as none: it must keep no poll from telling what is new.
    """
    found: dict[str, Versioned[Look]] = {}
    for row in rows:
        if row.key.startswith(LOOK):
            with suppress(StateCorrupt):
                found[row.key.removeprefix(LOOK)] = versioned_from(row, Look)
    return found
