"""Reading what Graph lists: tolerant, bounded, and deaf to payloads."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from maa_notify.domain.compare import RequestState
from maa_notify.domain.request import (
    POLICY_TYPES,
    STATUSES,
    ApprovalRequest,
    Assignment,
    Device,
    Identity,
    Target,
    canonical,
    latest_of_each,
)
from maa_notify.graph.requests import MalformedRequestError, parse_request, parse_time
from maa_notify.storage.records import decode, encode
from maa_notify.storage.rows import Row
from tests.support.examples import EXAMPLES, example
from tests.support.graph import make_request
from tests.support.hostile import json_values, raw_requests

UNDOCUMENTED = (
    "payloadName",
    "payloadOperation",
    "payloadType",
    "payloadSubtype",
    "displayPayload",
    "addedAssignments",
    "removedAssignments",
    "actionParameters",
    "patchPayload",
    "payload",
    "actionName",
    "displayName",
)
SEVEN = "2026-08-18T07:00:00Z"
ODD_VALUES: tuple[Any, ...] = (
    None,
    "",
    "text",
    7,
    1.5,
    True,
    [],
    {},
    ["x"],
    {"x": 1},
    [[]],
    [None],
    "{",
    "[]",
    "null",
)


def test_a_wipe_is_read_whole() -> None:
    """Everything that a card about a wipe needs comes out of the documented and the undocumented half."""
    filed = datetime(2026, 8, 18, 7, 42, 10, 183456, tzinfo=UTC)

    assert parse_request(example("wipe")) == ApprovalRequest(
        id="6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01",
        status="needsApproval",
        policy_types=("deviceWipe",),
        requested_at=filed,
        expires_at=filed + timedelta(days=3),
        modified_at=filed,
        requestor=Identity(
            "user", "Mira Holt", "mira.holt@contoso.com", "a1f4c0de-0001-4c1e-8f00-000000000001"
        ),
        justification="Laptop left in a taxi, ticket INC-20418",
        target=Target(
            name="CONTOSO-LT-0417",
            operation="Action",
            object_type="ManagedDevice",
            action="wipe",
            serial_number="5CG1234XYZ",
            primary_user="theo.brandt@contoso.com",
            device_count=1,
            keeps_user_data=False,
            keeps_enrollment_data=False,
            device_id="b2e5d1ef-0002-4d2f-9f00-000000000002",
        ),
    )


def test_a_bulk_request_is_read_as_many_devices() -> None:
    """The count is of all of them; serial numbers and users are kept of the first five only."""
    devices = [{"deviceName": f"LT-{each}", "serialNumber": f"SN-{each}"} for each in range(50)]
    target = parse_request(example("wipe", displayPayload=json.dumps(devices))).target

    assert target.device_count == 50
    assert target.first_devices == tuple(Device(f"LT-{each}", f"SN-{each}") for each in range(5))


@pytest.mark.parametrize(
    "name,fields,count",
    [
        ("LT-1, LT-2;LT-3", {}, 3),
        ("LT-1", {}, 0),
        ("Kiosk, Berlin", {"requiredOperationApprovalPolicyTypes": ["app"], "payloadType": "x.MobileApp"}, 0),
        ("LT-1, LT-2", {"displayPayload": [{"deviceName": "LT-1, LT-2"}]}, 1),
        (", ", {}, 0),
        ("LT-1,", {}, 0),
        ("LT-1,, LT-2,", {}, 2),
        (f"LT-1, {'x' * 200}", {}, 2),
        ("LT-1\nLT-2", {}, 2),
        ("LT-1、LT-2，LT-3", {}, 3),
    ],
)
def test_joined_names_are_counted_where_no_list_of_devices_is(
    name: str, fields: dict[str, Any], count: int
) -> None:
    """A list of devices is believed before a name, which may hold a comma of its own."""
    raw = example("wipe", **{"payloadName": name, "displayPayload": None, **fields})

    assert parse_request(raw).target.device_count == count


def test_line_breaks_of_a_justification_are_kept() -> None:
    """Of the kinds of breaks one is left, and no empty line."""
    request = parse_request(example("wipe", requestJustification=" a\r\n\n b\x0bc\x00d\u2028e "))

    assert request.justification == "a\nb\nc d\ne"


def test_an_assignment_tells_who_decided_why_and_for_whom() -> None:
    """The approver, the notes, the kind of target and the intent are read; the group's id is not kept."""
    request = parse_request(example("app"))

    assert request.approver == Identity("user", "Aiko Mori")
    assert request.approval_notes == "Agreed in CAB of 17 August"
    assert request.target.assignments == (Assignment("group", "required"),)
    assert "d407f301" not in repr(request)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_known_shape_is_read(name: str) -> None:
    """None of the shapes that Graph is known for is taken for a broken entry or loses its basics."""
    request, raw = parse_request(example(name)), EXAMPLES[name]

    assert (request.id, request.status) == (raw["id"], raw["status"])
    assert request.policy_types == tuple(raw["requiredOperationApprovalPolicyTypes"])
    assert request.target.name == raw["payloadName"]
    assert request.justification == raw["requestJustification"]
    assert None not in (request.requested_at, request.expires_at, request.modified_at)


