"""Every card for every shape and state: sound, honest, and complete for the person who reads it."""

import ast
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from maa_notify import cards
from maa_notify.cards import strings
from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.event import Event, EventKind, RequestEvent, Step
from maa_notify.domain.heartbeat import heartbeat
from maa_notify.domain.request import ApprovalRequest, Assignment, Device, Identity, Target
from maa_notify.domain.visibility import Outlook
from maa_notify.graph.requests import MalformedRequestError, parse_request
from tests.cards.judge import URL, Card, alive_in, assert_sound, objects, runs, seen, strings_elsewhere
from tests.support.approval import FILED, NOW, approval, changed, created, no_longer_listed, nudge, reminder
from tests.support.cards import as_read, strip, text, texts
from tests.support.examples import EXAMPLES, example
from tests.support.hostile import raw_requests

CARDS = TeamsCards(URL)
PORTAL = {
    "needsApproval": "Needs approval",
    "approved": "Approved - Needs completion",
    "completed": "Completed",
    "rejected": "Rejected",
    "cancelled": "Canceled",
    "expired": "Expired",
    "waitingForMoon": "Waiting for moon",
}
GUID = "173a2634-0007-4274-af00-000000000007"
ACCOUNT = re.compile(r"[\w'+.-]+@[\w-]+(\.[\w-]+)+")
_SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")

Make = Callable[[ApprovalRequest], Card]

MAKERS: dict[str, Make] = {
    "created": lambda request: CARDS.card(created(request), "ops", NOW),
    "changed": lambda request: CARDS.card(changed(request, "approved"), "ops", NOW),
    "reminder": lambda request: CARDS.card(reminder(request), "ops", NOW),
    "nudge": lambda request: CARDS.card(nudge(request), "ops", NOW),
    "gone": lambda request: CARDS.card(no_longer_listed(request), "ops", NOW),
    "plain": lambda request: CARDS.plain(changed(request), NOW),
    "reply": lambda request: CARDS.reply(changed(request), "ops", NOW),
    "sample": lambda request: CARDS.sample(created(request), "ops", NOW),
    "digest": lambda request: CARDS.digest([created(request), changed(request, "x")], "ops", NOW)[0],
}

every_card = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
every_status = pytest.mark.parametrize("status", PORTAL)


def shown(event: Event, now: datetime = NOW) -> str:
    """The text of the full card, as a reader sees it."""
    return as_read(seen(text(CARDS.card(event, "ops", now))))


def facts(card: Card) -> dict[str, str]:
    """The labelled rows of a card."""
    rows = [each["columns"] for each in card["body"] if each["type"] == "ColumnSet"]
    return {
        texts({"body": [label]})[0]: as_read(seen(" · ".join(texts({"body": [value]}))))
        for label, value in rows
    }


def lines(card: Card) -> list[str]:
    """The texts of a card, with times as somebody in UTC reads them."""
    return list(map(as_read, texts(card)))


def style(event: Event) -> str:
    """The colour of the strip."""
    return str(CARDS.card(event, "ops", NOW)["body"][0]["style"])


@every_card
@every_status
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_card_is_sound(name: str, status: str, make: Make) -> None:
    """Each shape in each state makes a card that Teams takes and that phones show."""
    assert_sound(make(parse_request(example(name, status=status))))


@every_card
def test_a_request_of_which_nothing_is_known_makes_a_sound_card(make: Make) -> None:
    """With an id and a status alone there is still a card that rings."""
    request = parse_request({"id": "x", "status": "needsApproval"})

    assert_sound(make(request))
    assert "not told by Intune" in text(CARDS.card(created(request), "ops", NOW))


@every_status
def test_the_strip_tells_the_status_as_the_portal_spells_it(status: str) -> None:
    """Whoever compares the card with Intune reads the same word; an unheard-of status reads as words too."""
    strips = [strip(make(approval(status))).split(" · ")[0] for make in (MAKERS["changed"], MAKERS["plain"])]

    assert strips == [PORTAL[status]] * 2


def test_a_card_for_approvers_answers_their_questions() -> None:
    """Who asks for what, why, how risky, until when, and what to do: all in one look."""
    request = parse_request(example("wipe"))
    card = CARDS.card(created(request), "ops", datetime(2026, 8, 18, 7, 45, tzinfo=UTC))

    assert lines(card)[:7] == [
        "Needs approval · High risk",
        "Wipe device “CONTOSO-LT-0417”",
        "Requested by: “Mira Holt” (mira.holt@contoso.com)",
        "Decide by <2026-08-21 07:42> (2 d 23 h left)",
        "A wipe erases the device. What was stored only there is lost, and nobody can undo it.",
        "The requestor's own words",
        "Laptop left in a taxi, ticket INC-20418",
    ]
    assert facts(card) == {
        "Serial number": "5CG1234XYZ",
        "Primary user": "theo.brandt@contoso.com",
        "The wipe keeps": "not the user's data nor the enrollment",
    }
    assert texts(card)[-2].startswith("Approver: open Intune yourself")
    assert "All requests" in texts(card)[-2]
    assert texts(card)[-1] == f"Key {created(request).short_key} · MAA Notify only reads"


def test_a_card_for_requestors_says_that_approved_is_not_done() -> None:
    """The one thing that nobody else tells them: go back and press Complete, before it expires."""
    request = parse_request(example("app"))
    card = CARDS.card(changed(request), "ops", NOW)

    assert lines(card)[:8] == [
        "Approved - Needs completion",
        "Assign app “Fabrikam VPN”",
        "Requested by: “Jonas Lind” (account not told)",
        "Press Complete by <2026-08-20 13:05> (2 d 1 h left)",
        "The requestor's own words",
        "Pilot ring 2 for the new VPN client",
        "The approver's own words",
        "Agreed in CAB of 17 August",
    ]
    assert facts(card) == {
        "Risk": "Medium",
        "Assignments after the change": "Required: 1 group",
        "Requested": "<2026-08-17 13:05>",
        "Approved": "<2026-08-17 15:31> · by “Aiko Mori” (account not told)",
    }
    assert re.search(r"Requestor: approved is not done.*press Complete before it expires", text(card))


def test_a_rejection_tells_who_and_why() -> None:
    """The requestor learns the reason in chat instead of hunting for it."""
    card = CARDS.card(changed(parse_request(example("settings"))), "ops", NOW)

    assert facts(card)["Rejected"] == "<2026-08-15 11:12> · by “Oskar Weiss” (oskar.weiss@contoso.com)"
    assert "Needs a risk owner first" in texts(card)
    assert "file a new request" in texts(card)[-2]
    assert "xpire" not in text(card)


