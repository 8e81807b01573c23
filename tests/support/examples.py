"""Six raw requests, one for each shape in which Graph is known or expected to answer; all is invented."""

from copy import deepcopy
from typing import Any

from maa_notify.demo.samples import PEOPLE, SAMPLES

_FIELDS = ("id", "status", "requestDateTime", "expirationDateTime", "lastModifiedDateTime")
_KNOWN = {
    "wipe": (
        "6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01",
        "needsApproval",
        "2026-08-18T07:42:10.1834562Z",
        "2026-08-21T07:42:10.1834562Z",
        "2026-08-18T07:42:10.1834562Z",
    ),
    "app": (
        "0d9be7b2-7c0e-4a4a-8d0b-5f6b2c9d1a02",
        "approved",
        "2026-08-17T13:05:44Z",
        "2026-08-20T13:05:44Z",
        "2026-08-17T15:31:02.55Z",
    ),
    "retire": (
        "93b1f7c8-2f5e-4b53-b0c6-1d2e3f4a5b03",
        "cancelled",
        "2026-08-16T22:10:00.0000001+02:00",
        "2026-08-19T22:10:00.0000001+02:00",
        "2026-08-16T22:40:09+02:00",
    ),
    "script": (
        "e8a7d6c5-b4a3-4291-8f7e-6d5c4b3a2904",
        "needsApproval",
        "2026-08-18T02:00:03.4411208Z",
        "2026-08-21T02:00:03.4411208Z",
        "2026-08-18T02:00:03.4411208Z",
    ),
    "settings": (
        "17263544-5362-4718-9a0b-c1d2e3f4a505",
        "rejected",
        "2026-08-15T09:00:00Z",
        "2026-08-18T09:00:00Z",
        "2026-08-15T11:12:13.9Z",
    ),
    "policy": (
        "aa5c93e1-9b1d-4e7c-8c55-7f0e1d2c3b06",
        "completed",
        "2026-08-10T08:00:00Z",
        "2026-08-13T08:00:00Z",
        "2026-08-11T10:20:30Z",
    ),
}
_DECIDED = {
    "app": ("aiko", "Agreed in CAB of 17 August"),
    "settings": ("oskar", "Needs a risk owner first"),
    "policy": ("aiko", "ok"),
}
_OTHERWISE: dict[str, dict[str, Any]] = {
    "app": {
        "payloadName": "Fabrikam VPN",
        "approver": {"user": {"id": None, "displayName": "Aiko Mori"}},
    },
    "settings": {"requiredOperationApprovalPolicyTypes": ["unknownFutureValue"]},
}


def _known(kind: str) -> dict[str, Any]:
    """Return a sample of the simulated tenant at a fixed point of its life."""
    sample = SAMPLES[kind]
    approver, notes = _DECIDED.get(kind, ("nobody", None))
    return {
        **dict(zip(_FIELDS, _KNOWN[kind], strict=True)),
        "requestor": PEOPLE[sample.requestor].identity,
        "approver": PEOPLE[approver].identity,
        "requestJustification": sample.justification,
        "approvalJustification": notes,
        "requiredOperationApprovalPolicyTypes": [sample.policy_type],
        **sample.fields,
        **_OTHERWISE.get(kind, {}),
    }


EXAMPLES: dict[str, dict[str, Any]] = {kind: _known(kind) for kind in _KNOWN}


def example(name: str, **overrides: object) -> dict[str, Any]:
    """One of the six, free to be changed; overrides replace or add fields."""
    return {**deepcopy(EXAMPLES[name]), **overrides}
