"""An event on its way to one destination. Pure."""

from datetime import datetime
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.event import Event, storage_key

APPROVER_CHAT = "approver chat"
"""The destination of the bot's chats with approvers: the one where an event goes to many people."""


class CardLocation(Struct, frozen=True):
    """Where a request's card is in Teams, so that it can be updated and replied to.

    Attributes:
        conversation_id: the thread that the card began.
        activity_id: the card's own message; "" in a chat that did not tell it, so that nothing can change it.
    """

    conversation_id: str
    activity_id: str


class Notification(Struct, frozen=True, omit_defaults=True):
    """One event for one destination, waiting in the outbox.

    Attributes:
        event: what to tell.
        destination: the name of the destination in the settings.
        recorded_at: when it was put into the outbox (UTC).
        attempts: how often it was tried and not accepted; in a digest, counted alike for its members.
        not_before: not to be tried again before this time (UTC), unless the destination shows life.
        plain: the full card was refused just now, so the next try is the minimal one.
        refused: the last try was refused as a card: a single one in both its forms, or a digest.
        overtakable: later news of the request need not wait for it.
        last_error: the code and text of the last failure, free of secrets.
        recipient: the person whom the destination chats with; "" for a channel.
        doubts: how many tries got no answer, so that the card may be there as often.
        tried_at: when it was last tried and not accepted (UTC).
        failing_since: when it was first tried and not accepted (UTC).
        failing_for: for how long it has failed, without the times in which nobody tried (seconds).
        ill: it failed although its destination took other cards meanwhile.
        personal: its person's chat asked for the wait until `not_before`, for all that waits for them.
        chat_works: its person's chat took another card since it first failed.
        overtaken: later news of the request were told before it.
        digest: names those that were tried together in one card, and stay together.
        unreached_at: when its recipient was first found to be out of reach (UTC).
        serial: the number of its card at its destination, once that may be there; 0 before, and in chats.
        unanswered: the last try got no answer.
        told: a digest has told it, and what is left to do is to change the card of its request.
        people: for the approvers' chats, whom to tell beside those who have its card already: Entra object
            ids. Once each of them has a notification of their own, this one is gone.
        is_rest: others have a notification of their own already, and `people` are all who are left.
    """

    event: Event
    destination: str
    recorded_at: datetime
    attempts: int = 0
    not_before: datetime | None = None
    plain: bool = False
    refused: bool = False
    overtakable: bool = False
    last_error: str = ""
    recipient: str = ""
    doubts: int = 0
    tried_at: datetime | None = None
    failing_since: datetime | None = None
    failing_for: float = 0.0
    ill: bool = False
    overtaken: bool = False
    digest: str = ""
    unreached_at: datetime | None = None
    serial: int = 0
    told: bool = False
    people: tuple[str, ...] = ()
    is_rest: bool = False
    personal: bool = False
    unanswered: bool = False
    chat_works: bool = False

    @property
    def key(self) -> str:
        """The key, derived from event and destination, so that recording it twice changes nothing."""
        event, person = self.event, f"@{self.person}" if self.person else ""
        return f"{storage_key(event.subject_id)}:{event.revision:05d}:{event.what}{person}:{self.destination}"

    @property
    def is_for_approver(self) -> bool:
        """Whether it is for an approver's chat, or for all of them."""
        return self.destination == APPROVER_CHAT

    @property
    def is_for_many(self) -> bool:
        """Whether it stands for a notification to each of many people, and is never posted itself."""
        return self.is_for_approver and not self.recipient

    @property
    def person(self) -> str:
        """The recipient, where the same event goes to others as well; else ""."""
        return self.recipient if self.is_for_approver else ""

    @property
    def line(self) -> tuple[str, str, str]:
        """What is delivered in order: notifications of one subject at one destination, to each person."""
        return self.destination, self.event.subject_id, self.person

    @property
    def place(self) -> tuple[int, bool, datetime]:
        """The place among the news of one subject: a reminder comes after what it reminds of."""
        return self.event.revision, self.event.is_reminder, self.recorded_at

    @property
    def group(self) -> tuple[str, str]:
        """What waits together when a delivery fails: one person's chat, or one subject in a channel."""
        return self.destination, self.recipient or self.event.subject_id

    def anew(self, recorded_at: datetime) -> Self:
        """The same without its failed attempts; it still says whether its card may be there already."""
        return replace(
            self,
            recorded_at=recorded_at,
            attempts=0,
            not_before=None,
            plain=False,
            refused=False,
            overtakable=False,
            doubts=min(self.doubts, 1),
            tried_at=None,
            failing_since=None,
            failing_for=0.0,
            ill=False,
            personal=False,
            chat_works=False,
            digest="",
            unreached_at=None,
            unanswered=False,
        )


def line_of(key: str) -> tuple[str, str]:
    """The storage key of the subject and the destination in a notification's key."""
    parts = key.split(":", 3)
    return parts[0], parts[-1]


def revision_of(key: str) -> int:
    """The revision in a notification's key; 0 in a key that is not ours."""
    _, _, rest = key.partition(":")
    digits = rest.partition(":")[0]
    return int(digits) if digits.isdecimal() else 0
