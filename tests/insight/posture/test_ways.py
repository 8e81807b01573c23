"""The ways around approval, and the sentence that an auditor quotes."""

from maa_notify.insight.posture.ways import PAST_APPROVAL, summary, ways_around
from tests.insight.posture.conftest import Read
from tests.insight.posture.faults import WIPES, application, free
from tests.support.graph import FakeGraph
from tests.support.posture import ROLES, Tenant, person

INTUNE_ADMIN = "Intune Administrator"


def told(read: Read, **how: object) -> str:
    """The sentence."""
    return summary(ways_around(read(**how)))


def test_in_a_sound_tenant_only_its_keepers_can(tenant: Tenant, read: Read) -> None:
    """Global Administrators and whoever rules the unit are always named: somebody has to be."""
    assert told(read) == (
        "Three accounts can defeat approval today: “Break Glass One”, “Break Glass Two” and “Unit Admin”."
    )


def test_an_intune_administrator_counts_once_a_group_is_open(tenant: Tenant, read: Read) -> None:
    """In its unit no tenant-wide role changes the group; out of it any of them does."""
    tenant.directory.assign(INTUNE_ADMIN, person(40, "Mona Sand"))
    before = told(read)
    free(tenant)

    assert "Mona Sand" not in before
    assert "Mona Sand" in told(read)


def test_owners_and_applications_are_named(tenant: Tenant, read: Read) -> None:
    """With where each leads."""
    free(tenant)
    tenant.directory.owners[tenant.group] = [person(41, "Owen"), application("sync")]
    tenant.directory.add_app("release", WIPES)
    tenant.directory.add_app("provisioning", "RoleManagement.ReadWrite.Directory")
    tenant.directory.add_app("groups", "GroupMember.ReadWrite.All")

    found = {(each.by, each.to): {**each.accounts, **each.apps} for each in ways_around(read())}

    assert sorted(found[("Owner of the group", "“MAA approvers”")].values()) == ["Owen", "sync"]
    assert list(found[("Application: acts on devices or Intune", PAST_APPROVAL)].values()) == ["release"]
    assert (
        "provisioning"
        in found[("Application: may change any group or role", "every approver group")].values()
    )
    assert "groups" in found[("Application: may change unprotected groups", "“MAA approvers”")].values()


def test_an_application_that_acts_on_devices_only_may(tenant: Tenant, read: Read) -> None:
    """Its calls wait for approval, too, unless an access policy excludes it, which Graph does not show."""
    tenant.directory.add_app("release", WIPES)

    assert told(read) == (
        "Three accounts can defeat approval today: “Break Glass One”, “Break Glass Two” and “Unit Admin”."
        " One application may, where an access policy excludes it or none applies: “release”."
    )


def test_what_could_not_be_read_is_said(tenant: Tenant, read: Read) -> None:
    """A number without that would be too small."""
    some = told(read, roles=[each for each in ROLES if each != "Application.Read.All"])
    none = told(read, roles=["DeviceManagementRBAC.Read.All"])

    assert some.startswith("At least three accounts can defeat")
    assert some.endswith("Not everything could be read, so there may be more.")
    assert none == "Who can defeat approval could not be read."


def test_many_are_counted(tenant: Tenant, read: Read, graph: FakeGraph) -> None:
    """The sentence stays one."""
    graph.page_size = 100
    for number in range(20):
        tenant.directory.assign("Global Administrator", person(100 + number, f"Admin {number}"))

    assert told(read).startswith("23 accounts can defeat approval today: ")
    assert "and 17 more" in told(read)


def test_a_long_name_leaves_room_for_the_others(tenant: Tenant, read: Read) -> None:
    """Else whoever names an account decides whom a card does not name."""
    tenant.directory.assign("Global Administrator", person(0, "x" * 250))
    tenant.directory.assignments.reverse()
    sentence = told(read)

    assert "x" * 41 not in sentence
    assert all(name in sentence for name in ("Break Glass One", "Break Glass Two", "Unit Admin"))
