"""What the page shows, as plain data: a pure reading of the tenant's requests and the channel's cards."""

from collections.abc import Collection, Iterable
from datetime import UTC
from typing import Any, Final

from maa_notify.demo.channels import PostedCard
from maa_notify.demo.permissions import FAMILIES
from maa_notify.demo.samples import PEOPLE, SAMPLES, Json
from maa_notify.demo.tenant import legal_actions

STATUS_LABELS: Final = {
    "needsApproval": "Needs approval",
    "approved": "Approved - Needs completion",
    "completed": "Completed",
    "rejected": "Rejected",
    "cancelled": "Canceled",
    "expired": "Expired",
}
"""Each status as Intune's portal spells it."""

POLICY_LABELS: Final = {
    "deviceWipe": "Device wipe",
    "deviceRetire": "Device retire",
    "deviceDelete": "Device delete",
    "app": "App",
    "script": "Script",
    "role": "Role",
    "tenantConfiguration": "Tenant configuration",
    "configurationPolicy": "Configuration policy",
    "compliancePolicy": "Compliance policy",
    "operationApprovalPolicy": "Access policy",
}
"""Each policy type in words."""


def request_view(raw: Json, deciding: Iterable[str]) -> Json:
    """Return what the page shows of one request; `deciding` are the keys of the approver group."""
    asked_by = _name_in(raw["requestor"])
    return {
        "id": raw["id"],
        "title": raw.get("payloadName") or raw.get("displayName") or "Unnamed object",
        "policy": ", ".join(
            POLICY_LABELS.get(each, each) for each in raw["requiredOperationApprovalPolicyTypes"]
        ),
        "requestor": asked_by,
        "justification": raw["requestJustification"],
        "status": raw["status"],
        "statusLabel": STATUS_LABELS.get(raw["status"], raw["status"]),
        "requested": raw["requestDateTime"],
        "expires": raw["expirationDateTime"],
        "changed": raw["lastModifiedDateTime"],
        "approver": _name_in(raw["approver"]) if raw["approver"] else "",
        "notes": raw["approvalJustification"] or "",
        "actions": legal_actions(raw["status"]),
        "approvers": [key for key in deciding if PEOPLE[key].name != asked_by],
    }


def card_view(posted: PostedCard) -> Json:
    """Return one message of the channel with its card as it was posted."""
    return {
        "number": posted.number,
        "arrived": posted.arrived.astimezone(UTC).isoformat(),
        "card": posted.card,
        "recipient": posted.recipient,
    }


def choices(deciding: Iterable[str]) -> Json:
    """Return what the form offers: the samples, who may ask and who may decide."""
    return {
        "samples": [
            {
                "kind": sample.kind,
                "label": sample.label,
                "requestor": sample.requestor,
                "justification": sample.justification,
            }
            for sample in SAMPLES.values()
        ],
        "requestors": [{"key": key, "name": person.name} for key, person in PEOPLE.items() if person.asks],
        "approvers": [{"key": key, "name": PEOPLE[key].name} for key in deciding],
    }


def permission_views(granted: Collection[str]) -> list[Json]:
    """Return the families of requests, each with its permission and whether the notifier has it."""
    return [
        {
            "family": family.key,
            "label": family.label,
            "permission": family.permission,
            "granted": family.permission in granted,
        }
        for family in FAMILIES.values()
    ]


def newest_first(requests: Iterable[Json], deciding: Collection[str]) -> list[Json]:
    """Return the views of all requests, the latest on top."""
    return [request_view(raw, deciding) for raw in reversed(list(requests))]


def _name_in(identity: Any) -> str:  # noqa: ANN401 - an identity set as Graph sent it
    """Return whom an identity set names, for people to read."""
    sets = identity if isinstance(identity, dict) else {}
    names = [_display_name(sets.get(kind)) for kind in ("user", "application")]
    return next((name for name in names if name), "Not disclosed")


def _display_name(who: Any) -> str:  # noqa: ANN401 - half an identity set as Graph sent it
    return (
        str(who.get("displayName") or who.get("Upn") or who.get("id") or "") if isinstance(who, dict) else ""
    )
