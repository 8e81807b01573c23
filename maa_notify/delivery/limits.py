"""The limits of a delivery: size, rate, time and attempts. Pure."""

from datetime import timedelta
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

_CHATS_WINDOW = timedelta(seconds=30)
_CHATS_LIMIT = 40
_CHATS_INTERVAL = timedelta(milliseconds=500)
"""Of all chats with approvers together. Teams takes 60 in 30 s and 7 in a second for each single chat, and 50
a second of a bot in a tenant ("Optimize your bot with rate limiting in Teams")."""


class DeliveryLimits(Struct, frozen=True):
    """The limits of a delivery.

    Attributes:
        digest_above: more due notifications than this for one destination become one card.
        time_budget_s: seconds after which nothing more is begun; the rest waits for the next poll.
        max_attempts: failures in a row at one destination until the next poll; one where it failed before.
        max_ill: tries of cards that fail for their own sake until the next poll.
        post_s: seconds that a post may take, all its calls together.
        patient_post_s: the same where answers came late or never: Workflows gives up a flow that
            has not answered after two minutes ("Limits of automated, scheduled, and instant flows").
        lease_margin_s: how much longer than a post its lease is, so that a slow store leaves enough.
        rate_window: the time over which `rate_limit` is counted.
        rate_limit: cards for one address within `rate_window`. The Workflows bot takes 25 in 300 s
            (connector reference "Microsoft Teams", throttling limits).
        silent_limit: of these, the ones that may be silent changes of cards; the others are left for news.
        min_interval: the least time between two cards for one address.
        max_retry_after: the longest wait that a `Retry-After` may ask for.
        max_repeats: cards sent again without an answer, at one address within a day; then one an hour.
        max_age: after so much time of failing a notification is given up, loudly.
    """

    digest_above: int = 5
    time_budget_s: float = 45.0
    max_attempts: int = 3
    max_ill: int = 20
    post_s: float = 30.0
    patient_post_s: float = 130.0
    lease_margin_s: float = 14.0
    rate_window: timedelta = timedelta(seconds=300)
    rate_limit: int = 25
    silent_limit: int = 20
    min_interval: timedelta = timedelta(seconds=1)
    max_retry_after: timedelta = timedelta(hours=1)
    max_repeats: int = 24
    max_age: timedelta = timedelta(days=7)

    def lease_time(self, seconds: float = 0.0) -> timedelta:
        """How long a destination is held without a sign of life, for a post of so many seconds."""
        return timedelta(seconds=max(seconds, self.post_s) + self.lease_margin_s)

    def in_chats(self) -> Self:
        """The limits for the chats with approvers, where one event is told to many people."""
        return replace(
            self,
            rate_window=min(self.rate_window, _CHATS_WINDOW),
            rate_limit=_CHATS_LIMIT,
            min_interval=min(self.min_interval, _CHATS_INTERVAL),
        )