@pytest.mark.parametrize(
    "raw,expected",
    [
        ({"user": {"Upn": "a@contoso.com"}}, Identity("user", upn="a@contoso.com")),
        ({"user": {"upn": "a@contoso.com"}}, Identity("user", upn="a@contoso.com")),
        ({"user": {"userPrincipalName": "a@contoso.com"}}, Identity("user", upn="a@contoso.com")),
        ({"user": {"upn": None, "Upn": "a@contoso.com"}}, Identity("user", upn="a@contoso.com")),
        ({"user": {"Upn": "", "userPrincipalName": "a@contoso.com"}}, Identity("user", upn="a@contoso.com")),
        ({"user": {"displayName": "Ana", "id": None}}, Identity("user", "Ana")),
        ({"user": {"id": "a1"}}, Identity("user", id="a1")),
        ({"application": {"displayName": "pipe", "id": "f5"}}, Identity("application", "pipe", id="f5")),
        ({"user": None, "application": {"id": "f5"}}, Identity("application", id="f5")),
        ({"user": {"displayName": None}, "application": {"id": "f5"}}, Identity("application", id="f5")),
        ({"user": {"displayName": "Ana"}, "application": {"id": "f5"}}, Identity("user", "Ana")),
        ({"Application": {"displayName": "pipe"}}, Identity("application", "pipe")),
        (
            {"user": {"id": "00000000-0000-0000-0000-000000000000"}, "application": {"id": "f5"}},
            Identity("application", id="f5"),
        ),
        (None, Identity()),
        ({}, Identity()),
        ({"user": None, "application": None, "device": None}, Identity()),
        ({"user": {"id": None, "displayName": None, "Upn": None}}, Identity()),
        ({"user": "Ana", "application": ["x"]}, Identity()),
        ({"device": {"displayName": "LT-1"}}, Identity()),
        ("Ana", Identity()),
        ([{"user": {"id": "a1"}}], Identity()),
    ],
)
def test_whoever_graph_names_is_found(raw: object, expected: Identity) -> None:
    """A card names the person in every shape seen in the wild; 'unknown' is left for nobody."""
    request = parse_request(example("retire", requestor=raw, approver=raw))

    assert (request.requestor, request.approver) == (expected, expected)


@pytest.mark.parametrize("field", UNDOCUMENTED)
@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
def test_undocumented_fields_may_hold_anything(field: str, value: object) -> None:
    """A field that Microsoft never promised may be of any type without costing the rest of the request."""
    request = parse_request(example("wipe", **{field: value}))

    assert (request.id, request.status) == (EXAMPLES["wipe"]["id"], "needsApproval")
    assert request.requestor.name == "Mira Holt"


def test_undocumented_fields_may_be_absent() -> None:
    """With the documented half alone a request is still read."""
    documented = {
        key: value
        for key, value in example("wipe").items()
        if not key.startswith(("payload", "display", "action"))
    }

    assert parse_request(documented).target == Target()


@pytest.mark.parametrize(
    "display",
    [
        '[{"deviceName": "LT-1", "serialNumber": "S1", "primaryUser": "Theo"}]',
        '[{"DEVICENAME": "LT-1", "SerialNumber": "S1", "PrimaryUser": "Theo"}]',
        '{"DeviceName": "LT-1", "SerialNumber": "S1", "primaryUser": "Theo"}',
        [{"DeviceName": "LT-1", "SerialNumber": "S1", "primaryUser": "Theo"}],
        {"DeviceName": "LT-1", "SerialNumber": "S1", "primaryUser": "Theo"},
        json.dumps('[{"deviceName": "LT-1", "serialNumber": "S1", "primaryUser": "Theo"}]'),
    ],
)
def test_the_device_is_found_in_any_wrapping(display: object) -> None:
    """The device's name and owner are shown whether they come as JSON text, list or object, in any case."""
    target = parse_request(example("wipe", displayPayload=display, payloadName=None, displayName=None)).target

    assert (target.name, target.serial_number, target.primary_user) == ("LT-1", "S1", "Theo")
    assert target.device_count == 1


