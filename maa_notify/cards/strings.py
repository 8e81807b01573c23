"""Every sentence and label that a card can show, in one place, so that wording can be reviewed as a whole.

Statuses read as in the Intune portal. `Completed` claims no success, since Intune does not tell of any.
"""

import re
from collections.abc import Sequence
from datetime import timedelta

from maa_notify.domain import request as r
from maa_notify.domain.approvers import Obstacle
from maa_notify.domain.decision import OddApprover, odd_approvers
from maa_notify.domain.event import NO_LONGER_LISTED, EventKind, RequestEvent
from maa_notify.domain.risk import Reason, Risk
from maa_notify.domain.signs import Sign, SignKind

REVIEW_IN_INTUNE = "Review in Intune"
SHOW_THE_DEVICE = "Device"
REASON = "The requestor's own words"
NOTES = "The approver's own words"
NOTHING_SAID = "Nothing was said."
NOT_TOLD = "not told by Intune"
APPROVAL = "Approval"
REQUESTOR_NOT_TOLD = f"requestor {NOT_TOLD}"
APPROVER_NOT_TOLD = f"approver {NOT_TOLD}"
APPLICATION = "application"
ACCOUNT_NOT_TOLD = "account not told"
EXPIRY_NOT_TOLD = f"Expiry {NOT_TOLD}"
SENDER = "MAA Notify only reads"
PLACE = "Tenant administration > Multi Admin Approval"
ALL_REQUESTS = f"{PLACE} > All requests"
MY_REQUESTS = f"{PLACE} > My requests"
DIGEST_APPROVERS = (
    f"Approvers: open Intune yourself, go to {ALL_REQUESTS}, read the requests there and decide."
)
DIGEST_REQUESTORS = (
    f"Requestors: approved is not done. Go to {MY_REQUESTS}, open the request and press Complete before it"
    " expires."
)
DIGEST_CHECK = "Administrator: find out who decided before anybody completes the requests on top."
DIGEST_HISTORY = "All of them, one by one: maa-notify history."
DIGEST_APPLICATIONS = (
    "Filed by an application and approved: only that application can complete it, by sending the same call"
    " again with the approval code, before it expires. Tell whoever runs it."
)
SAMPLE = "Test of MAA Notify: the request below is invented."

LATE = "This card comes late: a newer card about the same request came before it."
AGAIN = "Sent again: the first try may have arrived, and then a card with the same key stands above."

MEMORY_LOST = "memory was lost, may be a repeat"
TOLD_ANEW = (
    "The notifier lost its memory and tells again what is open: a card about this request may stand above."
)

LABEL_REQUESTOR = "Requested by"
LABEL_POLICY_TYPE = "Policy type"
LABEL_RISK = "Risk"
LABEL_DEVICE = "Serial number"
LABEL_DEVICES = "Devices"
LABEL_KEPT = "The wipe keeps"
LABEL_PRIMARY_USER = "Primary user"
LABEL_PLATFORM = "Platform"
LABEL_PROTECTS = "Protects"
LABEL_ASSIGNED = "Assignments after the change"
LABEL_REMOVED = "Assignments taken away"
LABEL_REQUESTED = "Requested"
LABEL_EXPIRES = "Expires"
LABEL_GONE = "Not listed"
LABEL_EARLIER = "Before"
LABEL_TICKET = "Ticket"
LABEL_DECIDERS = "Can decide"
LABEL_DECIDERS_THEN = "Could decide"
LABEL_LOOKING = "Looking since"
LOOKED_AT = "somebody is looking"
LOOK = "I am looking at it"
SOMEBODY = "somebody whose name is not told"
LABEL_POLICY = "Access policy"
LABEL_GROUP = "Approver group"

SCRIPT = {"Canadian": "Canadian syllabics", "Old": "an old alphabet"}
"""Alphabets of which the first word of their letters' names tells too little."""
_SCRIPTS_TOLD = 3

SO_FAR = "What happened so far"
TAKEN_BACK = "the approval was taken back"
LISTED_AGAIN = "listed again"
TIME_NOT_SEEN = "time not seen"

STILL_OPEN = "and Intune still lists it as open"
USER_DATA, ENROLLMENT = "the user's data", "the enrollment"

