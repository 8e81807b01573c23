"""What a request is about, as a phrase: "Wipe device LAPTOP-42", "Assign app Company Portal to 3 groups"."""

from collections import Counter

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.cards import strings
from maa_notify.cards.elements import Element, run
from maa_notify.cards.text import safe
from maa_notify.domain.request import ApprovalRequest

_NAME_LIMIT = 200
_ASSIGN = "assign"
_QUOTES = dict.fromkeys(map(ord, '"“”„‟«»'), "’")


class Subject(Struct, frozen=True):
    """A phrase in three parts: `lead` and `tail` are our words, `name` is somebody else's, made safe."""

    lead: str
    name: str = ""
    tail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.lead, self.name, self.tail) if part)


def subject_of(request: ApprovalRequest, limit: int = _NAME_LIMIT) -> Subject:
    """The phrase for a request, as good as the undocumented fields allow."""
    name = safe(request.target.name, limit)
    lead = _lead(request)
    if not name:
        return Subject(strings.a_request(_types(request)) if lead is None else strings.nameless(lead))
    return Subject(lead or _types(request), name, _tail(request))


def subject_runs(subject: Subject, **style: str | bool) -> list[Element]:
    """The phrase for a card: the name stands in quotation marks, so that no name passes for words of ours."""
    name = f"“{subject.name.translate(_QUOTES)}”" if subject.name else ""
    return [run(str(replace(subject, name=name)), **style)]


def tells_assignments(request: ApprovalRequest) -> bool:
    """Whether the phrase itself says to whom something is assigned."""
    return request.target.operation.lower() == _ASSIGN and bool(request.target.name)


def _lead(request: ApprovalRequest) -> str | None:
    target = request.target
    verb = next(
        (strings.DEVICE_VERB[each] for each in request.policy_types if each in strings.DEVICE_VERB), None
    )
    if verb or target.object_type.lower() == "manageddevice":
        return strings.devices(verb or strings.plain_words(target.action or "change"), target.device_count)
    verb = strings.VERB.get(target.operation.lower())
    if verb is None and target.operation:
        verb = strings.plain_words(target.action or target.subtype or target.operation)
    noun = strings.OBJECT.get(target.object_type.lower()) or _noun_of_types(request)
    return f"{verb} {noun}" if verb and noun else verb


def _noun_of_types(request: ApprovalRequest) -> str | None:
    nouns = (strings.OBJECT_OF_TYPE.get(each) for each in request.policy_types)
    return next(filter(None, nouns), None)


def _types(request: ApprovalRequest) -> str:
    return ", ".join(map(strings.policy_type, request.policy_types)) or strings.APPROVAL


def _tail(request: ApprovalRequest) -> str:
    counts = Counter(request.target.assigned_to)
    return strings.to_targets(counts) if counts and tells_assignments(request) else ""
