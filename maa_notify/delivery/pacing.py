"""When a destination can take the next card, by its rate limit and its last `Retry-After`. Pure."""

from datetime import datetime

from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.storage.records import DestinationState


def ready_at(
    state: DestinationState, now: datetime, limits: DeliveryLimits, *, silent: bool = False
) -> datetime:
    """When the next card may be posted (UTC), `now` at the earliest; `silent` for one that rings nobody."""
    most = limits.silent_limit if silent else limits.rate_limit
    ready = max(now, state.retry_after_until or now)
    posts = [datetime.fromtimestamp(each, now.tzinfo) for each in recent_posts(state, now, limits)]
    if posts:
        ready = max(ready, posts[-1] + limits.min_interval)
    if len(posts) >= most:
        ready = max(ready, posts[-most] + limits.rate_window)
    return ready


def recent_posts(state: DestinationState, now: datetime, limits: DeliveryLimits) -> list[float]:
    """The times of the posts within the rate window, in seconds since the epoch."""
    first = (now - limits.rate_window).timestamp()
    # One from the future is the mark of a clock that was set back; counted, it would hold up everything.
    return [each for each in state.posts if first < each <= now.timestamp()]


def after_post(
    state: DestinationState, now: datetime, limits: DeliveryLimits, *, took_s: float = 0.0, serial: int = 0
) -> DestinationState:
    """The state after an accepted card: no failure any more, and one more post that counts.

    Args:
        state: as it was before.
        now: the time of the answer (UTC).
        limits: how to deliver.
        took_s: how long the answer took, in seconds; one that comes late makes the next posts patient.
        serial: the number of the card; 0 for none.
    """
    return replace(
        state,
        posts=(*recent_posts(state, now, limits), now.timestamp())[-limits.rate_limit :],
        retry_after_until=None,
        failing_since=None,
        last_error="",
        last_accepted=now,
        heard_at=now,
        is_mute=False,
        is_slow=state.is_slow and took_s > limits.post_s / 2,
        repeats=(),
        serial=max(state.serial, serial),
    )
