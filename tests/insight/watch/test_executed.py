"""What was done in Intune is held against what was approved."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from maa_notify.demo.audit_events import device, intune_app, intune_event, intune_person, wiped
from maa_notify.demo.samples import Json
from maa_notify.domain.alert import Alert, Severity
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Step
from maa_notify.domain.request import (
    APPROVED,
    COMPLETED,
    NEEDS_APPROVAL,
    REJECTED,
    ApprovalRequest,
    Identity,
    Target,
)
from maa_notify.graph.log_entries import intune_entry
from maa_notify.insight.watch.executed import Outcome, executions
from maa_notify.insight.watch.execution_alerts import execution_alerts
from maa_notify.insight.watch.ground import Ground, Protected
from tests.insight.watch.conftest import NOON

LAPTOP = "b2e50000-0000-4000-8000-000000000002"
MIRA = Identity("user", "Mira Holt", "mira.holt@contoso.com", "a1f40000-0000-4000-8000-000000000001")
BY_MIRA = intune_person(MIRA.id, MIRA.upn)
BY_APP = intune_app("2c920000-0000-4000-8000-000000000005", "fabrikam-release")
LATER = NOON + timedelta(hours=1)


def known(status: str = APPROVED, request_id: str = "1", **changes: object) -> RequestState:
    """A request to wipe Mira's laptop, approved ten minutes before noon."""
    request = ApprovalRequest(
        id=request_id,
        status=status,
        policy_types=("deviceWipe",),
        requested_at=NOON - timedelta(minutes=30),
        expires_at=NOON + timedelta(days=3),
        modified_at=NOON - timedelta(minutes=10),
        requestor=MIRA,
        target=Target(name="LAPTOP-42", action="wipe", device_id=LAPTOP),
    )
    steps = (
        (Step(APPROVED, NOON - timedelta(minutes=10), Identity()),) if status in {APPROVED, COMPLETED} else ()
    )
    return RequestState(replace(request, **changes), steps=steps)


def outcomes(
    raw: Sequence[Json], states: Sequence[RequestState], ground: Ground, now: datetime = LATER
) -> list[str]:
    """How each operation compares."""
    entries = [entry for entry in map(intune_entry, raw) if entry is not None]
    return [each.outcome for each in executions(entries, states, ground, now)]


def told(raw: Sequence[Json], states: Sequence[RequestState], ground: Ground) -> list[Alert]:
    """The alerts about these operations."""
    entries = [entry for entry in map(intune_entry, raw) if entry is not None]
    return execution_alerts(executions(entries, states, ground, LATER))


@pytest.mark.parametrize(
    "states, outcome",
    [
        ([known()], Outcome.APPROVED),
        ([known(COMPLETED, modified_at=NOON)], Outcome.APPROVED),
        ([], Outcome.WITHOUT_APPROVAL),
        ([known(NEEDS_APPROVAL)], Outcome.MISMATCH),
        ([known(REJECTED)], Outcome.MISMATCH),
        ([known(requestor=Identity("user", "Theo", "theo@contoso.com", "other"))], Outcome.MISMATCH),
        ([known(requestor=Identity())], Outcome.APPROVED),
        ([known(expires_at=NOON - timedelta(hours=2))], Outcome.MISMATCH),
        ([known(COMPLETED, modified_at=NOON - timedelta(days=2))], Outcome.MISMATCH),
        ([known(policy_types=("deviceAction",))], Outcome.APPROVED),
        ([known(policy_types=("deviceRetire",))], Outcome.WITHOUT_APPROVAL),
        (
            [known(target=Target(name="LAPTOP-42", action="retire", device_id=LAPTOP))],
            Outcome.WITHOUT_APPROVAL,
        ),
        (
            [known(target=Target(name="OTHER", action="wipe", device_id=str(uuid.uuid4())))],
            Outcome.WITHOUT_APPROVAL,
        ),
        ([known(NEEDS_APPROVAL, "2"), known()], Outcome.APPROVED),
    ],
)
def test_a_wipe_is_held_against_the_requests(
    ground: Ground, states: Sequence[RequestState], outcome: Outcome
) -> None:
    """By object, verb, status, time and person."""
    assert outcomes([wiped(NOON, BY_MIRA, LAPTOP)], states, ground) == [outcome]