@pytest.mark.parametrize("name", EXAMPLES)
def test_completed_never_claims_success(name: str) -> None:
    """Intune says that a request was processed, not that the device is wiped: the card must not say more."""
    told = shown(changed(parse_request(example(name, status="completed", approvalJustification=None))))

    assert "does not say whether the change succeeded" in told
    assert not re.search(r"(?i)\b(wiped|retired|deleted|assigned|applied|success\w*|done)\b", told)


def test_an_expired_request_says_when_it_ended() -> None:
    """The requestor sees that time ran out, and when."""
    card = CARDS.card(changed(approval("expired", expires_at=NOW - timedelta(minutes=5))), "ops", NOW)

    assert lines(card)[3] == "Expired <2026-08-18 11:55> (5 min ago)"
    assert "Expired" not in facts(card)
    assert "ran out of time" in texts(card)[-2]


def test_an_approval_taken_back_is_said_so() -> None:
    """The approvers learn why it waits again, and no decider is named for a decision that does not stand."""
    request = approval(approver=Identity("user", "Aiko Mori"), approval_notes="ok")
    steps = (Step("approved", FILED, Identity("user", "Priya")), Step("needsApproval", NOW, Identity()))
    card = CARDS.card(replace(changed(request, "approved"), steps=steps), "ops", NOW)

    assert strip(card) == "Needs approval · the approval was taken back · High risk"
    assert "Aiko Mori" not in text(card)
    assert "approver's own words" not in text(card)
    assert facts(card)["Approved"] == "<2026-08-18 11:00> · by “Priya” (account not told)"
    assert facts(card)["Needs approval"] == "<2026-08-18 12:00> · the approval was taken back"


@pytest.mark.parametrize(
    "stage,more,expected",
    [
        ("50%", True, "\nReminder: 50% of its time has passed. Next: <2026-08-19 08:00>.\n"),
        ("4h", False, "\nLast reminder: less than 4 h left.\n"),
    ],
)
def test_a_reminder_says_why_it_rings_and_whether_it_will_again(
    stage: str, more: bool, expected: str
) -> None:
    """A reader can tell nagging from news, in one short line."""
    told = shown(reminder(stage=stage, more=more))

    assert told.startswith("Reminder: needs approval · High risk")
    assert expected in told


def test_a_vanished_request_is_told_in_neutral_words() -> None:
    """Nobody knows what became of it, so the card claims nothing."""
    told = shown(no_longer_listed())

    assert told.startswith("No longer listed\n")
    assert "Its outcome is not known" in told
    assert "Canceled" not in told


def test_an_unheard_of_status_sends_people_to_look() -> None:
    """A status of next year is shown and explained, not swallowed."""
    assert "does not know the status" in shown(changed(approval("waitingForMoon")))
    assert strip(CARDS.card(changed(approval("状态")), "ops", NOW)) == "Unknown status"


def test_an_application_as_requestor_is_called_out() -> None:
    """An approver sees at once that no person stands behind the request."""
    told = shown(created(parse_request(example("script"))))

    assert "Filed by an application, not by a person." in told
    assert "“fabrikam-release-pipeline” (application)" in told


def test_a_change_of_the_guard_itself_is_called_out() -> None:
    """A request that changes who may approve does not look like any other."""
    assert "the very rule that asks for a second administrator" in shown(
        created(parse_request(example("policy", status="needsApproval")))
    )


@pytest.mark.parametrize("name", ["wipe", "app", "retire", "settings"])
def test_an_ordinary_request_is_not_called_out(name: str) -> None:
    """A warning on every card would be read by nobody."""
    told = shown(created(parse_request(example(name))))

    assert "Filed by an application" not in told
    assert "the very rule" not in told


@pytest.mark.parametrize(
    "types,risk", [(("deviceWipe",), "High"), (("app",), "Medium"), (("customOrganizationalMessage",), "Low")]
)
def test_risk_is_said_in_words(types: tuple[str, ...], risk: str) -> None:
    """Colour alone does not reach everybody; once decided, the risk moves to the facts."""
    waiting, decided = (
        created(approval(policy_types=types)),
        changed(approval("approved", policy_types=types)),
    )

    assert strip(CARDS.card(waiting, "ops", NOW)) == f"Needs approval · {risk} risk"
    assert facts(CARDS.card(decided, "ops", NOW))["Risk"] == risk


@pytest.mark.parametrize(
    "event,colour",
    [
        (created(), "attention"),
        (created(approval(policy_types=("app",))), "warning"),
        (reminder(), "attention"),
        (changed(approval("approved")), "good"),
        (changed(approval("rejected")), "accent"),
        (changed(approval("expired")), "emphasis"),
        (changed(approval("completed")), "emphasis"),
        (changed(approval("cancelled")), "emphasis"),
        (changed(approval("waitingForMoon")), "warning"),
        (no_longer_listed(), "warning"),
    ],
    ids=lambda value: f"{value.kind}-{value.request.status}" if isinstance(value, RequestEvent) else value,
)
def test_the_strip_is_coloured_by_what_is_asked(event: Event, colour: str) -> None:
    """Red and yellow ask an approver, green and blue the requestor, grey nobody: rejected is not expired."""
    assert style(event) == colour


@pytest.mark.parametrize(
    "name,expected",
    [
        ("wipe", "Wipe device “CONTOSO-LT-0417”"),
        ("app", "Assign app “Fabrikam VPN”"),
        ("retire", "Retire device “FABRIKAM-KIOSK-09”"),
        ("script", "Create script “Set-ProxyDefaults”"),
        ("settings", "Change configuration policy “Windows - BitLocker baseline”"),
        ("policy", "Create access policy “MAA - device wipe”"),
    ],
)
def test_the_subject_reads_like_a_sentence(name: str, expected: str) -> None:
    """A reader knows what it is about without knowing Intune's internal names."""
    assert texts(CARDS.card(created(parse_request(example(name))), "ops", NOW))[1] == expected


