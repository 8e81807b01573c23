"""The demo's approver group: whoever is in it may decide, and Graph tells who that is."""

import httpx
import pytest

from maa_notify.demo.approver_group import ApproverGroup
from maa_notify.demo.errors import UnknownPersonError
from maa_notify.demo.samples import SAMPLES
from maa_notify.demo.server import DemoServer


def members_on_graph(server: DemoServer, client: httpx.Client) -> list[str]:
    """The names that Graph tells of the group's members."""
    [group] = server.group.access.groups
    token = server.entra.issue()
    answer = client.get(
        f"/v1.0/groups/{group}/members/microsoft.graph.user?$select=id,displayName",
        headers={"Authorization": f"Bearer {token}", "ConsistencyLevel": "eventual"},
    )
    return [each["displayName"] for each in answer.json()["value"]]


def test_a_visitor_changes_the_group(server: DemoServer, client: httpx.Client) -> None:
    """Graph tells it at once, and whoever joined may decide, whoever left may not."""
    client.post("/api/group/priya/add", json={})
    client.post("/api/group/aiko/remove", json={})
    client.post("/api/group/aiko/remove", json={})
    request = client.post("/api/requests", json={"kind": "wipe", "requestor": "jonas"}).json()["id"]
    refused = client.post(f"/api/requests/{request}/approve", json={"by": "aiko"})
    done = client.post(f"/api/requests/{request}/approve", json={"by": "priya"})

    assert members_on_graph(server, client) == ["Mira Holt", "Oskar Weiss", "Priya Nandan"]
    state = client.get("/api/state").json()
    assert [each["key"] for each in state["group"] if each["member"]] == ["mira", "priya", "oskar"]
    assert (refused.status_code, done.status_code) == (409, 200)
    assert state["requests"][0]["approvers"] == ["mira", "priya", "oskar"]


def test_nobody_may_decide_once_the_group_is_empty() -> None:
    """And the refusal says so."""
    group = ApproverGroup()
    for key in group.members():
        group.set_member(key, is_member=False)

    assert group.members() == ()
    with pytest.raises(UnknownPersonError, match="nobody"):
        group.decider("aiko")


@pytest.mark.parametrize("key", ["pipeline", "nobody", "stranger"])
def test_only_people_can_be_in_it(key: str) -> None:
    """Neither an application nor somebody whom Graph does not tell."""
    with pytest.raises(UnknownPersonError):
        ApproverGroup().set_member(key, is_member=True)


def test_all_samples_but_access_policies_are_held_back_by_a_policy() -> None:
    """So that each card tells who can decide; who may approve changes of a policy is another matter."""
    protected = {each["policyType"] for each in ApproverGroup().access.policies.values()}

    assert protected == {each.policy_type for each in SAMPLES.values()} - {"operationApprovalPolicy"}
