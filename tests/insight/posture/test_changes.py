"""What is told between two looks: what opened, what was mended, and nothing that is only out of sight."""

import re
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.event import Notice, NoticeKind
from maa_notify.domain.finding import FindingState
from maa_notify.domain.risk import Risk
from maa_notify.insight.posture.changes import compare_posture
from maa_notify.insight.posture.checks import assess
from maa_notify.insight.posture.rules import Acceptance, Limits
from maa_notify.storage.records import encode
from tests.insight.posture.conftest import Read
from tests.insight.posture.faults import WIPES, application, drop, free, keep, new_admins
from tests.support.clock import START, FakeClock
from tests.support.graph import FakeGraph
from tests.support.posture import ROLES, Tenant, person

DAY = timedelta(days=1)


class Looks:
    """Looks again and again, a day apart."""

    def __init__(self, read: Read, clock: FakeClock) -> None:
        """Has not looked yet."""
        self._read = read
        self._clock = clock
        self.state: FindingState | None = None

    def look(self, *accepted: Acceptance, roles: list[str] | None = None) -> Notice | None:
        """What is told after a day; None for nothing."""
        self._clock.advance(DAY.total_seconds())
        posture = assess(self._read(roles=roles or ROLES), Limits(), accepted)
        change: Change[FindingState] = compare_posture(self.state, posture, "Sum.", self._clock.now())
        self.state = change.after
        assert change.event is None or isinstance(change.event, Notice)
        return change.event

    def texts(self, *accepted: Acceptance, roles: list[str] | None = None) -> list[tuple[str, str]]:
        """The lines of what is told."""
        notice = self.look(*accepted, roles=roles)
        return [] if notice is None else [(each.label, each.value) for each in notice.facts]


@pytest.fixture
def looks(tenant: Tenant, read: Read, clock: FakeClock, graph: FakeGraph) -> Looks:
    """A sound tenant, not yet looked at."""
    graph.page_size = 100
    return Looks(read, clock)


def test_a_sound_tenant_is_recorded_in_silence(looks: Looks) -> None:
    """At the first look and at every later one."""
    assert [looks.look() for _ in range(3)] == [None, None, None]
    assert looks.state is not None


def test_the_first_look_tells_what_it_found(tenant: Tenant, looks: Looks) -> None:
    """The gravest first, with what to do; the next look has nothing new."""
    new_admins(tenant, 4)
    drop(tenant, "script")

    notice = looks.look()

    assert notice is not None
    assert (notice.kind, notice.risk) == (NoticeKind.FINDING, Risk.HIGH)
    assert notice.title == "The defence around approval: 2 findings at the first look"
    assert [each.label for each in notice.facts] == ["Found", "Found", "Open now", "Today"]
    assert notice.facts[0].value == "P1 high: no access policy protects scripts"
    assert notice.names >= {"posture"}
    assert looks.look() is None


def test_what_opened_and_what_was_mended_is_one_notice(tenant: Tenant, looks: Looks) -> None:
    """New since yesterday, and mended."""
    tenant.directory.consent_requests["isEnabled"] = False
    looks.look()
    tenant.directory.consent_requests["isEnabled"] = True
    drop(tenant, "script")

    notice = looks.look()

    assert notice is not None
    assert notice.title == "The defence around approval: 1 new finding, 1 mended"
    assert [each.label for each in notice.facts] == ["New since yesterday", "Mended", "Open now", "Today"]
    assert notice.facts[1].value == "P12 no longer so: the admin consent workflow is off"


def test_what_was_only_mended_is_good_news(tenant: Tenant, looks: Looks) -> None:
    """It asks for nothing."""
    drop(tenant, "script")
    looks.look()
    tenant.access.add_policy("script", tenant.group)

    notice = looks.look()

    assert notice is not None
    assert (notice.kind, notice.next_step, notice.risk) == (NoticeKind.RESOLVED, "", None)


def test_a_permission_that_was_lost_mends_nothing(tenant: Tenant, looks: Looks) -> None:
    """The finding stays open, in silence, and is not new when the permission is back."""
    tenant.directory.consent_requests["isEnabled"] = False
    looks.look()
    blind = [each for each in ROLES if each != "Policy.Read.All"]

    assert looks.look(roles=blind) is None
    assert looks.look() is None
    tenant.directory.consent_requests["isEnabled"] = True
    assert [label for label, _ in looks.texts()] == ["Mended", "Open now", "Today"]


def test_half_an_answer_mends_nothing_of_a_check_with_other_faults(tenant: Tenant, looks: Looks) -> None:
    """One group is read and broken, the other cannot be seen any more."""
    other = tenant.access.add_group("Second", isManagementRestricted=True, isAssignableToRole=True)
    tenant.access.add_policy("app", other)
    tenant.access.groups[tenant.group]["isAssignableToRole"] = True
    looks.look()
    fields = tenant.access.groups[other]
    tenant.access.groups[other] = {**dict.fromkeys(fields), "id": other}

    assert "Mended" not in dict(looks.texts())


def test_a_new_fault_pushes_none_out_that_is_there_still(tenant: Tenant, looks: Looks) -> None:
    """Nine access policies with one approver are nine faults of P7; a graver one goes before them."""
    keep(tenant, 1)
    looks.look()
    tenant.access.assignments.clear()

    told = looks.texts()

    assert [label for label, _ in told] == ["New since yesterday", "Open now", "Today"]
    assert looks.look() is None