DAYS, HOURS, MINUTES = "d", "h", "min"
UNDER_A_MINUTE = "less than a minute"

STATUS = {
    r.NEEDS_APPROVAL: "Needs approval",
    r.APPROVED: "Approved - Needs completion",
    r.COMPLETED: "Completed",
    r.REJECTED: "Rejected",
    r.CANCELLED: "Canceled",
    r.EXPIRED: "Expired",
}

STEP = {**STATUS, r.APPROVED: "Approved"}
"""What happened once: an approval of the past needs nothing any more."""

RISK = {Risk.HIGH: "High", Risk.MEDIUM: "Medium", Risk.LOW: "Low"}

RISK_REASON = {
    Reason.GUARD: (
        "This changes an access policy, the very rule that asks for a second administrator."
        " Approve it only if you know why."
    ),
    Reason.APPLICATION: (
        "Filed by an application, not by a person. Whoever controls that application may also be able to"
        " approve: make sure that somebody you know stands behind it."
    ),
    Reason.WIPE: "A wipe erases the device. What was stored only there is lost, and nobody can undo it.",
    Reason.RETIRE: (
        "Retiring takes the organisation's apps, data and management off the device, and the BitLocker"
        " protectors from an Entra-joined one."
    ),
    Reason.DELETE: (
        "Deleting takes the device out of Intune: nobody manages or protects it any more. It also retires the"
        " device, can wipe it in some Android enrolments, and takes the BitLocker protectors from an"
        " Entra-joined one."
    ),
    Reason.PASSCODE: (
        "Resetting the passcode takes the old one off the device: whoever holds the device may get at what is"
        " on it."
    ),
    Reason.ACTIVATION_LOCK: "Without activation lock, whoever holds the device can set it up as their own.",
    Reason.LOCK: "Locking a device keeps its user out until somebody unlocks it.",
    Reason.SECURITY: "A security action changes how the device is protected.",
    Reason.DEVICE: (
        "This notifier cannot tell what the action does to the device: some actions erase one or take it out"
        " of management."
    ),
    Reason.SCRIPT: "A script can do anything on every device that it is assigned to.",
    Reason.ROLE: "A role decides who may do what in Intune, and with that who may approve.",
    Reason.UNINSTALL: (
        "After the change the app is uninstalled for all users or on all devices. It may be so already."
    ),
    Reason.EVERYBODY: "After the change it reaches all users or all devices. It may do so already.",
    Reason.UNREADABLE: (
        "This notifier cannot read whom all of it reaches. It may be everybody: look at the assignments in"
        " Intune."
    ),
    Reason.UNKNOWN_DELETE: (
        "It says that it deletes, wipes or retires something. This notifier does not know its policy type."
    ),
}
"""Why a request is of high risk, in one breath."""

RISK_REASON_OF_MANY = {
    Reason.WIPE: "A wipe erases all {} devices. What was stored only there is lost, and nobody can undo it.",
    Reason.RETIRE: (
        "Retiring takes the organisation's apps, data and management off all {} devices, and the BitLocker"
        " protectors from Entra-joined ones."
    ),
    Reason.DELETE: (
        "Deleting takes all {} devices out of Intune: nobody manages or protects them any more. It also"
        " retires them, can wipe them in some Android enrolments, and takes the BitLocker protectors from"
        " Entra-joined ones."
    ),
    Reason.PASSCODE: (
        "Resetting the passcodes takes the old ones off all {} devices: whoever holds one may get at what is"
        " on it."
    ),
    Reason.ACTIVATION_LOCK: (
        "Without activation lock, whoever holds one of these {} devices can set it up as their own."
    ),
    Reason.LOCK: "Locking {} devices keeps their users out until somebody unlocks them.",
    Reason.SECURITY: "A security action changes how all {} devices are protected.",
    Reason.DEVICE: "An action on {} devices can erase all of them or take them out of management.",
}
"""The same for a request about so many devices."""