@pytest.mark.parametrize(
    "types,target,expected",
    [
        (("deviceWipe",), Target(), "Wipe device (name not told by Intune)"),
        (("deviceWipe",), Target("LT-1", device_count=40), "Wipe 40 devices, first “LT-1”"),
        (
            ("deviceAction",),
            Target("LT-1", "Action", "ManagedDevice", action="remoteLock"),
            "Remote lock device “LT-1”",
        ),
        (("app",), Target("VPN", "DELETE", "mobileapp"), "Delete app “VPN”"),
        (("app",), Target("VPN", "Action", "MobileApp", "relateApps"), "Relate apps app “VPN”"),
        (("app",), Target("VPN", "Update", "MobileApp"), "Change app “VPN”"),
        (("app",), Target("VPN", "Action", "MobileApp", action="assign"), "Assign app “VPN”"),
        (("app",), Target("VPN", "Action", "MobileApp"), "App “VPN”"),
        (("app",), Target("VPN"), "Apps “VPN”"),
        (("unknownFutureValue",), Target("LT-1", "Delete", "ManagedDevice"), "Delete device “LT-1”"),
        (
            ("deviceDelete",),
            Target("LT-1", "Action", "ManagedDevice", action="delete", device_count=7),
            "Delete 7 devices, first “LT-1”",
        ),
        (
            ("deviceSecurityAction",),
            Target("LT-1", device_count=7),
            "Device security action on 7 devices, first “LT-1”",
        ),
        (
            ("deviceAction",),
            Target("LT-1, LT-2", "Action", "ManagedDevice", device_count=2),
            "Device actions on 2 devices",
        ),
        (("neverHeardOf",), Target("LT-1", action="wipe", device_count=50), "Wipe 50 devices, first “LT-1”"),
        (("neverHeardOf",), Target(device_count=50), "Never heard of on 50 devices"),
        (("neverHeardOf", "deviceAction"), Target(device_count=50), "An action on 50 devices"),
        ((), Target("LT-1", device_count=50), "An action on 50 devices, first “LT-1”"),
        (("neverHeardOf",), Target("Thing"), "Never heard of “Thing”"),
        (("neverHeardOf",), Target(), "Never heard of request"),
        ((), Target("Thing"), "Approval “Thing”"),
        ((), Target(), "Approval request"),
    ],
)
def test_the_subject_is_as_good_as_the_fields_allow(
    types: tuple[str, ...], target: Target, expected: str
) -> None:
    """Undocumented fields that are missing cost detail, never the sense."""
    request = approval(policy_types=types, target=target)

    assert texts(CARDS.card(created(request), "ops", NOW))[1] == expected


@pytest.mark.parametrize("policy_type", ["app", "configurationPolicy", "unknownFutureValue"])
@pytest.mark.parametrize(
    "object_type", ["MobileAppDeployment", "deployment", "DeploymentPlan", "x.Deployments"]
)
@pytest.mark.parametrize(
    "operation,action,expected",
    [
        ("Create", "", "Create deployment “Ring 3”"),
        ("resume", "", "Resume deployment “Ring 3”"),
        ("Cancel", "", "Cancel deployment “Ring 3”"),
        ("DELETE", "", "Delete deployment “Ring 3”"),
        ("Update", "", "Change deployment “Ring 3”"),
        ("CancelDeployment", "", "Cancel deployment “Ring 3”"),
        ("Action", "cancel", "Cancel deployment “Ring 3”"),
        ("Action", "resumeDeployment", "Resume deployment “Ring 3”"),
        ("Action", "", "Deployment “Ring 3”"),
        ("", "", "Deployment “Ring 3”"),
    ],
)
def test_what_is_done_to_a_deployment_is_said_of_it(
    operation: str, action: str, expected: str, object_type: str, policy_type: str
) -> None:
    """The staged rollout of an app or a policy is not taken for the app or the policy."""
    target = Target("Ring 3", operation, object_type, action=action)
    request = approval(policy_types=(policy_type,), target=target)

    assert texts(CARDS.card(created(request), "ops", NOW))[1] == expected


def test_what_can_only_be_done_to_a_deployment_is_said_of_one() -> None:
    """Where Intune names the app that is rolled out, nobody reads that the app itself is canceled."""
    named = approval(policy_types=("app",), target=Target("VPN", "Cancel", "MobileApp"))
    typed = approval(policy_types=("configurationPolicy",), target=Target("Baseline", "Resume"))
    autopilot = Target("Kiosk", "Create", "WindowsAutopilotDeploymentProfile")

    assert texts(CARDS.card(created(named), "ops", NOW))[1] == "Cancel deployment of app “VPN”"
    assert texts(CARDS.card(created(typed), "ops", NOW))[1] == (
        "Resume deployment of configuration policy “Baseline”"
    )
    assert texts(CARDS.card(created(approval(policy_types=("app",), target=autopilot)), "ops", NOW))[1] == (
        "Create Autopilot profile “Kiosk”"
    )


@every_status
def test_the_cancel_of_a_deployment_does_not_read_as_a_canceled_request(status: str) -> None:
    """`Canceled` stands on a card only where the request itself was withdrawn."""
    target = Target("Ring 3", "Cancel", "MobileAppDeployment")
    request = approval(status, policy_types=("app",), target=target)
    told = [text(make(request)) for name, make in MAKERS.items() if name != "gone"]
    spoken = CARDS.card(changed(request), "ops", NOW)["fallbackText"]

    assert all("Cancel deployment “Ring 3”" in each for each in told)
    assert [bool(re.search("[Cc]ancell?ed|withdrawn", each)) for each in (*told, spoken)] == [
        status == "cancelled"
    ] * (len(told) + 1)


ASSIGNMENTS = (
    Assignment("all devices", "uninstall"),
    Assignment("all users", "availableWithoutEnrollment"),
    Assignment("excluded group", "uninstall", 2),
    Assignment("group", "required", 3),
    Assignment("group", "available"),
    Assignment("group", ""),
    Assignment("target", "other", 2),
)


@pytest.mark.parametrize("operation", ["Assign", "Create", "Update", ""])
def test_assignments_are_those_after_the_change(operation: str) -> None:
    """Intune tells the whole list: who is in it, with which intent, who is spared; no entry is called new."""
    request = approval(target=Target("VPN", operation, "MobileApp", assignments=ASSIGNMENTS))

    assert facts(CARDS.card(created(request), "ops", NOW))["Assignments after the change"] == (
        "Uninstall: all devices, 2 groups excluded; Required: 3 groups; Available: 1 group;"
        " Available without enrollment: all users; An intent newer than this notifier: 2 targets; 1 group"
    )