def test_of_more_faults_than_are_remembered_none_is_told_as_mended(tenant: Tenant, looks: Looks) -> None:
    """Nor are they told anew each day; what is graver than they still is."""
    for number in range(200):
        tenant.access.add_person(tenant.group, f"Bare {number}")
    looks.look()
    quiet = looks.look()
    drop(tenant, "script")
    told = looks.texts()
    tenant.directory.consent_requests["isEnabled"] = False

    assert quiet is None
    assert [label for label, _ in told] == ["New since yesterday", "Open now", "Today"]
    assert told[1] == ("Open now", "201 findings")
    assert [label for label, _ in looks.texts()] == ["New since yesterday", "Open now", "Today"]


def test_a_fault_of_what_is_gone_is_mended(tenant: Tenant, looks: Looks) -> None:
    """Without a unit nobody rules one; that P5 finds its absence is another matter."""
    tenant.directory.assign(
        "User Administrator", application("hr-sync"), scope=f"/administrativeUnits/{tenant.unit}"
    )
    looks.look()
    free(tenant)

    told = looks.texts()

    assert [value for label, value in told if label == "Mended"] == [
        "P6 no longer so: the application “hr-sync” may change what stands in the unit “RAU MAA”"
    ]
    assert any(value.startswith("P5 medium") for _, value in told)


def test_a_fault_that_gets_worse_is_news_and_one_that_is_told_otherwise_is_not(
    tenant: Tenant, looks: Looks
) -> None:
    """Six administrators instead of five are the same fault; a secret on an application is a graver one."""
    new_admins(tenant, 3)
    app = tenant.directory.add_app("release", WIPES)
    looks.look()
    new_admins(tenant, 1)
    same = looks.look()
    app["passwordCredentials"] = [{"endDateTime": None}]
    worse = looks.texts()

    assert same is None
    assert [value.partition(":")[0] for _, value in worse[:1]] == ["P15 medium"]


def test_what_was_remembered_with_bare_names_is_the_same_fault(tenant: Tenant, looks: Looks) -> None:
    """The version before set no name apart: its row rings nothing, and from then on holds the new words."""
    new_admins(tenant, 4)
    tenant.directory.add_app("release", WIPES)
    free(tenant)
    looks.look()
    assert looks.state is not None
    told = looks.state.parts
    bare = tuple(replace(each, text=re.sub("[“”]", "", each.text)) for each in told)
    looks.state = replace(looks.state, parts=bare)

    assert bare != told
    assert looks.look() is None
    assert looks.state.parts == told
    tenant.directory.grants.clear()
    assert [value for label, value in looks.texts() if label == "Mended"] == [
        f"P15 no longer so: “release” holds {WIPES}"
    ]


def test_a_name_that_is_cut_in_a_card_still_ends_with_its_mark(tenant: Tenant, looks: Looks) -> None:
    """In what is told, and in what is remembered."""
    app = tenant.directory.add_app("x" * 100, WIPES)
    tenant.directory.owners[app["id"]] = [person(9, "y" * 250)]

    told = looks.texts()

    assert looks.state is not None
    for text in [*(value for _, value in told), *(each.text for each in looks.state.parts)]:
        assert not {"“", "”"} & set(re.sub("“[^“”]*”", "", text))


def test_what_is_accepted_is_neither_new_nor_mended_until_it_ends(tenant: Tenant, looks: Looks) -> None:
    """It is told as new the day after its end."""
    accepted = Acceptance("P12", "nobody asks", (START + 3 * DAY).date())
    tenant.directory.consent_requests["isEnabled"] = False

    assert [looks.look(accepted) for _ in range(3)] == [None] * 3
    assert looks.texts(accepted)[0] == (
        "New since yesterday",
        "P12 medium: the admin consent workflow is off",
    )


def test_what_is_accepted_later_is_not_told_as_mended(tenant: Tenant, looks: Looks) -> None:
    """It is still so."""
    tenant.directory.consent_requests["isEnabled"] = False
    looks.look()

    assert looks.look(Acceptance("P12", "nobody asks", date(2099, 1, 1))) is None


def test_a_fault_that_comes_back_is_told_with_a_later_revision(tenant: Tenant, looks: Looks) -> None:
    """So that no card is taken for the one before."""
    revisions = []
    for _ in range(2):
        drop(tenant, "script")
        first = looks.look()
        tenant.access.add_policy("script", tenant.group)
        second = looks.look()
        assert first is not None
        assert second is not None
        revisions += [first.revision, second.revision]

    assert revisions == sorted(set(revisions))


def test_a_tenant_full_of_faults_fits_into_one_row_and_one_card(tenant: Tenant, looks: Looks) -> None:
    """A row takes 32,000 characters; the card tells the gravest and how many more."""
    for number in range(60):
        tenant.directory.add_app(f"{number} " + "x" * 250, WIPES)
    for number in range(60):
        tenant.access.add_person(tenant.group, f"{number} " + "y" * 250)

    notice = looks.look()

    assert notice is not None
    assert len(notice.facts) <= 12
    assert len(encode(looks.state)) < 32_000
    assert looks.look() is None


def test_a_long_name_hides_neither_the_fault_nor_other_names(tenant: Tenant, looks: Looks) -> None:
    """Whoever names an application may choose 120 letters."""
    tenant.directory.add_app("x" * 120, WIPES)

    notice = looks.look()

    assert notice is not None
    assert "holds DeviceManagement" in notice.facts[0].value
