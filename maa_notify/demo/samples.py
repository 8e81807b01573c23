"""The kinds of request that the simulated tenant can be asked for, and the people in it.

Each sample is one of the shapes in which Graph was seen to answer: identities with a `Upn`, with a
display name only, absent, or an application; payloads as JSON strings; an enum member above the
sentinel. Identifiers and times are left to the tenant, which makes them fresh.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from maa_notify.demo.errors import UnknownPersonError, UnknownSampleError

Json = dict[str, Any]
"""One JSON object as it travels on the wire."""

_SERVICE = "Microsoft.Management.Services.Api"
_DEPLOYMENT = f"{_SERVICE}.Deployment"
"""Invented: Microsoft documents the requests of deployments, and no name of their type."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody (or something) that may appear in a request, in the shape Graph gives them."""

    key: str
    """How the page and the scenario call them."""
    name: str
    """How a reader calls them."""
    identity: Json | None
    """The identity set as Graph sends it; None where it tells nothing."""
    asks: bool = True
    """Whether they file requests in this demo."""
    approves: bool = False
    """Whether they are in the approver group; somebody may be both, but never for the same request."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A kind of request to submit: everything about it except ids, times and status."""

    kind: str
    """Its key."""
    label: str
    """What the page's form calls it."""
    requestor: str
    """The key of the person who asks for it unless another is chosen."""
    justification: str
    """Why, unless the visitor says something else."""
    policy_type: str
    """The enum member that Graph names for it."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The undocumented fields that come with it."""
    utc_offset_hours: int = 0
    """The offset in which the service writes its times; nearly always zero."""


def _user(name: str, **more: str | None) -> Json:
    return {"user": {"displayName": name, **more}}


_PEOPLE = (
    Person(
        key="mira",
        name="Mira Holt",
        identity={
            "application": None,
            "device": None,
            **_user("Mira Holt", id="a1f4c0de-0001-4c1e-8f00-000000000001", Upn="mira.holt@contoso.com"),
        },
        approves=True,
    ),
    Person(key="jonas", name="Jonas Lind", identity=_user("Jonas Lind", id=None)),
    Person(key="priya", name="Priya Nandan", identity=_user("Priya Nandan", Upn="priya.nandan@contoso.com")),
    Person(
        key="pipeline",
        name="fabrikam-release-pipeline",
        identity={
            "user": None,
            "device": None,
            "application": {
                "id": "f5180412-0005-4052-8f00-000000000005",
                "displayName": "fabrikam-release-pipeline",
            },
        },
    ),
    Person(key="nobody", name="Not disclosed", identity=None),
    Person(
        key="aiko",
        name="Aiko Mori",
        identity=_user("Aiko Mori", id="173a2634-0007-4274-af00-000000000007"),
        asks=False,
        approves=True,
    ),
    Person(
        key="oskar",
        name="Oskar Weiss",
        identity=_user("Oskar Weiss", Upn="oskar.weiss@contoso.com"),
        asks=False,
        approves=True,
    ),
)

PEOPLE: Final[Mapping[str, Person]] = MappingProxyType({person.key: person for person in _PEOPLE})
"""Everybody in the tenant, by key."""


def _devices(count: int) -> str:
    """Return what Intune displays of an action on so many devices."""
    named = [(f"CONTOSO-LT-{number:04}", f"5CG{number:04}XYZ") for number in range(501, 501 + count)]
    return json.dumps(
        [{"DeviceName": name, "SerialNumber": serial, "actionName": "wipe"} for name, serial in named]
    )


def _assignment(intent: str, target: str, group: int | None = None) -> Json:
    """Return one entry of the whole list that a bulk assignment restates."""
    named = {"groupId": f"d407f301-{group:04}-4f41-bf00-000000000004"} if group else {}
    return {
        "@odata.type": "#microsoft.graph.MobileAppAssignment",
        "intent": intent,
        "source": "Direct",
        "target": {"@odata.type": f"#microsoft.graph.{target}", **named},
    }