def test_what_was_done_before_its_approval_does_not_match(ground: Ground) -> None:
    """The approval came ten minutes before noon."""
    early = wiped(NOON - timedelta(minutes=20), BY_MIRA, LAPTOP)

    assert outcomes([early], [known()], ground) == [Outcome.MISMATCH]


def test_a_young_operation_waits_for_its_request(ground: Ground) -> None:
    """The list may be behind the log; an approval that is there is believed at once."""
    raw = wiped(NOON, BY_MIRA, LAPTOP)

    assert outcomes([raw], [], ground, NOON + timedelta(minutes=19)) == [Outcome.EARLY]
    assert outcomes([raw], [], ground, NOON + timedelta(minutes=20)) == [Outcome.WITHOUT_APPROVAL]
    assert outcomes([raw], [known()], ground, NOON) == [Outcome.APPROVED]


def test_an_app_is_called_one(ground: Ground) -> None:
    """With the request of an app of the same name it is approved."""
    by_app = known(requestor=Identity("application", "fabrikam-release", "", "another id"))
    raw = wiped(NOON, BY_APP, LAPTOP)

    assert outcomes([raw], [], ground) == [Outcome.BY_APP]
    assert outcomes([raw], [by_app], ground) == [Outcome.APPROVED]


def test_a_request_for_many_devices_allows_as_many(ground: Ground) -> None:
    """Only the first is known by its id; the third wipe of a request for two is nobody's."""
    bulk = known(target=Target(name="LAPTOP-42", action="wipe", device_id=LAPTOP, device_count=2))
    wipes = [wiped(NOON + timedelta(seconds=number), BY_MIRA, str(uuid.uuid4())) for number in range(3)]

    assert outcomes(wipes, [bulk], ground) == [Outcome.APPROVED, Outcome.APPROVED, Outcome.WITHOUT_APPROVAL]


@pytest.mark.parametrize(
    "raw",
    [
        intune_event("syncDevice ManagedDevice", NOON, BY_MIRA, device(LAPTOP)),
        intune_event("Get ManagedDevice", NOON, BY_MIRA, device(LAPTOP)),
        intune_event("Create ClientCertificate", NOON, BY_MIRA),
        intune_event("retire ManagedDevice", NOON, BY_MIRA, device(LAPTOP)),
        {**wiped(NOON, BY_MIRA, LAPTOP), "actor": {**BY_MIRA, "auditActorType": "IW"}},
        {**wiped(NOON, BY_MIRA, LAPTOP), "activityResult": "Failure"},
        wiped(datetime(2025, 1, 1, tzinfo=NOON.tzinfo), BY_MIRA, LAPTOP),
    ],
    ids=[
        "a sync",
        "a look",
        "an enrolment",
        "a type without a policy",
        "the user's own",
        "a failure",
        "before the policy",
    ],
)
def test_what_needs_no_approval_is_left_alone(ground: Ground, raw: Json) -> None:
    """No outcome at all."""
    assert outcomes([raw], [], ground) == []


@pytest.mark.parametrize(
    "activity",
    [
        "Patch DeviceCompliancePolicy",
        "updateDeviceCompliancePolicy DeviceCompliancePolicy",
        "deleteDeviceCompliancePolicy",
    ],
)
def test_both_dialects_are_read(ground: Ground, activity: str) -> None:
    """A verb and an entity, together or apart."""
    guarded = replace(ground, protected={"compliancePolicy": Protected(NOON - timedelta(days=1))})
    raw = intune_event(
        activity, NOON, BY_MIRA, {"displayName": "Baseline", "auditResourceType": "", "resourceId": "1"}
    )

    assert outcomes([raw], [], guarded) == [Outcome.WITHOUT_APPROVAL]


@pytest.mark.parametrize(
    "activity, kind",
    [
        ("Delete ManagedDeviceMobileAppConfiguration", "ManagedDeviceMobileAppConfiguration"),
        ("Delete ManagedDeviceCleanupRule", "ManagedDeviceCleanupRule"),
    ],
)
def test_what_only_begins_like_a_device_is_none(ground: Ground, activity: str, kind: str) -> None:
    """Its deletion is not that of a device."""
    guarded = replace(ground, protected={"deviceDelete": Protected(NOON - timedelta(days=1))})
    raw = intune_event(
        activity, NOON, BY_MIRA, {"displayName": "x", "auditResourceType": kind, "resourceId": "1"}
    )

    assert outcomes([raw], [], guarded) == []


