"""What may be hidden, and what has left the list by itself."""

from datetime import timedelta
from typing import Any

import pytest

from maa_notify.domain.request import Listing, Target
from maa_notify.domain.visibility import (
    FAMILIES,
    Outlook,
    Sight,
    families_of,
    has_left_by_itself,
    lost_families,
    of_families,
)
from tests.support.approval import NOW, approval

MONTH = timedelta(days=30)
SECOND = timedelta(seconds=1)
APPS = FAMILIES[0]
READ = "DeviceManagementApps.Read.All"


@pytest.mark.parametrize(
    "roles,sight",
    [
        (None, Sight.UNKNOWN),
        ((), Sight.HIDDEN),
        (("DeviceManagementScripts.Read.All",), Sight.HIDDEN),
        ((READ,), Sight.VISIBLE),
        (("devicemanagementapps.readwrite.all",), Sight.VISIBLE),
    ],
)
def test_a_permission_to_read_or_write_shows_its_family(roles: Any, sight: Sight) -> None:
    """In any spelling; a token that tells nothing hides nothing."""
    assert APPS.sight(roles) is sight
    assert ("apps" in Outlook(roles=roles).hidden) is (sight is Sight.HIDDEN)


@pytest.mark.parametrize(
    "types,object_type,expected",
    [
        (("app",), "", {"apps"}),
        (("app", "script"), "", {"apps", "scripts"}),
        (("app",), "ManagedDevice", {"apps"}),
        (("unknownFutureValue",), "ManagedDevice", {"device_actions"}),
        (("unknownFutureValue",), "", set()),
        ((), "somethingNew", set()),
    ],
)
def test_a_request_belongs_to_a_family_by_its_type_else_by_its_object(
    types: tuple[str, ...], object_type: str, expected: set[str]
) -> None:
    """One that tells nothing may belong to any of those that are lost."""
    request = approval(policy_types=types, target=Target(object_type=object_type))

    assert families_of(request) == expected
    assert of_families(request, (APPS,)) is (not expected or "apps" in expected)
    assert of_families(request, ()) is False


@pytest.mark.parametrize(
    "before,roles,lost",
    [
        (Outlook(last_roles=(READ,)), (), ["apps"]),
        (Outlook(last_roles=(READ,)), None, []),
        (Outlook(last_roles=(READ,)), (READ,), []),
        (Outlook(last_roles=()), (), []),
        (Outlook(), (), []),
        (Outlook(last_roles=(), lost=(READ,)), (), ["apps"]),
        (Outlook(last_roles=(), lost=(READ,)), (READ,), []),
    ],
)
def test_a_family_is_lost_that_was_seen_and_is_hidden(before: Outlook, roles: Any, lost: list[str]) -> None:
    """Until the permission is back, whatever other polls said."""
    assert [each.name for each in lost_families(before, roles)] == lost


def test_an_outlook_remembers_what_a_token_without_words_does_not_tell() -> None:
    """What was listed when, since when all is known, and what was lost."""
    earlier = NOW - timedelta(days=9)
    before = Outlook(earlier, (READ,), {"scripts": earlier, "apps": earlier}, 2, ("lost",), (READ,))
    listing = (approval(policy_types=("app",)), approval(policy_types=("new",)))
    listed = {"scripts": earlier, "apps": NOW, "": NOW}

    silent = before.after(Listing(listing), 1, (APPS,), NOW)
    told = before.after(Listing(listing, roles=("x",)), 1, (APPS,), NOW)

    assert silent == Outlook(earlier, None, listed, 1, ("lost",), (READ,))
    assert told == Outlook(earlier, ("x",), listed, 1, (READ,), ("x",))
    assert (silent.last_listed, Outlook().last_listed) == (NOW, None)
    assert Outlook().after(Listing(()), 0, (), NOW).since == NOW


@pytest.mark.parametrize(
    "times,has_left",
    [
        ({"expires_at": NOW - MONTH}, False),
        ({"expires_at": NOW - MONTH - SECOND}, True),
        ({"expires_at": NOW, "modified_at": NOW - 2 * MONTH}, False),
        ({"expires_at": None, "modified_at": NOW - 2 * MONTH, "requested_at": NOW}, True),
        ({"expires_at": None, "modified_at": None, "requested_at": NOW - 2 * MONTH}, True),
        ({"expires_at": None, "modified_at": None, "requested_at": None}, False),
    ],
)
def test_intune_lists_a_request_for_thirty_days_after_its_end(times: dict[str, Any], has_left: bool) -> None:
    """After that nobody waits for a permission to see it; without any time that cannot be told."""
    assert has_left_by_itself(approval(**times), NOW) is has_left
