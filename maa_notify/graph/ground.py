"""Reads what the watch must know of the tenant: approver groups, the units that protect them, powerful apps.

Each part needs a permission of its own. What cannot be read now stays as it was known before, so that a
passing failure is never taken for a change.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.domain.access import AccessPolicy
from maa_notify.errors import GraphDenied, GraphError
from maa_notify.graph.access import GROUPS, POLICIES, AccessReader
from maa_notify.graph.fields import text_of
from maa_notify.graph.permission_holders import APPS
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.graph.units import UNITS, UnitReader
from maa_notify.insight.identifiers import GRAPH_APP_ID, POWERFUL_APP_ROLES
from maa_notify.insight.watch.ground import Ground, protected_after

RULERS = Surface(("RoleManagement.Read.Directory", "Directory.Read.All"), licence="Entra ID P1")

_LOG = logs.logger(__name__)
_MOST = 200
"""Ids of one kind that are remembered, since the row of a mark has an end; more count as not known."""
_MOST_NEW_APPS = 25
"""Apps whose other ids are looked up at one look; the others follow at the next ones."""
_PRINCIPALS = "/v1.0/servicePrincipals"

_Part = TypeVar("_Part")


class GroundReader:
    """Reads the tenant for the watch."""

    def __init__(self, reader: GraphReader, *, only_policies: bool = False) -> None:
        """Reads through `reader`; `only_policies` leaves out groups, units and apps."""
        self._reader = reader
        self._access = AccessReader(reader)
        self._only_policies = only_policies

    def read(self, before: Ground, now: datetime) -> Ground:
        """What is known now; what cannot be read is as it was `before`, and the whole is marked so."""
        look = _Look(self._reader.roles())
        policies = look.part("policies", self._access.policies, None, POLICIES)
        if policies is None:
            return replace(before, is_whole=look.is_whole)
        types = {kind for each in policies for kind in each.policy_types}
        found = replace(before, protected=protected_after(before.protected, types, now))
        if not self._only_policies:
            found = self._guarded(found, policies, look)
        return replace(found, is_whole=look.is_whole)

    def _guarded(self, before: Ground, policies: Iterable[AccessPolicy], look: "_Look") -> Ground:
        """What was known, with approver groups, their members and their protection as they are now."""
        ids = sorted({each for policy in policies for each in policy.group_ids or ()})
        names = look.part("groups", lambda: dict(self._names(ids)), before.approver_groups, GROUPS)
        groups = names or dict.fromkeys(ids, "")
        # One that was deleted, which policies go on naming, has neither members nor a unit.
        present = [each for each in ids if names is None or each in names]
        units = look.part("units", lambda: self._units(present), before.units, UNITS)
        apps = look.part("apps", self._apps, before.powerful_apps, APPS)
        return Ground(
            approver_groups={**dict.fromkeys(ids, ""), **groups},
            members=look.part("members", lambda: self._members(present), before.members, GROUPS),
            units=units,
            unit_admins=look.part("rulers", lambda: self._rulers(units or ()), before.unit_admins, RULERS)
            or frozenset(),
            powerful_apps=apps,
            app_ids=self._app_ids(apps or frozenset(), before.app_ids),
            protected=before.protected,
        )

    def _names(self, group_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
        for each in group_ids:
            group = self._access.group(each)
            if group is not None:
                yield each, group.name

    def _members(self, group_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        return {each: frozenset(one.id for one in self._access.members(each)) for each in group_ids}

    def _units(self, group_ids: Iterable[str]) -> Mapping[str, str]:
        """The restricted units of these groups."""
        reader = UnitReader(self._reader)
        units = (unit for each in group_ids for unit in reader.of_group(each))
        return {
            each.id.lower(): each.display_name or "" for each in units if each.is_member_management_restricted
        }

    def _rulers(self, units: Iterable[str]) -> frozenset[str]:
        """Who may change what is in these units."""
        rules = "/v1.0/roleManagement/directory/roleAssignments?$filter="
        scopes = (quote(f"directoryScopeId eq '/administrativeUnits/{each}'", safe="") for each in units)
        held = (one for each in scopes for one in self._reader.entries(f"{rules}{each}", RULERS))
        ids = (text_of(each.get("principalId")).lower() for each in held if isinstance(each, Mapping))
        return frozenset(filter(None, ids))

    def _apps(self) -> frozenset[str]:
        graph = self._reader.find(f"{_PRINCIPALS}(appId='{GRAPH_APP_ID}')?$select=id", APPS) or {}
        path = f"{_PRINCIPALS}/{quote(text_of(graph.get('id')), safe='')}/appRoleAssignedTo?$top=999"
        granted = self._reader.entries(path, APPS)
        return frozenset(filter(None, map(_holder, granted)))

    def _app_ids(self, apps: frozenset[str], before: Mapping[str, str]) -> Mapping[str, str]:
        """By their other ids the service principals of powerful apps; each is looked up once."""
        known = {other: each for other, each in before.items() if each in apps}
        for each in sorted(apps.difference(known.values()))[:_MOST_NEW_APPS]:
            try:
                known |= dict.fromkeys(self._other_ids(each), each)
            except GraphError as error:
                _LOG.warning("watch.unread", part="ids of apps", code=error.code, text=str(error))
                break
        return known

    def _other_ids(self, principal_id: str) -> Iterator[str]:
        """The app id of a service principal, and the id of its registration where that is in the tenant."""
        found = self._reader.find(f"{_PRINCIPALS}/{quote(principal_id, safe='')}?$select=id,appId", APPS)
        app_id = text_of((found or {}).get("appId")).lower()
        if app_id:
            yield app_id
            path = f"/v1.0/applications(appId='{quote(app_id, safe='')}')?$select=id"
            yield text_of((self._reader.find(path, APPS) or {}).get("id")).lower() or app_id


class _Look:
    """One look at the tenant with a token of these roles."""

    def __init__(self, roles: Iterable[str] | None) -> None:
        self._held = None if roles is None else {each.replace(".ReadWrite.", ".Read.") for each in roles}
        self.is_whole = True

    def part(
        self, name: str, read: Callable[[], _Part], before: _Part | None, surface: Surface
    ) -> _Part | None:
        """What is read; as before without the permission, or where Graph fails."""
        if self._held is not None and self._held.isdisjoint(surface.permissions):
            return before
        try:
            found = read()
        except GraphError as error:
            _LOG.warning("watch.unread", part=name, code=error.code, text=str(error))
            if self._held is None and isinstance(error, GraphDenied):
                return before  # a token that does not tell its permissions, and lacks this one
        except msgspec.ValidationError as error:
            _LOG.warning("watch.unread", part=name, code="malformed", text=str(error))
        else:
            if _size(found) <= _MOST:
                return found
            _LOG.warning("watch.too_many", part=name, number=_size(found), most=_MOST)
            return None
        self.is_whole = False
        return before


def _size(found: object) -> int:
    """How many ids a part holds."""
    if isinstance(found, Mapping):
        return sum(len(each) if isinstance(each, frozenset) else 1 for each in found.values())
    return len(found) if isinstance(found, frozenset) else 0


def _holder(raw: object) -> str:
    granted = raw if isinstance(raw, Mapping) else {}
    is_powerful = text_of(granted.get("appRoleId")).lower() in POWERFUL_APP_ROLES
    return text_of(granted.get("principalId")).lower() if is_powerful else ""
