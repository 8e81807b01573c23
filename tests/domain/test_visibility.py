"""What may be hidden, and what has left the list by itself."""

from datetime import timedelta
from typing import Any

import pytest

from maa_notify.domain.visibility import has_left_by_itself
from tests.support.approval import NOW, approval

MONTH = timedelta(days=30)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "times,has_left",
    [
        ({"expires_at": NOW - MONTH}, False),
        ({"expires_at": NOW - MONTH - SECOND}, True),
        ({"expires_at": NOW, "modified_at": NOW - 2 * MONTH}, False),
        ({"expires_at": None, "modified_at": NOW - 2 * MONTH, "requested_at": NOW}, True),
        ({"expires_at": None, "modified_at": None, "requested_at": NOW - 2 * MONTH}, True),
        ({"expires_at": None, "modified_at": None, "requested_at": None}, False),
    ],
)
def test_intune_lists_a_request_for_thirty_days_after_its_end(times: dict[str, Any], has_left: bool) -> None:
    """After that nobody waits for a permission to see it; without any time that cannot be told."""
    assert has_left_by_itself(approval(**times), NOW) is has_left