def test_many_devices_are_counted() -> None:
    """A bulk wipe does not pass for the wipe of one device."""
    devices = [{"deviceName": f"LT-{number}"} for number in range(40)]

    assert parse_request(example("wipe", displayPayload=json.dumps(devices))).target.device_count == 40


@pytest.mark.parametrize(
    "wrap",
    [
        lambda devices: {"devices": devices},
        lambda devices: {"Count": 40, "items": json.dumps(devices)},
        lambda devices: [devices],
        lambda devices: [json.dumps(each) for each in devices],
        lambda devices: [each["deviceName"] for each in devices],
    ],
    ids=["object", "object of text", "list of a list", "texts", "names"],
)
def test_many_devices_are_counted_in_any_wrapping(wrap: Callable[[list[dict[str, str]]], object]) -> None:
    """Forty wipes do not read as one because the list of them has another form."""
    devices = [{"deviceName": f"LT-{number}"} for number in range(40)]
    target = parse_request(example("wipe", displayPayload=json.dumps(wrap(devices)))).target

    assert target.device_count == 40
    assert [each.name for each in target.first_devices] == [f"LT-{number}" for number in range(5)]


def test_a_patch_without_a_verb_is_an_update() -> None:
    """A payload of a PATCH alone says that an object is changed, and nothing of it is kept."""
    patched = parse_request(example("settings", payloadOperation=None)).target

    assert patched.operation == "Update"
    assert parse_request(example("settings", payloadOperation=None, patchPayload=None)).target.operation == ""


@pytest.mark.parametrize(
    "raw,expected",
    [
        ("canceled", "cancelled"),
        ("Cancelled", "cancelled"),
        ("NEEDSAPPROVAL", "needsApproval"),
        (" approved ", "approved"),
        ("somethingNew", "somethingNew"),
        ("unknownFutureValue", "unknownFutureValue"),
    ],
)
def test_a_status_is_known_in_any_spelling_and_kept_when_it_is_new(raw: str, expected: str) -> None:
    """Both spellings of 'cancelled' are one status, and a status of next year is not lost."""
    assert parse_request(make_request(status=raw)).status == expected


@pytest.mark.parametrize(
    "raw,expected",
    [
        (["DEVICEWIPE", "app"], ("deviceWipe", "app")),
        (["app", "app"], ("app",)),
        (["brandNewType"], ("brandNewType",)),
        ("script", ("script",)),
        ([None, 3, {}, "role"], ("unknown", "role")),
        ("deviceWipe, app", ("deviceWipe", "app")),
        ([], ()),
        (None, ()),
        ({"a": 1}, ("unknown",)),
    ],
)
def test_policy_types_are_known_in_any_case_and_kept_when_they_are_new(
    raw: object, expected: tuple[str, ...]
) -> None:
    """Routing by type works whatever the case, and a type never heard of still has its name."""
    request = parse_request(make_request(requiredOperationApprovalPolicyTypes=raw))

    assert request.policy_types == expected


@pytest.mark.parametrize("word", [*STATUSES, *POLICY_TYPES])
def test_every_known_word_keeps_its_spelling(word: str) -> None:
    """The words that settings, cards and Graph share are spelled one way."""
    assert canonical(word.upper()) == word


