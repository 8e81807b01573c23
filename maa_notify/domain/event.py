"""What a poll finds out: news of an approval request, or a notice about something else. Pure."""

import hashlib
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from maa_notify.domain.request import NEEDS_APPROVAL, ApprovalRequest, Identity
from maa_notify.domain.risk import Risk, assess

NO_LONGER_LISTED = "noLongerListed"
"""In place of the status before, for a request that is back in the list."""

EXPIRING = "expiring"
"""The last reminder of the plan."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LONGEST_PLAIN_ID = 64


class EventKind(StrEnum):
    """Why somebody should hear of a request."""

    CREATED = "created"
    STATUS_CHANGED = "status_changed"
    REMINDER = "reminder"
    COMPLETE_REMINDER = "complete_reminder"
    NO_LONGER_LISTED = "no_longer_listed"


_OF_THE_REQUEST = frozenset({EventKind.CREATED, EventKind.STATUS_CHANGED})
"""What happened in Intune; the other kinds happen when a poll finds that it is time."""


class NoticeKind(StrEnum):
    """What a notice is; a heartbeat shows that cards arrive, a finding is true until it is resolved."""

    HEARTBEAT = "heartbeat"
    FINDING = "finding"
    RESOLVED = "resolved"


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


class RequestEvent(Struct, frozen=True, tag="request"):
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
    def subject_id(self) -> str:
        """What it is about; news of one subject are told in order."""
        return self.request.id

    @property
    def name(self) -> str:
        """One word for this event in logs and reports: the new status, or the kind."""
        return self.request.status if self.kind is EventKind.STATUS_CHANGED else str(self.kind)

    @property
    def names(self) -> frozenset[str]:
        """What it may be called in `events` and `mentions`.

        A request that was decided before we first saw it is new and has changed: whoever waits for decisions
        hears of it too.
        """
        kind, status = str(self.kind), self.request.status
        if self.kind is EventKind.REMINDER and self.next_reminder is None:
            return frozenset({kind, EXPIRING})
        if self.kind not in _OF_THE_REQUEST:
            return frozenset({kind})
        if status == NEEDS_APPROVAL:
            return frozenset({kind, status})
        return frozenset({kind, status, str(EventKind.STATUS_CHANGED)})

    @property
    def topics(self) -> tuple[str, ...]:
        """What it is routed by: the policy types, as Graph spells them."""
        return self.request.policy_types or ("unknown",)

    @property
    def risk(self) -> Risk:
        """How much harm a wrong approval of the request can do."""
        return assess(self.request).risk

    @property
    def requestor(self) -> Identity:
        """Whose chat hears of it."""
        return self.request.requestor

    @property
    def happened_at(self) -> datetime:
        """When it happened to the request in Intune, or when a poll found that it was time (UTC)."""
        if self.kind in _OF_THE_REQUEST:
            return self.request.modified_at or self.request.requested_at or self.at
        return self.at

    @property
    def what(self) -> str:
        """The part of a notification's key that tells events of one revision apart."""
        return f"{self.kind}-{self.stage.replace('%', 'pct')}" if self.stage else str(self.kind)

    @property
    def short_key(self) -> str:
        """What a person can read out: the request's key and the revision, `7QK2MD-2`."""
        return f"{short_key(self.request.id)}-{self.revision}"

    @property
    def shares_cards(self) -> bool:
        """Whether it may be told in one card with others."""
        return True


class Fact(Struct, frozen=True):
    """One line of a notice: `label` is a text of ours, `value` may be anybody's."""

    label: str
    value: str


class Notice(Struct, frozen=True, tag="notice"):
    """Something to tell that is about no single request.

    Attributes:
        kind: what it is.
        subject_id: what it is about, the same in all notices about it, such as `heartbeat`.
        revision: grows with each notice about it, so that none is taken for another.
        at: when it was found (UTC).
        title: one line of our own words, for the strip, a list and a toast.
        text: what it means, in our own words.
        facts: what was found, line by line.
        next_step: what has to be done and by whom, in our own words; "" when nothing has.
        risk: how much harm it can do if nobody looks; None when it can do none.
        topics: words by which destinations choose, beside policy types.
    """

    kind: NoticeKind
    subject_id: str
    revision: int
    at: datetime
    title: str
    text: str = ""
    facts: tuple[Fact, ...] = ()
    next_step: str = ""
    risk: Risk | None = None
    topics: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """One word for it in logs and reports."""
        return str(self.kind)

    @property
    def names(self) -> frozenset[str]:
        """What it may be called in `events` and `mentions`."""
        return frozenset({str(self.kind)})

    @property
    def requestor(self) -> Identity:
        """Nobody: no chat of a requestor hears of it."""
        return Identity()

    @property
    def happened_at(self) -> datetime:
        """When it was found (UTC)."""
        return self.at

    @property
    def what(self) -> str:
        """The part of a notification's key that tells notices of one revision apart."""
        return str(self.kind)

    @property
    def short_key(self) -> str:
        """What a person can read out: the subject's key and the revision."""
        return f"{short_key(self.subject_id)}-{self.revision}"

    @property
    def shares_cards(self) -> bool:
        """Whether it may be told in one card with others; "no news" has no place among news."""
        return self.kind is not NoticeKind.HEARTBEAT


Event = RequestEvent | Notice
"""What is told: whoever routes, orders, stores or logs it never asks which of the two it is."""


def storage_key(subject_id: str) -> str:
    """An id as part of a row key: itself where that is safe, a digest of it otherwise."""
    is_plain = subject_id.isascii() and subject_id.replace("-", "").isalnum()
    if is_plain and len(subject_id) <= _LONGEST_PLAIN_ID:
        return subject_id
    return "~" + hashlib.sha256(subject_id.encode()).hexdigest()


def short_key(subject_id: str) -> str:
    """Six characters that name a subject on cards and in logs, without letters that look like digits."""
    number = int.from_bytes(hashlib.sha256(subject_id.encode()).digest()[:4], "big") >> 2
    return "".join(_ALPHABET[number >> shift & 31] for shift in (25, 20, 15, 10, 5, 0))
