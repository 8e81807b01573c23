"""The simulated tenant: what may happen to a request, and how Graph would write it."""

import json
import re
import threading
from datetime import timedelta

import pytest

from maa_notify.demo.errors import (
    IllegalTransitionError,
    OwnRequestError,
    TenantFullError,
    UnknownActionError,
    UnknownPersonError,
    UnknownRequestError,
    UnknownSampleError,
)
from maa_notify.demo.samples import PEOPLE, SAMPLES
from maa_notify.demo.tenant import MOST_REQUESTS, TRANSITIONS, SimulatedTenant, legal_actions, wire_time
from tests.demo.support import START, StillClock

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WIRE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}(Z|[+-]\d\d:\d\d)")

PATHS = {
    "needsApproval": [],
    "approved": ["approve"],
    "rejected": ["reject"],
    "cancelled": ["cancel"],
    "completed": ["approve", "complete"],
    "expired": ["expire"],
}
"""How to bring a fresh request to each status."""


def _brought_to(tenant: SimulatedTenant, status: str) -> str:
    request_id = tenant.submit("wipe")
    for action in PATHS[status]:
        tenant.act(action, request_id, by="aiko", notes="ok")
    return request_id


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_sample_is_written_as_graph_writes_it(tenant: SimulatedTenant, kind: str) -> None:
    """A request has a fresh GUID, three times with seven digits and the documented properties."""
    first, second = (tenant.get(tenant.submit(kind)) for _ in range(2))

    assert GUID.fullmatch(first["id"])
    assert first["id"] != second["id"]
    assert first["status"] == "needsApproval"
    assert all(
        WIRE_TIME.fullmatch(first[name])
        for name in ("requestDateTime", "expirationDateTime", "lastModifiedDateTime")
    )
    assert (first["approver"], first["approvalJustification"]) == (None, None)
    assert isinstance(first["requiredOperationApprovalPolicyTypes"], list)


def test_the_samples_cover_every_shape_of_identity(tenant: SimulatedTenant) -> None:
    """User with Upn, user with a name only, application, and nobody at all: each is among the samples."""
    shapes = {kind: tenant.get(tenant.submit(kind))["requestor"] for kind in SAMPLES}

    assert shapes["wipe"]["user"]["Upn"] == "mira.holt@contoso.com"
    assert shapes["app"] == {"user": {"id": None, "displayName": "Jonas Lind"}}
    assert shapes["script"]["application"]["displayName"] == "fabrikam-release-pipeline"
    assert shapes["script"]["user"] is None
    assert shapes["retire"] is None


def test_payloads_travel_as_json_in_a_text(tenant: SimulatedTenant) -> None:
    """Undocumented payload fields are strings that hold JSON, as they were seen."""
    wipe, script = tenant.get(tenant.submit("wipe")), tenant.get(tenant.submit("script"))

    assert wipe["displayPayload"].startswith("[{")
    assert wipe["payload"] is None
    assert '"scriptContent"' in script["payload"]


def test_a_bulk_action_displays_every_device(tenant: SimulatedTenant) -> None:
    """One request stands for fifty devices: it has no name of its own, and a list of theirs."""
    raw = tenant.get(tenant.submit("bulk-wipe"))
    devices = json.loads(raw["displayPayload"])

    assert len({device["DeviceName"] for device in devices}) == 50
    assert (raw["payloadName"], raw["payloadId"]) == (None, None)


def test_a_bulk_assignment_restates_the_whole_list(tenant: SimulatedTenant) -> None:
    """Each entry tells its intent, groups that are left out too; the body of the call says the same."""
    raw = tenant.get(tenant.submit("bulk-assign"))
    entries = json.loads(raw["addedAssignments"])
    targets = [entry["target"]["@odata.type"].rpartition(".")[2] for entry in entries]

    assert [entry["intent"] for entry in entries] == [
        "Required",
        "Available",
        "Required",
        "Uninstall",
        "Uninstall",
    ]
    assert targets.count("exclusionGroupAssignmentTarget") == 2
    assert json.loads(raw["actionParameters"])["mobileAppAssignments"] == entries


def test_the_newer_operations_are_among_the_samples(tenant: SimulatedTenant) -> None:
    """A deployment is created and cancelled; an application asks for an update of an app."""
    create, cancel, update = (
        tenant.get(tenant.submit(kind)) for kind in ("deployment", "deployment-cancel", "app-update")
    )

    assert [raw["payloadOperation"] for raw in (create, cancel, update)] == ["Create", "Cancel", "Update"]
    assert update["requestor"]["application"]["displayName"] == "fabrikam-release-pipeline"
    assert json.loads(update["patchPayload"])["displayVersion"] == "5.3"


def test_a_request_lives_three_days(tenant: SimulatedTenant) -> None:
    """The expiration is three days after the request."""
    raw = tenant.get(tenant.submit("wipe"))

    assert raw["requestDateTime"] == "2026-08-18T07:42:10.1834566Z"
    assert raw["expirationDateTime"] == "2026-08-21T07:42:10.1834566Z"


def test_times_may_carry_an_offset(tenant: SimulatedTenant, clock: StillClock) -> None:
    """One sample is written in an offset, and stays in it when its status changes."""
    request_id = tenant.submit("retire")
    clock.pass_by(timedelta(hours=1))
    tenant.cancel(request_id)

    assert tenant.get(request_id)["lastModifiedDateTime"] == "2026-08-18T10:42:10.1834566+02:00"
    assert wire_time(START, -5).endswith("02:42:10.1834566-05:00")