@pytest.mark.parametrize(
    "text,expected",
    [
        ("2026-08-18T07:42:10.1834562Z", datetime(2026, 8, 18, 7, 42, 10, 183456, tzinfo=UTC)),
        ("2026-08-18T07:42:10Z", datetime(2026, 8, 18, 7, 42, 10, tzinfo=UTC)),
        ("2026-08-18t07:42:10z", datetime(2026, 8, 18, 7, 42, 10, tzinfo=UTC)),
        ("2026-08-18T07:42:10.5Z", datetime(2026, 8, 18, 7, 42, 10, 500000, tzinfo=UTC)),
        ("2026-08-16T22:10:00.0000001+02:00", datetime(2026, 8, 16, 20, 10, tzinfo=UTC)),
        ("2026-08-16T22:10:00-09:30", datetime(2026, 8, 17, 7, 40, tzinfo=UTC)),
        ("2026-08-18T07:42:10", datetime(2026, 8, 18, 7, 42, 10, tzinfo=UTC)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59.9999999Z", datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-12-31T23:59:60Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T18:59:60.25-05:00", datetime(2027, 1, 1, 0, 0, 0, 250000, tzinfo=UTC)),
    ],
)
def test_times_are_read_to_the_second_in_utc(text: str, expected: datetime) -> None:
    """Seven fraction digits and numeric offsets, as in Microsoft's own samples, give the right moment."""
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "tomorrow",
        "2026-13-40T00:00:00Z",
        "2026-08-18T25:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:60Z",
        "2026-12-31T23:59:61Z",
        "9999-12-31T23:59:59-05:00",
        1_786_000_000,
        {"dateTime": "2026-08-18T07:42:10Z"},
        "\ud800",
    ],
    ids=repr,
)
def test_a_time_that_makes_no_sense_is_no_time(value: object) -> None:
    """A card then says that Intune does not tell, instead of 'expires in the year 1' or no card at all."""
    request = parse_request(make_request(expirationDateTime=value))

    assert request.expires_at is None


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "text",
        7,
        [],
        {},
        {"id": "x"},
        {"status": "approved"},
        {"id": "", "status": "approved"},
        {"id": "  ", "status": "approved"},
        {"id": 7, "status": "approved"},
        {"id": "x" * 257, "status": "approved"},
        {"id": "x", "status": None},
        {"id": "x", "status": " "},
        {"id": "x", "status": 1},
    ],
    ids=lambda entry: str(entry)[:30],
)
def test_an_entry_without_id_or_status_is_refused_by_name(entry: object) -> None:
    """It is reported as one broken entry; nothing else may come out of it."""
    with pytest.raises(MalformedRequestError):
        parse_request(entry)


def test_a_broken_entry_is_named_where_it_can_be() -> None:
    """The log tells which request has no status, so that somebody can look."""
    with pytest.raises(MalformedRequestError) as caught:
        parse_request({"id": "6F0C2A4E-51D7-4D5B-9A53-0B8F3F1E7A01"})

    assert caught.value.request_id == "6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01"


def test_one_id_in_two_cases_is_one_request() -> None:
    """A GUID listed in capitals one day and small letters the next is not announced twice."""
    upper = parse_request(make_request(id="6F0C2A4E-51D7-4D5B-9A53-0B8F3F1E7A01"))
    lower = parse_request(make_request(id="6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01"))

    assert upper.id == lower.id


@pytest.mark.parametrize(
    "field", ["payload", "patchPayload", "actionParameters", "addedAssignments", "removedAssignments"]
)
@pytest.mark.parametrize(
    "wrap",
    [
        str,
        lambda text: {"script": text},
        lambda text: [text],
        lambda text: [{"intent": text, "target": {"@odata.type": text, "groupId": text}}],
        lambda text: json.dumps({"policySet": {"policyType": text, "policyPlatform": text}}),
    ],
    ids=["text", "object", "list", "assignment", "access policy"],
)
@pytest.mark.parametrize("name", EXAMPLES)
def test_payloads_are_never_kept(name: str, field: str, wrap: Any) -> None:
    """Script bodies and parameters hold secrets: they reach neither the state store nor a card."""
    request = parse_request(example(name, **{field: wrap("pa55-in-a-script")}))

    assert "pa55-in-a-script" not in encode(RequestState(request))


@pytest.mark.parametrize(
    "filler", ["a", "\x01", '"', "\\", "\U0001f512", "\ud800", "\u200b", " a"], ids=ascii
)
def test_a_huge_request_stays_small(filler: str) -> None:
    """Megabytes in every field still fit the one property of 64 KiB that Table Storage gives a row."""
    huge = filler * 200_000
    person = {"user": {"displayName": huge, "Upn": huge, "id": huge}}
    device = {"deviceName": huge, "serialNumber": huge, "primaryUser": huge, "actionName": huge}
    raw = {
        **make_request(status="x" + huge),
        **dict.fromkeys([*UNDOCUMENTED, "requestJustification", "approvalJustification"], huge),
        "requestor": person,
        "approver": person,
        "requiredOperationApprovalPolicyTypes": [f"{number}{huge}" for number in range(50)],
        "displayPayload": [device] * 3,
        "addedAssignments": [{"target": {"@odata.type": f"x{filler}"}, "intent": filler}] * 5_000,
    }

    row = encode(RequestState(parse_request(raw)))

    assert len(row.encode("utf-16-le")) < 48_000


