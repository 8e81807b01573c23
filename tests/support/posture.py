"""A tenant whose defence around approval is sound, for tests to break."""

from maa_notify.demo.access import SimulatedAccess
from maa_notify.demo.directory import SimulatedDirectory
from maa_notify.domain.capabilities import APPROVERS, POSTURE
from maa_notify.insight.posture.coverage import PROTECTABLE
from tests.support.graph import FakeGraph

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
ROLES = [each.name for capability in (APPROVERS, POSTURE) for each in capability.permissions]
"""All permissions that the checks need."""


def person(number: int, name: str) -> dict[str, object]:
    """A user as Graph tells who holds a role."""
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "displayName": name,
    }


class Tenant:
    """A sound tenant: `group` approves everything, three people are in it, `unit` stands around it.

    One account is Global Administrator by itself, and one by the protected group `admins`.
    """

    def __init__(self, graph: FakeGraph) -> None:
        """Serve it by `graph`."""
        self.access = SimulatedAccess()
        self.directory = SimulatedDirectory(self.access, TENANT)
        self.group = self.access.add_group("MAA approvers")
        self.people = [
            self.access.add_person(self.group, name, isManagementRestricted=True)
            for name in ("Mira Holt", "Jonas Brandt", "Ines Ruiz")
        ]
        for kind in PROTECTABLE:
            self.access.add_policy(kind, self.group)
        self.unit = self.directory.restrict(self.group)
        scope = f"/administrativeUnits/{self.unit}"
        self.directory.assign("Groups Administrator", person(7, "Unit Admin"), scope=scope)
        self.directory.assign("Global Administrator", person(1, "Break Glass One"))
        self.admins = self.access.add_group("Tier 0", is_assigned=False, isAssignableToRole=True)
        self.access.add_person(self.admins, "Break Glass Two")
        holder = {"@odata.type": "#microsoft.graph.group", "id": self.admins, "displayName": "Tier 0"}
        self.directory.assign("Global Administrator", holder)
        [strong, _] = self.directory.conditional_access
        strong["conditions"]["users"]["excludeUsers"] = ["00000000-0000-4000-8000-00000000beef"]
        self.access.serve(graph.resources)
        self.directory.serve(graph.resources)
