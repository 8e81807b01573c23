"""Every sentence and label that a card can show, in one place, so that wording can be reviewed as a whole.

Statuses read as in the Intune portal; `completed` never claims success, since Intune does not tell.
"""

import re

from maa_notify.core import request as r
from maa_notify.core.event import Event, EventKind
from maa_notify.core.risk import Risk, assess

OPEN_IN_INTUNE = "Open in Intune"
REASON = "The requestor's own words"
NOTES = "The approver's own words"
NOTHING_SAID = "Nothing was said."
NOT_TOLD = "not told by Intune"
APPLICATION = "application"
SENDER = "sent by MAA Notify, which reads requests and never decides"
DIGEST_APPROVERS = (
    "Approvers: open Intune yourself, go to Multi Admin Approval > All requests, read the requests there and"
    " decide."
)
DIGEST_REQUESTORS = (
    "Requestors: approved is not done. Go to Multi Admin Approval > My requests, open the request and press"
    " Complete before it expires."
)
BY_APPLICATION = (
    "Filed by an application, not by a person. Whoever controls that application may also be able to approve:"
    " make sure that somebody you know stands behind it."
)
GUARDS_ITSELF = (
    "This changes an access policy, the very rule that asks for a second administrator."
    " Approve it only if you know why."
)

HEARTBEAT = (
    "This channel was quiet for some time. The card shows that the way here is open, and keeps Microsoft from"
    " switching the flow off. Nothing is asked of anybody."
)
SAMPLE = "This is a test of MAA Notify: the request below is invented. Nothing waits for you."

LABEL_REQUESTOR = "Requested by"
LABEL_APPROVER = "Decided by"
LABEL_POLICY_TYPE = "Policy type"
LABEL_RISK = "Risk"
LABEL_DEVICE = "Serial number"
LABEL_PRIMARY_USER = "Primary user"
LABEL_ASSIGNED = "Assigned to"
LABEL_REQUESTED = "Requested"
LABEL_EXPIRES = "Expires"
LABEL_CHANGED = "Last change"
LABEL_BEFORE = "Status before"

STATUS = {
    r.NEEDS_APPROVAL: "Needs approval",
    r.APPROVED: "Approved",
    r.COMPLETED: "Completed",
    r.REJECTED: "Rejected",
    r.CANCELLED: "Canceled",
    r.EXPIRED: "Expired",
}

RISK = {Risk.HIGH: "High", Risk.MEDIUM: "Medium", Risk.LOW: "Low"}

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

VERB = {"create": "Create", "update": "Change", "patch": "Change", "delete": "Delete", "assign": "Assign"}

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


def policy_type(value: str) -> str:
    """A policy type as a person would say it."""
    return POLICY_TYPE.get(value) or plain_words(value)


def plain_words(identifier: str, otherwise: str = NOT_TOLD) -> str:
    """`enrollmentRestriction` as `Enrollment restriction`; letters, digits and spaces only."""
    spaced = " ".join(_WORDS.sub(" ", _CAMEL.sub(" ", identifier[:64])).split()).lower()
    return spaced.capitalize() if spaced else otherwise


def strip(event: Event) -> str:
    """What state the request is in, and how it got there where that matters."""
    if event.kind is EventKind.HEARTBEAT:
        return "No news: this channel can be reached"
    if event.kind is EventKind.NO_LONGER_LISTED:
        return "No longer listed"
    state = status(event.request.status)
    if event.kind is EventKind.REMINDER:
        return f"Reminder: {state.lower()}"
    is_taken_back = event.request.status == r.NEEDS_APPROVAL and event.previous == r.APPROVED
    return f"{state} · the approval was taken back" if is_taken_back else state


def headline(event: Event) -> str:
    """The line in the coloured strip: the state, and the risk while somebody has to decide."""
    if event.request.status != r.NEEDS_APPROVAL or event.kind is EventKind.NO_LONGER_LISTED:
        return strip(event)
    return f"{strip(event)} · {risk_line(assess(event.request).risk)}"


def next_step(event: Event) -> str:
    """One sentence for the person who has to act."""
    if event.kind is EventKind.NO_LONGER_LISTED:
        return NEXT_STEP_GONE
    return NEXT_STEP.get(event.request.status, NEXT_STEP_UNKNOWN)


def digest_title(requests: int) -> str:
    """The headline of a digest."""
    return "News of 1 request" if requests == 1 else f"News of {requests} requests"


def digest_strip(notifications: int) -> str:
    """The line above it."""
    return f"Multi Admin Approval · {notifications} in one card"


def risk_line(risk: Risk) -> str:
    """Risk as said beside a state."""
    return f"{RISK[risk]} risk"


def devices(verb: str, count: int) -> str:
    """The start of a subject about devices."""
    return f"{verb} device" if count <= 1 else f"{verb} {count} devices, first"


def fallback(event: Event) -> str:
    """What is shown where cards cannot be: our own words only."""
    state = strip(event) if event.request.status in STATUS else "a status that is new to this notifier"
    return f"Intune Multi Admin Approval: {state}. {_LOOK} Key {event.short_key}."


def digest_fallback(notifications: int) -> str:
    """The same for a digest."""
    return f"Intune Multi Admin Approval: {notifications} notifications. {_LOOK}"


def reminder_line(stage: str, next_at: str) -> str:
    """Why it rings again, whether it will once more, and what an open request holds up."""
    passed = f"{stage} of its time has passed" if stage.endswith("%") else f"less than {stage} is left"
    following = f"the next reminder comes at {next_at}" if next_at else "this is the last reminder"
    return (
        f"It rings again because {passed}; {following}."
        " Until it is closed, Intune takes no other request for the same object."
    )


def footer(key: str, sent_at: str) -> str:
    """The short key, by which a repeated card is known, and the time from which "left" and "ago" count."""
    return f"Key {key} · {sent_at} · {SENDER}"