ODD = {
    OddApprover.REQUESTOR: "by the requestor's own identity",
    OddApprover.APPLICATION: "by an application",
}
ODD_APPROVER = {
    OddApprover.REQUESTOR: (
        "The identity that asked has decided, too, which Intune should never allow. Ask this person, face to"
        " face or by phone, who asked and who decided."
    ),
    OddApprover.APPLICATION: (
        "An application decided, not a person. Find out who runs it and who let it decide: in Entra its"
        " sign-in logs, in Intune the audit log."
    ),
}
NEXT_STEP_ODD = {
    r.APPROVED: (
        "Administrator: look in Intune under Tenant administration > Audit logs who decided and when. Until"
        " that is clear, nobody should press Complete."
    ),
    r.COMPLETED: (
        "Administrator: look in Intune under Tenant administration > Audit logs who decided and when. Intune"
        " has processed the request already and does not say whether the change succeeded: check what it"
        " did."
    ),
}
NEXT_STEP_ODD_OTHERS = (
    "Administrator: look in Intune under Tenant administration > Audit logs who decided and when."
)

NOBODY = {
    Obstacle.NO_GROUP: "its access policy names no approver group.",
    Obstacle.GONE: "the approver group of its access policy does not exist any more.",
    Obstacle.NOT_SECURITY: "its approver group is no plain security group, and Intune takes no other.",
    Obstacle.EMPTY: "its approver group is empty.",
    Obstacle.NO_PERSON: "there is no person in its approver group.",
    Obstacle.ALL_DISABLED: "all accounts in its approver group are disabled.",
    Obstacle.ONLY_REQUESTOR: "nobody but the requestor is in its approver group with an enabled account.",
    Obstacle.NESTED: (
        "it is left to members of other groups in its approver group, and Intune may not count them."
    ),
    Obstacle.NO_ROLE: (
        "its approver group has no role assignment in Intune, and Intune now and then removes the members of"
        " such a group."
    ),
}
"""Why, behind the colon of "Nobody can decide this:"."""
_ADD_PEOPLE = "Administrator: in Entra, add at least two people to the group"
_NEW_GROUP = (
    f"Administrator: in Intune under {PLACE} > Access policies, name a security group of at least two people"
)
MEND = {
    Obstacle.NO_GROUP: _NEW_GROUP,
    Obstacle.GONE: _NEW_GROUP,
    Obstacle.NOT_SECURITY: _NEW_GROUP,
    Obstacle.EMPTY: _ADD_PEOPLE,
    Obstacle.NO_PERSON: _ADD_PEOPLE,
    Obstacle.ALL_DISABLED: _ADD_PEOPLE,
    Obstacle.ONLY_REQUESTOR: _ADD_PEOPLE,
    Obstacle.NESTED: f"{_ADD_PEOPLE} themselves",
    Obstacle.NO_ROLE: (
        "Administrator: in Intune under Tenant administration > Roles, make the group a member of a role"
        " assignment"
    ),
}
"""What to do about it, as the start of a sentence."""
IN_TIME = " before the request expires."
NEXT_STEP_NOBODY = (
    "Administrator: do what the top of this card says. Until then nobody can decide, and time runs on."
)

SIGNS = "About this approval"
SIGNS_IN_DIGEST = "something stands out about the approval"
SIGN_STEP = (
    "If this was not planned: look in Intune under Tenant administration > Audit logs who decided, and in the"
    " audit logs of Entra who changed the group."
)

BURST = {
    Reason.GUARD: "to change access policies",
    Reason.WIPE: "to wipe devices",
    Reason.RETIRE: "to retire devices",
    Reason.DELETE: "to delete devices",
    Reason.PASSCODE: "to reset passcodes",
    Reason.ACTIVATION_LOCK: "to disable activation locks",
    Reason.LOCK: "to lock devices",
    Reason.SECURITY: "for security actions on devices",
    Reason.DEVICE: "for actions on devices",
    Reason.SCRIPT: "for scripts",
    Reason.ROLE: "for roles",
    Reason.UNINSTALL: "to uninstall apps everywhere",
    Reason.EVERYBODY: "that reach everybody",
    Reason.UNREADABLE: "that may reach everybody",
    Reason.UNKNOWN_DELETE: "to delete, wipe or retire something",
}
BURST_OTHERS = "of high risk"
BURST_STEP = "Speak to this account's owner in person before anybody approves one of them."
BURST_STEP_NAMELESS = "Intune does not tell who asks. Find out before anybody approves one of them."

