"""Approvals by somebody who should not give them: an application, or the requestor. Pure."""

from collections.abc import Sequence
from enum import StrEnum

from maa_notify.domain.event import RequestEvent
from maa_notify.domain.request import APPROVED, COMPLETED, REJECTED, Identity, is_same

_DECISIONS = (APPROVED, REJECTED)
_DECIDED = frozenset({APPROVED, COMPLETED, REJECTED})


class OddApprover(StrEnum):
    """Kinds of approvers that no approval should come from, the gravest first."""

    REQUESTOR = "requestor"
    APPLICATION = "application"


def odd_approvers(event: RequestEvent) -> tuple[OddApprover, ...]:
    """What is odd about those who were seen to approve or reject the request; empty if nothing is."""
    requestor, approvers = event.request.requestor, _approvers(event)
    found = set[OddApprover]()
    if any(is_same(requestor, each) for each in approvers):
        found.add(OddApprover.REQUESTOR)
    if any(each.kind == "application" for each in approvers):
        found.add(OddApprover.APPLICATION)
    return tuple(each for each in OddApprover if each in found)


def _approvers(event: RequestEvent) -> Sequence[Identity]:
    """Everybody who was seen to decide, and whom Graph names now as far as a decision stands."""
    seen = [step.by for step in event.steps if step.status in _DECISIONS]
    return [*seen, event.request.approver] if event.request.status in _DECIDED else seen
