"""The snapshot: all that a poll compares with, read again only when its version changed; and the outbox.

The version is read before the rows it stands for: a write in between makes a new version, which the next
poll reads. A poll with an old snapshot does no harm, because every write has the etag of the row that it
replaces. The first conflict makes it forget: so a poller of an older version of this program, which writes
no versions, is noticed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Look
from maa_notify.domain.finding import FindingState
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import StateCorrupt
from maa_notify.storage.looks import looks_in
from maa_notify.storage.records import (
    APPROVALS,
    DEAD,
    DESTINATION,
    FINDING,
    FORMAT,
    LAST_PURGE,
    LIVE,
    MARK,
    META,
    OLD_MARK,
    OUTBOX,
    SETTINGS,
    SNAPSHOT_VERSION,
    WATERMARK,
    DestinationState,
    LastPurge,
    SettingsRecord,
    SnapshotVersion,
    SourceMark,
    Versioned,
    Watermark,
    decode,
    versioned_from,
)
from maa_notify.storage.rows import Row, prefix_end
from maa_notify.storage.seal import seal_in
from maa_notify.storage.versioned import VersionedRows

_READS_TO_A_COUNT = 15
"""Where nothing changes, all rows are read and counted at one of so many polls: in place of, not beside."""


class Snapshot(Struct, frozen=True):
    """All that a poll compares with.

    Attributes:
        tracked: the requests remembered as listed, by id.
        states: what is remembered of each destination, by name.
        findings: what is remembered of subjects that are no requests, by id.
        marks: how the last looks at each source went, by its name.
        dead: the number of notifications given up and not discarded.
        watermark: requests filed after this never left the list; None while none has (UTC).
        left_ahead: filing times, ahead of the clock then, of requests that did leave (UTC).
        mark_etags: the etags of the marks' rows, by the source's name.
        known_good: when the last good poll was that this process knows of (UTC), though its mark is gone.
        known_number: that of the last mark of the approvals that this process knows of.
        is_explained: the rows are those that their version stands for, as far as anybody can tell.
        strangers: keys of rows without the seal that this program gives them; empty where it gave none yet.
        version: of the snapshot; None where nothing was recorded yet.
        settings: those of the last poll; None where none were noted.
        looks: who says that they look at a request, by the storage key of its id.
        purged_at: when old rows were last purged (UTC).
        outbox: the rows of what waits, to be decoded by whoever delivers it: a damaged one must keep nobody
            from recording what is new, or from answering.
    """

    tracked: Mapping[str, Versioned[RequestState]]
    states: Mapping[str, Versioned[DestinationState]]
    findings: Mapping[str, Versioned[FindingState]]
    marks: Mapping[str, SourceMark]
    dead: int
    watermark: datetime | None
    purged_at: datetime | None
    outbox: Sequence[Row] = ()
    left_ahead: tuple[datetime, ...] = ()
    mark_etags: Mapping[str, str] = field(default_factory=dict)
    known_good: datetime | None = None
    known_number: int = 0
    is_explained: bool = True
    strangers: frozenset[str] = frozenset()
    version: SnapshotVersion | None = None
    settings: Versioned[SettingsRecord] | None = None
    looks: Mapping[str, Versioned[Look]] = field(default_factory=dict)

    def outlook(self, source: str) -> Outlook:
        """The remembered visibility of a source; empty before the first look."""
        mark = self.marks.get(source)
        return mark.outlook if mark else Outlook()

    def findings_of(self, source: str) -> dict[str, Versioned[FindingState]]:
        """The findings of one source, by id: those whose id begins with its name and a colon."""
        return {key: each for key, each in self.findings.items() if key.startswith(f"{source}:")}

    @property
    def waiting(self) -> list[str]:
        """The keys of what waited in the outbox, of damaged rows, too."""
        return [row.key.removeprefix(OUTBOX) for row in self.outbox]

    def with_mark(self, source: str, mark: SourceMark, etag: str) -> "Snapshot":
        """The same after the mark of a source was written, with the etag of its row."""
        return replace(self, marks={**self.marks, source: mark}, mark_etags={**self.mark_etags, source: etag})

    def was_polled(self, source: str) -> bool:
        """Whether a source was ever read to its end."""
        mark = self.marks.get(source)
        return mark is not None and mark.last_good is not None


class _Known(Struct, frozen=True):
    """What was read under one version; requests and findings by the keys of their rows."""

    version: str = ""
    live: Mapping[str, Versioned[RequestState]] = field(default_factory=dict)
    findings: Mapping[str, Versioned[FindingState]] = field(default_factory=dict)
    dead: int = 0
    is_explained: bool = True


class SnapshotReader:
    """Reads the snapshot of one tenant, and keeps it until its version changes."""

    def __init__(self, rows: VersionedRows) -> None:
        """Has read nothing yet."""
        self._rows = rows
        self._known = _Known()
        self._known_good: datetime | None = None
        self._last = SourceMark()
        self._reads = 0

    def read(self) -> Snapshot:
        """The snapshot as it is now.

        Raises:
            StateError: the state store failed, or a row is damaged.
        """
        known = self._known
        self._reads += 1
        is_count_due = bool(known.version) and self._reads % _READS_TO_A_COUNT == 0
        rows = list(self._rows.read(DEAD if is_count_due else META, prefix_end(OUTBOX)))
        version = _version_in(rows)
        if is_count_due and version and version.token == known.version:
            # It was read before, and did not change: so these are the rows that it stands for.
            known = self._learn(rows, version, version)
        elif not version or version.token != known.version:
            before, rows = version, list(self._rows.read(DEAD, prefix_end(OUTBOX)))
            version = _version_in(rows)
            # Under the version that was read first, not the one that came along: rows of several pages may be
            # older than the last of them.
            known = self._learn(rows, before, version)
        found = self._sealed(_snapshot(known, rows), rows)
        mark = found.marks.get(APPROVALS)
        is_ours = mark is not None and f"{MARK}{APPROVALS}" not in found.strangers
        # Another process that finds nothing cannot tell this from a first run.
        known_good = None if is_ours else self._last.last_good
        # Another process that found memory gone began to count anew.
        is_same = mark is not None and mark.memory_lost_at == self._last.memory_lost_at
        found = replace(found, known_good=known_good, known_number=self._last.number if is_same else 0)
        if is_ours and mark is not None:
            self.expect(mark)
        return found

    def _sealed(self, found: Snapshot, rows: Sequence[Row]) -> Snapshot:
        """The snapshot, which knows what of it nobody sealed who has the key."""
        held = found.settings.value if found.settings else None
        self._rows.know_settings(held)
        if held is None:
            return found
        strangers = {each.key for each in self._rows.strangers(rows, held.key)}
        if held.sealed_at is None:
            # Rows of an older version; but who takes that word back from a sealed row is none.
            strangers &= {each.key for each in rows if each.key == SETTINGS and seal_in(each.data)}
        if not (found.tracked or found.findings):
            strangers.discard(SNAPSHOT_VERSION)  # it stands for nothing
        return replace(found, strangers=frozenset(strangers))

    def _learn(
        self, rows: Sequence[Row], before: SnapshotVersion | None, after: SnapshotVersion | None
    ) -> _Known:
        """What the rows hold, from now on; the version is that before they were read, and that among them."""
        known = _learnt(rows, before.token if before else "", self._known)
        self._known = replace(known, is_explained=self._is_explained(rows, before, after))
        return self._known

    def _is_explained(
        self, rows: Sequence[Row], before: SnapshotVersion | None, after: SnapshotVersion | None
    ) -> bool:
        """Whether the rows are those that the version stands for, or changed while they were read."""
        has_none = not any(row.key.startswith((LIVE, FINDING)) for row in rows)
        if has_none and before is None and after is None:
            self._rows.count_from_nothing()
            return True
        row = next((row for row in rows if row.key == SNAPSHOT_VERSION), None)
        return self._rows.count(rows, row if before == after else None)

    def expect(self, mark: SourceMark) -> None:
        """Notes that there is something to remember, and how far it was counted.

        Without it memory was lost, and this is no first run; a mark with a lower number is an older one.
        """
        last_good = mark.last_good or self._last.last_good
        self._last = replace(mark, last_good=last_good)

    def forget(self) -> None:
        """Lets the next snapshot be read as if for the first time, after a conflict."""
        self._known = _Known()


def _version_in(rows: Iterable[Row]) -> SnapshotVersion | None:
    """The snapshot's version; None in a state in which nothing was recorded, or only by older programs."""
    return next((decode(row, SnapshotVersion) for row in rows if row.key == SNAPSHOT_VERSION), None)