def test_assignments_that_are_only_exclusions_reach_nobody() -> None:
    """An exclusion is told as what it is."""
    target = Target("VPN", "Assign", "MobileApp", assignments=(Assignment("excluded group", "required"),))
    card = CARDS.card(created(approval(policy_types=("app",), target=target)), "ops", NOW)

    assert facts(card)["Assignments after the change"] == "Required: 1 group excluded"
    assert "all users" not in text(card)


def test_assignments_that_go_are_told_apart() -> None:
    """What is taken away stands in a row of its own."""
    target = Target("VPN", "Assign", "MobileApp", removed_assignments=ASSIGNMENTS[3:5])
    told = facts(CARDS.card(created(approval(target=target)), "ops", NOW))

    assert told["Assignments taken away"] == "Required: 3 groups; Available: 1 group"
    assert "Assignments after the change" not in told


def test_an_uninstall_for_everybody_is_called_out() -> None:
    """An approver sees that the app goes everywhere, and that it may be so already."""
    target = Target("VPN", "Assign", "MobileApp", assignments=ASSIGNMENTS[:1])
    told = shown(created(approval(policy_types=("app",), target=target)))

    assert told.startswith("Needs approval · High risk\n")
    assert "the app is uninstalled for all users or on all devices. It may be so already." in told


@pytest.mark.parametrize(
    "kind,words",
    [
        ("deviceDelete", "can wipe it in some Android enrolments"),
        ("deviceDelete", "BitLocker"),
        ("deviceRetire", "BitLocker"),
    ],
)
def test_what_deleting_and_retiring_do_besides_is_said(kind: str, words: str) -> None:
    """Deleting a device is more than taking it off a list."""
    assert words in shown(created(approval(policy_types=(kind,))))


def test_an_access_policy_says_what_it_protects_and_where() -> None:
    """Policies are made per platform: two of one policy type are not the same."""
    target = Target("Apps", "Create", "OperationApprovalPolicy", protects="app", platform="windows10AndLater")
    told = facts(CARDS.card(created(approval(target=target)), "ops", NOW))

    assert (told["Protects"], told["Platform"]) == ("Apps", "Windows")


FILED_BY_APPLICATION = approval("approved", requestor=Identity("application", "pipe", id="f5"))


@pytest.mark.parametrize(
    "card",
    [
        CARDS.card(changed(FILED_BY_APPLICATION), "ops", NOW),
        CARDS.card(created(FILED_BY_APPLICATION), "ops", NOW),
        CARDS.card(nudge(FILED_BY_APPLICATION), "ops", NOW),
        CARDS.reply(changed(FILED_BY_APPLICATION), "ops", NOW),
        TeamsCards(URL, chats={"ops"}).card(changed(FILED_BY_APPLICATION), "ops", NOW),
        TeamsCards(URL, chats={"ops"}).card(nudge(FILED_BY_APPLICATION), "ops", NOW),
    ],
    ids=["changed", "created", "reminder", "reply", "chat", "reminder in a chat"],
)
def test_what_an_application_filed_sends_nobody_to_my_requests(card: Card) -> None:
    """No person can complete it there: whoever runs the application has to let it send the call again."""
    told = text(card)

    assert "My requests" not in told
    assert "press Complete" not in told
    assert "Only the application that filed this request can complete it" in told
    assert "x-msft-approval-code" in told


def test_what_a_person_filed_through_an_application_is_completed_by_the_person() -> None:
    """A script that signs in as somebody files in that person's name."""
    both = {"user": {"displayName": "Ana"}, "application": {"displayName": "pipe", "id": "f5"}}
    told = shown(changed(parse_request(example("app", requestor=both))))

    assert "My requests" in told
    assert "Filed by an application" not in told


@pytest.mark.parametrize(
    "identity,expected",
    [
        (Identity("user", "Ana", "ana@contoso.com", "a1"), "“Ana” (ana@contoso.com)"),
        (Identity("user", "Ana", "", "a1"), "“Ana” (account not told)"),
        (Identity("user", "", "ana@contoso.com", "a1"), "ana@contoso.com"),
        (Identity("user", "", "", GUID), GUID),
        (Identity("application", "", "", GUID), f"{GUID} (application)"),
        (Identity("application", "\u200b"), "not told by Intune (application)"),
    ],
)
def test_a_person_is_named_as_well_as_graph_allows(identity: Identity, expected: str) -> None:
    """A name with the account where both are known, the next best otherwise."""
    assert f"\nRequested by: {expected}\n" in shown(created(approval(requestor=identity)))


def test_a_missing_requestor_is_said_to_be_missing() -> None:
    """The reader learns that nobody is told, not that a fact is."""
    assert "\nRequestor not told by Intune\n" in shown(created(approval(requestor=Identity())))


@pytest.mark.parametrize(
    "left,expected",
    [
        (timedelta(days=3), "3 d left"),
        (timedelta(days=2, hours=23, minutes=59), "2 d 23 h left"),
        (timedelta(hours=5), "5 h left"),
        (timedelta(minutes=61), "1 h 1 min left"),
        (timedelta(seconds=61), "1 min left"),
        (timedelta(seconds=59), "less than a minute left"),
    ],
)
def test_the_time_left_is_said_in_two_units(left: timedelta, expected: str) -> None:
    """Nobody has to subtract dates."""
    card = CARDS.card(created(approval(expires_at=NOW + left)), "ops", NOW)

    assert lines(card)[3].startswith("Decide by ")
    assert lines(card)[3].endswith(f"({expected})")


@pytest.mark.parametrize(
    "past,expected", [(timedelta(), "less than a minute ago"), (timedelta(days=1), "1 d ago")]
)
def test_a_deadline_that_is_past_is_said_to_be(past: timedelta, expected: str) -> None:
    """Nobody is asked to decide by yesterday."""
    card = CARDS.card(created(approval(expires_at=NOW - past)), "ops", NOW)

    assert lines(card)[3].startswith("Expired <2026-08-1")
    assert lines(card)[3].endswith(f"({expected}), and Intune still lists it as open")
    assert "Decide by" not in text(card)
    assert "read the request there and decide" not in text(card)
    assert f"expired {NOW - past:%Y-%m-%d %H:%M} UTC" in card["fallbackText"]


