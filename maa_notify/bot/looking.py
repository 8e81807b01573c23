"""The button "I am looking at it": who may press it, and what is noted. It decides nothing.

All that comes of it is a row of our own in the state store; the next poll tells it on the cards. Nothing in
here can reach Graph.
"""

from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from maa_notify.bot import strings
from maa_notify.domain.approvers import Decider, surely_can_decide
from maa_notify.domain.event import Look
from maa_notify.domain.looks import in_force
from maa_notify.domain.request import ApprovalRequest
from maa_notify.errors import StateError
from maa_notify.storage.records import Versioned
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.store import StateStore

_MOST_CONFLICTS = 20
"""Each one means that somebody else pressed just now; so many, that something is wrong with the store."""


class Looking(Struct, frozen=True):
    """Notes who says that they are looking at a request."""

    store: StateStore

    def note(self, request_id: str, person: str, now: datetime) -> str:
        """Notes it, if this person can surely decide the request; returns the sentence to answer with.

        Whoever cannot is told the same whether or not there is such a request.

        Args:
            request_id: what was pressed, as the call claims.
            person: the Entra object id of whoever pressed, from a call that was verified; "" if not told.
            now: the time (UTC).

        Raises:
            StateError: the state store failed.
        """
        tracked = self.store.requests.read_snapshot().tracked.get(request_id)
        request = tracked.value.request if tracked else None
        by = self._decider(request, person, now) if request else None
        if request is None or by is None:
            return strings.LOOK_NOT_YOURS
        if not request.can_be_decided(now):
            return strings.LOOK_SETTLED
        for _ in range(_MOST_CONFLICTS):
            with suppress(ConflictError):
                return self._noted(request, Look(by, now))
        raise StateError(
            "who looks at a request could not be noted:"
            f" others changed it at each of {_MOST_CONFLICTS} tries; the button can be pressed again"
        )

    def _noted(self, request: ApprovalRequest, look: Look) -> str:
        """Writes it over what is there now, so that each of two at once is told what became of it."""
        found = self.store.looks.find(request.id)
        before = in_force(found.value, request, look.since)
        if before is not None and before.by.id == look.by.id:
            return strings.LOOK_KNOWN
        self.store.looks.write(request.id, Versioned(look, found.etag))
        return strings.LOOK_TAKEN_OVER if before else strings.LOOK_NOTED

    def _decider(self, request: ApprovalRequest, person: str, now: datetime) -> Decider | None:
        """This person as the approver groups name them; None for whoever cannot surely decide it."""
        roll = self.store.roll.read()
        found = surely_can_decide(roll, request, now) if roll and person else ()
        return next((each for each in found if each.id.lower() == person), None)
