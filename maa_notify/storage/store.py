"""The state of one tenant, in its parts: for polls, deliveries, people and the watch, and about approvers."""

from maa_notify.storage.alerts import AlertStore
from maa_notify.storage.history import RequestHistory
from maa_notify.storage.journal import Journal
from maa_notify.storage.looks import LookStore
from maa_notify.storage.outbox import Outbox
from maa_notify.storage.requests import RequestStore
from maa_notify.storage.roll import RollStore
from maa_notify.storage.rows import Delete, Put, Rows
from maa_notify.storage.versioned import VersionedRows

_PROBE = "probe"
"""Not among the rows that polls read: it has no seal."""


class StateStore:
    """Holds the parts together, so that one thing is wired up and closed.

    Attributes:
        rows: what all of them stand on.
        requests: what a poll compares with and records.
        outbox: what waits, and the destinations that it waits for.
        journal: what was delivered or given up.
        alerts: what the watch told.
        roll: who can decide what.
        looks: who is looking at what.
        history: all requests that are remembered.
    """

    def __init__(self, rows: Rows) -> None:
        """Works on the rows of one tenant."""
        self.rows = rows
        versioned = VersionedRows(rows)
        self.requests = RequestStore(versioned)
        self.outbox = Outbox(versioned)
        self.journal = Journal(versioned)
        self.alerts = AlertStore(versioned)
        self.roll = RollStore(versioned)
        self.looks = LookStore(versioned)
        self.history = RequestHistory(versioned)

    def close(self) -> None:
        """Lets go of files and connections."""
        self.rows.close()


def check_writable(rows: Rows) -> None:
    """Writes and removes a row, for a check by hand.

    Raises:
        StateError: the state store failed.
    """
    [etag] = rows.commit([Put(_PROBE, "{}")])
    rows.commit([Delete(_PROBE, etag)])
