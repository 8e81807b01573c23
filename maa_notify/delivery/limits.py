"""The limits of a delivery: size, rate, time and attempts. Pure."""

from datetime import timedelta

from msgspec import Struct


class DeliveryLimits(Struct, frozen=True):
    """The limits of a delivery.

    Attributes:
        digest_above: more due notifications than this for one destination become one card.
        time_budget_s: seconds after which nothing more is begun; the rest waits for the next poll.
        max_attempts: failures in a row at one destination until the next poll; one where it failed before.
        lease_time: how long a destination is held without a sign of life.
        rate_window: the time over which `rate_limit` is counted.
        rate_limit: cards for one destination within `rate_window`. The Workflows bot takes 25 in 300 s
            (connector reference "Microsoft Teams", throttling limits).
        min_interval: the least time between two cards for one destination.
        max_retry_after: the longest wait that a `Retry-After` may ask for.
        max_age: after this a notification that still fails is given up, loudly.
    """

    digest_above: int = 5
    time_budget_s: float = 45.0
    max_attempts: int = 3
    lease_time: timedelta = timedelta(seconds=30)
    rate_window: timedelta = timedelta(seconds=300)
    rate_limit: int = 25
    min_interval: timedelta = timedelta(seconds=1)
    max_retry_after: timedelta = timedelta(hours=1)
    max_age: timedelta = timedelta(days=7)