NEXT_STEP = {
    r.NEEDS_APPROVAL: (
        f"Approver: open Intune yourself, go to {ALL_REQUESTS}, read the request there and decide. Nobody can"
        " approve a request of their own."
    ),
    r.APPROVED: (
        f"Requestor: approved is not done. Go back to Intune, {MY_REQUESTS}, open the request and press"
        " Complete before it expires, unless Intune has already carried it out."
    ),
    r.COMPLETED: (
        "Nothing more to do here. Intune has processed the request but does not say whether the change"
        " succeeded: check the result where it matters."
    ),
    r.REJECTED: "Requestor: settle it with the approver. If the change is still needed, file a new request.",
    r.CANCELLED: "Nothing more to do: the request was withdrawn.",
    r.EXPIRED: (
        "Requestor: the request ran out of time before it was completed. If the change is still needed, file"
        " a new request."
    ),
}
NEXT_STEP_APPLICATION = (
    "Only the application that filed this request can complete it: it has to send the same call again, with"
    " the approval code in the header x-msft-approval-code, before the request expires. No person can do that"
    " in the portal: tell whoever runs the application."
)
STILL_WAITING = (
    "Requestor: nobody has decided yet. If it is still needed, ask an approver to look at it in Intune, under"
    f" {ALL_REQUESTS}, before it expires."
)
NEXT_STEP_PAST = (
    "The time of this request has run out, though Intune still lists it as open. Requestor: if the change is"
    " still needed, file a new request."
)
NEXT_STEP_UNKNOWN = (
    "This notifier does not know the status that Intune reports: open Intune yourself and look at the request"
    f" under {ALL_REQUESTS}."
)
NEXT_STEP_GONE = (
    "Intune no longer lists this request, and a look-up by its id found nothing. Its outcome is not known:"
    f" look in Intune under {ALL_REQUESTS}."
)

POLICY_TYPE = {
    "app": "Apps",
    "script": "Scripts",
    "role": "Roles",
    "deviceAction": "Device actions",
    "deviceWipe": "Device wipe",
    "deviceRetire": "Device retire",
    "deviceDelete": "Device delete",
    "operationApprovalPolicy": "Access policies",
    "compliancePolicy": "Compliance policies",
    "configurationPolicy": "Configuration policies",
    "tenantConfiguration": "Tenant configuration",
    "unknownFutureValue": "A type newer than this notifier",
    "unknown": NOT_TOLD,
}

DEVICE_VERB = {
    "deviceWipe": "Wipe",
    "deviceErase": "Erase",
    "deviceRetire": "Retire",
    "deviceRetireNonCompliant": "Retire",
    "deviceDelete": "Delete",
    "deviceDeprovision": "Deprovision",
    "deviceLock": "Lock",
    "deviceResetPasscode": "Reset the passcode of",
    "deviceDisableActivationLock": "Disable the activation lock of",
}

VERB = {
    "create": "Create",
    "update": "Change",
    "patch": "Change",
    "delete": "Delete",
    "assign": "Assign",
    "resume": "Resume",
    "cancel": "Cancel",
}

# Internal names in lower case.
OBJECT = {
    "mobileapp": "app",
    "devicehealthscript": "remediation script",
    "devicemanagementscript": "script",
    "deviceconfiguration": "configuration profile",
    "devicecompliancepolicy": "compliance policy",
    "configurationpolicy": "configuration policy",
    "idevicemanagementpolicy": "configuration policy",
    "grouppolicyconfiguration": "administrative template",
    "operationapprovalpolicy": "access policy",
    "devicecategory": "device category",
    "roledefinition": "role",
    "deviceandappmanagementroledefinition": "role",
    "manageddevice": "device",
    "windowsautopilotdeploymentprofile": "Autopilot profile",
    "windowsfeatureupdateprofile": "feature update profile",
    "windowsqualityupdateprofile": "quality update profile",
    "windowsdriverupdateprofile": "driver update profile",
    "deviceenrollmentconfiguration": "enrollment configuration",
}

DEPLOYMENT = "deployment"

PLATFORM = {
    "androidDeviceAdministrator": "Android device administrator",
    "androidEnterprise": "Android Enterprise",
    "iOSiPadOS": "iOS/iPadOS",
    "macOS": "macOS",
    "windows10AndLater": "Windows",
    "windows81AndLater": "Windows 8.1",
    "windows10X": "Windows 10X",
}