def _learnt(rows: Iterable[Row], version: str, before: _Known) -> _Known:
    """What the rows hold under a version; a request whose etag is as before is not decoded again."""
    live: dict[str, Versioned[RequestState]] = {}
    findings: dict[str, Versioned[FindingState]] = {}
    dead = 0
    for row in rows:
        if row.key.startswith(LIVE):
            kept = before.live.get(row.key)
            is_as_known = kept is not None and kept.etag == row.etag
            live[row.key] = kept if kept and is_as_known else versioned_from(row, RequestState)
        elif row.key.startswith(FINDING):
            findings[row.key] = versioned_from(row, FindingState)
        elif row.key.startswith(DEAD):
            dead += 1
    return _Known(version, live, findings, dead)


def _snapshot(known: _Known, rows: Sequence[Row]) -> Snapshot:
    by_key = {row.key: row for row in rows if row.key.startswith(META)}
    row, purged_at, settings = (by_key.get(key) for key in (WATERMARK, LAST_PURGE, SETTINGS))
    watermark = Watermark() if row is None else decode(row, Watermark)
    return Snapshot(
        tracked={each.value.request.id: each for each in known.live.values()},
        states={
            key.removeprefix(DESTINATION): versioned_from(row, DestinationState)
            for key, row in by_key.items()
            if key.startswith(DESTINATION)
        },
        findings={each.value.subject_id: each for each in known.findings.values()},
        marks=marks_in(by_key),
        dead=known.dead,
        watermark=watermark.requested_at,
        purged_at=None if purged_at is None else decode(purged_at, LastPurge).at,
        outbox=[row for row in rows if row.key.startswith(OUTBOX)],
        left_ahead=watermark.ahead,
        is_explained=known.is_explained,
        version=_version_in(rows),
        settings=None if settings is None else versioned_from(settings, SettingsRecord),
        looks=looks_in(rows),
        mark_etags={key.removeprefix(MARK): row.etag for key, row in by_key.items() if key.startswith(MARK)},
    )


def marks_in(meta: Mapping[str, Row]) -> dict[str, SourceMark]:
    """The marks of all sources, by name.

    Raises:
        StateCorrupt: another version of this program wrote the state, and its rows would be misread.
    """
    marks = {
        key.removeprefix(MARK): decode(row, SourceMark) for key, row in meta.items() if key.startswith(MARK)
    }
    others = {mark.format for mark in marks.values()} - {FORMAT}
    if others or OLD_MARK in meta:
        raise StateCorrupt(
            f"the state was written by another version of maa-notify (format {max(others, default=1)};"
            f" this one reads {FORMAT}). Go back to that version, or name a new file in MAA_STATE or a new"
            " table in MAA_TABLE_NAME; requests that are open are then told once more"
        )
    return marks
