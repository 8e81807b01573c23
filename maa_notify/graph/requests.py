"""The parser of `operationApprovalRequests`: raw JSON to an approval request, read tolerantly.

Only `id` and `status` are insisted on. Everything else may be missing, null, of an unexpected type or
new to us: half of what a reader wants to know stands in fields that Microsoft does not document. Of those
only the few that a card shows are kept; of payloads only words from closed lists are (`payloads.py`).

Source of the field names: the Graph beta type `operationApprovalRequest`, and the undocumented fields that
public clients of the same endpoint have been seen to read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from maa_notify.domain.request import (
    GUID,
    ApprovalRequest,
    Device,
    Identity,
    IdentityKind,
    Target,
    canonical,
)
from maa_notify.domain.risk import is_about_devices, weightiest_action, weightiest_types
from maa_notify.graph.fields import NAME_LIMIT, WORD_LIMIT, text_of
from maa_notify.graph.payloads import added_assignments, assignments_in, lowered, opened, protection_in

_NO_ID = "00000000-0000-0000-0000-000000000000"
_NOTE_LIMIT = 1_200
_ID_LIMIT = 256
_POLICY_TYPES_SHOWN = 8
_DEVICES_SHOWN = 5
_OF_A_DEVICE = frozenset({"devicename", "serialnumber", "deviceid", "actionname"})
_WRAPPINGS = 4
"""Around a list of devices: nobody documents its form."""
_BETWEEN_NAMES = re.compile(r"\s*[,;|\n，；、｜]\s*")  # noqa: RUF001 - what is meant
"""How Graph joins the names of several devices is published nowhere."""
_YEARS = range(2000, 2200)
_LONGEST_LIFE = timedelta(days=3_650)
"""Requests live for days or weeks; a date this far away stands for "no end"."""
_LEAP_SECOND = re.compile(r"(T\d\d:\d\d):60")


class MalformedRequestError(ValueError):
    """An entry of Graph's list that cannot be told apart or has no status; `request_id` is "" if unknown."""

    def __init__(self, reason: str, request_id: str = "") -> None:
        super().__init__(reason)
        self.request_id = request_id


def parse_request(raw: object) -> ApprovalRequest:
    """Reads one entry of Graph's list.

    Raises:
        MalformedRequestError: the entry is no object, or has no usable id or status.
    """
    if not isinstance(raw, Mapping):
        raise MalformedRequestError(f"an entry of the list is a {type(raw).__name__}, not an object")
    request_id = _request_id(raw.get("id"))
    status = canonical(text_of(raw.get("status"), WORD_LIMIT))
    if not status:
        raise MalformedRequestError("it has no status", request_id)
    requested_at = parse_time(raw.get("requestDateTime"))
    policy_types = _policy_types(raw.get("requiredOperationApprovalPolicyTypes"))
    return ApprovalRequest(
        id=request_id,
        status=status,
        policy_types=policy_types,
        requested_at=requested_at,
        expires_at=_deadline(raw.get("expirationDateTime"), requested_at),
        modified_at=parse_time(raw.get("lastModifiedDateTime")),
        requestor=_identity(raw.get("requestor")),
        approver=_identity(raw.get("approver")),
        justification=_note(raw.get("requestJustification")),
        approval_notes=_note(raw.get("approvalJustification")),
        target=_target(raw, policy_types),
    )


def parse_time(value: object) -> datetime | None:
    """An RFC 3339 time with any number of fraction digits, in UTC; None when it is none that can be meant.

    Services write the years 1, 1970 and 9999 for "no time", and a deadline there would be told as real. So
    only the years 2000 to 2199 count. A leap second reads as the second after it, since Python knows none.
    """
    if not isinstance(value, str):
        return None
    text, leap_seconds = value.strip().upper(), 0
    if ":60" in text:
        text, leap_seconds = _LEAP_SECOND.subn(r"\1:59", text)
    try:
        moment = datetime.fromisoformat(text) + timedelta(seconds=leap_seconds)
        if moment.tzinfo is not UTC:
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in _YEARS else None


def _deadline(value: object, requested_at: datetime | None) -> datetime | None:
    """The time at which a request expires (UTC); None for one that lies many years from its filing."""
    expires_at = parse_time(value)
    if expires_at is None or requested_at is None:
        return expires_at
    return expires_at if abs(expires_at - requested_at) <= _LONGEST_LIFE else None


def _request_id(value: object) -> str:
    request_id = text_of(value, _ID_LIMIT)
    # A longer one is not cut: what is left could be the id of another request.
    if not request_id or (isinstance(value, str) and len(value.strip()) > _ID_LIMIT):
        raise MalformedRequestError("it has no usable id")
    return request_id.lower() if GUID.fullmatch(request_id) else request_id


def _note(value: object) -> str:
    """A text as `text_of` reads it, with its line breaks; empty lines are left out."""
    lines = value.strip()[:_NOTE_LIMIT].splitlines() if isinstance(value, str) else []
    return "\n".join(filter(None, (text_of(line, _NOTE_LIMIT) for line in lines)))


def _first_text(fields: Mapping[str, Any], *names: str, limit: int = NAME_LIMIT) -> str:
    """The first of these fields that holds a text; `fields` as `payloads.lowered` makes it."""
    for name in names:
        if text := text_of(fields.get(name), limit):
            return text
    return ""


