"""One request from its filing to its end, as the notifier remembers it. Pure."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from maa_notify.domain.compare import RequestState
from maa_notify.domain.request import (
    APPROVED,
    CLOSED,
    COMPLETED,
    NEEDS_APPROVAL,
    REJECTED,
    ApprovalRequest,
    Identity,
)

NOT_LISTED = "noLongerListed"
"""The outcome of a request that left the list open: nobody can tell what became of it."""

_DECISIONS = frozenset({APPROVED, REJECTED})


class RequestRecord(Struct, frozen=True):
    """What is known of one request, with all its times (UTC, or None where nobody told them).

    Attributes:
        state: as it was last listed, with the statuses that it was seen to reach.
        is_listed: whether Graph still lists it.
    """

    state: RequestState
    is_listed: bool = True

    @property
    def request(self) -> ApprovalRequest:
        """The request as it was last listed."""
        return self.state.request

    @property
    def outcome(self) -> str:
        """Its last status as Graph spells it, or `NOT_LISTED`."""
        request = self.request
        return request.status if self.is_listed or request.is_closed else NOT_LISTED

    @property
    def approver(self) -> Identity:
        """Who approved or rejected it: as Graph tells last, else as it told at the decision."""
        told = self.request.approver
        if told != Identity():
            return told
        deciders = [step.by for step in self.state.steps if step.status in _DECISIONS]
        return deciders[-1] if deciders else told

    @property
    def deciders(self) -> tuple[Identity, ...]:
        """Everybody who was seen to approve or reject it, and whom Graph names."""
        seen = (step.by for step in self.state.steps if step.status in _DECISIONS)
        return tuple(dict.fromkeys(each for each in (*seen, self.request.approver) if each != Identity()))

    @property
    def is_decided(self) -> bool:
        """Whether somebody approved or rejected it, though perhaps no poll saw when."""
        status = self.request.status
        is_named = self.request.approver != Identity() and status != NEEDS_APPROVAL
        return self.decided_at is not None or is_named or status in {*_DECISIONS, COMPLETED}

    @property
    def filed_at(self) -> datetime | None:
        """When it was filed."""
        return self.request.requested_at

    @property
    def approved_at(self) -> datetime | None:
        """When it was last approved."""
        return self._reached([APPROVED])

    @property
    def rejected_at(self) -> datetime | None:
        """When it was rejected."""
        return self._reached([REJECTED])

    @property
    def decided_at(self) -> datetime | None:
        """When it was approved or rejected, whichever came last."""
        return self._reached(_DECISIONS)

    @property
    def completed_at(self) -> datetime | None:
        """When its requestor completed it."""
        return self._reached([COMPLETED])

    @property
    def closed_at(self) -> datetime | None:
        """When it was completed, rejected, canceled or expired."""
        return self._reached(CLOSED)

    @property
    def decision_s(self) -> int | None:
        """How long it waited for its decision, in seconds."""
        return _seconds(self.filed_at, self.decided_at)

    @property
    def completion_s(self) -> int | None:
        """How long it waited after its approval until it was completed, in seconds."""
        return _seconds(self.approved_at, self.completed_at)

    @property
    def total_s(self) -> int | None:
        """How long it was open, in seconds."""
        return _seconds(self.filed_at, self.closed_at)

    @property
    def reminders(self) -> int:
        """How many reminders to approvers came due before it was decided."""
        return len(self.state.reminders_sent)

    @property
    def moments(self) -> tuple[datetime, ...]:
        """Everything that happened to it, oldest first."""
        steps = (step.at for step in self.state.steps)
        # A state of before steps were kept tells its last change alone.
        told = (self.filed_at, *steps) if self.state.steps else (self.filed_at, self.request.modified_at)
        return tuple(sorted(each for each in told if each is not None))

    def _reached(self, statuses: Iterable[str]) -> datetime | None:
        """When it last reached one of these statuses.

        A state that remembers no steps, of before they were kept, tells the time of its present status alone.
        """
        request = self.request
        found = [step.at for step in self.state.steps if step.status in statuses]
        if found:
            return found[-1]
        return request.modified_at if not self.state.steps and request.status in statuses else None


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    """The seconds between two times; None where one is not told, or clocks put the end before the start."""
    if start is None or end is None or end < start:
        return None
    return int((end - start).total_seconds())
