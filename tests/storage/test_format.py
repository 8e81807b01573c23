"""A state that another version of this program wrote is refused with a sentence, never misread."""

import json
from pathlib import Path

import pytest

from maa_notify.errors import StateCorrupt
from maa_notify.storage.records import APPROVALS, FORMAT, SourceMark
from maa_notify.storage.rows import Put, Rows
from maa_notify.storage.store import StateStore
from tests.support.clock import START

FIRST_FORMAT = Path(__file__).with_name("first_format.json")
"""The rows of a tenant in the first format: one request, a reminder that waits, a journal."""


@pytest.fixture
def old(rows: Rows) -> StateStore:
    """A state in the first format."""
    found = json.loads(FIRST_FORMAT.read_text(encoding="utf-8"))
    rows.commit([Put(key, json.dumps(data)) for key, data in found.items()])
    return StateStore(rows)


def test_a_poll_refuses_the_first_format(old: StateStore) -> None:
    """Its requests would lose the reminders that were sent, and be reminded of again."""
    with pytest.raises(StateCorrupt, match=r"another version of maa-notify .* MAA_STATE .* MAA_TABLE_NAME"):
        old.requests.read_snapshot()


def test_nothing_of_the_first_format_passes_for_news(old: StateStore) -> None:
    """Outbox and journal hold no notification that could be sent or shown as something else."""
    assert old.outbox.read_pending() == []
    with pytest.raises(StateCorrupt, match="sent:"):
        list(old.journal.read_sent())


def test_health_and_the_commands_refuse_the_first_format(old: StateStore) -> None:
    """`outbox list` does not say that nothing waits, nor health that nothing was polled yet."""
    with pytest.raises(StateCorrupt, match="another version of maa-notify"):
        old.requests.read_marks()


def test_a_newer_format_is_refused_too(rows: Rows) -> None:
    """Whoever goes back to an older version is told so, and nothing is overwritten."""
    store = StateStore(rows)
    store.requests.write_mark(APPROVALS, SourceMark(START, format=FORMAT + 1))

    with pytest.raises(StateCorrupt, match=f"format {FORMAT + 1}; this one reads {FORMAT}"):
        store.requests.read_snapshot()


def test_the_present_format_is_read(rows: Rows) -> None:
    """Every mark says of which format the state is."""
    store = StateStore(rows)
    store.requests.write_mark(APPROVALS, SourceMark(START))

    assert store.requests.read_snapshot().marks[APPROVALS].format == FORMAT
