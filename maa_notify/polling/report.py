"""What a poll did, for its log line, its exit code and `poll --json`."""

import json
from typing import Self

from msgspec import Struct

from maa_notify.delivery.delivery import DeliveryResult
from maa_notify.errors import GraphError, MaaNotifyError
from maa_notify.polling.source import Seen


class Report(Struct, frozen=True):
    """What a poll did; the numbers of notifications are those after it.

    Attributes:
        listed: requests that Graph listed.
        events: things that happened to them.
        delivered: notifications that destinations took.
        pending: notifications that wait in the outbox.
        dead: notifications that were given up and not discarded.
        malformed: entries of Graph's list that could not be read.
        refused: the destinations that did not take what waits for them.
        failure: why the poll failed; None for a good one.
        overdue: of those that wait in the outbox, the ones that have waited for long.
        waiting: listed requests that need approval.
        oldest_waiting_s: the age of the oldest of these, in seconds; 0 when there is none.
        hidden: the families of requests that may be hidden, since the token lacks their permission.
        stale: entries of Graph's list that were older than what is known, and ignored.
        unreached: notifications that left the outbox because their recipient is out of reach.
        alerts: that the watch found or that more joined, muted ones included.
        unheard: events of this poll that no destination takes.
        settings: the fingerprint of the settings; "" where there was none.
        memory_lost: what was remembered was found to be gone or touched.
        settings_changed: the settings are not those of the poll before.
    """

    listed: int = 0
    events: int = 0
    delivered: int = 0
    pending: int = 0
    dead: int = 0
    malformed: int = 0
    refused: tuple[str, ...] = ()
    failure: MaaNotifyError | None = None
    overdue: int = 0
    waiting: int = 0
    oldest_waiting_s: int = 0
    hidden: tuple[str, ...] = ()
    stale: int = 0
    unreached: int = 0
    alerts: int = 0
    unheard: int = 0
    settings: str = ""
    memory_lost: bool = False
    settings_changed: bool = False

    @classmethod
    def of(
        cls,
        seen: Seen,
        events: int,
        result: DeliveryResult,
        failure: MaaNotifyError | None,
        *,
        dead_before: int,
    ) -> Self:
        """The report of a poll that ran to its end.

        Args:
            seen: what was looked at.
            events: news that were recorded.
            result: what the delivery did.
            failure: why the requests could not be listed; None for a good poll.
            dead_before: notifications that were given up before this poll.
        """
        return cls(
            listed=seen.listed,
            events=events,
            delivered=result.delivered,
            pending=result.pending,
            dead=dead_before + result.dead,
            malformed=seen.malformed,
            refused=result.refused,
            failure=failure,
            overdue=result.overdue,
            waiting=seen.waiting,
            oldest_waiting_s=seen.oldest_waiting_s,
            hidden=seen.hidden,
            stale=seen.stale,
            unreached=result.unreached,
        )

    @property
    def is_eventful(self) -> bool:
        """Whether anything happened, waits or is wrong."""
        return self.failure is not None or any(
            (self.events, self.delivered, self.pending, self.dead, self.malformed, self.unreached)
        )

    def as_json(self) -> str:
        """What `poll --json` prints and `POST /api/poll` answers, in one line."""
        denied = self.failure if isinstance(self.failure, GraphError) else GraphError()
        issued_at = denied.token_issued_at
        return json.dumps(
            {
                "listed": self.listed,
                "events": self.events,
                "delivered": self.delivered,
                "pending": self.pending,
                "dead": self.dead,
                "malformed": self.malformed,
                "refused": list(self.refused),
                "hidden": list(self.hidden),
                "stale": self.stale,
                "unreached": self.unreached,
                "unheard": self.unheard,
                "alerts": self.alerts,
                "error": self.failure.code if self.failure else None,
                "missing_permission": denied.missing_permission or None,
                "token_issued_at": issued_at.isoformat() if issued_at else None,
            }
        )
