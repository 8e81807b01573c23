"""Reads access policies, their approver groups with direct members, and Intune's role assignments.

Policies exist in the beta only; the list may omit `approverGroupIds`, so each policy is asked for by its id.
An object that the token may not read comes with its id and null for all else. So null says that something is
not so only where the object's name was told, and of `accountEnabled` it never does. Only direct members are
read, since those of nested groups cannot be relied on to decide ("Use Multi Admin Approval").
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from maa_notify.domain.access import AccessPolicy, Group, Member, MemberKind
from maa_notify.domain.request import GUID, canonical
from maa_notify.errors import GraphUnavailable
from maa_notify.graph.fields import WORD_LIMIT, text_of
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.graph.requests import parse_time
from maa_notify.identity.tokens import SUFFICIENT_PERMISSIONS

_POLICIES = "/beta/deviceManagement/operationApprovalPolicies"
_ASSIGNMENTS = "/beta/deviceManagement/roleAssignments"
_GROUPS = "/v1.0/groups"
_OF_A_GROUP = (
    "id,displayName,securityEnabled,mailEnabled,groupTypes,isAssignableToRole,isManagementRestricted,"
    "membershipRule,onPremisesSyncEnabled"
)
_OF_A_USER = "id,userPrincipalName,displayName,accountEnabled,userType,isManagementRestricted"

POLICIES = Surface(SUFFICIENT_PERMISSIONS)
ROLE_ASSIGNMENTS = Surface(("DeviceManagementRBAC.Read.All",))
GROUPS = Surface(("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"), licence="Entra")
MEMBERS = Surface(GROUPS.permissions, licence="Entra", headers={"ConsistencyLevel": "eventual"})

_TRIES = 3
_KINDS = {
    "user": MemberKind.USER,
    "group": MemberKind.GROUP,
    "serviceprincipal": MemberKind.SERVICE_PRINCIPAL,
}


class AccessReader:
    """Reads who may approve. Every method raises `GraphError` where Graph could not tell all of it."""

    def __init__(self, reader: GraphReader) -> None:
        """Reads through `reader`."""
        self._reader = reader

    def until(self, end: float) -> "AccessReader":
        """The same reader, whose calls all end by this time on the monotonic clock."""
        return AccessReader(self._reader.until(end))

    def policies(self) -> list[AccessPolicy]:
        """All access policies, each as asked for by its id; one that was deleted meanwhile is left out."""
        return [_policy(raw, each) for each, raw in self._in_full(_POLICIES, POLICIES, "approverGroupIds")]

    def group(self, group_id: str) -> Group | None:
        """One group; None where there is none of that id."""
        path = f"{_GROUPS}/{quote(group_id, safe='')}?$select={_OF_A_GROUP}"
        found = self._reader.find(path, GROUPS, tries=_TRIES)
        return None if found is None else _group(found, group_id)

    def members(self, group_id: str) -> list[Member]:
        """The direct members of a group, people first."""
        path = f"{_GROUPS}/{quote(group_id, safe='')}/members"
        query = f"$count=true&$select={_OF_A_USER}"
        people = self._objects(f"{path}/microsoft.graph.user?{query}", MEMBERS)
        others = self._objects(f"{path}?$select=id", MEMBERS)
        return [
            *(_person(raw, member_id) for member_id, raw in people.items()),
            *(_other(raw, member_id) for member_id, raw in others.items() if member_id not in people),
        ]

    def groups_with_roles(self) -> frozenset[str]:
        """The ids of all groups that are members of an Intune role assignment, in lower case."""
        assignments = self._in_full(_ASSIGNMENTS, ROLE_ASSIGNMENTS, "members")
        members = [_ids(raw.get("members")) for _, raw in assignments]
        if None in members:
            raise GraphUnavailable("Graph does not tell the members of an Intune role assignment")
        return frozenset(member for told in members for member in told or ())

    def _in_full(self, path: str, surface: Surface, omitted: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The entries of a collection with their ids, each as asked for by it.

        One that was deleted meanwhile is left out.

        Args:
            path: of the collection.
            surface: the part of Graph that it belongs to.
            omitted: a field that the list may have empty, so that only the entry itself tells it.

        Raises:
            GraphUnavailable: Graph goes on to list what it does not have.
        """
        listed = self._objects(path, surface)
        details = {
            each: self._reader.find(f"{path}/{quote(each, safe='')}", surface, tries=_TRIES)
            for each in listed
        }
        gone = {each for each, found in details.items() if found is None}
        if gone and not gone.isdisjoint(self._objects(path, surface)):
            raise GraphUnavailable(f"Graph's list of {_subject(path)} names what Graph does not have")
        return [
            (each, {**listed[each], omitted: None, **_told(found)})
            for each, found in details.items()
            if found is not None
        ]

    def _objects(self, path: str, surface: Surface) -> dict[str, Mapping[str, Any]]:
        """The entries of a collection by their ids.

        Raises:
            GraphUnavailable: one has no id, so that nobody can tell what is missing.
        """
        found = {_id(each): each for each in self._reader.entries(path, surface)}
        if "" in found:
            raise GraphUnavailable(f"Graph's list of {_subject(path)} has an entry without an id")
        return found