# Kinds of assignment targets: one and many.
ASSIGNED = {
    r.ALL_USERS: ("all users", "all users"),
    r.ALL_DEVICES: ("all devices", "all devices"),
    r.GROUP: ("1 group", "{} groups"),
    r.OTHER_TARGET: ("1 target", "{} targets"),
    r.EXCLUDED_GROUP: ("1 group excluded", "{} groups excluded"),
}

INTENT = {
    r.UNINSTALL: "Uninstall",
    "required": "Required",
    "available": "Available",
    "availableWithoutEnrollment": "Available without enrollment",
    r.OTHER_INTENT: "An intent newer than this notifier",
    "": "",
}
"""In the order in which they are told."""

OBJECT_OF_TYPE = {
    "app": "app",
    "script": "script",
    "role": "role",
    "compliancePolicy": "compliance policy",
    "configurationPolicy": "configuration policy",
    "operationApprovalPolicy": "access policy",
    "tenantConfiguration": "device category",
}

_STAGE = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": MINUTES, "h": HOURS, "d": DAYS}
_LENGTHS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS = re.compile(r"[^A-Za-z0-9 ]+")


def status(value: str) -> str:
    """A status as the portal spells it; one never heard of in plain words."""
    return STATUS.get(value) or plain_words(value, "Unknown status")


def step(value: str) -> str:
    """The same as something that happened once."""
    return STEP.get(value) or status(value)


def policy_type(value: str) -> str:
    """A policy type as a person would say it."""
    return POLICY_TYPE.get(value) or plain_words(value)


def plain_words(identifier: str, otherwise: str = NOT_TOLD) -> str:
    """`enrollmentRestriction` as `Enrollment restriction`; letters, digits and spaces only."""
    spaced = " ".join(_WORDS.sub(" ", _CAMEL.sub(" ", identifier[:64])).split()).lower()
    return spaced.capitalize() if spaced else otherwise


def status_line(event: RequestEvent, *, is_past: bool = False) -> str:
    """What state the request is in, or was in then, and how it got there where that matters."""
    state = _state(event, is_past=is_past)
    odd = [] if is_past else [ODD[each] for each in odd_approvers(event)]
    if odd and event.request.status not in {r.APPROVED, r.REJECTED}:
        odd = [f"approved {each}" for each in odd]
    return " · ".join([state, *odd])


def _state(event: RequestEvent, *, is_past: bool) -> str:
    if event.kind is EventKind.NO_LONGER_LISTED:
        return "No longer listed"
    if event.kind is EventKind.COMPLETE_REMINDER:
        return "Reminder: approved, not completed"
    state = step(event.request.status) if is_past else status(event.request.status)
    if event.kind is EventKind.REMINDER:
        return f"Reminder: {state.lower()}"
    if event.previous == NO_LONGER_LISTED:
        return f"{state} · {LISTED_AGAIN}"
    if event.memory_lost:
        return f"{state} · {MEMORY_LOST}"
    is_taken_back = event.request.status == r.NEEDS_APPROVAL and event.previous == r.APPROVED
    return f"{state} · {TAKEN_BACK}" if is_taken_back else state


def obstacle_of(event: RequestEvent) -> Obstacle | None:
    """Why nobody can decide a request that waits for it; None when somebody can, or nobody knows."""
    return event.deciders.obstacle if event.deciders and event.wants_decision else None


def nobody(obstacle: Obstacle) -> str:
    """Within a line: that nobody can decide, or perhaps nobody."""
    return "nobody can decide" if obstacle.is_certain else "perhaps nobody can decide"


def nobody_because(obstacle: Obstacle) -> str:
    """The same as a sentence, with the reason."""
    return f"{nobody(obstacle).capitalize()} this: {NOBODY[obstacle]}"


def headline(event: RequestEvent, risk: Risk) -> str:
    """The line in the coloured strip: the state, and the risk while somebody has to decide."""
    if event.request.status != r.NEEDS_APPROVAL or event.kind is EventKind.NO_LONGER_LISTED:
        return status_line(event)
    obstacle = obstacle_of(event)
    told = [
        status_line(event),
        *([LOOKED_AT] if event.look else []),
        *([nobody(obstacle)] if obstacle else []),
        risk_line(risk),
    ]
    return " · ".join(told)


