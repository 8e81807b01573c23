"""The limits of a delivery, as the documentation names them."""

from datetime import timedelta

from maa_notify.delivery.limits import DeliveryLimits


def test_the_pace_is_what_the_workflows_bot_takes() -> None:
    """25 cards in five minutes, and a second between two."""
    limits = DeliveryLimits()

    assert (limits.rate_limit, limits.rate_window) == (25, timedelta(minutes=5))
    assert limits.min_interval == timedelta(seconds=1)


def test_the_pace_of_chats_leaves_a_third_of_what_teams_takes() -> None:
    """40 messages in half a minute and two in a second; where a channel's pace is quicker, that counts."""
    none = timedelta(0)
    chats = DeliveryLimits().in_chats()
    quick = DeliveryLimits(rate_window=none, min_interval=none).in_chats()

    assert (chats.rate_limit, chats.rate_window) == (40, timedelta(seconds=30))
    assert chats.min_interval == timedelta(seconds=0.5)
    assert (quick.rate_window, quick.min_interval) == (none, none)


def test_a_lease_is_fourteen_seconds_longer_than_the_post_under_it() -> None:
    """Half a minute as a rule, and as long as Workflows goes on where answers come late."""
    limits = DeliveryLimits()

    assert (limits.post_s, limits.patient_post_s) == (30.0, 130.0)
    assert [limits.lease_time(each).total_seconds() for each in (0.0, 5.0, 30.0, 130.0)] == [44, 44, 44, 144]
    assert limits.lease_time() == timedelta(seconds=44)


def test_the_patience_of_a_delivery_is_what_is_promised() -> None:
    """Of a poll, of a destination, of a copy and of a notification."""
    limits = DeliveryLimits()

    assert (limits.digest_above, limits.time_budget_s) == (5, 45.0)
    assert (limits.max_attempts, limits.max_ill, limits.max_repeats) == (3, 20, 24)
    assert (limits.max_retry_after, limits.max_age) == (timedelta(hours=1), timedelta(days=7))
