"""The keys and the JSON of all rows: only this module knows them.

The JSON is that of the structs in `domain` and below; times are RFC 3339 in UTC.
"""

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from maa_notify.domain.event import Event, storage_key
from maa_notify.domain.notification import CardLocation, Notification
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import StateCorrupt
from maa_notify.storage.rows import Row

FORMAT = 2
"""Of the rows: raised when rows of before would be misread."""

# The order of these prefixes in the alphabet is the read plan. META and OUTBOX are neighbours, so each poll
# reads both at once; if the snapshot has changed, one more read brings all from DEAD to OUTBOX.
# APPROVERS, which only news need, lies outside, as do the archive, AUDIT, CARD, PAST, SENT and UNREACHED,
# which grow and are asked by key or by time.
APPROVERS = "approvers:"
ARCHIVE_NEW = "archive:new:"
ARCHIVE_PAGE = "archive:day:"
AUDIT = "audit:"
CARD = "card:"
DEAD = "dead:"
FINDING = "finding:"
LIVE = "live:"
META = "meta:"
OUTBOX = "outbox:"
PAST = "past:"
SENT = "sent:"
UNREACHED = "unreached:"

ARCHIVE_MARK = META + "archive"
DESTINATION = META + "destination:"
LAST_PURGE = META + "purged"
LOOK = META + "look:"
MARK = META + "source:"
APPROVALS = "approvals"
"""The source that every tenant has; health lives on its mark."""
OLD_MARK = META + "poll"
"""Of the first format, whose requests would be reminded of twice if they were read as today's."""
SETTINGS = META + "settings"
SNAPSHOT_VERSION = META + "snapshot"
WATERMARK = META + "watermark"

_Value = TypeVar("_Value")


class Versioned(msgspec.Struct, Generic[_Value], frozen=True):
    """A value as it was read, with the etag that a later write of it needs."""

    value: _Value
    etag: str


class SourceMark(msgspec.Struct, frozen=True):
    """How the last looks at a source of news went.

    Attributes:
        last_good: when it was last read and everything recorded (UTC).
        failing_since: since when it fails (UTC); None when the last look was good.
        failure: the code of the last failure; "" when the last look was good.
        missing_permission: what the token of the last look lacked; "" when nothing is known to be missing.
        token_issued_at: when that token was issued (UTC), if Graph refused it.
        tried_at: when it was last looked at, well or not (UTC).
        outlook: what of it could be seen.
        not_before: it asked not to be asked again before (UTC).
        memory_lost_at: when a poll found that what was remembered before is gone (UTC); None if it never was.
        destinations: those that were in the settings, and had been told what they missed before.
        left: since when others are not (UTC), by name.
        cursor: how far a log was read, in the source's own form; it moves after what was found is recorded.
        format: of all rows of this state; another one is refused, never misread.
        number: counts the marks of this source, so that one that was set back is known.
        settings: the fingerprint of the settings of the poll; "" before there was one.
        retell_since: what changed since is told once more (UTC), since memory was touched; None for nothing.
        others: in the mark of the approvals the numbers of the other sources' marks, by their names.
        waiting: in the mark of the approvals `short_of` the keys of what waited in the outbox, or some of it.
    """

    last_good: datetime | None = None
    failing_since: datetime | None = None
    failure: str = ""
    missing_permission: str = ""
    token_issued_at: datetime | None = None
    tried_at: datetime | None = None
    outlook: Outlook = Outlook()
    format: int = FORMAT
    not_before: datetime | None = None
    memory_lost_at: datetime | None = None
    destinations: tuple[str, ...] = ()
    left: dict[str, datetime] = msgspec.field(default_factory=dict)
    cursor: str = ""
    number: int = 0
    settings: str = ""
    retell_since: datetime | None = None
    others: dict[str, int] = msgspec.field(default_factory=dict)
    waiting: tuple[str, ...] = ()


class SettingsRecord(msgspec.Struct, frozen=True):
    """The settings of the last poll, as digests that tell nothing but whether they changed.

    Attributes:
        key: of the digests, made at random for this deployment.
        version: of the program that made them.
        digests: of each part of the settings, by its name.
        sealed_at: since when rows are sealed with this key (UTC); None in what older versions wrote.
    """

    key: str
    version: str
    digests: dict[str, str]
    sealed_at: datetime | None = None


class Watermark(msgspec.Struct, frozen=True):
    """The filing times of requests that left the list.

    Attributes:
        requested_at: the newest of them (UTC); none filed later ever left, except for those below.
        ahead: those that lay ahead of the clock when their requests left (UTC).
    """

    requested_at: datetime | None = None
    ahead: tuple[datetime, ...] = ()


class SnapshotVersion(msgspec.Struct, frozen=True):
    """The version of the snapshot, replaced with each change of what polls compare with.

    Attributes:
        token: a random word.
        total: of the digests of all `live:` and `finding:` rows; None where nobody can tell.
        mark: the number of the approvals' mark when it was written; 0 when there was none.
    """

    token: str = ""
    total: int | None = None
    mark: int = 0