@pytest.mark.parametrize("make", [CARDS.card, CARDS.reply], ids=["card", "reply"])
def test_nobody_is_sent_to_complete_what_has_expired(make: Callable[..., Card]) -> None:
    """Green asks for Complete; behind the deadline that is asked of nobody, and the card is yellow."""
    approved = approval("approved", expires_at=NOW - timedelta(hours=5))

    assert "press Complete" not in text(make(changed(approved), "ops", NOW))
    assert "file a new request" in text(make(changed(approved), "ops", NOW))
    assert style(changed(approved)) == "warning"
    assert style(changed(replace(approved, expires_at=NOW + timedelta(hours=5)))) == "good"


def test_a_toast_names_nobody_where_nobody_is_told() -> None:
    """It begins with what is asked for, and says last that the requestor is missing."""
    told = CARDS.card(created(approval(requestor=Identity(), target=Target("LT-1"))), "ops", NOW)[
        "fallbackText"
    ]

    assert told.startswith(
        "Wipe device “LT-1” · Needs approval · High risk · requestor not told by Intune · decide by"
    )


def test_each_reader_sees_a_time_in_their_own_zone() -> None:
    """A request filed in another offset does not seem to expire at another time: Teams adds the hours."""
    card = CARDS.card(created(parse_request(example("retire", status="needsApproval"))), "ops", NOW)

    assert facts(card)["Requested"] == "<2026-08-16 20:10>"
    assert "UTC" not in text(card)


def test_no_fact_is_told_twice() -> None:
    """Who asks and until when stand in the strip alone, and the policy type in the subject alone."""
    request = parse_request(example("wipe"))
    told = shown(created(request), datetime(2026, 8, 18, 7, 45, tzinfo=UTC))

    assert [told.count(each) for each in ("Mira Holt", " left)", "2026-08-21 07:42")] == [1, 1, 1]
    assert not {"Policy type", "Expires", "Requested", "2026-08-18"} & set(told.splitlines())
    assert "2026-08-18" not in told


def test_a_policy_type_that_the_subject_does_not_say_is_told() -> None:
    """Where the subject is silent or says more than one, the row stays."""
    action = approval(
        policy_types=("deviceAction",), target=Target("LT-1", "Action", "ManagedDevice", action="lock")
    )
    two = approval(policy_types=("deviceWipe", "app"))

    assert facts(CARDS.card(created(action), "ops", NOW))["Policy type"] == "Device actions"
    assert facts(CARDS.card(created(two), "ops", NOW))["Policy type"] == "Device wipe, Apps"


def test_only_content_is_bold() -> None:
    """The state, the subject and warnings stand out; the next step, the same on each card, does not."""
    card = CARDS.card(created(), "ops", NOW)
    bold = [each["text"] for each in objects(card) if each.get("weight") == "Bolder"]

    assert bold == ["Needs approval · High risk", "Wipe device (name not told by Intune)"]


@pytest.mark.parametrize("event", [created(), changed(approval("approved")), no_longer_listed()])
def test_the_way_is_spelled_as_the_portal_spells_it(event: Event) -> None:
    """Whoever opens Intune finds each word of the way there."""
    assert "Tenant administration > Multi Admin Approval > " in text(CARDS.card(event, "ops", NOW))


def test_the_line_breaks_of_a_justification_are_kept() -> None:
    """A list reads as a list, and each of its lines has a mark that no line of ours has."""
    why = "Lost:\n- LT-1\r\n\n- LT-2\nNeeds approval · Low risk"
    request = parse_request({"id": "x", "status": "needsApproval", "requestJustification": why})
    told = shown(created(request)).splitlines()

    start = told.index("The requestor's own words") + 1
    assert told[start : start + 4] == ["│ Lost:", "│ - LT-1", "│ - LT-2", "│ Needs approval · Low risk"]


def test_many_line_breaks_do_not_make_a_long_card() -> None:
    """A thousand lines of one letter are twelve lines, and nothing of them is lost."""
    card = CARDS.card(created(approval(justification="\n".join("x" * 500))), "ops", NOW)
    marked = [each for each in texts(card) if each.startswith("│ ")]

    assert_sound(card)
    assert len(marked) == 12
    assert "".join(marked).count("x") == 500


def test_a_sample_cannot_be_mistaken_for_a_request() -> None:
    """Nobody goes looking in Intune for what a test has invented."""
    card = replace(CARDS, asking={"ops"}).sample(created(), "ops", NOW)

    assert strings.LOOK not in str(card)
    assert "the request below is invented" in strip(card)
    assert "invented" in card["fallbackText"]
    assert "Needs approval · High risk" in texts(card)


def test_the_plain_card_still_tells_what_counts() -> None:
    """A destination that refuses the full card learns the state, the subject, the deadline and the key."""
    request = approval(target=Target("LT-1"), justification="because")
    shown_lines = texts(CARDS.plain(created(request), NOW))

    assert shown_lines[:4] == [
        "Needs approval",
        "Wipe device “LT-1”",
        "Requestor not told by Intune",
        "Expires:\N{NO-BREAK SPACE}2026-08-21 11:00 UTC (2 d 23 h left)",
    ]
    assert created(request).short_key in shown_lines[4]
    assert "because" not in str(shown_lines)


def planted(mark: str) -> dict[str, Any]:
    """A raw request whose every text is recognisable."""
    person = {"user": {"displayName": f"{mark}name", "Upn": f"{mark}upn", "id": f"{mark}id"}}
    device = {"deviceName": f"{mark}dev", "serialNumber": f"{mark}ser", "primaryUser": f"{mark}pri"}
    return {
        "id": f"{mark}request",
        "status": f"{mark}status",
        "requestDateTime": "2026-08-18T07:42:10Z",
        "expirationDateTime": "2026-08-21T07:42:10Z",
        "requestor": person,
        "approver": person,
        "requestJustification": f"{mark}why",
        "approvalJustification": f"{mark}notes",
        "requiredOperationApprovalPolicyTypes": [f"{mark}type"],
        "payloadName": f"{mark}payload",
        "payloadOperation": f"{mark}operation",
        "payloadType": f"x.{mark}object",
        "payloadSubtype": f"x.{mark}subtype",
        "actionName": f"{mark}action",
        "displayPayload": [device],
    }


@every_card
def test_words_of_a_request_stand_only_where_nothing_is_markdown(make: Make) -> None:
    """In a TextBlock, a title or a fallback text a client would read them as Markdown or act on them."""
    card = make(parse_request(planted("zq")))

    assert any("zq" in each for each in runs(card))
    assert not stray(card)


