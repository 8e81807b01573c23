"""How dangerous a request is."""

import pytest

from maa_notify.cards.strings import RISK_REASON
from maa_notify.domain.request import POLICY_TYPES, ApprovalRequest, Assignment, Identity, Target
from maa_notify.domain.risk import HIGH, Assessment, Reason, Risk, assess
from maa_notify.graph.requests import parse_request
from tests.support.approval import approval
from tests.support.examples import example


@pytest.mark.parametrize(
    "name,expected",
    [
        ("wipe", Assessment(Risk.HIGH, (Reason.WIPE,))),
        ("app", Assessment(Risk.MEDIUM)),
        ("retire", Assessment(Risk.HIGH, (Reason.RETIRE,))),
        ("script", Assessment(Risk.HIGH, (Reason.APPLICATION, Reason.SCRIPT))),
        ("settings", Assessment(Risk.MEDIUM)),
        ("policy", Assessment(Risk.HIGH, (Reason.GUARD,))),
    ],
)
def test_the_known_shapes_are_judged_as_an_administrator_would(name: str, expected: Assessment) -> None:
    """What destroys devices, runs code or changes the guard itself is high; the rest is medium."""
    assert assess(parse_request(example(name))) == expected


@pytest.mark.parametrize("kind", ["unknown", "unknownFutureValue", "neverHeardOf"])
def test_what_nobody_has_classified_is_never_low(kind: str) -> None:
    """A type that is new to us must not look harmless."""
    assert assess(approval(policy_types=(kind,))).risk is Risk.MEDIUM
    assert assess(approval(policy_types=())).risk is Risk.MEDIUM


def test_one_dangerous_type_among_harmless_ones_decides() -> None:
    """A request of two types is as dangerous as the worse of them."""
    assert assess(approval(policy_types=("customOrganizationalMessage",))).risk is Risk.LOW
    assert assess(approval(policy_types=("customOrganizationalMessage", "app"))).risk is Risk.MEDIUM
    assert assess(approval(policy_types=("customOrganizationalMessage", "role"))).risk is Risk.HIGH


@pytest.mark.parametrize("kind", POLICY_TYPES)
def test_an_application_as_requestor_makes_anything_high(kind: str) -> None:
    """Whoever holds an application's secret could file and approve: a loud word for every type."""
    found = assess(approval(policy_types=(kind,), requestor=Identity("application", "pipe")))

    assert found.risk is Risk.HIGH
    assert Reason.APPLICATION in found.reasons


@pytest.mark.parametrize(
    "kind", ["DeviceManagementScript", "devicehealthscript", "RoleDefinition", "ManagedDevice"]
)
def test_an_object_behind_the_sentinel_type_is_still_judged(kind: str) -> None:
    """Where Graph hides the policy type, the object's internal type tells of scripts, roles and devices."""
    request = approval(policy_types=("unknownFutureValue",), target=Target(object_type=kind))

    assert assess(request).risk is Risk.HIGH


def test_an_access_policy_behind_the_sentinel_type_is_called_out() -> None:
    """A change of the guard itself shows even when its type does not."""
    request = approval(
        policy_types=("unknownFutureValue",), target=Target(object_type="OperationApprovalPolicy")
    )

    assert assess(request) == Assessment(Risk.HIGH, (Reason.GUARD,))


@pytest.mark.parametrize(
    "assignment,expected",
    [
        (Assignment("all devices"), Assessment(Risk.HIGH, (Reason.EVERYBODY,))),
        (Assignment("all users", "required"), Assessment(Risk.HIGH, (Reason.EVERYBODY,))),
        (Assignment("all users", "uninstall"), Assessment(Risk.HIGH, (Reason.UNINSTALL,))),
        (Assignment("all devices", "uninstall"), Assessment(Risk.HIGH, (Reason.UNINSTALL,))),
        (Assignment("all devices", "other"), Assessment(Risk.HIGH, (Reason.EVERYBODY,))),
        (Assignment("group", "uninstall"), Assessment(Risk.MEDIUM)),
        (Assignment("excluded group", "uninstall", 9), Assessment(Risk.MEDIUM)),
        (Assignment("target"), Assessment(Risk.HIGH, (Reason.UNREADABLE,))),
        (Assignment("target", "required"), Assessment(Risk.HIGH, (Reason.UNREADABLE,))),
    ],
)
def test_what_reaches_everybody_is_high(assignment: Assignment, expected: Assessment) -> None:
    """An app for all devices can do more harm than one for a pilot group; whom it spares is no reach."""
    target = Target(assignments=(Assignment("group"), assignment))

    assert assess(approval(policy_types=("app",), target=target)) == expected


def test_what_is_taken_away_from_everybody_is_not_said_to_reach_them() -> None:
    """An assignment that goes is not one that comes."""
    target = Target(removed_assignments=(Assignment("all devices", "uninstall"),))

    assert assess(approval(policy_types=("app",), target=target)) == Assessment(Risk.MEDIUM)


