"""The guard of the notifier itself: settings that changed, and memory that was lost or touched.

Both are looked at before Graph is asked, since whoever changes where the list comes from, or what of it is
known, decides what everybody hears from then on. What is found is recorded in one transaction with its
alarms, so that a poll that is killed neither forgets nor repeats them.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
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
from maa_notify.storage.records import APPROVALS, SettingsRecord, SourceMark
from maa_notify.storage.requests import RequestStore
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.snapshot import Snapshot

_LOG = logs.logger(__name__)

_TOLD_AGAIN = timedelta(days=1)
"""So far back is told what ended, or changed, while memory may have been wrong."""


class Guarded(Struct, frozen=True):
    """What the guard found.

    Attributes:
        snapshot: as the poll is to take it: with the mark of a memory that begins anew where it was lost.
        pending: the alarms, as they now stand in the outbox.
        fingerprint: of the settings; "" where none are known.
        is_memory_lost: memory was lost or touched since the last poll.
    """

    snapshot: Snapshot
    pending: Sequence[PendingNotification] = ()
    fingerprint: str = ""
    is_memory_lost: bool = False


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
        mark = snapshot.marks.get(APPROVALS)
        loss = _loss_of(store, snapshot)
        pending: list[PendingNotification] = []
        if loss is not None:
            snapshot, pending = _heed(loss, store, snapshot, channels, now)
        found, told = self._look_at_settings(store, snapshot, channels, mark, now)
        held = snapshot.marks.get(APPROVALS)
        store.note_mark(held.number if held else 0)
        return Guarded(snapshot, [*pending, *told], found, loss is not None)

    def _look_at_settings(
        self,
        store: RequestStore,
        snapshot: Snapshot,
        channels: Collection[str],
        mark: SourceMark | None,
        now: datetime,
    ) -> tuple[str, Sequence[PendingNotification]]:
        """The fingerprint, and the alarms about it."""
        if not self.parts:
            return "", ()
        held = snapshot.settings
        key = held.value.key if held else secrets.token_hex(16)
        record = SettingsRecord(key, self.version, self._digests(key))
        present = fingerprint({**record.digests, "version": self.version}, key)
        if held is not None and record == held.value:
            return present, ()
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
            return present, ()  # another poller of the same settings tells it
        if names:
            _LOG.error(
                "settings.changed", settings=present, text=f"was {before}; changed: {', '.join(names)}"
            )
        elif held is not None:
            _LOG.warning("settings.version", settings=present, text=f"{held.value.version} before")
        return present, told

    def _digests(self, key: str) -> dict[str, str]:
        return digests({name: part.reveal() for name, part in self.parts.items()}, key)


def _loss_of(store: RequestStore, snapshot: Snapshot) -> Loss | None:
    """What is wrong with the memory; None for nothing, and for a first run."""
    mark, version = snapshot.marks.get(APPROVALS), snapshot.version
    if mark is not None:
        if not snapshot.is_explained:
            return Loss.TOUCHED
        is_settings_gone = bool(mark.settings) and snapshot.settings is None
        if is_settings_gone:
            return Loss.TOUCHED
        # A mark without a number was written by an older version of this program.
        is_older = version is not None and version.mark > mark.number > 0
        return Loss.SET_BACK if is_older else None
    # A first run that was killed leaves requests behind, whose version never saw a mark, and told nobody.
    has_rows = bool(snapshot.tracked) and version is None
    if snapshot.known_good or has_rows or (version is not None and version.mark):
        return Loss.GONE
    # Asked in this order, since another poller may end its first poll meanwhile.
    is_gone = store.has_history() and store.find_mark(APPROVALS) is None
    return Loss.GONE if is_gone else None


def _heed(
    loss: Loss,
    store: RequestStore,
    snapshot: Snapshot,
    channels: Collection[str],
    now: datetime,
) -> tuple[Snapshot, list[PendingNotification]]:
    """Records the loss with its alarms; returns the snapshot with the mark to go on with, and the alarms."""
    before = snapshot.marks.get(APPROVALS)
    if before is None:
        since = unless_later(snapshot.known_good, now) or now - _TOLD_AGAIN
        number = snapshot.version.mark if snapshot.version else 0
        mark = SourceMark(memory_lost_at=now, outlook=Outlook(since=since), number=number + 1)
    else:
        number = max(before.number, snapshot.version.mark if snapshot.version else 0) + 1
        # A poll that ends before the settings are written down anew must not have the next one ring again.
        mark = replace(before, number=number, settings=before.settings if snapshot.settings else "")
        if loss is Loss.TOUCHED:
            mark = replace(mark, retell_since=now - _TOLD_AGAIN)
    alarms, etag = alarms_for(memory_alarm(loss, now), channels), snapshot.mark_etags.get(APPROVALS, "")
    try:
        etag, pending = store.write_mark_of_loss(APPROVALS, mark, etag, alarms)
    except ConflictError:
        return snapshot, []  # another poller found it, too
    _LOG.error(
        "poll.memory_lost", source=APPROVALS, reason=loss, text="rows are not as the last poll left them"
    )
    marks, etags = {**snapshot.marks, APPROVALS: mark}, {**snapshot.mark_etags, APPROVALS: etag}
    return replace(snapshot, marks=marks, mark_etags=etags), pending


def alarms_for(notice: Notice, channels: Collection[str]) -> list[Notification]:
    """The alarm for each of the channels."""
    return [Notification(notice, name, recorded_at=notice.at) for name in channels]