@every_card
@pytest.mark.parametrize("status", ["needsApproval", "approved", "rejected"])
def test_words_of_a_decided_request_do_not_stray_either(make: Make, status: str) -> None:
    """Notes and deciders appear only on some cards; there too they stay in their place."""
    card = make(parse_request({**planted("zq"), "status": status}))

    assert not stray(card)


def stray(card: Card) -> list[str]:
    """Where planted words stand outside of what no client reads as Markdown, and outside of the toast."""
    return [each for each in strings_elsewhere({**card, "fallbackText": ""}) if "zq" in each.lower()]


def test_a_name_cannot_pass_for_words_of_ours() -> None:
    """Quotation marks show where somebody else's name begins and ends, even if it brings its own."""
    name = 'LT-1” · already approved by “security" «x»'
    subject = texts(CARDS.card(created(approval(target=Target(name))), "ops", NOW))[1]

    assert subject == "Wipe device “LT-1’ - already approved by ’security’ ’x’”"


def test_a_quote_is_as_long_as_intune_allows_and_says_what_it_leaves_out() -> None:
    """What Intune takes is shown whole; of more than that, a reader learns how much more there is."""
    whole, long = "reason " * 146, "reason " * 200
    shown_whole = texts(CARDS.card(created(approval(justification=whole)), "ops", NOW))
    shown_long = texts(CARDS.card(created(approval(justification=long)), "ops", NOW))

    assert whole.strip() in shown_whole
    assert f"{whole.strip()}… 378 more characters: read them in Intune." in shown_long


def test_the_story_so_far_is_told_step_by_step() -> None:
    """Approved, taken back, approved again, completed: whoever comes late sees who did what, and when."""
    aiko, oskar = Identity("user", "Aiko"), Identity("user", "Oskar")
    hours = [FILED + timedelta(hours=number) for number in range(1, 5)]
    steps = (
        Step("approved", hours[0], aiko),
        Step("needsApproval", hours[1], Identity()),
        Step("approved", hours[2], oskar),
        Step("completed", hours[3], Identity()),
    )
    request = approval("completed", requestor=Identity("user", "Mira"), approver=oskar)
    told = shown(replace(changed(request, "approved"), steps=steps))

    assert told[told.index("What happened so far") :].splitlines()[:14] == [
        "What happened so far",
        *("Requested", "<2026-08-18 11:00>"),
        *("Approved", "<2026-08-18 12:00>", "by “Aiko” (account not told)"),
        *("Needs approval", "<2026-08-18 13:00>", "the approval was taken back"),
        *("Approved", "<2026-08-18 14:00>", "by “Oskar” (account not told)"),
        *("Completed", "<2026-08-18 15:00>"),
    ]


def test_a_long_story_is_cut_at_its_beginning() -> None:
    """The latest steps are what counts; a reader learns that there were more."""
    steps = tuple(Step("approved", FILED + timedelta(hours=number), Identity()) for number in range(8))
    told = shown(replace(changed(approval("approved")), steps=steps))
    story = told[told.index("What happened so far") :].splitlines()

    assert story[3:8] == [
        *("Before", "2 steps not shown"),
        *("Approved", "<2026-08-18 13:00>", "approver not told by Intune"),
    ]
    assert story.count("Approved") == 6


def test_an_approval_that_no_poll_saw_is_still_told() -> None:
    """Approved and completed within a minute: the approver is named, and no time is made up."""
    steps = (Step("completed", NOW, Identity()),)
    request = approval("completed", approver=Identity("user", "Aiko"))

    told = shown(replace(changed(request), steps=steps))
    assert "Approved\ntime not seen\nby “Aiko” (account not told)" in told


def test_a_vanished_request_ends_its_story_there() -> None:
    """The last thing anybody knows is since when it is not listed."""
    told = facts(CARDS.card(no_longer_listed(), "ops", NOW))

    assert (told["Requested"], told["Not listed"]) == (
        "<2026-08-18 11:00>",
        "<2026-08-18 12:00>",
    )


def test_a_nudge_to_complete_speaks_to_the_requestor() -> None:
    """Approved and forgotten: what to press, since when it waits, until when, and whether it rings again."""
    request = approval("approved", approver=Identity("user", "Aiko"))
    event = nudge(request)
    told = shown(event)

    assert told.startswith("Reminder: approved, not completed\n")
    assert "Press Complete by <2026-08-21 11:00> (2 d 23 h left)" in told
    assert "Reminder: approved 4 h ago, not completed. Next: <2026-08-19 08:00>." in told
    assert "Requestor: approved is not done." in told
    assert style(event) == "warning"


@pytest.mark.parametrize(
    "stage,passed,told",
    [("4h", 4.99, "4 h"), ("4h", 11, "11 h"), ("30m", 2, "120 min"), ("1d", 47, "1 d"), ("4h", 3, "4 h")],
)
def test_a_nudge_that_was_held_tells_the_time_since_the_approval(
    stage: str, passed: float, told: str
) -> None:
    """After a night it is more than the plan says; never less, whatever a clock says."""
    event = nudge(approval("approved"))
    assert isinstance(event, RequestEvent)
    step = Step("approved", NOW - timedelta(hours=passed), Identity())

    assert f"approved {told} ago, not completed" in shown(replace(event, stage=stage, steps=(step,)))


@pytest.mark.parametrize("status", ["rejected", "cancelled", "completed", "expired"])
def test_no_time_is_left_when_nothing_is_to_be_done(status: str) -> None:
    """A closed request counts down to nothing, and warns of nothing."""
    told = shown(changed(approval(status, requestor=Identity("application", "pipe"))))

    assert not re.search(" left|by <", told)
    assert "Filed by an application" not in told


@every_card
@settings(max_examples=40)
@given(raw=raw_requests)
def test_no_request_makes_a_card_that_is_alive_or_unsound(make: Make, raw: dict[str, Any]) -> None:
    """Whatever stands in Graph's answer: the card is valid, within bytes, and nothing in it is a link."""
    try:
        request = parse_request(raw)
    except MalformedRequestError:
        return

    card = make(request)

    assert_sound(card)
    assert [alive_in(ACCOUNT.sub("", each)) for each in runs(card)] == [[]] * len(runs(card))


