"""Rows with a version, which every write of what polls compare with replaces.

Reading a thousand rows a minute to find them as they were is most of what a poll with nothing new would cost.
So a random token stands beside them, and a poll that knows the token spares itself the rows. That holds only
if no writer forgets it, which is why all of them write through here.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from maa_notify.storage.records import (
    AUDIT,
    DEAD,
    FINDING,
    LIVE,
    META,
    OUTBOX,
    SETTINGS,
    SNAPSHOT_VERSION,
    SettingsRecord,
    SnapshotVersion,
    decode,
    encode,
)
from maa_notify.storage.rows import MAX_CHANGES, ConflictError, Delete, Insert, Put, Row, Rows, Update, Write
from maa_notify.storage.seal import is_damaged, is_sealed, sealed

MOST_WRITES = MAX_CHANGES - 1
"""In one transaction through here: one more may be the version."""

_COUNTED = (FINDING, LIVE)
_VERSIONED = (DEAD, *_COUNTED)
_READ_BY_EACH_POLL = (META, OUTBOX)
_SEALED = (AUDIT, *_READ_BY_EACH_POLL)
"""What may be written at any time, or is asked by key alone: so each row is told apart by itself."""
_MODULUS = 1 << 63
_MOST_CONFLICTS = 20
"""Each one means that another poller wrote; so many in a row, that the next poll may have more luck."""


class VersionedRows:
    """The rows of one tenant; a transaction that changes the snapshot also writes a new version of it.

    The version also holds the total of the rows that it stands for. So a row that was written, changed or
    removed past this class is noticed by whoever reads all of them. Two pollers at once lose count; the next
    full reading counts anew. Rows that change with every card are sealed instead, with the key that stands in
    the row of the settings.
    """

    def __init__(self, rows: Rows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows
        self._digests: dict[str, int] = {}
        self._total: int | None = None
        self._etag: str | None = None
        self._mark = 0
        self._settings: SettingsRecord | None = None
        self._is_key_known = False

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows with `first <= key < end`, in the order of their keys."""
        return self._rows.read(first, end)

    def get(self, key: str) -> Row | None:
        """One row, or None."""
        return self._rows.get(key)

    def count(self, rows: Iterable[Row], version: Row | None) -> bool:
        """Counts the rows of a snapshot; False if they are not those that the version stands for.

        Args:
            rows: all of them.
            version: the version's row, if it was the same before and after they were read; else None.
        """
        self._digests = {row.key: _digest(row.key, row.data) for row in rows if row.key.startswith(_COUNTED)}
        counted = sum(self._digests.values()) % _MODULUS
        expected = decode(version, SnapshotVersion).total if version else None
        self.note_version(version)
        self._total = counted if version else None
        return expected in {None, counted}

    def count_from_nothing(self) -> None:
        """Begins to count where there is no version yet, and so nothing that was recorded."""
        self._digests, self._total, self._etag = {}, 0, ""

    def note_version(self, version: Row | None) -> None:
        """Notes the version's row as it is now."""
        self._etag = version.etag if version else None

    def note_mark(self, number: int) -> None:
        """Notes the number of the mark that was read, for the next versions."""
        self._mark = number

    def know_settings(self, record: SettingsRecord | None) -> None:
        """Notes the record that has the key of seals; None where there is none, and so no seals."""
        self._settings, self._is_key_known = record, True

    def forget_settings(self) -> None:
        """Lets the record be read before its key is needed again."""
        self._settings, self._is_key_known = None, False

    def is_credible(self, row: Row, at: datetime) -> bool:
        """Whether what a row says of a time (UTC) may be ours: since rows are sealed, only if it is."""
        held = self._known_settings()
        if held is None or held.sealed_at is None or at <= held.sealed_at:
            return True
        return is_sealed(row.key, row.data, held.key)

    def strangers(self, rows: Iterable[Row], key: str) -> list[Row]:
        """Those of the rows that each poll reads without a seal of this key; damaged ones left out."""
        ours = (
            each for each in rows if each.key.startswith(_READ_BY_EACH_POLL) and not is_damaged(each.data)
        )
        return [each for each in ours if not is_sealed(each.key, each.data, key)]

    def commit(
        self, writes: Sequence[Write], *, recount: bool = False, unless: Callable[[], bool] | None = None
    ) -> list[str]:
        """Does all writes or none; at most `MOST_WRITES`. Returns the etag of each.

        Args:
            writes: what to write.
            recount: the version is made to stand for the rows as they were last counted.
            unless: asks the store for a reason to write nothing. It is asked if others have written since
                the snapshot was read, and its answer holds until the write, since whoever makes it another
                one has to write a new version along.

        Raises:
            ConflictError: a row is not as it was read, or there is such a reason.
        """
        writes = [self._sealed(each) for each in writes]
        if not (recount or any(write.key.startswith(_VERSIONED) for write in writes)):
            return self._rows.commit(writes)
        if self._etag is None and not any(write.key.startswith(_COUNTED) for write in writes):
            # A person's command has read nothing, and what it writes is not counted.
            self._know_version()
        digests, total = self._after(writes)
        version = encode(SnapshotVersion(secrets.token_hex(8), total, self._mark))
        etags = self._commit(writes, version, unless)
        if self._etag is not None:
            self._digests, self._total, self._etag = digests, total, etags[-1]
        return etags[: len(writes)]

    def close(self) -> None:
        """Lets go of files and connections."""
        self._rows.close()

    def _commit(self, writes: Sequence[Write], version: str, unless: Callable[[], bool] | None) -> list[str]:
        if self._etag is not None:
            try:
                return self._rows.commit([*writes, self._sealed(_version_write(version, self._etag))])
            except ConflictError:
                self._etag = self._total = None
        # Random, not counted: a number could be reached twice, by a poller that died and by another one.
        unknown = encode(SnapshotVersion(secrets.token_hex(8), mark=self._mark))
        if unless is not None:
            return self._commit_unless(unless, writes, unknown)
        # Put, not Update: two pollers who record different requests must not conflict over it.
        return self._rows.commit([*writes, self._sealed(Put(SNAPSHOT_VERSION, unknown))])

    def _commit_unless(self, unless: Callable[[], bool], writes: Sequence[Write], version: str) -> list[str]:
        """Asks under one version and writes under the same, again while others write theirs."""
        before: str | None = None
        for _ in range(_MOST_CONFLICTS):
            row = self._rows.get(SNAPSHOT_VERSION)
            etag = row.etag if row else ""
            if etag == before or unless():
                break  # there is a reason, or another row than the version is not as it was read
            try:
                return self._rows.commit([*writes, self._sealed(_version_write(version, etag))])
            except ConflictError:
                before = etag
        raise ConflictError

    def _sealed(self, write: Write) -> Write:
        """The write with the seal that its row should have; the same where there is no key yet."""
        if isinstance(write, Delete) or not write.key.startswith(_SEALED):
            return write
        held = self._known_settings()
        return replace(write, data=sealed(write.key, write.data, held.key)) if held else write

    def _known_settings(self) -> SettingsRecord | None:
        if not self._is_key_known:
            row = self._rows.get(SETTINGS)
            self.know_settings(decode(row, SettingsRecord) if row else None)
        return self._settings

    def _know_version(self) -> None:
        row = self._rows.get(SNAPSHOT_VERSION)
        if row is not None:
            known = decode(row, SnapshotVersion)
            self._etag, self._total, self._mark = row.etag, known.total, known.mark

    def _after(self, writes: Sequence[Write]) -> tuple[dict[str, int], int | None]:
        """The digests of the counted rows after these writes, and their total; None if nobody can tell."""
        digests, total = dict(self._digests), self._total
        for write in writes:
            if not write.key.startswith(_COUNTED):
                continue
            before = digests.pop(write.key, 0 if isinstance(write, Insert) else None)
            if not isinstance(write, Delete):
                digests[write.key] = _digest(write.key, write.data)
            after = digests.get(write.key, 0)
            total = None if total is None or before is None else (total - before + after) % _MODULUS
        return digests, total


def _version_write(version: str, etag: str) -> Write:
    """The write of the version, which fails unless its row is still as it was read."""
    return Update(SNAPSHOT_VERSION, version, etag) if etag else Insert(SNAPSHOT_VERSION, version)


def _digest(key: str, data: str) -> int:
    found = hashlib.blake2b(f"{key}\n{data}".encode(), digest_size=7)
    return int.from_bytes(found.digest(), "big")
