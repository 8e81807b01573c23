"""Six raw requests, one for each shape in which Graph is known or expected to answer; all is invented."""

from copy import deepcopy
from typing import Any

_SERVICE = "Microsoft.Management.Services.Api"

EXAMPLES: dict[str, dict[str, Any]] = {
    "wipe": {
        "id": "6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01",
        "status": "needsApproval",
        "requestDateTime": "2026-08-18T07:42:10.1834562Z",
        "expirationDateTime": "2026-08-21T07:42:10.1834562Z",
        "lastModifiedDateTime": "2026-08-18T07:42:10.1834562Z",
        "requestor": {
            "application": None,
            "device": None,
            "user": {
                "id": "a1f4c0de-0001-4c1e-8f00-000000000001",
                "displayName": "Mira Holt",
                "Upn": "mira.holt@contoso.com",
            },
        },
        "approver": None,
        "requestJustification": "Laptop left in a taxi, ticket INC-20418",
        "approvalJustification": None,
        "requiredOperationApprovalPolicyTypes": ["deviceWipe"],
        "payloadName": "CONTOSO-LT-0417",
        "payloadOperation": "Action",
        "payloadType": f"{_SERVICE}.ManagedDevice",
        "payloadId": "b2e5d1ef-0002-4d2f-9f00-000000000002",
        "actionName": "wipe",
        "actionParameters": '{"keepEnrollmentData":false,"keepUserData":false}',
        "displayPayload": (
            '[{"DeviceName":"CONTOSO-LT-0417","SerialNumber":"5CG1234XYZ",'
            '"primaryUserEmail":"theo.brandt@contoso.com","actionName":"wipe"}]'
        ),
        "payload": None,
    },
    "app": {
        "id": "0d9be7b2-7c0e-4a4a-8d0b-5f6b2c9d1a02",
        "status": "approved",
        "requestDateTime": "2026-08-17T13:05:44Z",
        "expirationDateTime": "2026-08-20T13:05:44Z",
        "lastModifiedDateTime": "2026-08-17T15:31:02.55Z",
        "requestor": {"user": {"id": None, "displayName": "Jonas Lind"}},
        "approver": {"user": {"id": None, "displayName": "Aiko Mori"}},
        "requestJustification": "Pilot ring 2 for the new VPN client",
        "approvalJustification": "Agreed in CAB of 17 August",
        "requiredOperationApprovalPolicyTypes": ["app"],
        "payloadName": "Fabrikam VPN",
        "payloadOperation": "Assign",
        "payloadType": f"{_SERVICE}.MobileApp",
        "payloadId": "c3f6e2f0-0003-4e30-af00-000000000003",
        "addedAssignments": (
            '[{"intent":"required","target":{"@odata.type":'
            '"#microsoft.management.services.api.groupAssignmentTarget",'
            '"groupId":"d407f301-0004-4f41-bf00-000000000004"}}]'
        ),
    },
    "retire": {
        "id": "93b1f7c8-2f5e-4b53-b0c6-1d2e3f4a5b03",
        "status": "cancelled",
        "requestDateTime": "2026-08-16T22:10:00.0000001+02:00",
        "expirationDateTime": "2026-08-19T22:10:00.0000001+02:00",
        "lastModifiedDateTime": "2026-08-16T22:40:09+02:00",
        "requestor": None,
        "approver": None,
        "requestJustification": "Retire kiosk after shop closure",
        "approvalJustification": None,
        "requiredOperationApprovalPolicyTypes": ["deviceRetire"],
        "payloadName": "FABRIKAM-KIOSK-09",
        "payloadOperation": "Action",
    },
    "script": {
        "id": "e8a7d6c5-b4a3-4291-8f7e-6d5c4b3a2904",
        "status": "needsApproval",
        "requestDateTime": "2026-08-18T02:00:03.4411208Z",
        "expirationDateTime": "2026-08-21T02:00:03.4411208Z",
        "lastModifiedDateTime": "2026-08-18T02:00:03.4411208Z",
        "requestor": {
            "user": None,
            "device": None,
            "application": {
                "id": "f5180412-0005-4052-8f00-000000000005",
                "displayName": "fabrikam-release-pipeline",
            },
        },
        "approver": None,
        "requestJustification": "nightly build 4711",
        "approvalJustification": None,
        "requiredOperationApprovalPolicyTypes": ["script"],
        "payloadName": "Set-ProxyDefaults",
        "payloadOperation": "Create",
        "payloadType": f"{_SERVICE}.DeviceManagementScript",
        "payloadId": None,
        "payload": (
            '{"@odata.type":"#microsoft.management.services.api.deviceManagementScript",'
            '"displayName":"Set-ProxyDefaults","runAsAccount":"system",'
            '"scriptContent":"V3JpdGUtT3V0cHV0ICdkZW1vJw=="}'
        ),
    },
    "settings": {
        "id": "17263544-5362-4718-9a0b-c1d2e3f4a505",
        "status": "rejected",
        "requestDateTime": "2026-08-15T09:00:00Z",
        "expirationDateTime": "2026-08-18T09:00:00Z",
        "lastModifiedDateTime": "2026-08-15T11:12:13.9Z",
        "requestor": {"user": {"displayName": "Priya Nandan", "Upn": "priya.nandan@contoso.com"}},
        "approver": {"user": {"displayName": "Oskar Weiss", "Upn": "oskar.weiss@contoso.com"}},
        "requestJustification": "Relax **BitLocker** rule, see [change](https://contoso.example/c/88)",
        "approvalJustification": "Needs a risk owner first",
        "requiredOperationApprovalPolicyTypes": ["unknownFutureValue"],
        "payloadName": "Windows - BitLocker baseline",
        "payloadOperation": "Update",
        "payloadType": f"{_SERVICE}.IDeviceManagementPolicy",
        "patchPayload": '{"name":"Windows - BitLocker baseline","settings":[]}',
    },
    "policy": {
        "id": "aa5c93e1-9b1d-4e7c-8c55-7f0e1d2c3b06",
        "status": "completed",
        "requestDateTime": "2026-08-10T08:00:00Z",
        "expirationDateTime": "2026-08-13T08:00:00Z",
        "lastModifiedDateTime": "2026-08-11T10:20:30Z",
        "requestor": {
            "user": {
                "id": "06291523-0006-4163-9f00-000000000006",
                "displayName": "Mira Holt",
                "Upn": "mira.holt@contoso.com",
            }
        },
        "approver": {"user": {"id": "173a2634-0007-4274-af00-000000000007", "displayName": "Aiko Mori"}},
        "requestJustification": "New approver group for device actions",
        "approvalJustification": "ok",
        "requiredOperationApprovalPolicyTypes": ["operationApprovalPolicy"],
        "payloadName": "MAA - device wipe",
        "payloadOperation": "Create",
        "payloadType": f"{_SERVICE}.OperationApprovalPolicy",
        "payload": (
            '{"displayName":"MAA - device wipe","policySet":{"policyType":"deviceWipe",'
            '"policyPlatform":"notApplicable"},"approverGroupIds":["284b3745-0008-4385-bf00-000000000008"]}'
        ),
    },
}


def example(name: str, **overrides: object) -> dict[str, Any]:
    """One of the six, free to be changed; overrides replace or add fields."""
    return {**deepcopy(EXAMPLES[name]), **overrides}
