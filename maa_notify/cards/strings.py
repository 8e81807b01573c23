"""Every sentence and label that a card can show, in one place, so that wording can be reviewed as a whole.

Statuses read as in the Intune portal; `completed` never claims success, since Intune does not tell.
"""

import re
from collections.abc import Sequence

from maa_notify.domain import request as r
from maa_notify.domain.event import NO_LONGER_LISTED, EventKind, Notice, RequestEvent
from maa_notify.domain.risk import Reason, Risk

REVIEW_IN_INTUNE = "Review in Intune"
SHOW_THE_DEVICE = "Show the device"
REASON = "The requestor's own words"
NOTES = "The approver's own words"
NOTHING_SAID = "Nothing was said."
NOT_TOLD = "not told by Intune"
APPROVAL = "Approval"
REQUESTOR_NOT_TOLD = f"requestor {NOT_TOLD}"
APPROVER_NOT_TOLD = f"approver {NOT_TOLD}"
APPLICATION = "application"
ACCOUNT_NOT_TOLD = "account not told"
SENDER = "sent by MAA Notify, which reads requests and never decides"
DIGEST_APPROVERS = (
    "Approvers: open Intune yourself, go to Multi Admin Approval > All requests, read the requests there and"
    " decide."
)
DIGEST_REQUESTORS = (
    "Requestors: approved is not done. Go to Multi Admin Approval > My requests, open the request and press"
    " Complete before it expires."
)
DIGEST_APPLICATIONS = (
    "Filed by an application and approved: only that application can complete it, by sending the same call"
    " again with the approval code, before it expires. Tell whoever runs it."
)
SAMPLE = "This is a test of MAA Notify: the request below is invented. Nothing waits for you."

LATE = "This card comes late: newer news of the same request were told before it."
AGAIN = "Sent again, for the first try got no answer: a card with the same key may stand above."

MEMORY_LOST = "memory was lost, may be a repeat"
TOLD_ANEW = (
    "The notifier lost its memory and tells what is open anew: a card about this request may stand above."
)

LABEL_REQUESTOR = "Requested by"
LABEL_POLICY_TYPE = "Policy type"
LABEL_RISK = "Risk"
LABEL_DEVICE = "Serial number"
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

SO_FAR = "What happened so far"
TAKEN_BACK = "the approval was taken back"
LISTED_AGAIN = "listed again"
TIME_NOT_SEEN = "time not seen"

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
    Reason.UNKNOWN_DELETE: "It deletes something of a policy type that is new to this notifier.",
}
"""Why a request is of high risk, in one breath."""

NEXT_STEP = {
    r.NEEDS_APPROVAL: (
        "Approver: open Intune yourself, go to Multi Admin Approval > All requests, read the request there"
        " and decide. Nobody can approve a request of their own."
    ),
    r.APPROVED: (
        "Requestor: approved is not done. Go back to Intune, Multi Admin Approval > My requests, open the"
        " request and press Complete before it expires, unless Intune has already carried it out."
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
    " Multi Admin Approval > All requests, before it expires."
)
NEXT_STEP_UNKNOWN = (
    "This notifier does not know the status that Intune reports: open Intune yourself and look at the request"
    " under Multi Admin Approval > All requests."
)
NEXT_STEP_GONE = (
    "Intune no longer lists this request, and a look-up by its id found nothing. Its outcome is not known:"
    " look in Intune under Multi Admin Approval > All requests."
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

_LOOK = "Look in Intune under All requests."
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


def headline(event: RequestEvent, risk: Risk) -> str:
    """The line in the coloured strip: the state, and the risk while somebody has to decide."""
    if event.request.status != r.NEEDS_APPROVAL or event.kind is EventKind.NO_LONGER_LISTED:
        return status_line(event)
    return f"{status_line(event)} · {risk_line(risk)}"


def next_step(event: RequestEvent, *, in_chat: bool = False) -> str:
    """One sentence for the person who has to act; in a chat that is the requestor."""
    if event.kind is EventKind.NO_LONGER_LISTED:
        return NEXT_STEP_GONE
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


def digest_status_line(notifications: int) -> str:
    """The line above it."""
    return f"Multi Admin Approval · {notifications} in one card"


def risk_line(risk: Risk) -> str:
    """Risk as said beside a state."""
    return f"{RISK[risk]} risk"


def devices(verb: str, count: int) -> str:
    """The start of a subject about devices."""
    return f"{verb} device" if count <= 1 else f"{verb} {count} devices, first"


def fallback(event: RequestEvent) -> str:
    """The news in one breath, where cards cannot be shown or are read aloud: our own words only."""
    is_known = event.request.status in STATUS
    state = headline(event, event.risk) if is_known else "a status that is new to this notifier"
    types = ", ".join(policy_type(each) for each in event.request.policy_types if each in r.POLICY_TYPES)
    told = f"{types or 'A request'}: {state}".replace(" · ", ", ")
    return f"Intune Multi Admin Approval. {told}. {_LOOK} Key {event.short_key}."


def notice_fallback(notice: Notice) -> str:
    """The same for a notice, which holds words of ours only in its title."""
    return f"Intune Multi Admin Approval. {notice.title}. Key {notice.short_key}."


def digest_fallback(notifications: int) -> str:
    """The same for a digest."""
    return f"Intune Multi Admin Approval: {notifications} notifications. {_LOOK}"


def reminder_line(event: RequestEvent, next_at: str) -> str:
    """Why it rings again, whether it will once more, and what an open request holds up."""
    following = f"the next reminder comes at {next_at}" if next_at else "this is the last reminder"
    return (
        f"It rings again because {_passed(event)}; {following}."
        " Until it is closed, Intune takes no other request for the same object."
    )


def _passed(event: RequestEvent) -> str:
    if event.kind is EventKind.COMPLETE_REMINDER:
        return f"it was approved {event.stage} ago and is not completed"
    is_share = event.stage.endswith("%")
    return f"{event.stage} of its time has passed" if is_share else f"less than {event.stage} is left"


def left(span: str) -> str:
    """A time to come: `2 d 3 h left`."""
    return f"{span} left"


def ago(span: str) -> str:
    """A time that is past."""
    return f"{span} ago"


def time_left(event: RequestEvent, left_or_ago: str) -> str:
    """The line of the strip that says how much time the reader has, and for what."""
    if event.request.status != r.APPROVED:
        return f"{left_or_ago} to decide"
    if event.request.is_filed_by_application:
        return f"{left_or_ago} for the application to complete it"
    return f"{left_or_ago} to press Complete"


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
    return f" [letters of {' and '.join(scripts)}]"


def labelled(label: str, value: object) -> str:
    """A label and its value in one line: `Approved: 3`."""
    return f"{label}:\N{NO-BREAK SPACE}{value}"


def expires(deadline: str) -> str:
    """The deadline within a line."""
    return f"{LABEL_EXPIRES.lower()} {deadline}"


def footer(key: str, sent_at: str) -> str:
    """The short key, by which a repeated card is known, and the time from which "left" and "ago" count."""
    return " · ".join([*([f"Key {key}"] if key else []), sent_at, SENDER])
