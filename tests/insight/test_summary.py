"""What the weekly summary says of what it has no room for."""

from datetime import UTC, datetime, timedelta

from maa_notify.insight.figures import figures
from maa_notify.insight.span import Span
from maa_notify.insight.summary import weekly_summary
from tests.insight.samples import NOW, request_records


def test_what_has_no_room_is_counted() -> None:
    """Three findings are named; that there are more is not kept from anybody."""
    week = Span(NOW - timedelta(days=7), NOW)
    found = figures(request_records(4_000), week, NOW, None, names=False)
    titles = [f"Finding {number}" for number in range(5)]

    told = {each.label: each.value for each in weekly_summary(found, [], titles, NOW, UTC).facts}

    assert told["New in posture"] == "Finding 0; Finding 1; Finding 2; and 2 more"
    assert told["Worth a look"].endswith("more.")


def test_a_quiet_week_says_so() -> None:
    """In every line."""
    now = datetime(2026, 8, 17, 8, tzinfo=UTC)
    found = figures([], Span(now - timedelta(days=7), now), now, None, names=False)

    told = {each.label: each.value for each in weekly_summary(found, [], [], now, None).facts}

    assert told["Filed"] == told["Each day"] == "none"
    assert (told["Time to decision"], told["Waits now"]) == ("nothing was decided", "nothing for a decision")
    assert (told["Worth a look"], told["New in posture"]) == ("Nothing stands out.", "Nothing new.")