@every_card
@pytest.mark.parametrize(
    "filler",
    ["\U0001f512", "界", '"', "\\", "{", "a.", "<", "@a", "&a;", "a:b", "a\u0301\u0302\u0303", "W"],
    ids=ascii,
)
@pytest.mark.parametrize("status", ["needsApproval", "approved", "waitingForMoon"])
def test_the_longest_texts_in_all_fields_still_fit(make: Make, filler: str, status: str) -> None:
    """Workflows refuses a card that is too large, and says nothing: at its worst ours stays below."""
    huge = filler * 5_000
    raw = {key: value if "DateTime" in key else huge for key, value in planted("").items()}
    person = {"user": {"displayName": huge, "Upn": huge, "id": huge}}
    types = [f"{chr(97 + number)}{huge}" for number in range(12)]
    device = {"serialNumber": huge, "primaryUser": huge, "actionName": huge}
    raw = {**raw, "id": "x", "status": status, "requestor": person, "approver": person}
    raw = {**raw, "requiredOperationApprovalPolicyTypes": types, "displayPayload": [device] * 9}

    assert_sound(make(parse_request(raw)))


def test_the_button_leads_nowhere_but_to_intune() -> None:
    """No field of a request can move it."""
    elsewhere = parse_request(
        {**planted("https://evil.example/"), "url": "https://evil.example/", "status": "approved"}
    )

    for make in MAKERS.values():
        assert [each["url"] for each in make(elsewhere)["actions"]] == [URL]


def test_a_card_does_not_depend_on_the_destination() -> None:
    """Every channel is told the same."""
    assert CARDS.card(created(), "one", NOW) == CARDS.card(created(), "two", NOW)


def test_a_repeated_card_is_known_by_its_key() -> None:
    """Sent twice after a crash, both copies show one key; the next status shows another."""
    first, second = (text(CARDS.card(created(), "ops", NOW + timedelta(minutes=late))) for late in (0, 5))
    later = text(CARDS.card(changed(approval("approved")), "ops", NOW))
    keys = [re.findall(r"Key (\S+)", each) for each in (first, second, later)]

    assert keys[0] == keys[1] != keys[2]


@settings(max_examples=60)
@given(st.datetimes(), st.datetimes())
def test_no_time_breaks_a_card(filed: datetime, expires: datetime) -> None:
    """Times from year 1 to 9999 make a card."""
    request = approval(requested_at=filed.replace(tzinfo=UTC), expires_at=expires.replace(tzinfo=UTC))

    assert " <" in lines(CARDS.card(created(replace(request, modified_at=FILED)), "ops", NOW))[3]


@pytest.mark.parametrize(
    "make", [CARDS.plain, lambda event, now: CARDS.card(event, "ops", now)], ids=["plain", "full"]
)
def test_a_heartbeat_asks_nobody_for_anything(make: Callable[[Event, datetime], Card]) -> None:
    """It shows that the way is open, and cannot be taken for a request."""
    card = make(heartbeat(Outlook(), NOW), NOW)

    assert_sound(card)
    assert "Nothing is asked of anybody" in text(card)
    assert not re.search("Approver|Requestor|risk|Unknown|Heartbeat", text(card))


def test_each_kind_of_event_has_a_card() -> None:
    """An event that is added one day without words for it does not pass."""
    for kind in EventKind:
        assert_sound(CARDS.card(replace(created(), kind=kind), "ops", NOW))


MIRA = Identity("user", "Mira Holt", "mira.holt@contoso.com")
LAPTOP = Target("CONTOSO-LT-0417")


@pytest.mark.parametrize(
    "event,spoken",
    [
        (
            created(approval(requestor=MIRA, target=LAPTOP)),
            (
                "“Mira Holt” asks: Wipe device “CONTOSO-LT-0417” · Needs approval · High risk"
                " · decide by 2026-08-21 11:00 UTC"
            ),
        ),
        (
            changed(approval("approved", requestor=MIRA, target=LAPTOP)),
            (
                "Approved - Needs completion: Wipe device “CONTOSO-LT-0417” · asked by “Mira Holt”"
                " · complete by 2026-08-21 11:00 UTC"
            ),
        ),
        (
            reminder(approval(requestor=MIRA, target=LAPTOP)),
            (
                "Reminder: needs approval · High risk: Wipe device “CONTOSO-LT-0417” · asked by “Mira Holt”"
                " · decide by 2026-08-21 11:00 UTC"
            ),
        ),
        (
            no_longer_listed(approval(policy_types=("app",))),
            "No longer listed: Apps request · requestor not told by Intune",
        ),
        (
            created(approval(requestor=Identity("application", "pipe"), target=LAPTOP, expires_at=FILED)),
            (
                "application “pipe” asks: Wipe device “CONTOSO-LT-0417” · Needs approval · High risk"
                f" · expired {FILED:%Y-%m-%d %H:%M} UTC"
            ),
        ),
    ],
)
def test_a_locked_phone_shows_the_news(event: Event, spoken: str) -> None:
    """Person, action, object and deadline come first, so that a toast is enough to get up or to wait."""
    for card in (CARDS.card(event, "ops", NOW), CARDS.plain(event, NOW), CARDS.reply(event, "ops", NOW)):
        assert card["fallbackText"] == f"{spoken} · Intune Multi Admin Approval, key {event.short_key}"


@pytest.mark.parametrize(
    "filler", ["W", "[x](https://evil.example) ", "<at>all</at> ", "{{DATE(", "\u202e", "`*_"]
)
def test_the_toast_is_short_and_dead_whatever_it_names(filler: str) -> None:
    """No name pushes the deadline off the screen, mentions anybody, or becomes a link."""
    name = filler * 200
    request = approval(requestor=Identity("user", name), target=Target(name))
    said = CARDS.card(created(request), "ops", NOW)["fallbackText"]

    assert seen(said).index("decide by 2026-08-21 11:00 UTC") < 170
    assert alive_in(said) == []
    assert not set("[]<>`|") & set(said)


def test_the_readers_zone_of_the_settings_stands_in_the_toast() -> None:
    """Plain text has no reader's clock, so it holds UTC and the zone that the settings name."""
    cards = TeamsCards(URL, times=TimeFormat(ZoneInfo("Europe/Berlin")))

    assert (
        "by 2026-08-21 11:00 UTC · 13:00 Europe/Berlin" in cards.card(created(), "ops", NOW)["fallbackText"]
    )


BULK = Target(
    "STORE-001, STORE-002",
    "Action",
    "ManagedDevice",
    action="wipe",
    device_count=50,
    first_devices=(Device("STORE-001", "SN-1", "a@contoso.com"), Device("", "SN-2"), Device("STORE-003")),
)


