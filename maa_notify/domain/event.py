"""Events that polls find: about an approval request, or notices about something else. Pure."""

import hashlib
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from maa_notify.domain.approvers import Decider, Deciders
from maa_notify.domain.request import NEEDS_APPROVAL, ApprovalRequest, Identity
from maa_notify.domain.risk import Risk, assess
from maa_notify.domain.signs import Sign

NO_LONGER_LISTED = "noLongerListed"
"""In place of the status before, for a request that is back in the list."""

POSTURE = "posture"
"""News of the defence around approval, for those destinations that ask for it."""

EXPIRING = "expiring"
"""The last reminder of the plan."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans("OIL", "011")
"""Letters that no short key has, for the digits that they are read as."""
_LONGEST_PLAIN_ID = 64


class EventKind(StrEnum):
    """The kinds of events about a request."""

    CREATED = "created"
    STATUS_CHANGED = "status_changed"
    REMINDER = "reminder"
    COMPLETE_REMINDER = "complete_reminder"
    NO_LONGER_LISTED = "no_longer_listed"
    LOOKING = "looking"
    """Somebody says that they look at it, or does so no more: nothing that Intune knows of."""


_OF_THE_REQUEST = frozenset({EventKind.CREATED, EventKind.STATUS_CHANGED})
"""What happened in Intune; the other kinds happen when a poll finds that it is time."""


ALERT_KINDS = (
    *(f"B{number}" for number in range(1, 12)),
    "executed_without_approval",
    "executed_by_app",
    "log_gap",
)
"""The kinds of alerts, by which destinations choose them."""

SEVERITIES = ("critical", "high", "medium", "low")
"""How bad an alert is, the worst first."""


class NoticeKind(StrEnum):
    """The kinds of notices.

    A heartbeat shows that cards arrive; a finding holds until it is resolved; an alarm is about the notifier;
    an alert tells of something that leads around approval; a summary tells of a week.
    """

    ALARM = "alarm"
    ALERT = "alert"
    HEARTBEAT = "heartbeat"
    FINDING = "finding"
    RESOLVED = "resolved"
    SUMMARY = "summary"


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


class Look(Struct, frozen=True):
    """That somebody who can decide a request says that they are looking at it.

    Attributes:
        by: who, as the approver group names them.
        since: when they said so (UTC).
    """

    by: Decider
    since: datetime


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
        former_types: the policy types that it had when it was told before, where they are others now.
        memory_lost: what was known of it may have been lost, so that a card of it may be there already.
        deciders: who can decide it; None where that is not known, or nobody has to.
        signs: what stands out about its approval.
        look: who is looking at it; None where nobody is, or nobody has to.
    """

    kind: EventKind
    request: ApprovalRequest
    revision: int
    at: datetime
    previous: str = ""
    stage: str = ""
    next_reminder: datetime | None = None
    steps: tuple[Step, ...] = ()
    former_types: tuple[tuple[str, ...], ...] = ()
    memory_lost: bool = False
    deciders: Deciders | None = None
    signs: tuple[Sign, ...] = ()
    look: Look | None = None

    @property
    def subject_id(self) -> str:
        """The id of the request. Events of one subject are delivered in order."""
        return self.request.id

    @property
    def name(self) -> str:
        """One word for this event in logs and reports: the new status, or the kind."""
        return self.request.status if self.kind is EventKind.STATUS_CHANGED else str(self.kind)

    @property
    def names(self) -> frozenset[str]:
        """The words for it in the settings `events` and `mentions`.

        A request that was decided before we first saw it is both new and changed, so that destinations for
        decisions get it, too.
        """
        kind, status = str(self.kind), self.request.status
        if self.kind is EventKind.REMINDER and self.next_reminder is None:
            return frozenset({kind, EXPIRING})
        if self.kind not in _OF_THE_REQUEST:
            return frozenset({kind})
        if self.previous == NO_LONGER_LISTED:
            # Whoever was told that it is gone has to hear that it is not.
            return frozenset({kind, status, str(EventKind.NO_LONGER_LISTED)})
        if status == NEEDS_APPROVAL:
            return frozenset({kind, status})
        return frozenset({kind, status, str(EventKind.STATUS_CHANGED)})

    @property
    def wants_decision(self) -> bool:
        """Whether it asks somebody to decide."""
        return self.request.status == NEEDS_APPROVAL and self.kind is not EventKind.NO_LONGER_LISTED

    @property
    def topics(self) -> tuple[str, ...]:
        """What destinations choose it by: the policy types, as Graph spells them, and those of before."""
        return tuple(dict.fromkeys(topic for topics in self.topics_told for topic in topics))

    @property
    def topics_told(self) -> tuple[tuple[str, ...], ...]:
        """The topics now, then the former ones, whose destinations are to learn how it ends."""
        return tuple(types or ("unknown",) for types in (self.request.policy_types, *self.former_types))

    @property
    def risk(self) -> Risk:
        """How much harm a wrong approval of the request can do."""
        return assess(self.request).risk

    @property
    def requestor(self) -> Identity:
        """The requestor, whose chat may get it."""
        return self.request.requestor

    @property
    def happened_at(self) -> datetime:
        """When it happened in Intune, or for a reminder or a disappearance when the poll found it (UTC)."""
        if self.kind in _OF_THE_REQUEST:
            return self.request.modified_at or self.request.requested_at or self.at
        return self.at

    @property
    def what(self) -> str:
        """The part of a notification's key that distinguishes events of one revision."""
        return f"{self.kind}-{self.stage.replace('%', 'pct')}" if self.stage else str(self.kind)

    @property
    def short_key(self) -> str:
        """The request's short key and the revision, such as `7QK2MD-2`, for people to read out."""
        return f"{short_key(self.request.id)}-{self.revision}"

    @property
    def shares_cards(self) -> bool:
        """Whether a digest may hold it."""
        return not self.only_changes_cards

    @property
    def is_reminder(self) -> bool:
        """Whether it only reminds of what another event of the same revision tells, or adds to it."""
        return self.kind in {EventKind.REMINDER, EventKind.COMPLETE_REMINDER, EventKind.LOOKING}

    @property
    def only_changes_cards(self) -> bool:
        """Whether it only changes cards that were posted before, and posts none."""
        return self.kind is EventKind.LOOKING