def _subject(path: str) -> str:
    return path.partition("?")[0].rpartition("/")[2]


def _told(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not null."""
    return {name: value for name, value in raw.items() if value is not None}


def _id(raw: object) -> str:
    return text_of(raw.get("id")).lower() if isinstance(raw, Mapping) else ""


def _ids(value: object) -> tuple[str, ...] | None:
    """The ids in a list, in lower case; None where it is no list of ids."""
    if not isinstance(value, list) or not all(
        isinstance(each, str) and GUID.fullmatch(each) for each in value
    ):
        return None
    return tuple(dict.fromkeys(each.lower() for each in value))


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _flag(raw: Mapping[str, Any], field: str) -> bool | None:
    """A flag that is null where it was never set; None where it, or the object, is not told."""
    is_seen = isinstance(raw.get("displayName"), str) and field in raw
    return raw.get(field) is True if is_seen else None


def _policy(raw: Mapping[str, Any], policy_id: str) -> AccessPolicy:
    nested = raw.get("policySet")
    places = (raw, nested if isinstance(nested, Mapping) else {})
    types = (text_of(each.get("policyType"), WORD_LIMIT) for each in places)
    platforms = (text_of(each.get("policyPlatform"), WORD_LIMIT) for each in places)
    return AccessPolicy(
        id=policy_id,
        name=text_of(raw.get("displayName")),
        policy_types=tuple(dict.fromkeys(map(canonical, filter(None, types)))),
        platform=next(filter(None, platforms), ""),
        group_ids=_ids(raw.get("approverGroupIds")),
        modified_at=parse_time(raw.get("lastModifiedDateTime")),
    )


def _group(raw: Mapping[str, Any], group_id: str) -> Group:
    kinds = raw.get("groupTypes")
    words = {each.lower() for each in kinds if isinstance(each, str)} if isinstance(kinds, list) else None
    return Group(
        id=group_id,
        name=text_of(raw.get("displayName")),
        is_security=_truth(raw.get("securityEnabled")),
        is_mail_enabled=_truth(raw.get("mailEnabled")),
        is_unified=None if words is None else "unified" in words,
        is_dynamic=None if words is None else "dynamicmembership" in words,
        is_synced=_flag(raw, "onPremisesSyncEnabled"),
        is_role_assignable=_flag(raw, "isAssignableToRole"),
        is_restricted=_flag(raw, "isManagementRestricted"),
    )


def _person(raw: Mapping[str, Any], member_id: str) -> Member:
    is_guest = text_of(raw.get("userType"), WORD_LIMIT).lower() == "guest"
    return Member(
        id=member_id,
        kind=MemberKind.GUEST if is_guest else MemberKind.USER,
        name=text_of(raw.get("displayName")),
        account=text_of(raw.get("userPrincipalName")),
        is_enabled=_truth(raw.get("accountEnabled")),
        is_restricted=_flag(raw, "isManagementRestricted"),
    )


def _other(raw: Mapping[str, Any], member_id: str) -> Member:
    kind = text_of(raw.get("@odata.type"), WORD_LIMIT).rpartition(".")[2].lower()
    return Member(id=member_id, kind=_KINDS.get(kind, MemberKind.OTHER))