@pytest.mark.parametrize("status", PATHS)
@pytest.mark.parametrize("action", TRANSITIONS)
def test_only_legal_steps_are_taken(tenant: SimulatedTenant, status: str, action: str) -> None:
    """A step leads where it should, or is refused with a sentence and changes nothing."""
    request_id = _brought_to(tenant, status)
    before = tenant.get(request_id)

    if action in legal_actions(status):
        tenant.act(action, request_id, by="oskar", notes="noted")

        assert tenant.get(request_id)["status"] == TRANSITIONS[action].leads_to
    else:
        with pytest.raises(
            IllegalTransitionError, match=rf"Cannot {action} this request: its status is {status}\."
        ):
            tenant.act(action, request_id, by="oskar")

        assert tenant.get(request_id) == before


def test_a_decision_names_the_approver_and_their_notes(tenant: SimulatedTenant, clock: StillClock) -> None:
    """Approver, notes and the time of the change appear on the request."""
    request_id = tenant.submit("wipe")
    clock.pass_by(timedelta(minutes=5))
    tenant.reject(request_id, "oskar", "Needs a risk owner first")
    raw = tenant.get(request_id)

    assert raw["approver"] == PEOPLE["oskar"].identity
    assert raw["approvalJustification"] == "Needs a risk owner first"
    assert raw["lastModifiedDateTime"] == wire_time(clock())


def test_where_graph_hides_the_requestor_it_hides_the_approver(tenant: SimulatedTenant) -> None:
    """A request without identities keeps none after a decision."""
    request_id = tenant.submit("retire")
    tenant.approve(request_id, "aiko", "ok")

    assert tenant.get(request_id)["approver"] is None


def test_nobody_decides_their_own_request(tenant: SimulatedTenant) -> None:
    """A member of the approver group is refused on what they asked for, and only there."""
    own, other = tenant.submit("wipe", requestor="mira"), tenant.submit("wipe", requestor="jonas")
    with pytest.raises(OwnRequestError, match="Mira Holt made this request"):
        tenant.approve(own, "mira")
    tenant.approve(other, "mira")

    assert tenant.get(own)["status"] == "needsApproval"
    assert tenant.get(other)["status"] == "approved"


def test_only_approvers_decide(tenant: SimulatedTenant) -> None:
    """Somebody outside the approver group, an application above all, is refused."""
    request_id = tenant.submit("wipe")

    with pytest.raises(UnknownPersonError, match="'pipeline' cannot do that here"):
        tenant.approve(request_id, "pipeline")


def test_an_open_request_expires_by_itself(tenant: SimulatedTenant, clock: StillClock) -> None:
    """When its time is up a request is expired, whether approved or not; a decided one stays as it is."""
    waiting, approved, rejected = (tenant.submit("wipe") for _ in range(3))
    tenant.approve(approved, "aiko")
    tenant.reject(rejected, "aiko")
    clock.pass_by(timedelta(days=3))

    assert [tenant.get(each)["status"] for each in (waiting, approved, rejected)] == [
        "expired",
        "expired",
        "rejected",
    ]


def test_raw_fields_are_laid_over_the_usual_ones(tenant: SimulatedTenant) -> None:
    """A request can be given field by field, odd ones included."""
    request_id = tenant.submit({"id": "given", "status": "approved", "payloadName": 7})

    assert request_id == "given"
    assert tenant.get("given")["payloadName"] == 7
    assert tenant.get("given")["expirationDateTime"] == "2026-08-21T07:42:10.1834566Z"


def test_what_is_handed_out_is_a_copy(tenant: SimulatedTenant) -> None:
    """Changing an answer changes nothing in the tenant."""
    request_id = tenant.submit("wipe")
    tenant.get(request_id)["requestor"]["user"]["displayName"] = "somebody else"

    assert tenant.get(request_id)["requestor"]["user"]["displayName"] == "Mira Holt"


def test_a_removed_request_is_no_longer_listed(tenant: SimulatedTenant) -> None:
    """Removing takes it off the list and off the address of its own."""
    request_id = tenant.submit("wipe")
    tenant.remove(request_id)

    assert tenant.requests() == []
    with pytest.raises(UnknownRequestError):
        tenant.get(request_id)


def test_unknown_words_are_refused_with_what_would_do(tenant: SimulatedTenant) -> None:
    """A wrong kind names the kinds there are; a wrong verb is named."""
    with pytest.raises(UnknownSampleError, match="choose one of wipe, app"):
        tenant.submit("explode")
    with pytest.raises(UnknownActionError, match="explode"):
        tenant.act("explode", tenant.submit("wipe"))


def test_the_tenant_takes_only_so_many(tenant: SimulatedTenant) -> None:
    """A visitor who keeps on submitting is told so."""
    for _ in range(MOST_REQUESTS):
        tenant.submit("wipe")

    with pytest.raises(TenantFullError):
        tenant.submit("wipe")


def test_one_decision_wins_among_many_at_once(tenant: SimulatedTenant) -> None:
    """Of many threads that decide the same request, exactly one succeeds."""
    request_id, start, won = tenant.submit("wipe"), threading.Barrier(8), []

    def try_it() -> None:
        start.wait()
        try:
            tenant.approve(request_id, "aiko")
        except IllegalTransitionError:
            return
        won.append(1)

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