@pytest.mark.parametrize(
    "action,reason",
    [("wipe", Reason.WIPE), ("Retire", Reason.RETIRE), ("delete", Reason.DELETE), ("shout", Reason.DEVICE)],
)
def test_a_device_action_behind_the_sentinel_type_is_known_by_its_name(action: str, reason: Reason) -> None:
    """Wiping and retiring are told apart where only the object and the action are told."""
    target = Target(object_type="ManagedDevice", action=action)

    assert assess(approval(policy_types=("unknownFutureValue",), target=target)).reasons == (reason,)


@pytest.mark.parametrize(
    "types,target",
    [
        (("unknownFutureValue",), Target(operation="Delete", object_type="ManagedDevice")),
        (("deviceAction",), Target(action="DELETE")),
        (("deviceAction",), Target(operation="Action", subtype="Delete")),
        (("deviceAction",), Target(operation="Action", object_type="manageddevice", action="delete")),
    ],
)
def test_the_deletion_of_a_device_is_known_however_it_is_told(types: tuple[str, ...], target: Target) -> None:
    """What deleting can do is said whether the verb, the action or the policy type tells of it."""
    assert assess(approval(policy_types=types, target=target)).reasons == (Reason.DELETE,)


def test_what_weighs_most_is_said_first_and_nothing_twice() -> None:
    """A wipe is not also called a device action; the guard itself comes before everything else."""
    request = approval(
        policy_types=("deviceAction", "deviceWipe", "operationApprovalPolicy"),
        requestor=Identity("application", "pipe"),
    )

    assert assess(request).reasons == (Reason.GUARD, Reason.APPLICATION, Reason.WIPE)


DEVICE_TYPES = [name for name in POLICY_TYPES if name in HIGH and name.startswith("device")]
UNDOCUMENTED = {
    "payloadType": "Microsoft.Management.Services.Api.ManagedDevice",
    "payloadOperation": "Action",
    "displayPayload": [{"deviceName": "LT-1"}],
}


def told(types: list[str], **fields: object) -> ApprovalRequest:
    """A request with these policy types and undocumented fields, as Graph would send it."""
    raw = {"id": "x", "status": "needsApproval", "requiredOperationApprovalPolicyTypes": types, **fields}
    return parse_request(raw)


@pytest.mark.parametrize("kind", DEVICE_TYPES)
def test_a_device_request_is_the_same_whether_undocumented_fields_are_there_or_not(kind: str) -> None:
    """What a documented type tells is not told otherwise because a field came along, or did not."""
    bare = assess(told([kind]))

    assert bare.risk is Risk.HIGH
    assert len(DEVICE_TYPES) == 11
    for name, value in UNDOCUMENTED.items():
        assert assess(told([kind], **{name: value})) == bare
    assert assess(told([kind], **UNDOCUMENTED)) == bare


@pytest.mark.parametrize("action", ["remoteLock", "resetPasscode", "wipe", "syncDevice", "neverHeardOf"])
@pytest.mark.parametrize("kind", ["deviceAction", "unknownFutureValue", "neverHeardOf"])
def test_an_action_is_as_risky_without_its_name_as_with_it(kind: str, action: str) -> None:
    """A type that hides the action is judged as the worst that it may hide."""
    full = {**UNDOCUMENTED, "actionName": action}

    for left_out in ("actionName", "payloadOperation", "displayPayload"):
        kept = {name: value for name, value in full.items() if name != left_out}
        assert assess(told([kind], **kept)).risk is assess(told([kind], **full)).risk is Risk.HIGH


@pytest.mark.parametrize(
    "kind,action,reason",
    [
        ("deviceLock", "", Reason.LOCK),
        ("deviceResetPasscode", "", Reason.PASSCODE),
        ("deviceDisableActivationLock", "", Reason.ACTIVATION_LOCK),
        ("deviceSecurityAction", "", Reason.SECURITY),
        ("deviceAction", "remoteLock", Reason.LOCK),
        ("deviceAction", "ResetPasscode", Reason.PASSCODE),
        ("unknownFutureValue", "bypassActivationLock", Reason.ACTIVATION_LOCK),
        ("unknownFutureValue", "rotateBitLockerKeys", Reason.SECURITY),
    ],
)
def test_what_erases_nothing_is_not_called_erasing(kind: str, action: str, reason: Reason) -> None:
    """Lock, passcode reset and security actions are told for what they are."""
    found = assess(told([kind], **UNDOCUMENTED, actionName=action))

    assert found == Assessment(Risk.HIGH, (reason,))
    assert "erase" not in RISK_REASON[reason]