def next_step(event: RequestEvent, *, in_chat: bool = False) -> str:
    """One sentence for the person who has to act; in a chat that is the requestor."""
    if event.kind is EventKind.NO_LONGER_LISTED:
        return NEXT_STEP_GONE
    if odd_approvers(event) and event.request.status != r.NEEDS_APPROVAL:
        return NEXT_STEP_ODD.get(event.request.status, NEXT_STEP_ODD_OTHERS)
    if (obstacle := obstacle_of(event)) and obstacle.is_certain:
        return NEXT_STEP_NOBODY
    if in_chat and event.request.status == r.NEEDS_APPROVAL:
        return STILL_WAITING
    if event.request.status == r.APPROVED and event.request.is_filed_by_application:
        return NEXT_STEP_APPLICATION
    return NEXT_STEP.get(event.request.status, NEXT_STEP_UNKNOWN)


def digest_title(requests: int, notices: int = 0) -> str:
    """The headline of a digest."""
    news = "News of 1 request" if requests == 1 else f"News of {requests} requests"
    if not notices:
        return news
    noticed = "1 notice" if notices == 1 else f"{notices} notices"
    return f"{noticed} · {news}" if requests else noticed


def digest_alarm(high: int, odd: int, notices: int) -> str:
    """The loudest of what a digest holds, counted; "" where nothing of high risk waits or was found."""
    told = [
        f"{odd} decided by the wrong identity" if odd else "",
        f"{'1 notice' if notices == 1 else f'{notices} notices'} of high risk" if notices else "",
        f"{high} of high risk to decide" if high else "",
    ]
    return " · ".join(filter(None, told))


def digest_status_line(notifications: int, total: int, alarm: str) -> str:
    """The line above it: how much of what is to be told stands here, and what is loudest of all."""
    told = f"{notifications}" if notifications == total else f"{notifications} of {total}"
    return " · ".join(filter(None, [f"Multi Admin Approval · {told} in one card", alarm]))


def burst(count: int, kinds: Sequence[tuple[Reason | None, int]], devices: int) -> str:
    """`50 requests to wipe devices`; where they are about more devices than that, with those."""
    deeds = [(BURST.get(kind, BURST_OTHERS) if kind else BURST_OTHERS, each) for kind, each in kinds]
    told = f"{count} requests {deeds[0][0]}"
    if len(deeds) > 1:
        told = f"{count} requests {BURST_OTHERS} ({', '.join(f'{each} {deed}' for deed, each in deeds)})"
    return f"{told}, {devices:,} devices in all" if devices > count else told


def burst_in_time(what: str, length: str, *, is_one_account: bool) -> str:
    """`50 requests to wipe devices, all by one account, within 2 min`."""
    return f"{what}, all by one account, within {length}" if is_one_account else f"{what} within {length}"


def expired(ago_told: str) -> str:
    """That a deadline is past, within a line."""
    return f"expired {ago_told}"


def folded(count: int, names: str) -> str:
    """In place of the last entries of a list that are all alike."""
    return f"and {count} more: {names}"


def name_range(first: str, last: str) -> str:
    """Names that count up without a gap."""
    return f"{first} to {last}"


def first_deadline(moment: str, span_left: str) -> str:
    """By when the first of a digest has to be decided."""
    return f"The first to decide expires {moment} ({span_left})"


def risk_line(risk: Risk) -> str:
    """Risk as said beside a state."""
    return f"{RISK[risk]} risk"


def devices(verb: str, count: int, *, is_first_named: bool = False) -> str:
    """The start of a subject about devices."""
    if count <= 1:
        return f"{verb} device"
    return f"{verb} {count} devices, first" if is_first_named else f"{verb} {count} devices"


def done_by(types: str) -> str:
    """In place of a verb that Intune does not tell: `Device security action on`; of one type at most."""
    return f"{types or 'An action'} on"


def asked_by(person: str) -> str:
    """Who asked, within a toast."""
    return person if person == REQUESTOR_NOT_TOLD else f"asked by {person}"


