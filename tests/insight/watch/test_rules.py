"""Each way around approval rings, and what looks like one does not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from maa_notify.demo.audit_events import (
    app,
    changed,
    details,
    entra_event,
    member_added,
    member_removed,
    permission_granted,
    person,
    secret_added,
    target,
)
from maa_notify.demo.samples import Json
from maa_notify.domain.alert import Severity
from maa_notify.insight.identifiers import GLOBAL_ADMINISTRATOR
from tests.insight.watch.conftest import APPROVER, GROUP, NOON, POWERFUL, UNIT, Alerts

MALLORY = person("bad00000-0000-4000-8000-000000000001", "mal.lory@contoso.com")
PUPPET = ("bad00000-0000-4000-8000-000000000002", "puppet@contoso.com")
OTHER_APP = ("0e000000-0000-4000-8000-000000000001", "0e000000-0000-4000-8000-000000000002", "helpdesk")
OTHER_GROUP = ("0e000000-0000-4000-8000-000000000003", "Sales")
WIPES = ("5b07b0dd-2377-4e44-a38d-703f09a0dc3c", "DeviceManagementManagedDevices.PrivilegedOperations.All")
READS = ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read")
PIM = app("0e000000-0000-4000-8000-000000000004", "MS-PIM")


def role_event(
    activity: str, service: str = "Core Directory", by: Json = MALLORY, role: str = GLOBAL_ADMINISTRATOR
) -> Json:
    """A role that somebody gets."""
    return entra_event(
        activity,
        NOON,
        by,
        target("Role", role, "Global Administrator", changed("TemplateId", role)),
        target("User", PUPPET[0], account=PUPPET[1]),
        loggedByService=service,
        category="RoleManagement",
    )


def policy_event(verb: str, old: str | None, new: str | None) -> Json:
    """A Conditional Access policy that changes its state."""
    states = [None if each is None else {"id": "9a", "state": each} for each in (new, old)]
    policy = target("Policy", "9a000000", "Block apps", changed("ConditionalAccessPolicy", *states))
    return entra_event(f"{verb} conditional access policy", NOON, MALLORY, policy)


RINGS = {
    "an app may wipe": (permission_granted(NOON, MALLORY, *WIPES, OTHER_APP), "B1", Severity.HIGH),
    "a role known by name alone": (
        permission_granted(NOON, MALLORY, "", WIPES[1], OTHER_APP),
        "B1",
        Severity.HIGH,
    ),
    "a delegated permission": (
        entra_event(
            "Add delegated permission grant",
            NOON,
            MALLORY,
            target(
                "ServicePrincipal",
                "62cb",
                "Microsoft Graph",
                changed("DelegatedPermissionGrant.Scope", " openid DeviceManagementRBAC.ReadWrite.All"),
                changed("ServicePrincipal.ObjectID", OTHER_APP[0]),
            ),
        ),
        "B2",
        Severity.MEDIUM,
    ),
    "a secret": (secret_added(NOON, MALLORY, POWERFUL), "B5", Severity.HIGH),
    "an owner of an app": (
        entra_event(
            "Add owner to service principal",
            NOON,
            MALLORY,
            target("User", PUPPET[0], account=PUPPET[1]),
            target("ServicePrincipal", POWERFUL[0], POWERFUL[2]),
        ),
        "B6",
        Severity.HIGH,
    ),
    "the unit deleted": (
        entra_event(
            "Delete administrative unit", NOON, MALLORY, target("AdministrativeUnit", UNIT[0], UNIT[1])
        ),
        "B7",
        Severity.CRITICAL,
    ),
    "the group out of a unit nobody knows": (
        entra_event(
            "Remove member from restricted management administrative unit",
            NOON,
            MALLORY,
            target("Group", GROUP[0]),
        ),
        "B7",
        Severity.CRITICAL,
    ),
    "a puppet in the group": (member_added(NOON, MALLORY, GROUP, PUPPET), "B8", Severity.CRITICAL),
    "a member less": (member_removed(NOON, MALLORY, GROUP, PUPPET), "B8", Severity.MEDIUM),
    "an owner of the group": (
        entra_event(
            "Add owner to group",
            NOON,
            MALLORY,
            target("User", PUPPET[0], None, changed("Group.ObjectID", GROUP[0]), account=PUPPET[1]),
        ),
        "B8",
        Severity.CRITICAL,
    ),
    "the group deleted": (
        entra_event("Delete group", NOON, MALLORY, target("Group", GROUP[0], GROUP[1])),
        "B8",
        Severity.CRITICAL,
    ),
    "a Global Administrator outside of PIM": (
        role_event("Add member to role outside of PIM (permanent)", "PIM"),
        "B9",
        Severity.CRITICAL,
    ),
    "a Global Administrator by the directory": (role_event("Add member to role."), "B9", Severity.CRITICAL),
    "somebody who calls his app MS-PIM": (role_event("Add member to role", by=PIM), "B9", Severity.CRITICAL),
    "a policy switched off": (policy_event("Update", "enabled", "disabled"), "B10", Severity.MEDIUM),
    "a policy deleted": (policy_event("Delete", "enabled", None), "B10", Severity.MEDIUM),
    "an approver's password": (
        entra_event(
            "Reset password",
            NOON,
            MALLORY,
            target("User", APPROVER[0], account=APPROVER[1]),
        ),
        "B11",
        Severity.MEDIUM,
    ),
}


@pytest.mark.parametrize("case", RINGS.values(), ids=list(RINGS))
def test_a_way_around_approval_rings(alerts: Alerts, case: tuple[Json, str, Severity]) -> None:
    """With what it is, how bad, who did it, and what to do."""
    raw, kind, severity = case

    [alert] = alerts(raw)

    assert (alert.kind, alert.severity, alert.at) == (kind, severity, NOON)
    assert alert.actor.id == (raw["initiatedBy"]["user"] or {"id": PIM["app"]["servicePrincipalId"]})["id"]
    assert alert.events == (raw["id"],)
    assert alert.title
    assert alert.next_step.endswith((".", "?"))


QUIET = {
    "a permission that reads": permission_granted(NOON, MALLORY, *READS, OTHER_APP),
    "a key that signs": secret_added(NOON, MALLORY, POWERFUL, use="Sign"),
    "keys as they were": entra_event(
        "Update application \N{EN DASH} Certificates and secrets management ",
        NOON,
        MALLORY,
        target("Application", POWERFUL[0], POWERFUL[2], changed("KeyDescription", [], [])),
    ),
    "a consent of everyday": entra_event(
        "Add delegated permission grant",
        NOON,
        MALLORY,
        target(
            "ServicePrincipal",
            "62cb",
            "Microsoft Graph",
            changed("DelegatedPermissionGrant.Scope", " openid User.Read"),
        ),
    ),
    "words that were there before": entra_event(
        "Update delegated permission grant",
        NOON,
        MALLORY,
        target(
            "ServicePrincipal",
            "62cb",
            None,
            changed("DelegatedPermissionGrant.Scope", f"User.Read {WIPES[1]}", WIPES[1]),
        ),
    ),
    "an app of Microsoft's": entra_event(
        "Add service principal",
        NOON,
        app("1", "Microsoft Azure"),
        target("ServicePrincipal", "2", "Defender"),
        additionalDetails=details(ServicePrincipalProvisioningType="Subscription"),
    ),
    "another group": member_added(NOON, MALLORY, OTHER_GROUP, PUPPET),
    "another unit": entra_event(
        "Delete administrative unit", NOON, MALLORY, target("AdministrativeUnit", "other", "Sales")
    ),
    "a group that comes under protection": entra_event(
        "Add member to restricted management administrative unit", NOON, MALLORY, target("Group", GROUP[0])
    ),
    "a role that opens nothing": role_event(
        "Add member to role", role="88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
    ),
    "what was only asked for": role_event("Add member to role requested (PIM activation)", "PIM"),
    "what was refused": {**member_added(NOON, MALLORY, GROUP, PUPPET), "result": "failure"},
    "an approver's own password": entra_event(
        "Reset password",
        NOON,
        person(*APPROVER),
        target("User", APPROVER[0]),
    ),
    "somebody else's password": entra_event("Reset password", NOON, MALLORY, target("User", PUPPET[0])),
}


@pytest.mark.parametrize("raw", QUIET.values(), ids=list(QUIET))
def test_what_looks_like_a_way_around_does_not_ring(alerts: Alerts, raw: Json) -> None:
    """Nothing, not even quietly."""
    assert alerts(raw) == []


@pytest.mark.parametrize(
    "raw",
    [
        secret_added(NOON, MALLORY, OTHER_APP),
        member_removed(NOON, app("1", "Azure AD Access Reviews"), GROUP, PUPPET),
        role_event("Add member to role completed (PIM activation)", "PIM"),
        policy_event("Update", "disabled", "enabled"),
        entra_event("Add application", NOON, MALLORY, target("Application", OTHER_APP[0], OTHER_APP[2])),
    ],
    ids=["a pipeline's secret", "an access review", "a PIM activation", "a policy switched on", "a new app"],
)
def test_daily_life_is_low(alerts: Alerts, raw: Json) -> None:
    """It is kept for stories, and rings nowhere by itself."""
    assert [each.severity for each in alerts(raw)] == [Severity.LOW]


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name.upper(),
        lambda name: f"  {name}. ",
        lambda name: name.replace(" ", "\N{NO-BREAK SPACE}"),
        lambda name: name.replace("-", "\N{EM DASH}"),
        lambda name: name.replace(" ", "  "),
    ],
    ids=["capitals", "blanks around", "other blanks", "other dashes", "more blanks"],
)
def test_the_name_of_an_activity_is_matched_loosely(alerts: Alerts, change: Callable[[str], str]) -> None:
    """The logs differ from Microsoft's list, and from each other."""
    for raw in (member_added(NOON, MALLORY, GROUP, PUPPET), secret_added(NOON, MALLORY, POWERFUL)):
        assert len(alerts({**raw, "activityDisplayName": change(raw["activityDisplayName"])})) == 1