class DestinationState(msgspec.Struct, frozen=True):
    """What is remembered of a destination between polls.

    Attributes:
        holder: the poll that may post there now; "" for none.
        lease_expires_at: when that right ends by itself (UTC).
        retry_after_until: not to be tried again before (UTC), because the destination said so.
        posts: when cards were accepted lately (seconds since the epoch), for the pace.
        failing_since: since when nothing is accepted (UTC).
        last_error: why, in words free of secrets.
        last_accepted: when a card was last accepted (UTC).
        quiet_since: since when nothing was accepted and no heartbeat put into the outbox (UTC).
        heard_at: when it last took a card, or answered again after it had answered nothing (UTC).
        failed_at: when it last did not take what it was sent, or answered nothing when asked (UTC).
        is_mute: it answered nothing at all when it was last asked.
        is_slow: an answer came late or never, so that the next one is waited for longer.
        repeats: when cards were sent again and got no answer either (seconds since the epoch), lately.
        serial: the number of the last card that is or may be there.
        discarded: `short_of` the keys of what left unsent, the latest: a person discarded it, or each of many
            people has one of their own.
    """

    holder: str = ""
    lease_expires_at: datetime | None = None
    retry_after_until: datetime | None = None
    posts: tuple[float, ...] = ()
    failing_since: datetime | None = None
    last_error: str = ""
    last_accepted: datetime | None = None
    quiet_since: datetime | None = None
    heard_at: datetime | None = None
    is_mute: bool = False
    is_slow: bool = False
    repeats: tuple[float, ...] = ()
    serial: int = 0
    discarded: tuple[str, ...] = ()
    failed_at: datetime | None = None


NEW_DESTINATION = Versioned(DestinationState(), "")
"""A destination of which nothing is remembered yet; its etag says that there is no row."""


class LastPurge(msgspec.Struct, frozen=True):
    """When old rows were last purged (UTC)."""

    at: datetime | None = None


class ArchiveMark(msgspec.Struct, frozen=True):
    """How far the archive holds what left the list before there was one.

    Attributes:
        cursor: the key of the last row that was filed; "" before the first and after the last.
        is_complete: all are filed.
    """

    cursor: str = ""
    is_complete: bool = False


class JournalEntry(msgspec.Struct, frozen=True):
    """A notification that left the outbox: delivered, or given up.

    Attributes:
        notification: what it was.
        at: when it was accepted or given up (UTC).
        run_id: the id of the Workflows run that took it; "" if none was told.
        message_id: the id of the message in the channel; "" if none was told.
        unreached: its recipient could not be written to, so nobody was told.
        outdated: later news of its request came in its place, or it says who looks where no card stands that
            could; so nobody was told.
    """

    notification: Notification
    at: datetime
    run_id: str = ""
    message_id: str = ""
    unreached: bool = False
    outdated: bool = False

    @property
    def was_told(self) -> bool:
        """Whether it left because it was told."""
        return not (self.unreached or self.outdated)


class StoredCard(msgspec.Struct, frozen=True):
    """Where the card of a request is at a destination.

    Attributes:
        location: its place in Teams.
        at: since when it shows what it shows (UTC).
        revision: of the news that it shows.
        serial: the number with which it came; 0 for none.
        beside: the ids of all requests on it, where it is a digest that is changed in place.
        event: what such a digest shows of this request.
    """

    location: CardLocation
    at: datetime
    revision: int = 0
    serial: int = 0
    beside: tuple[str, ...] = ()
    event: Event | None = None


def on_one_digest(
    location: CardLocation | None, beside: Sequence[str], cards: Mapping[str, StoredCard]
) -> dict[str, StoredCard]:
    """Those of the requests beside each other on a digest whose card it still is, by id.

    A card whose place nobody knows is told from others by what stands on it.

    Args:
        location: of the digest.
        beside: the ids of all requests on it.
        cards: the cards of requests, by id.
    """
    known = {each: cards[each] for each in beside if each in cards}
    return {each: card for each, card in known.items() if (card.location, card.beside) == (location, beside)}


class Unreached(msgspec.Struct, frozen=True):
    """When a person could last not be reached (UTC)."""

    at: datetime


def subject_of(event: Event) -> str:
    """The id of what an event is about."""
    return event.subject_id


def short_of(key: str) -> str:
    """A few digits that stand for the key of a notification."""
    return hashlib.blake2b(key.encode(), digest_size=5).hexdigest()


def sent_key(entry: JournalEntry) -> str:
    """The key of a journal entry; it begins with the time, so that reading or purging a span is one range."""
    return f"{SENT}{entry.at.isoformat(timespec='milliseconds')}:{entry.notification.key}"


def card_key(destination: str, subject_id: str, person: str = "") -> str:
    """The key of the row that tells where the card of a subject is at a destination.

    Where each person has one of their own there, it is that of one `person`.
    """
    key = f"{CARD}{destination}:{storage_key(subject_id)}"
    return f"{key}:{storage_key(person)}" if person else key


def unreached_key(destination: str, recipient: str) -> str:
    """The key of the row that tells that a person could not be reached."""
    return f"{UNREACHED}{destination}:{storage_key(recipient)}"


def encode(value: object) -> str:
    """A struct as the JSON text of a row."""
    return msgspec.json.encode(value).decode()


def decode(row: Row, kind: type[_Value]) -> _Value:
    """The struct in a row; fields that the row lacks take their defaults, unknown fields are ignored.

    Raises:
        StateCorrupt: the row is not ours or is damaged.
    """
    decoder = _decoder(cast("Hashable", kind))
    try:
        value: _Value = decoder.decode(row.data)
    except (msgspec.DecodeError, UnicodeError):
        raise StateCorrupt(
            f"row {row.key!r} in the state store is not ours or is damaged: remove it"
        ) from None
    return value


def versioned_from(row: Row, kind: type[_Value]) -> Versioned[_Value]:
    """The struct in a row, with the row's etag.

    Raises:
        StateCorrupt: the row is not ours or is damaged.
    """
    return Versioned(decode(row, kind), row.etag)


@cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast("type[Any]", kind))
