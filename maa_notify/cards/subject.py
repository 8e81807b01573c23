"""What a request is about, as a phrase: "Wipe device LAPTOP-42", "Cancel deployment of app VPN"."""

import re

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.cards import strings
from maa_notify.cards.elements import Element, run
from maa_notify.cards.names import quoted
from maa_notify.cards.text import plain
from maa_notify.domain.request import ApprovalRequest, Target
from maa_notify.domain.risk import is_about_devices, is_new

_NAME_LIMIT = 200
_ACTION = "action"
"""The operation that leaves it to the action or the subtype to tell what is done."""
_DEPLOYMENT = re.compile("deployments?", re.IGNORECASE)
_JOINT = re.compile("[,;|，；、｜]")  # noqa: RUF001 - what is meant
"""Between names that Graph joins; how it does that is published nowhere."""


class Subject(Struct, frozen=True):
    """A phrase in two parts: `lead` is our words, `name` is somebody else's, as plain text."""

    lead: str
    name: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.lead, self.name) if part)


def subject_of(request: ApprovalRequest, limit: int = _NAME_LIMIT) -> Subject:
    """The phrase for a request, as good as the undocumented fields allow."""
    is_bulk = _is_bulk(request)
    is_joined = is_bulk and _JOINT.search(request.target.name) is not None
    name = "" if is_joined else plain(request.target.name, limit)
    lead = _lead(request, is_named=bool(name))
    if is_bulk and not name:
        return Subject(lead or "")
    if not name:
        return Subject(strings.a_request(_types(request)) if lead is None else strings.nameless(lead))
    return Subject(lead or _types(request), name)


def subject_runs(subject: Subject, **style: str | bool) -> list[Element]:
    """The phrase for a card: the name stands in quotation marks, so that no name passes for words of ours."""
    return [run(str(replace(subject, name=quoted(subject.name, _NAME_LIMIT))), **style)]


def repeats_types(request: ApprovalRequest) -> bool:
    """Whether the phrase for a request says its one policy type already."""
    if len(request.policy_types) != 1:
        return False
    [policy_type] = request.policy_types
    words = (
        strings.DEVICE_VERB.get(policy_type),
        strings.OBJECT_OF_TYPE.get(policy_type),
        strings.policy_type(policy_type),
    )
    said = "|".join(re.escape(word) for word in words if word)
    return re.search(rf"\b({said})\b", subject_of(request).lead, re.IGNORECASE) is not None


def _lead(request: ApprovalRequest, *, is_named: bool) -> str | None:
    target = request.target
    if _is_bulk(request):
        the_type = _types(request) if len(request.policy_types) == 1 else ""
        verb = _device_verb(request) or _verb(target) or strings.done_by(the_type)
        return strings.devices(verb, target.device_count, is_first_named=is_named)
    if _is_about_devices(request):
        return strings.devices(_device_verb(request) or _verb(target) or strings.VERB["update"], 1)
    noun = strings.OBJECT.get(target.object_type.lower())
    if target.is_deployment:
        is_named = _DEPLOYMENT.search(target.object_type) is not None
        return strings.deployment(_verb(target), noun or (None if is_named else _noun_of_types(request)))
    verb, noun = _verb(target), noun or _noun_of_types(request)
    if noun and not verb:
        return noun.capitalize() if target.operation else None
    return f"{verb} {noun}" if noun else verb or None


def _is_bulk(request: ApprovalRequest) -> bool:
    """Whether it is about several devices, so that it must not read as one about a single one."""
    types, target = request.policy_types, request.target
    return target.device_count > 1 and (is_about_devices(types, target.object_type) or is_new(types))


def _is_about_devices(request: ApprovalRequest) -> bool:
    is_device = request.target.object_type.lower() == "manageddevice"
    return is_device or _device_verb(request) is not None


def _device_verb(request: ApprovalRequest) -> str | None:
    return next(
        (strings.DEVICE_VERB[each] for each in request.policy_types if each in strings.DEVICE_VERB), None
    )


def _verb(target: Target) -> str:
    """What is done to the object, "" where Intune does not tell; `CancelDeployment` is `Cancel`."""
    words = (target.operation, target.action, target.subtype if target.operation else "")
    operation, action, subtype = (
        _DEPLOYMENT.sub("", word) if target.is_deployment else word for word in words
    )
    deed = action or subtype or ("" if operation.lower() == _ACTION else operation)
    known = strings.VERB.get(operation.lower()) or strings.VERB.get(deed.lower())
    return known or strings.plain_words(deed, "")


def _noun_of_types(request: ApprovalRequest) -> str | None:
    nouns = (strings.OBJECT_OF_TYPE.get(each) for each in request.policy_types)
    return next(filter(None, nouns), None)


def _types(request: ApprovalRequest) -> str:
    return ", ".join(map(strings.policy_type, request.policy_types)) or strings.APPROVAL
