"""What belongs together is told together, and what is expected is muted."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from maa_notify.demo.audit_events import member_added, permission_granted, person
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Step, short_key
from maa_notify.domain.request import APPROVED, ApprovalRequest, Identity
from maa_notify.insight.watch.allow import Allowed, muting
from maa_notify.insight.watch.stories import story_of
from tests.insight.watch.conftest import GROUP, NOON, Alerts
from tests.insight.watch.test_rules import MALLORY, OTHER_APP, PUPPET, WIPES

STRANGER = person("5", "stranger@contoso.com")


def approved_by_puppet(at: datetime) -> RequestState:
    """A request that the puppet approved."""
    request = ApprovalRequest(id="7c1a", status=APPROVED, policy_types=("deviceWipe",))
    return RequestState(
        request, steps=(Step(APPROVED, at, Identity("user", "Puppet", PUPPET[1], PUPPET[0])),)
    )


def test_a_puppet_and_the_approval_are_one_story(alerts: Alerts) -> None:
    """Added at noon, approved three minutes later."""
    [joined] = alerts(member_added(NOON, MALLORY, GROUP, PUPPET))

    story = story_of(joined, [joined], [approved_by_puppet(NOON + timedelta(minutes=3))])

    assert [(each.at, each.what) for each in story] == [
        (NOON, "Somebody was added to an approver group"),
        (NOON + timedelta(minutes=3), f"approved request {short_key('7c1a')}"),
    ]
    assert {each.who for each in story} == {PUPPET[1]}


def test_alerts_of_one_person_are_one_story_in_their_order(alerts: Alerts) -> None:
    """Through whom and what they share, also over several steps."""
    told = alerts(
        member_added(NOON + timedelta(minutes=9), MALLORY, GROUP, PUPPET),
        permission_granted(NOON, person(*PUPPET), *WIPES, OTHER_APP),
        permission_granted(NOON, STRANGER, *WIPES, ("x", "y", "z")),
    )
    group = next(each for each in told if each.kind == "B8")

    assert [each.at for each in story_of(group, told, [])] == [NOON, NOON + timedelta(minutes=9)]


def test_what_stands_alone_or_lies_far_apart_is_no_story(alerts: Alerts) -> None:
    """A day is the bound."""
    [joined] = alerts(member_added(NOON, MALLORY, GROUP, PUPPET))
    old = replace(joined, at=NOON - timedelta(days=2), events=("old",))

    assert story_of(joined, [joined], []) == ()
    assert story_of(joined, [joined, old], [approved_by_puppet(NOON + timedelta(days=2))]) == ()


@pytest.mark.parametrize("object_id", [PUPPET[0], GROUP[0], MALLORY["user"]["id"]])
@pytest.mark.parametrize("kind", ["b8", "*"])
def test_what_is_expected_is_muted(alerts: Alerts, object_id: str, kind: str) -> None:
    """By whoever did it, or what it was done to, until the end of the entry."""
    [joined] = alerts(member_added(NOON, MALLORY, GROUP, PUPPET))
    allowed = Allowed(object_id.lower(), kind, "a planned change", NOON + timedelta(days=1))

    assert muting(joined, [allowed], NOON) == allowed
    assert muting(joined, [allowed], NOON + timedelta(days=1)) is None
    assert muting(joined, [replace(allowed, alert="b1")], NOON) is None
    assert muting(joined, [replace(allowed, object_id="other")], NOON) is None