def test_a_row_from_before_assignments_had_intents_is_still_read() -> None:
    """An update of the notifier does not take the state for damaged."""
    state = RequestState(parse_request(example("app")))
    row = json.loads(encode(state))
    for field in ("assignments", "removed_assignments", "protects", "platform"):
        del row["request"]["target"][field]
    row["request"]["target"]["assigned_to"] = ["group", "all users"]

    read = decode(Row("live:x", json.dumps(row), "1"), RequestState)

    assert read.request.target == replace(state.request.target, assignments=())


def test_blanks_in_front_do_not_push_text_out() -> None:
    """A justification behind a screenful of blanks is still read."""
    assert parse_request(make_request(requestJustification=" " * 5_000 + "why")).justification == "why"


@pytest.mark.parametrize("depth", ["[" * 200_000, '{"a":' * 200_000, "[" * 500 + "]" * 500])
def test_deep_json_in_a_field_is_survived(depth: str) -> None:
    """JSON nested to exhaust a parser costs that field, not the poll."""
    request = parse_request(make_request(displayPayload=depth, addedAssignments=depth, payloadName="LT-1"))

    assert request.target.name == "LT-1"


@settings(max_examples=150)
@given(json_values)
def test_any_json_is_read_or_refused(value: object) -> None:
    """Nothing that Graph can answer raises anything but the one error that a poll counts."""
    with suppress(MalformedRequestError):
        assert parse_request(value).id


@settings(max_examples=250)
@given(raw_requests)
def test_what_is_read_can_be_stored(raw: dict[str, object]) -> None:
    """Whatever a request holds, it becomes a row of bounded size and comes back as it was."""
    try:
        request = parse_request(raw)
    except MalformedRequestError:
        return

    row = encode(RequestState(request))

    assert len(row.encode("utf-8")) < 48_000
    assert all(
        moment is None or moment.tzinfo is UTC for moment in (request.requested_at, request.expires_at)
    )


@settings(max_examples=50)
@given(raw_requests, st.sampled_from(STATUSES))
def test_reading_is_repeatable(raw: dict[str, object], status: str) -> None:
    """The same answer gives an equal request, so an unchanged list is seen to be unchanged."""
    raw = {**raw, "id": "x", "status": status}

    assert parse_request(raw) == parse_request(json.loads(json.dumps(raw)))


def test_of_a_request_listed_twice_the_latest_counts() -> None:
    """A list that moves between pages names a request twice; the older copy does not turn the status back."""
    old = parse_request(make_request(id="a", lastModifiedDateTime="2026-08-18T07:00:00Z"))
    new = parse_request(make_request(id="a", status="approved", lastModifiedDateTime="2026-08-18T08:00:00Z"))
    other = parse_request(make_request(id="b"))

    assert latest_of_each([old, other, new]) == {"a": new, "b": other}
    assert latest_of_each([new, other, old]) == {"a": new, "b": other}


@pytest.mark.parametrize("times", [(None, None, None), (SEVEN, SEVEN, SEVEN), (None, SEVEN, SEVEN)])
def test_of_copies_with_equal_times_the_same_one_counts_in_any_order(times: tuple[str | None, ...]) -> None:
    """Otherwise a list that names them in changing order would be news at each poll."""
    statuses = ("needsApproval", "approved", "somethingNew")
    raw = make_request(id="a")
    copies = [
        parse_request({**raw, "status": status, "lastModifiedDateTime": time, "requestJustification": status})
        for status, time in zip(statuses, times, strict=True)
    ]

    chosen = {latest_of_each(order)["a"].status for order in permutations([*copies, copies[0]])}

    assert chosen == {"approved"}


def test_of_copies_that_differ_in_another_field_the_same_one_counts_in_any_order() -> None:
    """A row that is written at each poll would be the least harm."""
    raw = make_request(id="a", lastModifiedDateTime=SEVEN)
    copies = [parse_request({**raw, "requestJustification": text}) for text in ("one", "two", "")]

    assert len({latest_of_each(order)["a"] for order in permutations(copies)}) == 1