def _identity(value: object) -> Identity:
    """Whoever is named in an identity set: a person before an application; nobody when it names none."""
    kinds: tuple[IdentityKind, ...] = ("user", "application")
    identities = lowered(value) if isinstance(value, Mapping) else {}
    for kind in kinds:
        given = identities.get(kind)
        if isinstance(given, Mapping):
            fields = lowered(given)
            account = _first_text(fields, "upn", "userprincipalname")
            object_id = _first_text(fields, "id").removeprefix(_NO_ID)  # how .NET writes that there is none
            identity = Identity(kind, _first_text(fields, "displayname"), account, object_id)
            if identity.name or identity.upn or identity.id:
                return identity
    return Identity()


def _policy_types(value: object) -> tuple[str, ...]:
    """All types, or of too many those that decide about the risk; `unknown` for what is no word."""
    told = value if isinstance(value, list) else [value]
    words = [word for each in told for word in (each.split(",") if isinstance(each, str) else [each])]
    names = (
        canonical(text_of(word, WORD_LIMIT)) or ("unknown" if word and not isinstance(word, str) else "")
        for word in words
    )
    return weightiest_types(filter(None, names), _POLICY_TYPES_SHOWN)


def _target(raw: Mapping[str, Any], policy_types: Sequence[str]) -> Target:
    devices = list(_devices(raw.get("displayPayload"), _WRAPPINGS))
    fields, first = lowered(raw), lowered(devices[0]) if devices else {}
    object_type = _last_part(raw.get("payloadType"))
    is_access_policy = object_type.lower() == "operationapprovalpolicy"
    changes = (raw.get("patchPayload"), raw.get("payload")) if is_access_policy else ()
    protects, platform = protection_in(*changes)
    options = _options(raw.get("actionParameters"))
    device_count, name = len(devices), _first_text(fields, "payloadname", "displayname")
    if not devices and is_about_devices(policy_types, object_type):
        names = _names_joined(fields.get("payloadname") or fields.get("displayname"))
        device_count, name = len(names), text_of(", ".join(names), NAME_LIMIT) or name
    return Target(
        name=name or _first_text(first, "devicename"),
        operation=text_of(raw.get("payloadOperation"), WORD_LIMIT)
        or ("Update" if raw.get("patchPayload") else ""),
        object_type=object_type,
        subtype=_last_part(raw.get("payloadSubtype")),
        action=weightiest_action(_actions(raw, devices)),
        serial_number=_first_text(first, "serialnumber", limit=WORD_LIMIT),
        primary_user=_first_text(first, "primaryuseremail", "primaryuser"),
        device_count=device_count,
        assignments=added_assignments(
            raw.get("addedAssignments"),
            raw.get("actionParameters"),
            raw.get("patchPayload"),
            raw.get("payload"),
        ),
        removed_assignments=assignments_in(raw.get("removedAssignments")),
        protects=protects,
        platform=platform,
        first_devices=tuple(map(_device, devices[:_DEVICES_SHOWN])) if len(devices) > 1 else (),
        keeps_user_data=options.get("keepuserdata"),
        keeps_enrollment_data=options.get("keepenrollmentdata"),
        device_id=_device_id(raw.get("payloadId"), object_type) if device_count <= 1 else "",
    )


def _device(raw: Mapping[str, Any]) -> Device:
    fields = lowered(raw)
    return Device(
        _first_text(fields, "devicename", limit=WORD_LIMIT),
        _first_text(fields, "serialnumber", limit=WORD_LIMIT),
        _first_text(fields, "primaryuseremail", "primaryuser", limit=2 * WORD_LIMIT),
    )


def _names_joined(name: object) -> list[str]:
    """The devices that a name joins, of a request that lists none; none for the name of one."""
    names = list(filter(None, _BETWEEN_NAMES.split(name.strip()))) if isinstance(name, str) else []
    return names if len(names) > 1 else []


def _devices(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """The devices of a list in any wrapping, of which each may be an object, JSON text or a mere name."""
    held = opened(value)
    if isinstance(held, list) and depth:
        for each in held:
            yield from _devices({"deviceName": each} if _is_name(each) else each, depth - 1)
    elif isinstance(held, Mapping):
        wrapped = [] if _OF_A_DEVICE & lowered(held).keys() else [opened(each) for each in held.values()]
        lists = [each for each in wrapped if isinstance(each, list)]
        yield from _devices(lists, depth - 1) if lists and depth else [held]


def _is_name(value: object) -> bool:
    held = opened(value)
    return isinstance(held, str) and held == value and not held.isspace() and held != ""


def _options(value: object) -> dict[str, bool]:
    """The options of an action that are on or off, by name in lower case."""
    fields = lowered(found[0]) if (found := _objects(value)) else {}
    return {name: told for name, told in fields.items() if isinstance(told, bool)}


def _device_id(value: object, object_type: str) -> str:
    """The id of an object that is a device, or may be one by all that its type tells."""
    object_id = text_of(value).lower()
    is_device = object_type.lower() in {"", "manageddevice"}
    return object_id if is_device and GUID.fullmatch(object_id) and object_id != _NO_ID else ""


def _actions(raw: Mapping[str, Any], devices: list[Mapping[str, Any]]) -> Iterator[str]:
    """The action by its own field and by each device's, of which no two need say the same."""
    yield text_of(raw.get("actionName"), WORD_LIMIT)
    for device in devices:
        yield _first_text(lowered(device), "actionname", limit=WORD_LIMIT)


def _objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list that may itself be a JSON string, as undocumented fields often are."""
    held = opened(value)
    entries = held if isinstance(held, list) else [held]
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _last_part(value: object) -> str:
    return (
        text_of(value.strip().rpartition(".")[2].removeprefix("#"), WORD_LIMIT)
        if isinstance(value, str)
        else ""
    )
