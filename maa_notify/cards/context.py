"""What all parts of one request's card need: computed once."""

from datetime import datetime

from msgspec import Struct

from maa_notify.cards.times import TimeFormat
from maa_notify.domain.event import RequestEvent
from maa_notify.domain.request import ApprovalRequest
from maa_notify.domain.risk import Assessment
from maa_notify.domain.tickets import TicketLinks


class TextLimits(Struct, frozen=True):
    """How much foreign text a card holds, in characters, and how many steps of the timeline."""

    quote: int
    name: int
    steps: int


class CardContext(Struct, frozen=True):
    """One card about one request.

    Attributes:
        event: what is told.
        assessment: the risk of its request.
        now: the time of posting (UTC).
        times: how times are told.
        limits: how much of other people's text fits.
        in_chat: the reader is the requestor, not a channel.
        tickets: makes links of ticket numbers; None where the operator wants none.
    """

    event: RequestEvent
    assessment: Assessment
    now: datetime
    times: TimeFormat
    limits: TextLimits
    in_chat: bool = False
    tickets: TicketLinks | None = None

    @property
    def request(self) -> ApprovalRequest:
        """The request that the card is about."""
        return self.event.request

    @property
    def is_past(self) -> bool:
        """Whether its time has run out although Intune has not closed it."""
        expires_at = self.request.expires_at
        return not self.request.is_closed and expires_at is not None and expires_at <= self.now