def asks(person: str, what: str) -> str:
    """Who asks for what, at the start of a toast."""
    return what if person == REQUESTOR_NOT_TOLD else f"{person} asks: {what}"


def spoken(told: Sequence[str], key: str) -> str:
    """The news in one breath, for a toast, and where cards cannot be shown or are read aloud."""
    return f"{' · '.join(filter(None, told))} · Intune Multi Admin Approval, key {key}"


def until(event: RequestEvent, moment: str, *, is_past: bool) -> str:
    """The deadline within a toast."""
    if is_past:
        return f"expired {moment}"
    return f"complete by {moment}" if event.request.status == r.APPROVED else f"decide by {moment}"


def digest_fallback(notifications: int, loudest: Sequence[str]) -> str:
    """The same for a digest: bursts and counts of what is of high risk come first."""
    counted = f"{notifications} notifications of Intune Multi Admin Approval"
    return f"{'. '.join([*loudest, counted])}. Look in Intune under {ALL_REQUESTS}."


def reminder_line(event: RequestEvent, next_at: str) -> str:
    """Why it rings again, and whether it will once more."""
    which = "Reminder" if next_at else "Last reminder"
    return f"{which}: {_passed(event)}." + (f" Next: {next_at}." if next_at else "")


def _passed(event: RequestEvent) -> str:
    if event.kind is EventKind.COMPLETE_REMINDER:
        passed = _STAGE.sub(lambda found: _since_approval(event, found), event.stage)
        return f"approved {passed} ago, not completed"
    stage = _STAGE.sub(lambda found: f"{found[1]} {_UNITS[found[2]]}", event.stage)
    return f"{stage} of its time has passed" if stage.endswith("%") else f"less than {stage} left"


def _since_approval(event: RequestEvent, stage: re.Match[str]) -> str:
    """What has passed, in the unit of the stage: more than that after quiet hours or time off."""
    number, unit = int(stage[1]), stage[2]
    passed = (event.at - event.steps[-1].at) // _LENGTHS[unit] if event.steps else number
    return f"{max(number, passed)} {_UNITS[unit]}"


def left(span: str) -> str:
    """A time to come: `2 d 3 h left`."""
    return f"{span} left"


def ago(span: str) -> str:
    """A time that is past."""
    return f"{span} ago"


def time_left(event: RequestEvent, moment: str, left_or_ago: str, *, is_past: bool) -> str:
    """The line of the strip that says until when the reader has time, and for what."""
    status, told = event.request.status, f"{moment} ({left_or_ago})"
    if is_past:
        is_open = status != r.EXPIRED and event.kind is not EventKind.NO_LONGER_LISTED
        return f"Expired {told}" + (f", {STILL_OPEN}" if is_open else "")
    if event.kind is EventKind.NO_LONGER_LISTED or status not in {r.NEEDS_APPROVAL, r.APPROVED}:
        return f"Expires {told}"
    if status == r.NEEDS_APPROVAL:
        return f"Decide by {told}"
    if odd_approvers(event):
        return f"Can be completed until {told}"
    if event.request.is_filed_by_application:
        return f"The application has to complete it by {told}"
    return f"Press Complete by {told}"


def requested_by(person: str) -> str:
    """The line of the strip that says who asks."""
    return f"Requestor {NOT_TOLD}" if person == NOT_TOLD else f"{LABEL_REQUESTOR}: {person}"


def by(person: str) -> str:
    """Who did a step of the timeline."""
    return f"by {person}"


def device_line(name: str, serial_number: str, user: str) -> str:
    """One of several devices: its name, and what Intune tells of it."""
    more = " · ".join(filter(None, [serial_number, user]))
    return f"{name} ({more})" if name and more else name or more


def kept(target: r.Target) -> str:
    """What a wipe keeps, as far as Intune tells; "" where it tells nothing."""
    told = [(USER_DATA, target.keeps_user_data), (ENROLLMENT, target.keeps_enrollment_data)]
    keeps = [label for label, is_kept in told if is_kept]
    loses = [label for label, is_kept in told if is_kept is False]
    if not keeps and not loses:
        return ""
    gone = f"not {' nor '.join(loses)}" if loses else ""
    return ", ".join(filter(None, [" and ".join(keeps), gone]))


