"""What stands out about an approval, and that what is usual does not."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify.domain.access import AccessPolicy, Group, Member, MemberKind
from maa_notify.domain.approvers import KnownGroup, Roll
from maa_notify.domain.request import APPROVED, COMPLETED, NEEDS_APPROVAL, REJECTED, ApprovalRequest, Identity
from maa_notify.domain.signs import Sign, SignKind, signs_of
from tests.support.approval import FILED, NOW, approval

GROUP = "284b3745-0008-4385-bf00-000000000008"
MIRA, AIKO = Identity("user", "Mira Holt", "", "m1"), Identity("user", "Aiko Mori", "", "a1")
MEMBER, OTHER = Member("a1", name="Aiko Mori"), Member("o1", account="oskar@contoso.com")
POLICY = AccessPolicy("p1", "Wipes", ("deviceWipe",), "", (GROUP,))
KIND = Group(GROUP, "MAA approvers", is_security=True)
BEFORE, AFTER = FILED - timedelta(minutes=30), FILED + timedelta(minutes=5)
DECIDED = FILED + timedelta(minutes=3)


def decided(by: Identity = AIKO, status: str = APPROVED, **changes: object) -> ApprovalRequest:
    """A wipe that was approved three minutes after it had been filed."""
    request = approval(status, requestor=MIRA, approver=by, modified_at=DECIDED)
    return replace(request, **changes)


def roll(group: KnownGroup, policy: AccessPolicy = POLICY) -> Roll:
    """What was read of a tenant with one approver group."""
    return Roll(group.read_at, (policy,), {GROUP: group})


def read(*members: Member) -> KnownGroup:
    """The group as it was before the request was filed."""
    return KnownGroup(GROUP, BEFORE, members=None).after(KIND, members, BEFORE)


def kinds(request: ApprovalRequest, group: KnownGroup | None, *others: ApprovalRequest) -> list[SignKind]:
    """What stands out."""
    return [each.kind for each in signs_of(request, roll(group) if group else None, others)]


def test_an_approver_who_joined_after_the_request_was_filed_stands_out() -> None:
    """With when the group was last seen without and first seen with them."""
    joined = read(OTHER).after(KIND, [OTHER, MEMBER], AFTER)

    assert signs_of(decided(), roll(joined), ()) == (Sign(SignKind.JOINED, since=BEFORE, at=AFTER),)
    assert kinds(decided(status=COMPLETED), joined) == [SignKind.JOINED]
    assert kinds(decided(by=replace(AIKO, id="", upn="x@contoso.com")), joined) == []


def test_an_approver_who_was_there_before_does_not() -> None:
    """Nor one who was there at the first reading, of whom nobody knows since when."""
    assert kinds(decided(), read(MEMBER).after(KIND, [MEMBER], AFTER)) == []
    first = KnownGroup(GROUP, AFTER, members=None).after(KIND, [MEMBER], AFTER)
    assert kinds(decided(), first) == []
    earlier = KnownGroup(GROUP, BEFORE - timedelta(hours=1)).after(KIND, [MEMBER], BEFORE)
    assert kinds(decided(), earlier) == []


def test_an_approver_in_two_groups_counts_from_the_earlier() -> None:
    """Whoever could decide before by another group did not have to join."""
    second = replace(read(MEMBER), id="2")
    joined = read(OTHER).after(KIND, [OTHER, MEMBER], AFTER)
    both = Roll(AFTER, (replace(POLICY, group_ids=(GROUP, "2")),), {GROUP: joined, "2": second})

    assert signs_of(decided(), both, ()) == ()


def test_an_approver_who_is_in_no_group_after_the_decision_stands_out() -> None:
    """Perhaps they were let in and taken out again; by a list of before nobody can tell."""
    after = read(OTHER).after(KIND, [OTHER], AFTER)

    assert signs_of(decided(), roll(after), ()) == (Sign(SignKind.ABSENT, at=AFTER),)
    assert kinds(decided(), read(OTHER)) == []
    assert kinds(decided(status=COMPLETED), after) == []


@pytest.mark.parametrize(
    "by",
    [
        Identity("user", "Aiko Mori"),
        Identity("application", "x", id="s1"),
        Identity(),
        Identity("user", upn="aiko@contoso.com"),
    ],
)
def test_an_approver_who_cannot_be_compared_does_not_stand_out(by: Identity) -> None:
    """A name alone, an application, nobody, an account where those of members may not be seen."""
    hidden = read(replace(OTHER, account="")).after(KIND, [replace(OTHER, account="")], AFTER)

    assert kinds(decided(by), hidden) == []


def test_members_of_nested_groups_do_not_stand_out() -> None:
    """Who is in them is not known."""
    nested = [OTHER, Member("n1", MemberKind.GROUP)]

    assert kinds(decided(), read(*nested).after(KIND, nested, AFTER)) == []


@pytest.mark.parametrize("seconds, stands_out", [(0, True), (60, True), (61, False), (-1, False)])
def test_an_approval_within_a_minute_stands_out(seconds: int, stands_out: bool) -> None:
    """Nobody reads a request in that time; a clock that runs backwards proves nothing."""
    request = decided(modified_at=FILED + timedelta(seconds=seconds))

    expected = [Sign(SignKind.QUICK, seconds=seconds)] if stands_out else []
    assert list(signs_of(request, None, ())) == expected


def mirror(status: str = APPROVED, by: Identity = MIRA, **changes: object) -> ApprovalRequest:
    """A request of the approver's own, filed ten minutes before."""
    fields = {"id": "other", "requested_at": FILED - timedelta(minutes=10), "modified_at": FILED}
    request = approval(status, requestor=AIKO, approver=by, **fields)
    return replace(request, **changes)


def test_two_who_approve_each_other_stand_out() -> None:
    """With when the other request was filed and approved, or that it still waits."""
    found = signs_of(decided(), None, [decided(), mirror()])
    waiting = signs_of(decided(), None, [mirror(NEEDS_APPROVAL, Identity())])

    filed = FILED - timedelta(minutes=10)
    assert found == (Sign(SignKind.MIRRORED, since=filed, at=FILED, other_id="other"),)
    assert waiting == (Sign(SignKind.MIRRORED, since=filed, other_id="other"),)


@pytest.mark.parametrize(
    "other",
    [
        mirror(REJECTED),
        mirror(by=Identity("user", "Oskar", "", "o1")),
        mirror(requested_at=FILED - timedelta(minutes=61)),
        mirror(requested_at=None),
        mirror(NEEDS_APPROVAL, Identity(), policy_types=("app",)),
        mirror(requestor=Identity()),
    ],
)
def test_what_is_no_pair_does_not_stand_out(other: ApprovalRequest) -> None:
    """Refused, decided by another, filed at another time, of another kind, by nobody knows whom."""
    assert signs_of(decided(), None, [other]) == ()


@pytest.mark.parametrize("status", [NEEDS_APPROVAL, REJECTED, "expired"])
def test_only_approvals_stand_out(status: str) -> None:
    """Whatever else is true."""
    request = decided(status=status, modified_at=FILED + timedelta(seconds=5))

    assert signs_of(request, roll(read(OTHER).after(KIND, [OTHER, MEMBER], NOW)), [mirror()]) == ()