@pytest.mark.parametrize("types", [[], ["unknown"], ["unknownFutureValue"], ["neverHeardOf"]])
@pytest.mark.parametrize(
    "fields,reason",
    [
        ({"actionName": "wipe"}, Reason.WIPE),
        ({"actionName": "DeviceWipe"}, Reason.WIPE),
        ({"payloadOperation": "Action", "payloadSubtype": "x.Retire"}, Reason.RETIRE),
        ({"actionName": "delete"}, Reason.DELETE),
        ({"payloadOperation": "Delete", "displayPayload": [{"deviceName": "LT-1"}]}, Reason.DELETE),
        ({"payloadOperation": "Delete", "payloadType": "x.MobileApp"}, Reason.UNKNOWN_DELETE),
        ({"payloadOperation": "delete"}, Reason.UNKNOWN_DELETE),
        ({"displayPayload": [{"actionName": "remoteLock"}, {"actionName": "wipe"}]}, Reason.WIPE),
        ({"actionName": "remoteWipe"}, Reason.UNKNOWN_DELETE),
        ({"actionName": "bulkRetire"}, Reason.UNKNOWN_DELETE),
        ({"payloadSubtype": "x.SecureErase"}, Reason.UNKNOWN_DELETE),
        ({"payloadOperation": "softDelete", "payloadType": "x.MobileApp"}, Reason.UNKNOWN_DELETE),
        ({"displayPayload": [{"deviceName": "LT-1"}, {"deviceName": "LT-2"}]}, Reason.DEVICE),
    ],
)
def test_what_takes_away_is_high_under_a_type_that_nobody_knows(
    types: list[str], fields: dict[str, object], reason: Reason
) -> None:
    """Wiping, retiring and deleting are known by their words alone, those of the last device included."""
    assert assess(told(types, **fields)) == Assessment(Risk.HIGH, (reason,))


@pytest.mark.parametrize(
    "kind,reason",
    [
        ("deviceFactoryReset", Reason.WIPE),
        ("deviceCleanWindows", Reason.WIPE),
        ("bulkDeviceWipe", Reason.UNKNOWN_DELETE),
        ("deviceRetireV2", Reason.UNKNOWN_DELETE),
        ("mobileAppDelete", Reason.UNKNOWN_DELETE),
    ],
)
def test_a_type_that_is_new_to_us_can_tell_by_its_own_name(kind: str, reason: Reason) -> None:
    """Graph may add types faster than this notifier learns them."""
    assert assess(told([kind])) == Assessment(Risk.HIGH, (reason,))
    assert assess(told(["app", kind])).risk is Risk.HIGH


def test_an_app_that_is_deleted_under_its_own_type_is_not_called_a_device() -> None:
    """The words count only where the type tells less than they do."""
    fields = {"payloadOperation": "Delete", "payloadType": "x.MobileApp"}

    assert assess(told(["app"], **fields)) == Assessment(Risk.MEDIUM)


@pytest.mark.parametrize("place", [0, 7, 8, 200, 400])
def test_a_dangerous_type_is_found_wherever_it_stands_in_the_list(place: int) -> None:
    """The whole list is judged before it is cut for the card."""
    harmless = [
        "app",
        "filter",
        "autopilot",
        "tunnel",
        "policySet",
        *(f"new{number}" for number in range(400)),
    ]
    types = [*harmless[:place], "deviceWipe", *harmless[place:]]

    assert assess(told(types)).reasons == (Reason.WIPE,)


@pytest.mark.parametrize("other", ["app", "neverHeardOf", 7])
def test_a_long_list_is_not_low_because_of_its_beginning(other: object) -> None:
    """A type that is not known to be harmless is not cut off behind those that are."""
    low = ["customOrganizationalMessage"]

    assert assess(told([*low, other])).risk is Risk.MEDIUM  # type: ignore[list-item]
    assert assess(told([*low, *(f"customOrganizationalMessage{n}" for n in range(9))])).risk is Risk.MEDIUM


@pytest.mark.parametrize("place", [0, 200, 4_999])
def test_everybody_is_found_wherever_it_stands_among_the_assignments(place: int) -> None:
    """Not even five thousand groups hide all devices."""
    groups: list[object] = [{"target": {"@odata.type": "x.groupAssignmentTarget"}}] * 5_000
    groups[place] = {"target": {"@odata.type": "x.allDevicesAssignmentTarget"}}

    assert assess(told(["app"], addedAssignments=groups)).reasons == (Reason.EVERYBODY,)


@pytest.mark.parametrize("added", ["[{", [{"target": {"@odata.type": "x.new"}}], [{"target": None}], ["x"]])
def test_a_reach_that_cannot_be_read_is_high(added: object) -> None:
    """What nobody can read may be everybody."""
    assert assess(told(["app"], addedAssignments=added)).reasons == (Reason.UNREADABLE,)


def test_an_object_s_type_is_known_however_long_its_name_is() -> None:
    """What stands before the last dot is never cut instead of what stands behind it."""
    found = assess(told(["unknownFutureValue"], payloadType="Microsoft." + "x" * 300 + ".ManagedDevice"))

    assert found.reasons == (Reason.DEVICE,)