def risk_reason(reason: Reason, devices: int) -> str:
    """Why a request is of high risk, in the number of devices that it is about."""
    many = RISK_REASON_OF_MANY.get(reason)
    return many.format(devices) if many and devices > 1 else RISK_REASON[reason]


def more_characters(count: int) -> str:
    """What stands behind a text that was cut."""
    return f" {count:,} more characters: read them in Intune." if count > 1 else " 1 more character."


def more_facts(count: int) -> str:
    """In place of the last facts of a long list."""
    return "and 1 more" if count == 1 else f"and {count} more"


def earlier_steps(count: int) -> str:
    """In place of the first steps of a long story."""
    return "1 step not shown" if count == 1 else f"{count} steps not shown"


def assignments(found: Sequence[r.Assignment]) -> str:
    """`Uninstall: all devices, 1 group excluded; Required: 2 groups`, what weighs most first."""
    told = []
    for intent, label in INTENT.items():
        targets = ", ".join(
            one if each.count == 1 else many.format(each.count)
            for kind, (one, many) in ASSIGNED.items()
            for each in found
            if (each.kind, each.intent) == (kind, intent)
        )
        if targets:
            told.append(f"{label}: {targets}" if label else targets)
    return "; ".join(told)


def after_the_change(found: Sequence[r.Assignment]) -> str:
    """The same within a line; "" when nothing is assigned."""
    return f"after the change {assignments(found)}" if found else ""


def deployment(verb: str, noun: str | None) -> str:
    """The start of a subject about a deployment: of `noun` where Intune names what is rolled out."""
    what = f"{DEPLOYMENT} of {noun}" if noun else DEPLOYMENT
    return f"{verb} {what}" if verb else what.capitalize()


def a_request(types: str) -> str:
    """A subject when neither verb nor name is told: `Device wipe request`."""
    return f"{types} request"


def nameless(lead: str) -> str:
    """A subject whose object Intune does not name."""
    return f"{lead} (name {NOT_TOLD})"


def mixed_scripts(scripts: Sequence[str]) -> str:
    """What is said behind a name that mixes alphabets with look-alike letters."""
    told = scripts if len(scripts) <= _SCRIPTS_TOLD else [*scripts[: _SCRIPTS_TOLD - 1], "others"]
    return f" [letters of {' and '.join(SCRIPT.get(each, each) for each in told)}]"


def more_people(count: int) -> str:
    """Behind the names of some who can decide."""
    return f"{count} more"


def people(count: int) -> str:
    """In place of names that nobody may see."""
    return "1 person" if count == 1 else f"{count} people"


def guest(name: str) -> str:
    """Somebody of another tenant."""
    return f"{name} (guest)"


def nested_groups(count: int) -> str:
    """What cannot be relied on to decide."""
    told = "1 nested group" if count == 1 else f"{count} nested groups"
    return f"{told}, whose members may not count"


UNLESS_THEIR_OWN = "except whoever of them filed it"


def sign(found: Sign, filed: str, since: str, at: str, key: str) -> str:
    """One thing that stands out about an approval, with its times as told to readers."""
    match found.kind:
        case SignKind.JOINED:
            return (
                f"Whoever decided joined the approver group between {since} and {at}."
                f" The request was filed at {filed}."
            )
        case SignKind.ABSENT:
            return f"Whoever decided was no direct member of the approver group at {at}, after the decision."
        case SignKind.QUICK:
            return f"The approval came {found.seconds} seconds after the request, which was filed at {filed}."
        case SignKind.MIRRORED:
            end = "still waits" if found.at is None else f"was approved by the requestor of this one at {at}"
            return f"Whoever decided filed a request of their own at {since}, key {key}, which {end}."


def labelled(label: str, value: object) -> str:
    """A label and its value in one line: `Approved: 3`."""
    return f"{label}:\N{NO-BREAK SPACE}{value}"


def footer(key: str) -> str:
    """The short key, by which a repeated card is known, and who sends it."""
    return " · ".join([*([f"Key {key}"] if key else []), SENDER])


def number(number: int, changed_by: int) -> str:
    """The serial number of a card in its channel, and that of the news for which it was changed."""
    return f"No. {number}, changed by no. {changed_by}" if changed_by else f"No. {number}"
