"""What stands out about an approval, with the times that show it; it need not be wrong. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from maa_notify.domain.access import MemberKind
from maa_notify.domain.approvers import KnownGroup, KnownMember, Roll, is_member, policies_for
from maa_notify.domain.request import (
    APPROVED,
    COMPLETED,
    NEEDS_APPROVAL,
    ApprovalRequest,
    Identity,
    is_same,
)

QUICK = timedelta(minutes=1)
_PAIR = timedelta(hours=1)
"""Within which two requests count as filed together."""
_DECIDED = frozenset({APPROVED, COMPLETED})


class SignKind(StrEnum):
    """What stands out."""

    JOINED = "joined"
    ABSENT = "absent"
    QUICK = "quick"
    MIRRORED = "mirrored"


class Sign(Struct, frozen=True, omit_defaults=True):
    """One thing that stands out about an approval.

    Attributes:
        kind: what it is.
        since: joined: when the approver was last seen outside of the group. Mirrored: when the approver filed
            the other request (UTC).
        at: joined: when the approver was first seen in the group. Absent: when the approver was looked for
            there. Mirrored: when the other request was approved (UTC); None while it waits.
        seconds: quick: between the request and its approval.
        other_id: mirrored: the id of the other request.
    """

    kind: SignKind
    since: datetime | None = None
    at: datetime | None = None
    seconds: int = 0
    other_id: str = ""


def signs_of(
    request: ApprovalRequest, roll: Roll | None, others: Iterable[ApprovalRequest]
) -> tuple[Sign, ...]:
    """What stands out about the approval of a request; empty for one that is not approved.

    Args:
        request: as it is listed now.
        roll: the approver groups; None where they are not known.
        others: other requests that are known.
    """
    if request.status not in _DECIDED:
        return ()
    found = [*(_of_membership(request, roll) if roll else ()), *_quick(request), *_mirrored(request, others)]
    return tuple(found)


def groups_that_may_decide(roll: Roll, request: ApprovalRequest) -> list[str]:
    """The ids of all groups whose members may have decided a request."""
    ids = (each.group_ids or () for each in policies_for(roll.policies, request))
    return list(dict.fromkeys(group_id for some in ids for group_id in some))


def _quick(request: ApprovalRequest) -> Iterator[Sign]:
    if request.requested_at is None or request.modified_at is None:
        return
    taken = request.modified_at - request.requested_at
    if timedelta() <= taken <= QUICK:
        yield Sign(SignKind.QUICK, seconds=round(taken.total_seconds()))


def _mirrored(request: ApprovalRequest, others: Iterable[ApprovalRequest]) -> Iterator[Sign]:
    """The approver's own request of about that time that the requestor of this one decided or may decide."""
    for other in others:
        if other.id != request.id and _is_mirror(request, other):
            at = None if other.status == NEEDS_APPROVAL else other.modified_at
            yield Sign(SignKind.MIRRORED, since=other.requested_at, at=at, other_id=other.id)
            return


def _is_mirror(request: ApprovalRequest, other: ApprovalRequest) -> bool:
    if request.requested_at is None or other.requested_at is None:
        return False
    is_near = abs(request.requested_at - other.requested_at) <= _PAIR
    if not is_near or not is_same(request.approver, other.requestor):
        return False
    if other.status == NEEDS_APPROVAL:
        return other.policy_types == request.policy_types
    return other.status in _DECIDED and is_same(other.approver, request.requestor)


def _of_membership(request: ApprovalRequest, roll: Roll) -> Iterator[Sign]:
    groups = [roll.groups.get(each) for each in groups_that_may_decide(roll, request)]
    known = [each for each in groups if each is not None and each.members is not None]
    if not known or len(known) < len(groups):
        return
    standing = [found for group in known if (found := _member(group, request.approver))]
    if not standing:
        yield from _absent(request, known)
    elif request.requested_at and all(each.seen_at > request.requested_at for each in standing):
        first = min(standing, key=lambda each: each.seen_at)
        if first.absent_at is not None:
            yield Sign(SignKind.JOINED, since=first.absent_at, at=first.seen_at)


def _member(group: KnownGroup, approver: Identity) -> KnownMember | None:
    return next((each for each in group.members or () if is_member(approver, each.member)), None)


def _absent(request: ApprovalRequest, groups: list[KnownGroup]) -> Iterator[Sign]:
    """That the approver is in none of the groups, read after the decision; none holds groups."""
    members = [each.member for group in groups for each in group.members or ()]
    is_comparable = request.approver.kind == "user" and (
        request.approver.id or (request.approver.upn and all(each.account for each in members))
    )
    read_at = min(each.read_at for each in groups)
    is_fresh = request.modified_at is not None and read_at >= request.modified_at
    has_nested = any(each.kind is MemberKind.GROUP for each in members)
    if is_comparable and is_fresh and not has_nested and request.status == APPROVED:
        yield Sign(SignKind.ABSENT, at=read_at)