def test_values_are_read_with_and_without_their_quotes(alerts: Alerts) -> None:
    """A value that is no JSON text is taken as it is."""
    raw = member_added(NOON, MALLORY, GROUP, PUPPET)
    raw["targetResources"] = [raw["targetResources"][0]]
    raw["targetResources"][0]["modifiedProperties"][0]["newValue"] = GROUP[0]

    assert [each.kind for each in alerts(raw)] == ["B8"]


@pytest.mark.parametrize(
    "field",
    ["initiatedBy", "targetResources", "additionalDetails", "correlationId", "result", "loggedByService"],
)
@pytest.mark.parametrize("value", [None, "odd", 7, [], {}, [None, 1, "x", {}]])
def test_odd_fields_fail_nothing(alerts: Alerts, field: str, value: Any) -> None:
    """What is left is told; the other entries are told all the same."""
    odd = {**member_added(NOON, MALLORY, GROUP, PUPPET), field: value}
    sound = permission_granted(NOON, MALLORY, *WIPES, OTHER_APP)

    assert "B1" in {each.kind for each in alerts(odd, sound)}


@pytest.mark.parametrize(
    "raw", [None, "x", [], {}, {"id": "1"}, {"id": "1", "activityDisplayName": "Add member to group"}]
)
def test_what_is_no_entry_is_left_out(alerts: Alerts, raw: Any) -> None:
    """No id, no time, no activity: nothing to tell."""
    assert alerts(raw) == []


