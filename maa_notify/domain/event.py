"""What a poll finds out, and what is told to whom."""

import hashlib
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from maa_notify.domain.request import ApprovalRequest, Identity

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LONGEST_PLAIN_ID = 64


class EventKind(StrEnum):
    """Why somebody should hear of a request; a heartbeat is about none and shows that the way is open."""

    CREATED = "created"
    STATUS_CHANGED = "status_changed"
    REMINDER = "reminder"
    COMPLETE_REMINDER = "complete_reminder"
    NO_LONGER_LISTED = "no_longer_listed"
    HEARTBEAT = "heartbeat"


class Step(Struct, frozen=True):
    """A status that a request was seen to reach.

    Attributes:
        status: as Graph spells it.
        at: when, as Intune tells it, else when a poll found it (UTC).
        by: who decided, as far as Graph told then; nobody for other statuses.
    """

    status: str
    at: datetime
    by: Identity


class Event(Struct, frozen=True):
    """Something that happened to one request.

    Attributes:
        kind: why it is told.
        request: the request as it was listed when the event was found.
        revision: counts the changes of status and the disappearances seen of this request, from 1.
        at: when the poll found it (UTC).
        previous: the status known before; "" for a request that was new to us.
        stage: for a reminder, the part of the plan it answers ("50%", "24h"); else "".
        next_reminder: for a reminder, when the next one is due (UTC); None when it is the last.
        steps: the statuses it was seen to reach since it was filed, oldest first.
    """

    kind: EventKind
    request: ApprovalRequest
    revision: int
    at: datetime
    previous: str = ""
    stage: str = ""
    next_reminder: datetime | None = None
    steps: tuple[Step, ...] = ()

    @property
    def name(self) -> str:
        """One word for this event in logs and reports: the new status, or the kind."""
        return self.request.status if self.kind is EventKind.STATUS_CHANGED else str(self.kind)

    @property
    def what(self) -> str:
        """The part of a notification's key that tells events of one revision apart."""
        return f"{self.kind}-{self.stage.replace('%', 'pct')}" if self.stage else str(self.kind)

    @property
    def short_key(self) -> str:
        """What a person can read out: the request's key and the revision, `7QK2MD-2`."""
        return f"{short_key(self.request.id)}-{self.revision}"


class CardLocation(Struct, frozen=True):
    """Where a request's card stands in Teams, so that it can be changed and answered there.

    Attributes:
        conversation_id: the thread that the card began.
        activity_id: the card's own message.
    """

    conversation_id: str
    activity_id: str


class Notification(Struct, frozen=True):
    """One event for one destination, waiting in the outbox.

    Attributes:
        event: what to tell.
        destination: the name of the destination in the settings.
        recorded_at: when it was put into the outbox (UTC).
        attempts: how often it was tried and not accepted.
        not_before: not to be tried again before this time (UTC).
        in_doubt: a try got no answer, so the card may be there already.
        plain: the full card was refused, so the next try is the minimal one.
        overtakable: even the minimal card was refused, so later news of the request need not wait for it.
        last_error: the code and text of the last failure, free of secrets.
        recipient: the person whom the destination chats with; "" for a channel.
    """

    event: Event
    destination: str
    recorded_at: datetime
    attempts: int = 0
    not_before: datetime | None = None
    plain: bool = False
    overtakable: bool = False
    last_error: str = ""
    recipient: str = ""
    in_doubt: bool = False

    @property
    def key(self) -> str:
        """Derived from what it tells, so that recording it twice changes nothing."""
        event = self.event
        return f"{storage_key(event.request.id)}:{event.revision:05d}:{event.what}:{self.destination}"


def storage_key(request_id: str) -> str:
    """A request's id as part of a row key: itself where that is safe, a digest of it otherwise."""
    is_plain = request_id.isascii() and request_id.replace("-", "").isalnum()
    if is_plain and len(request_id) <= _LONGEST_PLAIN_ID:
        return request_id
    return "~" + hashlib.sha256(request_id.encode()).hexdigest()


def short_key(request_id: str) -> str:
    """Six characters that name a request on cards and in logs, without letters that look like digits."""
    number = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:4], "big") >> 2
    return "".join(_ALPHABET[number >> shift & 31] for shift in (25, 20, 15, 10, 5, 0))