def test_one_policy_may_protect_all_actions_on_devices(ground: Ground) -> None:
    """Sources disagree whether there is one type or three."""
    guarded = replace(ground, protected={"deviceAction": Protected(NOON - timedelta(days=1))})

    assert outcomes([wiped(NOON, BY_MIRA, LAPTOP)], [], guarded) == [Outcome.WITHOUT_APPROVAL]


@pytest.mark.parametrize("name", ["<null>", None, "", "VPN"])
def test_an_object_without_a_name_is_compared_by_the_rest(ground: Ground, name: str | None) -> None:
    """Of everything but devices only the name is known; the log may leave it out."""
    guarded = replace(ground, protected={"script": Protected(NOON - timedelta(days=1))})
    asked = known(policy_types=("script",), target=Target(name="VPN", operation="Create"))
    resource = {"displayName": name, "auditResourceType": "DeviceManagementScript", "resourceId": "1"}
    raw = intune_event("createDeviceManagementScript", NOON, BY_MIRA, resource)
    by_another = {**raw, "actor": {**BY_MIRA, "userId": "2", "userPrincipalName": "x@contoso.com"}}

    assert outcomes([raw], [asked], guarded) == [Outcome.APPROVED]
    assert outcomes([by_another], [asked], guarded) == [Outcome.MISMATCH]


def test_access_policies_are_always_protected(ground: Ground) -> None:
    """Whatever is known of the others."""
    raw = intune_event(
        "Delete OperationApprovalPolicy", NOON, BY_MIRA, {"displayName": "MAA wipe", "resourceId": "1"}
    )

    assert outcomes([raw], [], replace(ground, protected=None)) == [Outcome.WITHOUT_APPROVAL]


@pytest.mark.parametrize(
    "lack", [{"protected": None}, {"history_since": None}, {"history_since": NOON - timedelta(minutes=5)}]
)
def test_what_cannot_be_known_rings_nowhere(ground: Ground, lack: dict[str, object]) -> None:
    """No policies read, or no history of that time."""
    raw = [wiped(NOON, BY_MIRA, LAPTOP)]

    assert outcomes(raw, [], replace(ground, **lack)) == [Outcome.UNKNOWN]
    assert told(raw, [], replace(ground, **lack)) == []


def test_five_wipes_within_ten_minutes_are_one_card(ground: Ground) -> None:
    """At once, and critical; four are four."""
    wipes = [wiped(NOON + timedelta(minutes=number), BY_MIRA, str(uuid.uuid4())) for number in range(5)]

    [burst] = told(wipes, [], ground)

    assert (burst.kind, burst.severity, len(burst.events)) == (
        "executed_without_approval",
        Severity.CRITICAL,
        5,
    )
    assert burst.title.startswith("5 times")
    assert "block the account" in burst.next_step
    assert [each.severity for each in told(wipes[:4], [], ground)] == [Severity.HIGH] * 4


def test_the_kinds_of_alerts_are_those_of_the_contract(ground: Ground) -> None:
    """Routing knows them by these words."""
    by_app = wiped(NOON, BY_APP, str(uuid.uuid4()))
    by_person = wiped(NOON, BY_MIRA, str(uuid.uuid4()))
    mismatch = wiped(NOON, BY_MIRA, LAPTOP)

    kinds = {each.kind for each in told([by_app, by_person, mismatch], [known(REJECTED)], ground)}

    assert kinds == {"executed_by_app", "executed_without_approval"}


def test_a_burst_does_not_wait_for_a_request(ground: Ground) -> None:
    """Nobody files 20 minutes after the wipe; fewer than five may still be listed."""
    wipes = [wiped(NOON + timedelta(minutes=number), BY_MIRA, str(uuid.uuid4())) for number in range(5)]
    entries = [entry for entry in map(intune_entry, wipes) if entry is not None]
    at_once = NOON + timedelta(minutes=5)

    [burst] = execution_alerts(executions(entries, [], ground, at_once))

    assert (burst.severity, len(burst.events)) == (Severity.CRITICAL, 5)
    assert execution_alerts(executions(entries[:4], [], ground, at_once)) == []


def test_five_within_an_hour_are_no_burst(ground: Ground) -> None:
    """Ten minutes are the bound for five, not for the time between two."""
    wipes = [wiped(NOON - timedelta(minutes=8 * number), BY_MIRA, str(uuid.uuid4())) for number in range(5)]

    assert len(told(wipes, [], ground)) == 5
