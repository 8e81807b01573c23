"""What is kept of payloads: kinds and intents, whatever they are wrapped in, and never more."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from maa_notify.domain.request import Assignment
from maa_notify.graph.requests import parse_request
from tests.support.examples import example

USERS, DEVICES = "#microsoft.graph.allLicensedUsersAssignmentTarget", "allDevicesAssignmentTarget"
GROUP, EXCLUDED = "#x.y.groupAssignmentTarget", "#x.exclusionGroupAssignmentTarget"


def entry(kind: str, intent: object = "Required", **more: object) -> dict[str, Any]:
    """An assignment as Intune writes it."""
    return {
        "@odata.type": "microsoft.graph.MobileAppAssignment",
        "intent": intent,
        "source": "Direct",
        "target": {"@odata.type": kind, **more},
    }


def read(added: object, **fields: object) -> tuple[Assignment, ...]:
    """The assignments of a request that names these as added."""
    return parse_request(example("app", addedAssignments=added, **fields)).target.assignments


@pytest.mark.parametrize(
    "target,word",
    [
        ({"@odata.type": USERS}, "all users"),
        ({"@odata.type": DEVICES}, "all devices"),
        ({"@ODATA.TYPE": DEVICES.upper()}, "all devices"),
        ({"@odata.type": GROUP, "groupId": "d407f301-0004-4f41-bf00-000000000004"}, "group"),
        ({"groupId": "d407f301-0004-4f41-bf00-000000000004"}, "group"),
        ({"@odata.type": GROUP, "groupId": "adadadad-808e-44e2-905a-0b7873a8a531"}, "all devices"),
        ({"@odata.type": GROUP, "groupId": "ACACACAC-9df4-4c7d-9d50-4ef0226f57a9"}, "all users"),
        ({"@odata.type": EXCLUDED}, "excluded group"),
        ({"@odata.type": EXCLUDED, "groupId": "adadadad-808e-44e2-905a-0b7873a8a531"}, "excluded group"),
        ({"@odata.type": "#x.somethingNew"}, "target"),
        ({"@odata.type": None}, "target"),
        ({"@odata.type": ["all devices"]}, "target"),
        ({"@odata.type": DEVICES, "groupId": 7}, "all devices"),
        (DEVICES, "all devices"),
        ("All devices", "all devices"),
        (json.dumps({"@odata.type": USERS}), "all users"),
        ("adadadad-808e-44e2-905a-0b7873a8a531", "all devices"),
        ("[" * 100_000, "target"),
        ("<at>all</at> devices", "target"),
        ("", "target"),
        (None, "target"),
        (7, "target"),
        ([], "target"),
        ({}, "target"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_assignment_targets_are_told_apart(target: object, word: str) -> None:
    """'All devices' must not read like one group, and what cannot be read is no more than a target."""
    assert read([{"target": target}]) == (Assignment(word),)


@pytest.mark.parametrize(
    "intent,expected",
    [
        ("Required", "required"),
        ("UNINSTALL", "uninstall"),
        (" uninstall ", "uninstall"),
        ("available", "available"),
        ("availableWITHOUTenrollment", "availableWithoutEnrollment"),
        ("", ""),
        (None, ""),
        ("wipeEverything", "other"),
        ("uninstall" * 1_000, "other"),
        (2, "other"),
        ({"x": 1}, "other"),
        ([], "other"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_intent_is_known_in_any_case(intent: object, expected: str) -> None:
    """Uninstall is not taken for Required; one that nobody has heard of is kept as such, without its word."""
    assert read([entry(DEVICES, intent)]) == (Assignment("all devices", expected),)


def test_an_intent_may_be_missing() -> None:
    """Policies and scripts have none."""
    assert read([{"target": {"@odata.type": GROUP}}] * 2) == (Assignment("group", "", 2),)


def test_the_whole_list_is_counted_by_kind_and_intent() -> None:
    """However long the list is, its last entry is not lost."""
    added: list[Any] = [
        *[entry(GROUP)] * 5_000,
        None,
        "x",
        7,
        [],
        entry(EXCLUDED),
        entry(EXCLUDED),
        entry(DEVICES, "Uninstall"),
    ]

    assert read(added) == (
        Assignment("all devices", "uninstall"),
        Assignment("excluded group", "required", 2),
        Assignment("group", "required", 5_000),
        Assignment("target", "", 2),
    )
    assert read(list(reversed(added))) == read(added)


LIST = [entry(DEVICES, "Uninstall"), None]
BODY = {"mobileAppAssignments": LIST}


@pytest.mark.parametrize(
    "value",
    [
        LIST,
        json.dumps(LIST),
        json.dumps(json.dumps(LIST)),
        [json.dumps(each) for each in LIST],
        LIST[0],
        BODY,
        json.dumps(BODY),
        {"body": json.dumps(BODY)},
        {"Parameters": {"Body": {"Assignments": json.dumps(LIST)}}},
        json.dumps([{"name": "mobileAppAssignments", "value": json.dumps(LIST)}]),
        [{"@odata.type": "x", "intent": "uninstall", "target": {"@odata.type": DEVICES}}],
    ],
    ids=lambda value: str(value)[:60],
)
@pytest.mark.parametrize("field", ["addedAssignments", "actionParameters"])
def test_a_list_is_found_in_any_wrapping(field: str, value: object) -> None:
    """The body of a bulk assign is read wherever Intune puts it: as JSON text, nested, or as it is."""
    fields: dict[str, object] = {"addedAssignments": None, field: value}

    assert parse_request(example("app", **fields)).target.assignments == (
        Assignment("all devices", "uninstall"),
    )


@pytest.mark.parametrize("added", [None, "", "[]", [], [None], "null", [{}], {"assignments": None}])
def test_the_parameters_tell_what_the_list_does_not(added: object) -> None:
    """An empty list of added assignments does not hide the body."""
    assert read(added, actionParameters=json.dumps(BODY)) == (Assignment("all devices", "uninstall"),)


@pytest.mark.parametrize(
    "added", ["{", "[{", "all devices", [["x"]], 7, {"name": "x"}, [{"x": {"y": 1}}], "[" * 100_000]
)
def test_a_list_that_cannot_be_read_is_told_as_a_target(added: object) -> None:
    """It may hold everybody, whatever the parameters tell besides."""
    assert read(added) == (Assignment("target"),)
    assert read(added, actionParameters={"mobileAppAssignments": [entry(GROUP)]}) == (
        Assignment("group", "required"),
        Assignment("target"),
    )


ODD = {"kind": "everything"}


@pytest.mark.parametrize(
    "added",
    [
        {"assignments": [entry(GROUP), ODD]},
        json.dumps({"assignments": json.dumps([entry(GROUP), "all devices"])}),
        [[entry(GROUP), "all devices"]],
        [{"body": [entry(GROUP), ODD]}],
        {"1": entry(GROUP), "2": ODD},
        {"assignments": [entry(GROUP)], "more": [[ODD]]},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_not_hidden_by_what_can(added: object) -> None:
    """One group beside it does not make an odd target harmless, whatever wraps the two."""
    assert read(added) == (Assignment("group", "required"), Assignment("target"))


@pytest.mark.parametrize("named", ["assignments", "MobileAppAssignments"])
@pytest.mark.parametrize("others", [[], [entry(GROUP)]])
def test_what_cannot_be_read_in_the_parameters_is_told(named: str, others: list[Any]) -> None:
    """A list that is named as one of assignments holds nothing else."""
    told = read(None, actionParameters=json.dumps({"body": {named: [*others, ODD]}}))

    assert told == (*[Assignment("group", "required") for _ in others], Assignment("target"))


@pytest.mark.parametrize("field", ["payload", "patchPayload"])
@pytest.mark.parametrize("wrap", [json.dumps, dict], ids=["text", "object"])
def test_everybody_in_the_body_of_the_object_counts(field: str, wrap: Callable[..., object]) -> None:
    """An app that is made with its assignments reaches whom they name."""
    body = wrap({"displayName": "VPN", "assignments": [entry(GROUP), entry(DEVICES)]})

    assert read([entry(GROUP)], **{field: body}) == (
        Assignment("all devices", "required"),
        Assignment("group", "required"),
    )
    assert read([entry(GROUP)], **{field: wrap({"removedAssignments": [entry(DEVICES)]})}) == (
        Assignment("group", "required"),
    )


@pytest.mark.parametrize("field", ["targets", "moreAssignments"])
def test_further_targets_of_an_assignment_are_read(field: str) -> None:
    """A group in front does not hide all devices behind it."""
    told = read([{**entry(GROUP), field: [{"@odata.type": DEVICES}]}])

    assert told == (Assignment("all devices"), Assignment("group", "required"))


def test_everybody_in_the_parameters_is_not_hidden_by_a_list_of_groups() -> None:
    """Two fields that tell different reaches are told as the wider of them."""
    told = read([entry(GROUP)], actionParameters={"mobileAppAssignments": [entry(GROUP), entry(DEVICES)]})

    assert told == (Assignment("all devices", "required"), Assignment("group", "required"))


def test_the_body_is_not_counted_twice() -> None:
    """The list and the body say the same."""
    assert read([entry(GROUP)], actionParameters={"mobileAppAssignments": [entry(GROUP)]}) == (
        Assignment("group", "required"),
    )


def test_parameters_of_a_device_action_are_no_assignments() -> None:
    """A wipe is assigned to nobody."""
    assert parse_request(example("wipe")).target.assignments == ()


def test_removed_assignments_are_kept_apart() -> None:
    """What goes does not read like what stays, whichever field it stands in."""
    removed = [entry(DEVICES), entry(GROUP, "Available")]
    fields = {"addedAssignments": [entry(GROUP)], "removedAssignments": json.dumps(removed)}
    told = parse_request(example("app", **fields)).target

    assert told.assignments == (Assignment("group", "required"),)
    assert told.removed_assignments == (
        Assignment("all devices", "required"),
        Assignment("group", "available"),
    )
    assert read(None, actionParameters={"removedAssignments": removed}) == ()


@pytest.mark.parametrize("filler", ['{"assignments":', '{"target":', "[", '[{"target":'])
def test_deep_nesting_ends_in_nothing_worse_than_a_target(filler: str) -> None:
    """Neither the depth of a text nor that of the answer itself costs more than the field."""
    deep: Any = [entry(DEVICES)]
    for _ in range(500):
        deep = {"assignments": [deep]}

    for added in (filler * 100_000, deep, [{"target": deep, "intent": deep}]):
        assert {each.kind for each in read(added)} <= {"target"}


@pytest.mark.parametrize(
    "payload",
    [
        {"policySet": {"policyType": "deviceWipe", "policyPlatform": "windows10AndLater"}},
        {"PolicySet": {"PolicyType": "DEVICEWIPE", "PolicyPlatform": "WINDOWS10ANDLATER"}},
        {"policySet": json.dumps({"policyType": "deviceWipe", "policyPlatform": "windows10AndLater"})},
        {"policyType": "deviceWipe", "policyPlatform": "windows10AndLater", "policySet": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("field", ["payload", "patchPayload"])
def test_an_access_policy_tells_what_it_protects(field: str, payload: dict[str, Any]) -> None:
    """Since policies are made per platform, an approver has to know for which."""
    for value in (payload, json.dumps(payload)):
        fields: dict[str, object] = {"payload": None, "patchPayload": None, field: value}
        target = parse_request(example("policy", **fields)).target

        assert (target.protects, target.platform) == ("deviceWipe", "windows10AndLater")


@pytest.mark.parametrize(
    "payload",
    [
        {"policySet": {"policyType": "newThing", "policyPlatform": "notApplicable"}},
        {"policySet": ["deviceWipe"]},
        {"policySet": {"policyType": ["deviceWipe"], "policyPlatform": {"x": 1}}},
        "deviceWipe",
        None,
    ],
    ids=str,
)
def test_what_an_access_policy_protects_may_be_told_in_no_way_we_know(payload: object) -> None:
    """A word that is not on the list is not kept."""
    target = parse_request(example("policy", payload=payload)).target

    assert (target.protects, target.platform) == ("", "")


def test_only_the_payload_of_an_access_policy_is_read() -> None:
    """That of a script may name anything."""
    payload = {"policyType": "deviceWipe", "policyPlatform": "macOS"}
    target = parse_request(example("script", payload=payload)).target

    assert (target.protects, target.platform) == ("", "")