_WHOLE_LIST = [
    _assignment("Required", "groupAssignmentTarget", 1),
    _assignment("Available", "groupAssignmentTarget", 2),
    _assignment("Required", "exclusionGroupAssignmentTarget", 3),
    _assignment("Uninstall", "allDevicesAssignmentTarget"),
    _assignment("Uninstall", "exclusionGroupAssignmentTarget", 4),
]

_SAMPLES = (
    Sample(
        kind="wipe",
        label="Wipe a lost laptop",
        requestor="mira",
        justification="Laptop left in a taxi, ticket INC-20418",
        policy_type="deviceWipe",
        fields={
            "payloadName": "CONTOSO-LT-0417",
            "payloadOperation": "Action",
            "payloadType": f"{_SERVICE}.ManagedDevice",
            "payloadId": "b2e5d1ef-0002-4d2f-9f00-000000000002",
            "actionName": "wipe",
            "actionParameters": json.dumps({"keepEnrollmentData": False, "keepUserData": False}),
            "displayPayload": json.dumps(
                [
                    {
                        "DeviceName": "CONTOSO-LT-0417",
                        "SerialNumber": "5CG1234XYZ",
                        "primaryUserEmail": "theo.brandt@contoso.com",
                        "actionName": "wipe",
                    }
                ]
            ),
            "payload": None,
        },
    ),
    Sample(
        kind="app",
        label="Assign an app to a group",
        requestor="jonas",
        justification="Pilot ring 2 for the new VPN client",
        policy_type="app",
        fields={
            "payloadName": "Fabrikam VPN 5.2",
            "payloadOperation": "Assign",
            "payloadType": f"{_SERVICE}.MobileApp",
            "payloadId": "c3f6e2f0-0003-4e30-af00-000000000003",
            "addedAssignments": json.dumps(
                [
                    {
                        "intent": "required",
                        "target": {
                            "@odata.type": "#microsoft.management.services.api.groupAssignmentTarget",
                            "groupId": "d407f301-0004-4f41-bf00-000000000004",
                        },
                    }
                ]
            ),
        },
    ),
    Sample(
        kind="retire",
        label="Retire a kiosk (identities hidden)",
        requestor="nobody",
        justification="Retire kiosk after shop closure",
        policy_type="deviceRetire",
        fields={"payloadName": "FABRIKAM-KIOSK-09", "payloadOperation": "Action"},
        utc_offset_hours=2,
    ),
    Sample(
        kind="script",
        label="Create a script (asked for by an app)",
        requestor="pipeline",
        justification="nightly build 4711",
        policy_type="script",
        fields={
            "payloadName": "Set-ProxyDefaults",
            "payloadOperation": "Create",
            "payloadType": f"{_SERVICE}.DeviceManagementScript",
            "payloadId": None,
            "payload": json.dumps(
                {
                    "@odata.type": "#microsoft.management.services.api.deviceManagementScript",
                    "displayName": "Set-ProxyDefaults",
                    "runAsAccount": "system",
                    "scriptContent": "V3JpdGUtT3V0cHV0ICdkZW1vJw==",
                }
            ),
        },
    ),
    Sample(
        kind="settings",
        label="Change a BitLocker policy (text with a link in it)",
        requestor="priya",
        justification="Relax **BitLocker** rule, see [change](https://contoso.example/c/88)",
        policy_type="configurationPolicy",
        fields={
            "payloadName": "Windows - BitLocker baseline",
            "payloadOperation": "Update",
            "payloadType": f"{_SERVICE}.IDeviceManagementPolicy",
            "patchPayload": json.dumps({"name": "Windows - BitLocker baseline", "settings": []}),
        },
    ),
    Sample(
        kind="policy",
        label="Add an access policy",
        requestor="mira",
        justification="New approver group for device actions",
        policy_type="operationApprovalPolicy",
        fields={
            "payloadName": "MAA - device wipe",
            "payloadOperation": "Create",
            "payloadType": f"{_SERVICE}.OperationApprovalPolicy",
            "payload": json.dumps(
                {
                    "displayName": "MAA - device wipe",
                    "policySet": {"policyType": "deviceWipe", "policyPlatform": "notApplicable"},
                    "approverGroupIds": ["284b3745-0008-4385-bf00-000000000008"],
                }
            ),
        },
    ),
    Sample(
        kind="bulk-wipe",
        label="Wipe 50 devices at once",
        requestor="jonas",
        justification="Stock of the closed branch in Lund",
        policy_type="deviceWipe",
        fields={
            "displayName": "Bulk device action",
            "payloadName": None,
            "payloadOperation": "Action",
            "payloadType": f"{_SERVICE}.ManagedDevice",
            "payloadId": None,
            "actionName": "wipe",
            "actionParameters": json.dumps({"keepEnrollmentData": False, "keepUserData": False}),
            "displayPayload": _devices(50),
        },
    ),
    Sample(
        kind="bulk-assign",
        label="Replace all assignments of an app",
        requestor="priya",
        justification="Ring 3, without the kiosks",
        policy_type="app",
        fields={
            "payloadName": "Fabrikam VPN 5.2",
            "payloadOperation": "Assign",
            "payloadType": f"{_SERVICE}.MobileApp",
            "payloadId": "c3f6e2f0-0003-4e30-af00-000000000003",
            "actionName": "assign",
            "actionParameters": json.dumps({"mobileAppAssignments": _WHOLE_LIST}),
            "addedAssignments": json.dumps(_WHOLE_LIST),
        },
    ),
    Sample(
        kind="app-update",
        label="Update an app (asked for by an app)",
        requestor="pipeline",
        justification="release 5.3",
        policy_type="app",
        fields={
            "payloadName": "Fabrikam VPN 5.2",
            "payloadOperation": "Update",
            "payloadType": f"{_SERVICE}.MobileApp",
            "payloadId": "c3f6e2f0-0003-4e30-af00-000000000003",
            "patchPayload": json.dumps({"displayName": "Fabrikam VPN 5.3", "displayVersion": "5.3"}),
        },
    ),
    Sample(
        kind="deployment",
        label="Create a deployment",
        requestor="mira",
        justification="VPN in four waves",
        policy_type="app",
        fields={
            "payloadName": "VPN 5.3, all sites",
            "payloadOperation": "Create",
            "payloadType": _DEPLOYMENT,
            "payloadId": None,
        },
    ),
    Sample(
        kind="deployment-cancel",
        label="Cancel a deployment",
        requestor="mira",
        justification="Wave 2 breaks single sign-on",
        policy_type="app",
        fields={
            "payloadName": "VPN 5.3, all sites",
            "payloadOperation": "Cancel",
            "payloadType": _DEPLOYMENT,
            "payloadId": "e518a412-0011-4052-8f00-000000000011",
        },
    ),
)

SAMPLES: Final[Mapping[str, Sample]] = MappingProxyType({each.kind: each for each in _SAMPLES})
"""Every sample, by kind."""


def sample(kind: str) -> Sample:
    """Return the sample of that kind, or say which ones there are."""
    try:
        return SAMPLES[kind]
    except KeyError:
        raise UnknownSampleError(kind, tuple(SAMPLES)) from None


def requestor(key: str) -> Person:
    """Return somebody who may ask for a change, or say who may."""
    return _among(key, {known: person for known, person in PEOPLE.items() if person.asks})


def approver(key: str) -> Person:
    """Return somebody from the approver group, or say who is in it."""
    return _among(key, {known: person for known, person in PEOPLE.items() if person.approves})


def _among(key: str, people: Mapping[str, Person]) -> Person:
    try:
        return people[key]
    except KeyError:
        raise UnknownPersonError(key, tuple(people)) from None
