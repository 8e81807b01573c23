"""Sample events and cards, for `preview`, `doctor --send` and the gallery; every name in them is invented."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.elements import Element
from maa_notify.cards.notice_samples import posture_mended, posture_opened
from maa_notify.domain.approvers import Decider, Deciders, Obstacle
from maa_notify.domain.event import Event, EventKind, Fact, Look, Notice, NoticeKind, RequestEvent, Step
from maa_notify.domain.heartbeat import heartbeat
from maa_notify.domain.request import (
    ALL_DEVICES,
    APPROVED,
    CANCELLED,
    COMPLETED,
    EXCLUDED_GROUP,
    EXPIRED,
    GROUP,
    NEEDS_APPROVAL,
    REJECTED,
    UNINSTALL,
    ApprovalRequest,
    Assignment,
    Device,
    Identity,
    Target,
    canonical,
)
from maa_notify.domain.risk import Risk
from maa_notify.domain.signs import Sign, SignKind
from maa_notify.domain.visibility import MINIMAL, RECOMMENDED, Outlook

_REQUESTOR = Identity("user", "Mira Holt", "mira.holt@contoso.com", "a1f4c0de-0001-4c1e-8f00-000000000001")
_APPROVER = Identity("user", "Aiko Mori", "aiko.mori@contoso.com", "173a2634-0007-4274-af00-000000000007")
_OTHER_APPROVER = Decider("173a2634-0007-4274-af00-000000000008", "Oskar Weiss", "oskar.weiss@contoso.com")
_COLLEAGUE = Identity("user", "Jonas Lind", "jonas.lind@contoso.com")
_APPLICATION = Identity(
    "application", "fabrikam-release-pipeline", "", "f5180412-0005-4052-8f00-000000000005"
)
_GROUP = "MAA approvers"
_DECIDED = frozenset({APPROVED, COMPLETED, REJECTED})
_LIFETIME = timedelta(days=3)
_ALSO_IN_THE_DIGEST = (APPROVED, COMPLETED)
_NOWHERE = "preview"
"""A destination that the settings cannot know, so that nobody is mentioned."""

Tell = Callable[[datetime], Event]
Draw = Callable[[TeamsCards, Event, datetime], Element]


def full(cards: TeamsCards, event: Event, now: datetime) -> Element:
    """The card that a channel gets."""
    return cards.card(event, _NOWHERE, now)


def with_button(cards: TeamsCards, event: Event, now: datetime) -> Element:
    """The card that a channel gets where people may press *I am looking at it*."""
    return full(replace(cards, asking={_NOWHERE}), event, now)


class Sample(Struct, frozen=True):
    """A card worth looking at: its name, a sentence that says when it comes, and of what it is made."""

    name: str
    comes: str
    event: Tell
    draw: Draw = full

    def card(self, cards: TeamsCards, now: datetime) -> Element:
        """The card as if it were sent now."""
        return self.draw(cards, self.event(now), now)


def sample_request(status: str, now: datetime) -> ApprovalRequest:
    """A wipe that was asked for two hours ago, in the given status; each status is a request of its own."""
    is_decided = status in _DECIDED
    age = _LIFETIME if status == EXPIRED else timedelta(hours=2)
    changed_at = now if status == EXPIRED else now - timedelta(minutes=3)
    return ApprovalRequest(
        id=str(uuid5(NAMESPACE_OID, status)),
        status=status,
        policy_types=("deviceWipe",),
        requested_at=now - age,
        expires_at=now - age + _LIFETIME,
        modified_at=now - age if status == NEEDS_APPROVAL else changed_at,
        requestor=_REQUESTOR,
        approver=_APPROVER if is_decided else Identity(),
        justification="Laptop left in a taxi, ticket INC-20418",
        approval_notes="Call the owner first, please" if status == REJECTED else "",
        target=Target(
            name="CONTOSO-LT-0417",
            operation="Action",
            object_type="ManagedDevice",
            action="wipe",
            serial_number="5CG1234XYZ",
            primary_user="theo.brandt@contoso.com",
            device_count=1,
            device_id="b2e5d1ef-0002-4d2f-9f00-000000000002",
        ),
    )


def sample_for(word: str) -> Sample:
    """The sample of the catalogue with this name, or else a request that reached this status."""
    name = word.replace("_", "-")
    named = next((sample for sample in CATALOGUE if sample.name == name), None)
    return named or Sample(word, "", _reached(word))


def sample_event(word: str, now: datetime) -> Event:
    """The event of a sample."""
    return sample_for(word).event(now)


def _reached(status: str) -> Tell:
    return lambda now: _status(status, now)


def _status(status: str, now: datetime) -> RequestEvent:
    """The news that a request reached a status, with the way that led there."""
    request = sample_request(canonical(status), now)
    if request.status == NEEDS_APPROVAL:
        return RequestEvent(EventKind.CREATED, request, 1, now)
    steps = [Step(request.status, request.modified_at or now, request.approver)]
    if request.status == COMPLETED:
        steps.insert(0, Step(APPROVED, now - timedelta(minutes=40), request.approver))
    previous = APPROVED if request.status == COMPLETED else NEEDS_APPROVAL
    return RequestEvent(EventKind.STATUS_CHANGED, request, 1 + len(steps), now, previous, steps=tuple(steps))


def _reminder(now: datetime) -> RequestEvent:
    request = sample_request(NEEDS_APPROVAL, now)
    request = replace(request, requested_at=now - _LIFETIME / 2, expires_at=now + _LIFETIME / 2)
    next_at = now + timedelta(hours=12)
    return RequestEvent(EventKind.REMINDER, request, 1, now, NEEDS_APPROVAL, "50%", next_at)


def _complete_reminder(now: datetime) -> RequestEvent:
    request = replace(sample_request(APPROVED, now), requested_at=now - timedelta(hours=6))
    steps = (Step(APPROVED, now - timedelta(hours=4), request.approver),)
    next_at = now + timedelta(hours=20)
    return RequestEvent(EventKind.COMPLETE_REMINDER, request, 2, now, APPROVED, "4h", next_at, steps)


def _app(now: datetime) -> RequestEvent:
    assignments = (Assignment(GROUP, "required", 3),)
    target = Target("Fabrikam VPN", "Assign", "MobileApp", assignments=assignments)
    return _created(now, "app", target, "Pilot ring 2 for the new VPN client", _COLLEAGUE)


def _uninstall(now: datetime) -> RequestEvent:
    assignments = (
        Assignment(GROUP, "available", 2),
        Assignment(ALL_DEVICES, UNINSTALL),
        Assignment(EXCLUDED_GROUP, UNINSTALL),
    )
    target = Target("Fabrikam VPN 4", "Assign", "MobileApp", assignments=assignments)
    return _created(now, "app", target, "Version 4 has to go by Friday", _COLLEAGUE)


def _deployment(now: datetime) -> RequestEvent:
    target = Target("Fabrikam VPN 5.2, ring 3", "Cancel", "MobileAppDeployment")
    return _created(now, "app", target, "Ring 2 lost its network", _COLLEAGUE)


def _delete(now: datetime) -> RequestEvent:
    wipe = sample_request(NEEDS_APPROVAL, now).target
    target = replace(wipe, name="CONTOSO-LT-0388", action="delete", serial_number="5CG0987ABC")
    return _created(now, "deviceDelete", target, "Written off, ticket INC-20433", _REQUESTOR)


def _script(now: datetime) -> RequestEvent:
    target = Target("Set-ProxyDefaults", "Create", "DeviceManagementScript")
    return _created(now, "script", target, "nightly build 4711", _APPLICATION)


def _approved_script(now: datetime) -> RequestEvent:
    """Approved, where no person can press Complete."""
    asked, event = _script(now).request, _status(APPROVED, now)
    request = replace(
        event.request,
        id=asked.id,
        policy_types=asked.policy_types,
        target=asked.target,
        justification=asked.justification,
        requestor=asked.requestor,
    )
    return replace(event, request=request)


def _access_policy(now: datetime) -> RequestEvent:
    target = Target("MAA - device wipe", "Update", "OperationApprovalPolicy", protects="deviceWipe")
    why = "New approver group for device actions"
    return _created(now, "operationApprovalPolicy", target, why, _REQUESTOR)


def _created(now: datetime, policy_type: str, target: Target, why: str, requestor: Identity) -> RequestEvent:
    """The creation of a request for something other than a wipe, with an id of its own."""
    event = _status(NEEDS_APPROVAL, now)
    request = replace(
        event.request,
        id=str(uuid5(NAMESPACE_OID, target.name)),
        policy_types=(policy_type,),
        target=target,
        justification=why,
        requestor=requestor,
    )
    return replace(event, request=request)


def _expiring(now: datetime) -> RequestEvent:
    left = timedelta(hours=4)
    event = _reminder(now)
    request = replace(event.request, requested_at=now + left - _LIFETIME, expires_at=now + left)
    return replace(event, request=request, stage="4h", next_reminder=None)


def _no_longer_listed(now: datetime) -> RequestEvent:
    request = sample_request(NEEDS_APPROVAL, now)
    return RequestEvent(EventKind.NO_LONGER_LISTED, request, 2, now, NEEDS_APPROVAL)


def _approval_taken_back(now: datetime) -> RequestEvent:
    request = sample_request(NEEDS_APPROVAL, now)
    steps = (
        Step(APPROVED, now - timedelta(minutes=40), _APPROVER),
        Step(NEEDS_APPROVAL, now - timedelta(minutes=3), Identity()),
    )
    return RequestEvent(EventKind.STATUS_CHANGED, request, 3, now, APPROVED, steps=steps)


def _digest(cards: TeamsCards, event: Event, now: datetime) -> Element:
    told: list[Event] = [_app(now), _script(now)]
    told += [sample_event(word, now) for word in _ALSO_IN_THE_DIGEST]
    return cards.digest([event, *told], _NOWHERE, now)[0]


def _wipe(number: int, now: datetime) -> RequestEvent:
    """One of fifty wipes that an account asks for within two minutes."""
    event = _status(NEEDS_APPROVAL, now)
    request = replace(
        event.request,
        id=str(uuid5(NAMESPACE_OID, f"STORE-{number:03}")),
        requested_at=now - timedelta(minutes=3) + timedelta(seconds=2.4 * number),
        expires_at=now - timedelta(minutes=3) + _LIFETIME,
        target=replace(event.request.target, name=f"STORE-{number:03}", serial_number="", primary_user=""),
    )
    return replace(event, request=request)


def _first_wipe(now: datetime) -> RequestEvent:
    return _wipe(1, now)


def _burst(cards: TeamsCards, event: Event, now: datetime) -> Element:
    """The first of the two digests that fifty requests come in."""
    wipes = [event, *(_wipe(number, now) for number in range(2, 51))]
    return cards.digest(wipes[:25], _NOWHERE, now, beside=wipes[25:])[0]


def _folded(cards: TeamsCards, event: Event, now: datetime) -> Element:
    """Wipes over a whole afternoon, which are no burst, and other news that came first."""
    wipes = [_wipe(number, now) for number in range(1, 21)]
    spread = [
        replace(each, request=replace(each.request, requested_at=now - timedelta(minutes=15 * number)))
        for number, each in enumerate(wipes)
    ]
    return cards.digest([event, *spread], _NOWHERE, now)[0]


def _bulk(now: datetime) -> RequestEvent:
    devices = tuple(
        Device(f"STORE-{number:03}", f"5CG12340{number:02}", f"store{number:03}@contoso.com")
        for number in range(1, 6)
    )
    target = Target(
        ", ".join(each.name for each in devices),
        "Action",
        "ManagedDevice",
        action="wipe",
        device_count=50,
        first_devices=devices,
        keeps_user_data=False,
        keeps_enrollment_data=True,
    )
    return _created(now, "deviceWipe", target, "Closing sale:\nall tablets go back\nby Friday", _REQUESTOR)


def _approved_by(approver: Identity, now: datetime) -> RequestEvent:
    event = _status(APPROVED, now)
    request = replace(event.request, id=str(uuid5(NAMESPACE_OID, approver.name)), approver=approver)
    steps = tuple(replace(step, by=approver) for step in event.steps)
    return replace(event, request=request, steps=steps)


def _approved_by_application(now: datetime) -> RequestEvent:
    return _approved_by(_APPLICATION, now)


def _approved_by_requestor(now: datetime) -> RequestEvent:
    return _approved_by(_REQUESTOR, now)


def _with_deciders(now: datetime) -> RequestEvent:
    people = (
        Decider(_APPROVER.id, _APPROVER.name, _APPROVER.upn),
        _OTHER_APPROVER,
        Decider(
            "173a2634-0007-4274-af00-000000000009", "Priya Nandan", "priya.nandan@contoso.com", is_guest=True
        ),
    )
    found = Deciders(now, people, 7, nested=1, policy="Wipe devices", group=_GROUP)
    return replace(_status(NEEDS_APPROVAL, now), deciders=found)


def _looked_at(now: datetime) -> RequestEvent:
    return replace(_with_deciders(now), look=Look(_OTHER_APPROVER, now - timedelta(minutes=4)))


def _with_nobody(now: datetime) -> RequestEvent:
    found = Deciders(now, obstacle=Obstacle.ONLY_REQUESTOR, policy="Wipe devices", group=_GROUP)
    return replace(_status(NEEDS_APPROVAL, now), deciders=found)


def _with_signs(now: datetime) -> RequestEvent:
    joined = Sign(SignKind.JOINED, since=now - timedelta(hours=2, minutes=12), at=now)
    return replace(_status(APPROVED, now), signs=(joined,))


def _heartbeat(now: datetime) -> Event:
    last = {"apps": now - timedelta(days=41)}
    return heartbeat(Outlook(now - timedelta(days=90), tuple(RECOMMENDED), last), now)


def _half_blind_heartbeat(now: datetime) -> Event:
    return heartbeat(Outlook(now - timedelta(days=90), (MINIMAL,)), now)


def _alert(now: datetime) -> Event:
    facts = (
        Fact("About", "MAA approvers", is_name=True),
        Fact("Done by", "help.desk@contoso.com", is_name=True),
        Fact("From", "203.0.113.7", is_name=True),
        Fact("Who", "svc-print@contoso.com", is_name=True),
    )
    return Notice(
        NoticeKind.ALERT,
        "B8-3c1f0a77d2e94b10-20260818T090500",
        1,
        now,
        "Somebody was added to an approver group",
        f"Critical severity. Began {now - timedelta(minutes=3):%Y-%m-%d %H:%M} UTC.",
        facts,
        "If nobody of yours planned it, undo it and reject what this account approved.",
        Risk.HIGH,
        words=("B8",),
        severity="critical",
    )


def _alert_with_story(now: datetime) -> Event:
    told = (
        (41, "An app got a permission that leads around approval: “inventory-sync”"),
        (39, "Somebody was added to an approver group: “svc-print@contoso.com”"),
        (1, "6 times: An app carried out a protected operation without approval: “inventory-sync”"),
    )
    story = (Fact(f"{now - timedelta(minutes=ago):%H:%M} UTC", what) for ago, what in told)
    facts = (
        Fact("Done by the app", "inventory-sync", is_name=True),
        Fact("Operation", "Wipe"),
        Fact("Objects", "“CONTOSO-LT-0417”, “CONTOSO-LT-0418”, “CONTOSO-LT-0419” and 3 more"),
        Fact("Why", "an app did it, and no request allows it"),
        *story,
    )
    return Notice(
        NoticeKind.ALERT,
        "executedbyapp-9d0c55e1a1b24f6e-20260818T094200",
        1,
        now,
        "6 times: An app carried out a protected operation without approval",
        f"Critical severity. Began {now - timedelta(minutes=1):%Y-%m-%d %H:%M} UTC.",
        facts,
        "A wipe cannot be called back: block the account or app now, then revoke its sessions.",
        Risk.HIGH,
        words=("executed_by_app",),
        severity="critical",
    )


def _plain(cards: TeamsCards, event: Event, now: datetime) -> Element:
    return cards.plain(event, now)


def _reply(cards: TeamsCards, event: Event, now: datetime) -> Element:
    return cards.reply(event, _NOWHERE, now)


def _test(cards: TeamsCards, event: Event, now: datetime) -> Element:
    return cards.sample(event, _NOWHERE, now)


CATALOGUE = (
    Sample(
        "created-high",
        "Somebody asks for a change that can do great harm, such as the wipe of a device.",
        _reached(NEEDS_APPROVAL),
    ),
    Sample(
        "created-medium",
        "Somebody asks for a change of lesser reach, such as an app for three groups.",
        _app,
    ),
    Sample(
        "created-with-approvers",
        "The notifier knows who can decide: the members of the approver group, without whoever asked.",
        _with_deciders,
    ),
    Sample(
        "created-looked-at",
        "An approver pressed the button of the bot's card that says they are looking at the request.",
        _looked_at,
        with_button,
    ),
    Sample(
        "created-nobody-can-decide",
        "The notifier knows that nobody can decide, and says what to mend while there is time.",
        _with_nobody,
    ),
    Sample(
        "created-by-application",
        "An application asks, behind which nobody may stand: here for a new script.",
        _script,
    ),
    Sample(
        "created-access-policy",
        "Somebody asks to change an access policy, the rule that asks for approval itself.",
        _access_policy,
    ),
    Sample(
        "created-uninstall",
        "Somebody changes the assignments of an app so that it is uninstalled on all devices.",
        _uninstall,
    ),
    Sample(
        "created-deployment",
        "Somebody asks to cancel a deployment, the staged rollout of an app or a policy.",
        _deployment,
    ),
    Sample(
        "created-delete",
        "Somebody asks to delete a device, which does more than take it off a list.",
        _delete,
    ),
    Sample(
        "created-bulk",
        "Somebody asks for the wipe of many devices in one request.",
        _bulk,
    ),
    Sample("approved", "An approver said yes, and the requestor has to press Complete.", _reached(APPROVED)),
    Sample(
        "approved-application",
        "An approver said yes to what an application filed, which no person can complete.",
        _approved_script,
    ),
    Sample(
        "approved-by-application",
        "An application, not a person, said yes: the loudest card there is.",
        _approved_by_application,
    ),
    Sample(
        "approved-by-requestor",
        "Whoever asked said yes, too, which Intune should never allow.",
        _approved_by_requestor,
    ),
    Sample(
        "approved-by-newcomer",
        "Whoever said yes joined the approver group after the request had been filed.",
        _with_signs,
    ),
    Sample("completed", "Intune has processed an approved request.", _reached(COMPLETED)),
    Sample("rejected", "An approver said no, here with the reason.", _reached(REJECTED)),
    Sample("cancelled", "The requestor withdrew the request.", _reached(CANCELLED)),
    Sample("expired", "The request ran out of time.", _reached(EXPIRED)),
    Sample("reminder", "A request still waits when part of its time has passed.", _reminder),
    Sample("expiring", "A request still waits shortly before it expires: the last reminder.", _expiring),
    Sample(
        "complete-reminder",
        "An approved request waits for its requestor to press Complete.",
        _complete_reminder,
    ),
    Sample(
        "no-longer-listed",
        "A request that was open is gone from Intune, and nobody can say what became of it.",
        _no_longer_listed,
    ),
    Sample(
        "approval-taken-back",
        "A request that was approved waits for an approver again.",
        _approval_taken_back,
    ),
    Sample(
        "unknown-status",
        "Intune reports a status that is newer than this notifier.",
        _reached("onHold"),
    ),
    Sample(
        "digest",
        "More is to be told at once than anybody wants to see card by card.",
        _reached(NEEDS_APPROVAL),
        _digest,
    ),
    Sample(
        "digest-burst",
        "One account asks for 50 wipes within two minutes: the first of two digests names the burst.",
        _first_wipe,
        _burst,
    ),
    Sample(
        "digest-folded",
        "Many are told at once: what is of high risk stands first, and what is alike is folded.",
        _app,
        _folded,
    ),
    Sample("alert", "Something leads around approval: the watch found it in the audit log.", _alert),
    Sample(
        "alert-with-story",
        "What belongs together by person, object and time is told as one story.",
        _alert_with_story,
    ),
    Sample("heartbeat", "A channel was quiet for so long that its flow might be switched off.", _heartbeat),
    Sample(
        "heartbeat-half-blind",
        "The same, while the notifier lacks permissions without which requests may be hidden.",
        _half_blind_heartbeat,
    ),
    Sample(
        "posture",
        "The daily look at the defence around approval found something new, and something mended.",
        posture_opened,
    ),
    Sample(
        "posture-mended",
        "Nothing new was found there, and what was found before is mended.",
        posture_mended,
    ),
    Sample(
        "plain",
        "Teams refused the full card of a request, so the least that still rings is sent.",
        _reached(NEEDS_APPROVAL),
        _plain,
    ),
    Sample(
        "reply",
        "The bot changed a request's card in its place, and rings in the thread below it.",
        _reached(APPROVED),
        _reply,
    ),
    Sample(
        "sample",
        "Somebody runs `maa-notify doctor --send` to test a destination.",
        _reached(NEEDS_APPROVAL),
        _test,
    ),
)
"""Every kind of card once, in the order in which a reader meets them."""
