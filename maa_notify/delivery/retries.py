"""When, and in which form, a notification is tried again after a failure. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.domain.notification import Notification
from maa_notify.domain.times import unless_later
from maa_notify.errors import CardRefused, DeliveryError, DestinationUnavailable
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import DestinationState

SHORT_BACK_OFF = timedelta(seconds=45)
"""The longest pause after a failure that may pass within the poll."""

LONG_BACK_OFF = timedelta(minutes=15)
"""The longest pause of a card that is refused in every form."""


def without_future_times(pending: Iterable[PendingNotification], now: datetime) -> list[PendingNotification]:
    """The notifications without times so far ahead that a clock must have been set back since."""
    latest = now + LONG_BACK_OFF
    return [
        replace(each, value=replace(each.value, not_before=unless_later(each.value.not_before, latest)))
        for each in pending
    ]


def after_failure(before: Notification, error: DeliveryError, now: datetime, jitter: float) -> Notification:
    """The notification as it waits in the outbox after a failure.

    Args:
        before: as it was tried.
        error: what became of it.
        now: the current time (UTC).
        jitter: what share of a pause is kept, from 0.5 to 1, so that pollers do not come back all at once.
    """
    in_doubt = before.in_doubt or (isinstance(error, DestinationUnavailable) and error.in_doubt)
    after = replace(
        before, attempts=before.attempts + 1, last_error=str(error), not_before=None, in_doubt=in_doubt
    )
    if isinstance(error, CardRefused):
        if not before.plain:
            return replace(after, plain=True)
        # Refused even in its smallest form: later news of the same subject must not wait for it for ever.
        return replace(
            after, overtakable=True, not_before=now + back_off(after.attempts, LONG_BACK_OFF, jitter)
        )
    if isinstance(error, DestinationUnavailable) and error.retry_after is None:
        return replace(after, not_before=now + back_off(after.attempts, SHORT_BACK_OFF, jitter))
    return after


def failing(
    state: DestinationState, error: DeliveryError, now: datetime, limits: DeliveryLimits
) -> DestinationState:
    """The state after a failure of the destination itself, not of one card."""
    asked = error.retry_after if isinstance(error, DestinationUnavailable) else None
    until = None if asked is None else now + min(timedelta(seconds=asked), limits.max_retry_after)
    return replace(
        state, failing_since=state.failing_since or now, last_error=str(error), retry_after_until=until
    )


def back_off(attempts: int, longest: timedelta, jitter: float) -> timedelta:
    """The pause after so many attempts: doubled after each up to `longest`, times `jitter` (0.5 to 1)."""
    return min(longest, timedelta(seconds=2.0 ** min(attempts, 20))) * jitter
