"""How dangerous a request is."""

import pytest

from maa_notify.domain.request import POLICY_TYPES, Assignment, Identity, Target
from maa_notify.domain.risk import Assessment, Reason, Risk, assess
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
        (Assignment("target"), Assessment(Risk.MEDIUM)),
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
