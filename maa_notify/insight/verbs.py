"""What a request does to its object, in one word, and all the words by which people may call it. Pure."""

from maa_notify.cards.subject import subject_of
from maa_notify.domain.request import ApprovalRequest

_ACTION = "action"
"""The operation that leaves it to other fields to tell what is done."""
_OF_DEVICES = "device"
_NO_VERBS = frozenset({"deviceAction", "deviceSecurityAction", "deviceEnrollment", "deviceUpdate"})
_SAME = ({"update", "patch", "change", "edit"}, {"delete", "remove"})


def verb_of(request: ApprovalRequest) -> str:
    """The verb in lower case: the operation or action as Intune spells it; "" where it does not tell."""
    target = request.target
    operation = target.operation.lower()
    if operation not in {"", _ACTION}:
        return operation
    if target.action:
        return target.action.lower()
    of_types = (_verb_in(each) for each in request.policy_types)
    return next(filter(None, of_types), target.subtype.lower())


def words_of(request: ApprovalRequest) -> set[str]:
    """All words in lower case by which people or logs may call what the request does."""
    target = request.target
    lead = subject_of(request).lead.partition(" ")[0]
    words = (target.operation, target.action, target.subtype, lead, *map(_verb_in, request.policy_types))
    told = {each.lower() for each in words if each} - {_ACTION}
    return told.union(*(same for same in _SAME if same & told))


def is_verb_of(word: str, request: ApprovalRequest) -> bool:
    """Whether people may call by this word what the request does, in any case: `change` is `update`."""
    return word.strip().lower() in words_of(request)


def _verb_in(policy_type: str) -> str:
    """`wipe` of `deviceWipe`; "" for types that name no verb."""
    is_verb = policy_type.startswith(_OF_DEVICES) and policy_type not in _NO_VERBS
    return policy_type.removeprefix(_OF_DEVICES).lower() if is_verb else ""
