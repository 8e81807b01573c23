"""The order in which waiting notifications are told."""

from datetime import timedelta

from msgspec.structs import replace

from maa_notify.delivery.order import in_order
from maa_notify.storage.records import Versioned
from tests.storage.changes import created, tracked
from tests.support.clock import START


def test_news_of_one_request_come_in_its_order_even_if_a_clock_was_set_back() -> None:
    """The later event was noted at an earlier time: it is told second all the same."""
    [first] = created(tracked()).notifications
    second = replace(first, event=replace(first.event, revision=2), recorded_at=START - timedelta(minutes=90))

    told = in_order([Versioned(second, "2"), Versioned(first, "1")])

    assert [each.value.event.revision for each in told] == [1, 2]
