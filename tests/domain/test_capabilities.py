"""What takes which permission."""

import re

import pytest

from maa_notify.domain.capabilities import APPROVERS, CAPABILITIES, REQUESTS, Capability
from maa_notify.domain.request import GUID
from maa_notify.domain.visibility import RECOMMENDED


def test_the_capabilities_have_the_names_of_the_contract() -> None:
    """Scripts and settings know them by these."""
    assert [each.name for each in CAPABILITIES] == ["requests", "approvers", "audit", "watch", "posture"]


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda each: each.name)
def test_every_permission_only_reads(capability: Capability) -> None:
    """A notifier that may write would be worth stealing."""
    for permission in capability.permissions:
        assert re.search(r"\.Read\.|RoleManagement\.Read\.Directory", permission.name)
        assert GUID.fullmatch(permission.id)
        assert permission.purpose
        assert permission.without


def test_one_permission_has_one_id() -> None:
    """A permission may serve several capabilities."""
    ids = {each.name: each.id for one in CAPABILITIES for each in one.permissions}

    assert all(ids[each.name] == each.id for one in CAPABILITIES for each in one.permissions)
    assert {each.name for each in REQUESTS.permissions} == RECOMMENDED


def test_the_twin_that_lets_write_opens_the_same() -> None:
    """In any case."""
    held = ["devicemanagementrbac.readwrite.all", "User.Read.All"]

    assert [each.name for each in APPROVERS.missing(held)] == ["GroupMember.Read.All"]
