"""Reads what the watch must know of the tenant: approver groups, the units that protect them, powerful apps.

Each part needs a permission of its own. What cannot be read now stays as it was known before, so that a
passing failure is never taken for a change.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from maa_notify import logs
from maa_notify.errors import GraphError
from maa_notify.graph.access import AccessReader
from maa_notify.graph.fields import text_of
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.insight.identifiers import GRAPH_APP_ID, POWERFUL_APP_ROLES
from maa_notify.insight.watch.ground import Ground, protected_after

UNITS = Surface(("AdministrativeUnit.Read.All", "Directory.Read.All"), licence="Entra ID P1")
APPS = Surface(("Application.Read.All", "Directory.Read.All"), licence="Entra")

_LOG = logs.logger(__name__)
_MOST = 200
"""Ids of one kind that are remembered, since the row of a mark has an end; more count as not known."""
_CAST = "memberOf/microsoft.graph.administrativeUnit?$select=id,displayName,isMemberManagementRestricted"

_Part = TypeVar("_Part")


class GroundReader:
    """Reads the tenant for the watch."""

    def __init__(self, reader: GraphReader) -> None:
        """Reads through `reader`."""
        self._reader = reader
        self._access = AccessReader(reader)

    def read(self, before: Ground, now: datetime) -> Ground:
        """What is known now; what cannot be read is as it was `before`."""
        roles = self._reader.roles()
        policies = self._part("policies", self._access.policies, None, roles, "DeviceManagementRBAC.Read.All")
        if policies is None:
            return before
        types = {kind for each in policies for kind in each.policy_types}
        group_ids = sorted({each for policy in policies for each in policy.group_ids or ()})
        return Ground(
            approver_groups=self._part(
                "groups",
                lambda: self._names(group_ids),
                before.approver_groups,
                roles,
                "GroupMember.Read.All",
            )
            or dict.fromkeys(group_ids, ""),
            members=self._part(
                "members", lambda: self._members(group_ids), before.members, roles, "GroupMember.Read.All"
            ),
            units=self._part(
                "units", lambda: self._units(group_ids), before.units, roles, *UNITS.permissions
            ),
            powerful_apps=self._part("apps", self._apps, before.powerful_apps, roles, *APPS.permissions),
            protected=protected_after(before.protected, types, now),
        )

    def _part(
        self,
        name: str,
        read: Callable[[], _Part],
        before: _Part | None,
        roles: Iterable[str] | None,
        *permissions: str,
    ) -> _Part | None:
        """What is read; as before without the permission, or where Graph fails."""
        held = None if roles is None else {each.replace(".ReadWrite.", ".Read.") for each in roles}
        if held is not None and held.isdisjoint(permissions):
            return before
        try:
            found = read()
            if _size(found) <= _MOST:
                return found
            _LOG.warning("watch.too_many", part=name, number=_size(found), most=_MOST)
            return None
        except GraphError as error:
            _LOG.warning("watch.unread", part=name, code=error.code, text=str(error))
            return before

    def _names(self, group_ids: Iterable[str]) -> Mapping[str, str]:
        found = ((each, self._access.group(each)) for each in group_ids)
        return {each: group.name if group else "" for each, group in found}

    def _members(self, group_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        return {each: frozenset(one.id for one in self._access.members(each)) for each in group_ids}

    def _units(self, group_ids: Iterable[str]) -> Mapping[str, str]:
        """The restricted units of these groups; that the cast is served is not verified."""
        found: dict[str, str] = {}
        for each in group_ids:
            for raw in self._reader.entries(f"/v1.0/groups/{quote(each, safe='')}/{_CAST}", UNITS):
                if isinstance(raw, Mapping) and raw.get("isMemberManagementRestricted") is True:
                    found[text_of(raw.get("id"))] = text_of(raw.get("displayName"))
        return found

    def _apps(self) -> frozenset[str]:
        graph = self._reader.find(f"/v1.0/servicePrincipals(appId='{GRAPH_APP_ID}')?$select=id", APPS) or {}
        path = (
            f"/v1.0/servicePrincipals/{quote(text_of(graph.get('id')), safe='')}/appRoleAssignedTo?$top=999"
        )
        granted = self._reader.entries(path, APPS)
        return frozenset(filter(None, map(_holder, granted)))


def _size(found: object) -> int:
    """How many ids a part holds."""
    if isinstance(found, Mapping):
        return sum(len(each) if isinstance(each, frozenset) else 1 for each in found.values())
    return len(found) if isinstance(found, frozenset) else 0


def _holder(raw: Any) -> str:  # noqa: ANN401 - as Graph sent it
    is_powerful = isinstance(raw, Mapping) and str(raw.get("appRoleId")).lower() in POWERFUL_APP_ROLES
    return text_of(raw.get("principalId")) if is_powerful else ""
