"""Reads the administrative units that a group stands in."""

from collections.abc import Mapping
from urllib.parse import quote

from maa_notify.errors import GraphUnavailable
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.graph.wire import convert
from maa_notify.insight.posture.directory import Principal, Unit

UNITS = Surface(
    ("AdministrativeUnit.Read.All", "Directory.Read.All"),
    licence="Entra ID P1",
    headers={"ConsistencyLevel": "eventual"},
)

_OF_A_UNIT = "id,displayName,isMemberManagementRestricted,membershipType"


class UnitReader:
    """Reads units; what it had to list for one group serves the others."""

    def __init__(self, reader: GraphReader) -> None:
        """Reads through `reader`."""
        self._reader = reader
        self._units: dict[str, tuple[Unit, ...]] | None = None

    def of_group(self, group_id: str) -> tuple[Unit, ...]:
        """The units of a group: asked of the group, else of the units, where Graph refuses the cast."""
        if self._units is not None:  # Graph refused the cast already
            return self._units.get(group_id, ())
        cast = f"/v1.0/groups/{quote(group_id, safe='')}/memberOf/microsoft.graph.administrativeUnit"
        try:
            entries = self._reader.entries(f"{cast}?$count=true&$select={_OF_A_UNIT}", UNITS)
        except GraphUnavailable:
            return self._by_members().get(group_id, ())
        return convert(entries, tuple[Unit, ...])

    def _by_members(self) -> Mapping[str, tuple[Unit, ...]]:
        """The restricted units of each of their members, read once."""
        if self._units is None:
            path = "/v1.0/directory/administrativeUnits"
            units = convert(self._reader.entries(f"{path}?$select={_OF_A_UNIT}", UNITS), tuple[Unit, ...])
            found: dict[str, tuple[Unit, ...]] = {}
            for unit in units:
                if unit.is_member_management_restricted is False:
                    continue
                members = self._reader.entries(f"{path}/{quote(unit.id, safe='')}/members?$select=id", UNITS)
                for member in convert(members, tuple[Principal, ...]):
                    found[member.id] = (*found.get(member.id, ()), unit)
            self._units = found
        return self._units