class Fact(Struct, frozen=True):
    """One line of a notice: `label` is a text of ours, `value` may be anybody's.

    With `is_name` the value is nothing but a name that somebody else chose, and cards set it apart.
    """

    label: str
    value: str
    is_name: bool = False


class Notice(Struct, frozen=True, tag="notice"):
    """An event about something else than a single request.

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
        words: further words for it in the settings `events` and `mentions`, such as `B8`.
        severity: of an alert, for the setting `severity`; "" for what has none.
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
    words: tuple[str, ...] = ()
    severity: str = ""

    @property
    def topics_told(self) -> tuple[tuple[str, ...], ...]:
        """Its topics, which never change in place."""
        return (self.topics,)

    @property
    def name(self) -> str:
        """One word for it in logs and reports."""
        return str(self.kind)

    @property
    def names(self) -> frozenset[str]:
        """The words for it in the settings `events` and `mentions`."""
        return frozenset({str(self.kind), *self.words})

    @property
    def requestor(self) -> Identity:
        """Nobody, so that no requestor's chat gets it."""
        return Identity()

    @property
    def happened_at(self) -> datetime:
        """When it was found (UTC)."""
        return self.at

    @property
    def what(self) -> str:
        """The part of a notification's key that distinguishes notices of one revision."""
        return str(self.kind)

    @property
    def short_key(self) -> str:
        """The subject's short key and the revision, for people to read out."""
        return f"{short_key(self.subject_id)}-{self.revision}"

    @property
    def shares_cards(self) -> bool:
        """Whether a digest may hold it.

        A heartbeat would say "no news" among news, and an alarm must not be one line of many.
        """
        return self.kind not in {NoticeKind.HEARTBEAT, NoticeKind.ALARM}

    @property
    def is_reminder(self) -> bool:
        """Whether it only reminds of another event: no notice does."""
        return False

    @property
    def only_changes_cards(self) -> bool:
        """Whether it only changes cards that were posted before: no notice does."""
        return False


Event = RequestEvent | Notice
"""An event of either kind. Routing, ordering, storing and logging use only what both have."""


def storage_key(subject_id: str) -> str:
    """An id as part of a row key: as it is where that is safe, else its SHA-256 digest."""
    is_plain = subject_id.isascii() and subject_id.replace("-", "").isalnum()
    if is_plain and len(subject_id) <= _LONGEST_PLAIN_ID:
        return subject_id
    return "~" + hashlib.sha256(subject_id.encode()).hexdigest()


def short_key(subject_id: str) -> str:
    """Six characters that name a subject on cards and in logs, without letters that look like digits."""
    number = int.from_bytes(hashlib.sha256(subject_id.encode()).digest()[:4], "big") >> 2
    return "".join(_ALPHABET[number >> shift & 31] for shift in (25, 20, 15, 10, 5, 0))


def key_typed(text: str) -> str:
    """A short key as somebody read it from a card, spelled as `short_key` does."""
    return text.upper().translate(_LOOKALIKES)
