"""Rows of META and OUTBOX that somebody else wrote or took away: how they are mended, and what is missed."""

from contextlib import suppress
from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify.domain.notification import Notification
from maa_notify.errors import StateCorrupt
from maa_notify.storage.records import (
    DEAD,
    DESTINATION,
    META,
    OUTBOX,
    SENT,
    WATERMARK,
    DestinationState,
    JournalEntry,
    decode,
    encode,
    short_of,
)
from maa_notify.storage.rows import ConflictError, Delete, Row, Update, Write, prefix_end
from maa_notify.storage.versioned import VersionedRows

_SOON = timedelta(minutes=1)
_LONG_S = 86_400.0
"""Seconds of failing, from which on a card may be near to being given up."""


def seal_anew(rows: VersionedRows, key: str, now: datetime, *, is_trusted: bool) -> None:
    """Gives a seal to each row that lacks it, so that it counts as ours from now on.

    Args:
        rows: of one tenant.
        key: of the seals.
        now: the time of the poll (UTC).
        is_trusted: an older version of this program wrote the rows. Where somebody else did, what waits is to
            be sent as if it had just been recorded, and what could hide a request is dropped.
    """
    for row in rows.strangers(rows.read(META, prefix_end(OUTBOX)), key):
        write = Update(row.key, row.data, row.etag) if is_trusted else _mended(row, now)
        with suppress(ConflictError):  # somebody wrote it meanwhile; the next poll looks again
            rows.commit([write])


def hides(row: Row, now: datetime) -> bool:
    """Whether a row of the outbox that somebody wrote keeps its card away, or puts it off.

    One that does not is told as it is: whoever wants an untrue card in the channel is seen by that card.
    """
    try:
        found = decode(row, Notification)
    except StateCorrupt:
        return False  # it is named at each poll, until a person removes it
    is_sound = OUTBOX + found.key == row.key and not (found.told or found.ill or found.unreached_at)
    times = [each for each in (found.recorded_at, found.not_before, found.tried_at) if each is not None]
    return not is_sound or max(times) > now + _SOON or found.failing_for > _LONG_S


def settled(rows: VersionedRows, since: datetime | None) -> frozenset[str]:
    """`short_of` the keys of what left the outbox since a time (UTC), in whatever way."""
    first = SENT + (since.isoformat() if since else "")
    left = [*rows.read(first, prefix_end(SENT)), *rows.read(DEAD, prefix_end(DEAD))]
    told = [short_of(decode(row, JournalEntry).notification.key) for row in left]
    states = (decode(row, DestinationState) for row in rows.read(DESTINATION, prefix_end(DESTINATION)))
    return frozenset(told).union(*(each.discarded for each in states))


def _mended(row: Row, now: datetime) -> Write:
    """The write after which a row that somebody touched hides nothing."""
    if row.key == WATERMARK:
        return Delete(row.key, row.etag)  # so that no row of the past passes for one of a request that is new
    as_it_is = Update(row.key, row.data, row.etag)
    if not row.key.startswith(OUTBOX):
        return as_it_is
    try:
        found = decode(row, Notification)
    except StateCorrupt:
        return as_it_is  # whoever delivers it says so, until a person removes it
    if OUTBOX + found.key != row.key:
        return Delete(row.key, row.etag)  # what it stood for is told again as what nobody was told
    return Update(row.key, encode(replace(found.anew(min(found.recorded_at, now)), told=False)), row.etag)