def test_a_request_for_many_devices_speaks_of_all_of_them() -> None:
    """One request that wipes fifty devices does not read as the wipe of one."""
    event = created(approval(target=BULK))
    card = CARDS.card(event, "ops", NOW)

    assert texts(card)[1] == "Wipe 50 devices"
    assert "A wipe erases all 50 devices." in text(card)
    assert "Wipe 50 devices" in card["fallbackText"]
    assert facts(card)["Devices"] == ("“STORE-001” (SN-1 · a@contoso.com) · SN-2 · “STORE-003” · and 47 more")
    assert "Wipe 50 devices" in text(CARDS.digest([event, event], "ops", NOW)[0])


def test_a_device_of_many_cannot_forge_what_stands_beside_it() -> None:
    """A name with a serial number and a count of its own stays within its quotation marks and brackets."""
    forged = Device("A” (SN-9 · b@contoso.com) · and 2 more", "SN-1")
    request = approval(target=replace(BULK, first_devices=(forged,)))
    shown = facts(CARDS.card(created(request), "ops", NOW))["Devices"]

    assert shown == "“A’ [SN-9 - b@contoso.com] - and 2 more” (SN-1) · and 49 more"


@pytest.mark.parametrize(
    "kind",
    [
        "deviceWipe",
        "deviceRetire",
        "deviceDelete",
        "deviceAction",
        "deviceLock",
        "deviceResetPasscode",
        "deviceDisableActivationLock",
        "deviceSecurityAction",
    ],
)
def test_the_risk_of_many_devices_is_said_in_their_number(kind: str) -> None:
    """What happens to all of them is said of all of them."""
    request = approval(policy_types=(kind,), target=Target("LT-1", device_count=50))

    assert "50 devices" in "\n".join(texts(CARDS.card(created(request), "ops", NOW))[4:6])


def test_names_that_graph_joins_are_cut_to_the_count() -> None:
    """Fifty names in a row are no title, even where Graph lists no devices beside them."""
    names = ", ".join(f"STORE-{number:03}" for number in range(1, 51))
    request = parse_request(example("wipe", payloadName=names, displayPayload=None))

    assert request.target.device_count == 50
    assert texts(CARDS.card(created(request), "ops", NOW))[1] == "Wipe 50 devices"


@pytest.mark.parametrize(
    "options,told",
    [
        ('{"keepUserData": true, "keepEnrollmentData": false}', "the user's data, not the enrollment"),
        ({"KeepUserData": True, "keepEnrollmentData": True}, "the user's data and the enrollment"),
        ('[{"keepUserData": false}]', "not the user's data"),
        ('{"keepUserData": "yes"}', None),
        (None, None),
    ],
)
def test_the_kind_of_wipe_is_told_as_far_as_intune_tells_it(options: object, told: str | None) -> None:
    """Whether people lose their files is what an approver wants to know of a wipe."""
    request = parse_request(example("wipe", actionParameters=options))

    assert facts(CARDS.card(created(request), "ops", NOW)).get("The wipe keeps") == told


ROBOT = Identity("application", "pipe", id="f5")


@pytest.mark.parametrize("status", ["approved", "rejected", "completed"])
@pytest.mark.parametrize(
    "approver,words,check",
    [
        (ROBOT, "by an application", "An application decided, not a person."),
        (replace(MIRA, name="M."), "by the requestor's own identity", "The identity that asked has decided"),
        (Identity("user", "", "MIRA.HOLT@contoso.com"), "by the requestor's own identity", "face to face"),
    ],
    ids=["application", "requestor", "requestor in other case"],
)
def test_a_wrong_approver_is_the_loudest_card(
    approver: Identity, words: str, check: str, status: str
) -> None:
    """Red, said in the strip and the toast, with what to check on top, and nobody told to press Complete."""
    event = changed(approval(status, requestor=MIRA, approver=approver))
    card = CARDS.card(event, "ops", NOW)

    assert style(event) == "attention"
    assert strip(card).endswith(words)
    assert words in card["fallbackText"].partition(":")[0]
    assert card["body"][1]["style"] == "attention"
    assert check in texts(card)[4 if status == "approved" else 3]
    assert "Tenant administration > Audit logs" in texts(card)[-2]
    assert "Go back to Intune" not in text(card)
    assert check in text(CARDS.reply(event, "ops", NOW))
    assert words in strip(CARDS.plain(event, NOW))


def test_an_approval_by_the_application_that_asked_is_both() -> None:
    """An application that approves its own request is told as the worst of all."""
    told = shown(changed(approval("approved", requestor=ROBOT, approver=replace(ROBOT, id="F5"))))

    assert told.startswith(
        "Approved - Needs completion · by the requestor's own identity · by an application\n"
    )


def test_a_wrong_approver_who_was_seen_once_stays_on_the_card() -> None:
    """What an application approved and somebody took back still waits, and still says so."""
    steps = (Step("approved", FILED, ROBOT), Step("needsApproval", NOW, Identity()))
    event = replace(changed(approval(requestor=MIRA), "approved"), steps=steps)

    assert "approved by an application" in strip(CARDS.card(event, "ops", NOW))
    assert style(event) == "attention"


@pytest.mark.parametrize(
    "requestor,approver",
    [
        (MIRA, Identity("user", "Mira Holt", "mira.holt@fabrikam.com")),
        (MIRA, Identity("user", "Mira Holt")),
        (MIRA, Identity()),
        (Identity(), Identity()),
        (Identity("user", "Mira"), Identity("user", "Aiko")),
    ],
)
def test_an_ordinary_approver_is_not_called_out(requestor: Identity, approver: Identity) -> None:
    """A colleague of the same name is somebody else, and who is not told is not accused."""
    assert style(changed(approval("approved", requestor=requestor, approver=approver))) == "good"


def test_every_sentence_stands_in_one_module() -> None:
    """A wording can be reviewed, and one day translated, without reading code."""
    told_elsewhere = {"strings.py", "samples.py", "notice_samples.py"}
    modules = [path for path in Path(cards.__path__[0]).glob("*.py") if path.name not in told_elsewhere]
    sentences = {
        (path.name, node.value)
        for path in modules
        for node in ast.walk(_without_docstrings(ast.parse(path.read_text(encoding="utf-8"))))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if _SENTENCE.search(node.value) and "(?" not in node.value
    }

    assert len(modules) > 8
    assert sentences == set()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """The code without the texts that stand by themselves."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)] or [ast.Pass()]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
