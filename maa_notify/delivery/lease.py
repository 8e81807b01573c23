"""Who may post to a destination, and until when. Pure: the row's etag decides who was first.

A destination is leased, not a single notification: two pollers with half of a burst each would break the
pace, the order of one subject's news and the digest, which all concern the destination as a whole.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.domain.times import unless_later
from maa_notify.storage.records import DestinationState, Versioned

_SPARE = timedelta(seconds=4)
"""What a post may take beyond its time, to be broken off and noted."""


def without_future_times(
    state: Versioned[DestinationState], now: datetime, limits: DeliveryLimits
) -> Versioned[DestinationState]:
    """The destination's state without times so far ahead that a clock must have been set back since."""
    longest = limits.lease_time(limits.patient_post_s)
    credible = replace(
        state.value,
        lease_expires_at=unless_later(state.value.lease_expires_at, now + longest),
        retry_after_until=unless_later(state.value.retry_after_until, now + limits.max_retry_after),
        heard_at=unless_later(state.value.heard_at, now),
        last_accepted=unless_later(state.value.last_accepted, now),
        failed_at=unless_later(state.value.failed_at, now),
    )
    return Versioned(credible, state.etag)


def lasts(state: DestinationState, holder: str, now: datetime, seconds: float) -> bool:
    """Whether this poll's lease lasts for one more post of so many seconds."""
    until = state.lease_expires_at
    return state.holder == holder and until is not None and until - now >= timedelta(seconds=seconds) + _SPARE


def is_taken(state: DestinationState, holder: str, now: datetime) -> bool:
    """Whether another poll has the lease now."""
    until = state.lease_expires_at
    return state.holder not in {"", holder} and until is not None and until > now


def leased(state: DestinationState, holder: str, until: datetime) -> DestinationState:
    """The state with the lease given to a poll until a time (UTC)."""
    return replace(state, holder=holder, lease_expires_at=until)


def released(state: DestinationState) -> DestinationState:
    """The state with no lease."""
    return replace(state, holder="", lease_expires_at=None)