def test_entries_of_one_act_are_one_alert(alerts: Alerts) -> None:
    """Every role of a consent has an entry of its own, and an app and its service principal have two."""
    grants = [
        permission_granted(NOON, MALLORY, role_id, name, OTHER_APP)
        for role_id, name in (WIPES, ("e330c4f0-4170-414e-a55a-2f022ec2b57b", ""))
    ]

    [alert] = alerts(*grants)

    assert {each.value for each in alert.facts} == {WIPES[1], "DeviceManagementRBAC.ReadWrite.All"}
    assert set(alert.events) == {each["id"] for each in grants}


def test_the_same_by_another_person_or_much_later_is_another_alert(alerts: Alerts) -> None:
    """An hour apart is one act no more."""
    again = member_added(NOON + timedelta(hours=2), MALLORY, GROUP, PUPPET)
    other = member_added(NOON, person("2", "other@contoso.com"), GROUP, PUPPET)

    assert len(alerts(member_added(NOON, MALLORY, GROUP, PUPPET), again, other)) == 3


def test_what_pim_writes_twice_is_told_once(alerts: Alerts) -> None:
    """Its own entry and that of the directory, seconds apart."""
    own = role_event("Add member to role in PIM completed (permanent)", "PIM")

    [alert] = alerts(own, role_event("Add member to role", by=PIM))

    assert alert.events == (own["id"],)


def test_a_duplicate_is_told_once(alerts: Alerts) -> None:
    """Windows overlap, and pages may."""
    raw = member_added(NOON, MALLORY, GROUP, PUPPET)

    assert len(alerts(raw, raw)) == 1


def test_a_new_app_that_is_armed_at_once_is_more_than_low(alerts: Alerts) -> None:
    """By itself it means nothing."""
    new = entra_event(
        "Add service principal", NOON, MALLORY, target("ServicePrincipal", OTHER_APP[0], OTHER_APP[2])
    )
    grant = permission_granted(NOON + timedelta(minutes=5), MALLORY, *WIPES, OTHER_APP)

    assert [(each.kind, each.severity) for each in alerts(new, grant)] == [
        ("B4", Severity.MEDIUM),
        ("B1", Severity.HIGH),
    ]


def test_a_secret_on_an_app_that_just_got_its_permission_is_high(alerts: Alerts) -> None:
    """The snapshot of apps is older than the grant."""
    grant, secret = (
        permission_granted(NOON, MALLORY, *WIPES, OTHER_APP),
        secret_added(NOON, MALLORY, OTHER_APP),
    )

    assert {each.kind: each.severity for each in alerts(grant, secret)} == {
        "B1": Severity.HIGH,
        "B5": Severity.HIGH,
    }


def test_a_flood_is_one_alert(alerts: Alerts) -> None:
    """A thousand apps in an hour are one card, with the count."""
    flood = [
        permission_granted(
            NOON + timedelta(seconds=number),
            MALLORY,
            *WIPES,
            (f"sp{number}", f"app{number}", f"app {number}"),
        )
        for number in range(1000)
    ]

    [alert] = alerts(*flood)

    assert alert.facts[0].value == "1000 of them: “app 0”, “app 1”, “app 2” and 997 more"
