"""When a destination was quiet for so long that it gets a heartbeat."""

from datetime import timedelta
from typing import Any

import pytest

from maa_notify.domain.heartbeat import heartbeat
from maa_notify.domain.visibility import Outlook
from maa_notify.polling.heartbeats import queue_heartbeats
from maa_notify.storage.records import DestinationState, Versioned
from maa_notify.storage.store import StateStore
from tests.support.clock import START
from tests.support.memory import MemoryRows

MONTH = timedelta(days=30)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "state,after,beats,is_noted",
    [
        ({}, MONTH, False, True),
        ({"last_accepted": START - MONTH}, MONTH, True, True),
        ({"last_accepted": START - MONTH + SECOND}, MONTH, False, False),
        ({"last_accepted": START - 2 * MONTH, "quiet_since": START - SECOND}, MONTH, False, False),
        ({"last_accepted": START - SECOND, "quiet_since": START - 2 * MONTH}, MONTH, False, False),
        ({"quiet_since": START - MONTH}, MONTH, True, True),
        ({"last_accepted": START + MONTH}, MONTH, False, True),
        ({"last_accepted": START - MONTH, "quiet_since": START + MONTH}, MONTH, False, True),
        ({"last_accepted": START - 9 * MONTH}, None, False, False),
    ],
    ids=[
        "new",
        "a month",
        "less",
        "a heartbeat since",
        "a card since",
        "never a card",
        "clock set back",
        "noted by a wrong clock",
        "switched off",
    ],
)
def test_a_heartbeat_breaks_a_silence_that_is_long_enough(
    state: dict[str, Any], after: timedelta | None, beats: bool, is_noted: bool
) -> None:
    """Of a destination that is new, or whose times lie ahead, only the beginning of its silence is noted."""
    outbox = StateStore(MemoryRows()).outbox
    held = outbox.write_destination("default", Versioned(DestinationState(**state), ""))
    beat = heartbeat(Outlook(), START)

    found = queue_heartbeats(outbox, ["default"], {"default": held}, beat, after)

    assert [each.value.event for each in outbox.read_pending()] == ([beat] if beats else [])
    assert list(found.pending) == outbox.read_pending()
    now = outbox.read_destination("default")
    assert found.states == ({"default": now} if is_noted else {})
    assert (now.value.quiet_since == START) is is_noted


def test_a_silence_that_another_poll_noted_first_is_left_to_it() -> None:
    """And the other destinations are looked at all the same."""
    outbox = StateStore(MemoryRows()).outbox
    outbox.write_destination("a", Versioned(DestinationState(), ""))

    found = queue_heartbeats(outbox, ["a", "b"], {}, heartbeat(Outlook(), START), MONTH)

    assert set(found.states) == {"b"}
