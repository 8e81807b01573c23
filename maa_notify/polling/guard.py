"""The guard of the notifier itself: settings that changed, and memory that was lost or touched.

Both are looked at before Graph is asked, since whoever changes where the list comes from, or what of it is
known, decides what everybody hears from then on. What is found is recorded in one transaction with its
alarms, so that a poll that is killed neither forgets nor repeats them.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from maa_notify import __version__, logs
from maa_notify.domain.alarm import Loss, memory_alarm, settings_alarm
from maa_notify.domain.event import Notice
from maa_notify.domain.fingerprint import changed, digests, fingerprint
from maa_notify.domain.notification import Notification
from maa_notify.domain.times import unless_later
from maa_notify.domain.visibility import Outlook
from maa_notify.identity.secret import Secret
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import APPROVALS, MARK, OUTBOX, SettingsRecord, SourceMark, short_of
from maa_notify.storage.requests import RequestStore
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.touched import hides

_LOG = logs.logger(__name__)

_TOLD_AGAIN = timedelta(days=1)
"""So far before the last good poll is told what ended, or changed, while memory may have been wrong."""


class Guarded(Struct, frozen=True):
    """What the guard found.

    Attributes:
        snapshot: as the poll is to take it: with the mark of a memory that begins anew where it was lost.
        pending: the alarms, as they now stand in the outbox.
        fingerprint: of the settings; "" where none are known.
        is_memory_lost: memory was lost or touched since the last poll.
        is_changed: the settings are not those of the poll before, which the channels are told.
    """

    snapshot: Snapshot
    pending: Sequence[PendingNotification] = ()
    fingerprint: str = ""
    is_memory_lost: bool = False
    is_changed: bool = False


class Guard(Struct, frozen=True):
    """Looks after one tenant's notifier.

    Attributes:
        parts: what the fingerprint of the settings covers, by names that may be shown.
        version: of this program.
    """

    parts: Mapping[str, Secret] = field(default_factory=dict)
    version: str = __version__

    def look(
        self,
        store: RequestStore,
        snapshot: Snapshot,
        channels: Collection[str],
        now: datetime,
    ) -> Guarded:
        """What was found; it is recorded, and told to the channels.

        Args:
            store: what is remembered.
            snapshot: as it was read.
            channels: the destinations that alarms go to.
            now: the time of the poll (UTC).
        """
        mark, held = snapshot.marks.get(APPROVALS), snapshot.settings
        record = self._record(snapshot, now)
        if self.parts:
            store.know_settings(record)
            if held is not None and held.value.sealed_at is None and not snapshot.strangers:
                store.seal_anew(record.key, now, is_trusted=True)
                snapshot = store.read_snapshot()
        loss = _loss_of(store, snapshot, now)
        pending: list[PendingNotification] = []
        if loss is not None:
            snapshot, pending = _heed(loss, store, snapshot, channels, now)
        found = self._look_at_settings(store, snapshot, channels, mark, record, now)
        snapshot, pending = found.snapshot, [*pending, *found.pending]
        if snapshot.strangers:
            store.seal_anew(record.key, now, is_trusted=False)
            snapshot, pending = store.read_snapshot(), []  # the alarms are among what it says that waits
        read = snapshot.marks.get(APPROVALS)
        store.note_mark(read.number if read else 0)
        return replace(found, snapshot=snapshot, pending=pending, is_memory_lost=loss is not None)

    def _look_at_settings(  # noqa: PLR0913, PLR0917 - what is remembered, what it is held against, whom to tell
        self,
        store: RequestStore,
        snapshot: Snapshot,
        channels: Collection[str],
        mark: SourceMark | None,
        record: SettingsRecord,
        now: datetime,
    ) -> Guarded:
        """The fingerprint, and the alarms about it."""
        if not self.parts:
            return Guarded(snapshot)
        held, key = snapshot.settings, record.key
        present = fingerprint({**record.digests, "version": self.version}, key)
        if held is not None and record == held.value:
            return Guarded(snapshot, (), present)
        names: list[str] = []
        before = ""
        if held is not None:
            before = fingerprint({**held.value.digests, "version": held.value.version}, key)
            is_same = held.value.version == self.version
            names = changed(held.value.digests, record.digests, same_version=is_same)
        last_seen = unless_later(mark.tried_at, now) if mark else None
        alarm = settings_alarm(names, (before, present), last_seen, now)
        alarms = alarms_for(alarm, channels) if names else []
        try:
            told = store.write_settings(record, held.etag if held else "", alarms)
        except ConflictError:
            store.know_settings(None)
            return Guarded(snapshot, (), present)  # another poller of the same settings tells it
        if names:
            _LOG.error(
                "settings.changed", settings=present, text=f"was {before}; changed: {', '.join(names)}"
            )
        elif held is not None and held.value.version != self.version:
            _LOG.warning("settings.version", settings=present, text=f"{held.value.version} before")
        return Guarded(snapshot, told, present, is_changed=bool(names))

    def _record(self, snapshot: Snapshot, now: datetime) -> SettingsRecord:
        """The settings as they are to be remembered."""
        held = snapshot.settings.value if snapshot.settings else None
        key = held.key if held else secrets.token_hex(16)
        # Where there are rows already, two pollers must agree on the key before the next poll seals them.
        has_rows = bool(snapshot.marks or snapshot.version or snapshot.states or snapshot.outbox)
        sealed_at = held.sealed_at if held else None
        if sealed_at is None and not (held is None and has_rows):
            sealed_at = now
        return SettingsRecord(key, self.version, self._digests(key), sealed_at)

    def _digests(self, key: str) -> dict[str, str]:
        return digests({name: part.reveal() for name, part in self.parts.items()}, key)


def _loss_of(store: RequestStore, snapshot: Snapshot, now: datetime) -> Loss | None:
    """What is wrong with the memory; None for nothing, and for a first run."""
    mark, version = snapshot.marks.get(APPROVALS), snapshot.version
    if mark is not None:
        if _is_touched(store, snapshot, mark, now):
            return Loss.TOUCHED
        # A mark without a number was written by an older version of this program.
        # Two first polls at once may write one mark over the other, by one number.
        last = max(version.mark if version else 0, snapshot.known_number - 1)
        return Loss.SET_BACK if last > mark.number > 0 else None
    # A first run that was killed leaves requests behind, whose version never saw a mark, and told nobody.
    has_rows = bool(snapshot.tracked) and version is None
    if snapshot.known_good or has_rows or (version is not None and version.mark):
        return Loss.GONE
    # Asked in this order, since another poller may end its first poll meanwhile.
    is_gone = store.has_history() and store.find_mark(APPROVALS) is None
    return Loss.GONE if is_gone else None


def _is_touched(store: RequestStore, snapshot: Snapshot, mark: SourceMark, now: datetime) -> bool:
    """Whether rows are not as this program leaves them, or are missing, though the mark is there."""
    held = snapshot.settings
    harmless = {row.key for row in snapshot.outbox if row.key in snapshot.strangers and not hides(row, now)}
    has_strangers = bool(snapshot.strangers - harmless)
    if has_strangers or not snapshot.is_explained or (mark.settings and held is None):
        return True
    has_no_version = held is not None and held.value.sealed_at is not None and snapshot.version is None
    # What was ever listed was recorded, and the version with it.
    was_recorded = bool(snapshot.tracked or snapshot.findings or mark.outlook.listed)
    if (has_no_version and was_recorded) or _lost_marks(snapshot):
        return True
    waiting = {short_of(row.key.removeprefix(OUTBOX)) for row in snapshot.outbox}
    missing = {*mark.waiting} - waiting
    if not missing:
        return False
    tried_at = unless_later(mark.tried_at, now)
    # A clock that was set back since the last poll dates what left by then as earlier.
    return not missing <= store.settled(tried_at - _TOLD_AGAIN if tried_at else None)


def _lost_marks(snapshot: Snapshot) -> dict[str, int]:
    """The other sources whose marks are gone, older than they were or not ours, and how far they had come."""
    mark = snapshot.marks.get(APPROVALS) or SourceMark()
    known = {**{name: each.number for name, each in snapshot.marks.items()}, **mark.others}
    return {
        name: number
        for name, number in known.items()
        if name != APPROVALS
        if f"{MARK}{name}" in snapshot.strangers or snapshot.marks.get(name, SourceMark()).number < number
    }


def _heed(
    loss: Loss,
    store: RequestStore,
    snapshot: Snapshot,
    channels: Collection[str],
    now: datetime,
) -> tuple[Snapshot, list[PendingNotification]]:
    """Records the loss with its alarms; returns the snapshot with the marks to go on with, and the alarms."""
    mark, etag = _mark_after(loss, snapshot, now), snapshot.mark_etags.get(APPROVALS, "")
    alarms = alarms_for(memory_alarm(loss, now), channels)
    store.note_mark(mark.number)  # else what is written now would tell of a mark that is gone
    try:
        etag, pending = store.write_mark_of_loss(APPROVALS, mark, etag, alarms)
    except ConflictError:
        return snapshot, []  # another poller found it, too
    _LOG.error(
        "poll.memory_lost", source=APPROVALS, reason=loss, text="rows are not as the last poll left them"
    )
    lost, snapshot = _lost_marks(snapshot), snapshot.with_mark(APPROVALS, mark, etag)
    for name, number in lost.items():
        anew, etag = SourceMark(memory_lost_at=now, number=number + 1), snapshot.mark_etags.get(name, "")
        with suppress(ConflictError):  # another poller looks at that source now
            etag = store.write_mark(name, anew, etag)
        snapshot = snapshot.with_mark(name, anew, etag)
    return snapshot, pending


def _mark_after(loss: Loss, snapshot: Snapshot, now: datetime) -> SourceMark:
    """The mark to go on with: one that begins anew where the row of the last poll is gone, or not ours."""
    before = snapshot.marks.get(APPROVALS)
    last = max(snapshot.version.mark if snapshot.version else 0, snapshot.known_number)
    number = max(last, before.number if before else 0) + 1
    known_good = unless_later(snapshot.known_good, now)
    if before is None or f"{MARK}{APPROVALS}" in snapshot.strangers:
        since = known_good or now - _TOLD_AGAIN
        mark = SourceMark(memory_lost_at=now, outlook=Outlook(since=since), number=number)
    else:
        # A poll that ends before the settings are written down anew must not have the next one ring again.
        settings = before.settings if snapshot.settings else ""
        mark = replace(before, number=number, waiting=(), settings=settings)
    last_good = unless_later(mark.last_good, now) or known_good or now
    return replace(mark, retell_since=last_good - _TOLD_AGAIN) if loss is Loss.TOUCHED else mark


def alarms_for(notice: Notice, channels: Collection[str]) -> list[Notification]:
    """The alarm for each of the channels."""
    return [Notification(notice, name, recorded_at=notice.at) for name in channels]
