"""The simulated tenant's access policies, approver groups, their members and Intune's role assignments.

They are served as Graph serves them: the list of policies without their groups, members with a cast to users
and `$select`, and of people only the ids to a caller that may not read users.
"""

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from maa_notify.demo.graph_resources import Resources, selected
from maa_notify.demo.samples import Json

POLICY_PERMISSIONS: Final = (
    "DeviceManagementRBAC.Read.All",
    "DeviceManagementConfiguration.Read.All",
)
GROUP_PERMISSIONS: Final = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
USER_PERMISSIONS: Final = ("User.Read.All", "Directory.Read.All")

_USER: Final = "#microsoft.graph.user"
_ID = r"(?P<id>[^/]+)"


class SimulatedAccess:
    """Who may approve what; every method may be called from any thread."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Begin without policies and groups; `on_change` is called after each step."""
        self._on_change = on_change
        self._lock = threading.RLock()
        self.policies: dict[str, Json] = {}
        self.groups: dict[str, Json] = {}
        self.members: dict[str, list[Json]] = {}
        """The direct members of each group, as Graph tells them."""
        self.assignments: dict[str, Json] = {}
        """Intune's role assignments."""

    def add_policy(
        self, policy_type: str, *group_ids: str, platform: str = "notApplicable", **fields: object
    ) -> str:
        """Make an access policy whose approvers are these groups; return its id."""
        policy_id = str(uuid.uuid4())
        policy = {
            "id": policy_id,
            "displayName": f"MAA {policy_type}",
            "description": "",
            "lastModifiedDateTime": "2026-08-01T08:00:00.0000000Z",
            "policyType": policy_type,
            "policyPlatform": platform,
            "policySet": {"policyType": policy_type, "policyPlatform": platform},
            "approverGroupIds": list(group_ids),
        }
        return self._put(self.policies, policy_id, {**policy, **fields})

    def add_group(self, name: str, *, is_assigned: bool = True, **fields: object) -> str:
        """Make a security group, by default with a role assignment of Intune; return its id."""
        group_id = str(uuid.uuid4())
        group = {
            "id": group_id,
            "displayName": name,
            "securityEnabled": True,
            "mailEnabled": False,
            "groupTypes": [],
            "isAssignableToRole": None,
            "isManagementRestricted": None,
            "membershipRule": None,
            "onPremisesSyncEnabled": None,
        }
        self.members[group_id] = []
        if is_assigned:
            number = str(uuid.uuid4())
            self.assignments[number] = {"id": number, "displayName": name, "members": [group_id]}
        return self._put(self.groups, group_id, {**group, **fields})

    def add_person(self, group_id: str, name: str, **fields: object) -> str:
        """Let somebody into a group; return the id of the account."""
        account = f"{name.lower().replace(' ', '.')}@contoso.com"
        person = {
            "@odata.type": _USER,
            "id": str(uuid.uuid4()),
            "userPrincipalName": account,
            "displayName": name,
            "accountEnabled": True,
            "userType": "Member",
            "isManagementRestricted": None,
        }
        return self.add_member(group_id, {**person, **fields})

    def add_member(self, group_id: str, member: Mapping[str, Any]) -> str:
        """Let anything into a group; return its id."""
        with self._lock:
            self.members[group_id] = [*self.members[group_id], dict(member)]
        self._on_change()
        return str(member["id"])

    def remove_member(self, group_id: str, member_id: str) -> None:
        """Take a member out of a group."""
        with self._lock:
            self.members[group_id] = [each for each in self.members[group_id] if each["id"] != member_id]
        self._on_change()

    def remove_group(self, group_id: str) -> None:
        """Delete a group; policies go on naming it."""
        with self._lock:
            del self.groups[group_id], self.members[group_id]
        self._on_change()

    def serve(self, resources: Resources) -> None:
        """Let Graph serve all of it."""
        policies, assignments = (
            r"/beta/deviceManagement/operationApprovalPolicies",
            r"/beta/deviceManagement/roleAssignments",
        )
        resources.add(
            policies, POLICY_PERMISSIONS, lambda _, __: self._listed(self.policies, "approverGroupIds")
        )
        resources.add(f"{policies}/{_ID}", POLICY_PERMISSIONS, lambda path, _: self.policies.get(path["id"]))
        roles = POLICY_PERMISSIONS[:1]
        resources.add(assignments, roles, lambda _, __: self._listed(self.assignments, "members"))
        resources.add(f"{assignments}/{_ID}", roles, lambda path, _: self.assignments.get(path["id"]))
        resources.add(rf"/v1\.0/groups/{_ID}", GROUP_PERMISSIONS, self._group)
        members = rf"/v1\.0/groups/{_ID}/members"
        resources.add(members, GROUP_PERMISSIONS, lambda path, query: self._members(path["id"], query))
        resources.add(
            rf"{members}/microsoft\.graph\.user",
            GROUP_PERMISSIONS,
            lambda path, query: self._members(path["id"], query, _USER),
            details=USER_PERMISSIONS,
        )

    def _put(self, held: dict[str, Json], key: str, value: Json) -> str:
        with self._lock:
            held[key] = value
        self._on_change()
        return key

    def _listed(self, held: Mapping[str, Json], omitted: str) -> list[Json]:
        with self._lock:
            return [{**each, omitted: []} for each in held.values()]

    def _group(self, path: Mapping[str, str], query: Mapping[str, str]) -> Json | None:
        found = self.groups.get(path["id"])
        return None if found is None else selected(found, query)

    def _members(self, group_id: str, query: Mapping[str, str], kind: str = "") -> list[Json] | None:
        with self._lock:
            found: Iterable[Json] | None = self.members.get(group_id)
        if found is None:
            return None
        return [selected(each, query) for each in found if kind in {"", each["@odata.type"]}]
