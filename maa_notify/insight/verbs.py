"""What a request does to its object, in one word, and all the words by which people may call it. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from maa_notify.cards.subject import subject_of
from maa_notify.domain.request import ApprovalRequest, Target

_ACTION = "action"
"""The operation that leaves it to other fields to tell what is done."""
_OF_DEVICES = "device"
_NO_VERBS = frozenset({"deviceAction", "deviceSecurityAction", "deviceEnrollment", "deviceUpdate"})
_SAME = ({"update", "patch", "change", "edit"}, {"delete", "remove"})
DEEDS = {
    "wiped": "wipe",
    "erased": "erase",
    "deleted": "delete",
    "removed": "delete",
    "retired": "retire",
    "created": "create",
    "added": "create",
    "changed": "update",
    "updated": "update",
    "edited": "update",
    "modified": "update",
    "assigned": "assign",
    "deployed": "assign",
    "locked": "lock",
    "reset": "reset",
    "resumed": "resume",
    "deprovisioned": "deprovision",
}
"""Verbs by what people say that somebody did."""
NOUNS = {
    "wipe": "wipe",
    "wiping": "wipe",
    "erasure": "erase",
    "erasing": "erase",
    "deletion": "delete",
    "deleting": "delete",
    "removal": "delete",
    "removing": "delete",
    "retirement": "retire",
    "retiring": "retire",
    "creation": "create",
    "creating": "create",
    "change": "update",
    "changing": "update",
    "update": "update",
    "updating": "update",
    "edit": "update",
    "editing": "update",
    "modification": "update",
    "assignment": "assign",
    "assigning": "assign",
    "deployment": "assign",
    "deploying": "assign",
    "lock": "lock",
    "locking": "lock",
    "reset": "reset",
    "resetting": "reset",
    "deprovisioning": "deprovision",
}
"""Verbs by the nouns that people make of them."""


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


def words_of(request: ApprovalRequest) -> frozenset[str]:
    """All words in lower case by which people or logs may call what the request does."""
    target = request.target
    return _words(target.operation, target.action, target.subtype, target.object_type, request.policy_types)


def is_verb_of(word: str, request: ApprovalRequest) -> bool:
    """Whether people may call by this word what the request does, in any case: `changed` is `update`."""
    return not _meant(word).isdisjoint(words_of(request))


def means(said: str, word: str) -> bool:
    """Whether people may mean a verb, in lower case, by what they say in any case."""
    return not _meant(said).isdisjoint(_with_same([word]))


@lru_cache(maxsize=64)
def _meant(said: str) -> frozenset[str]:
    word = said.strip().lower()
    return frozenset(filter(None, (word, DEEDS.get(word), NOUNS.get(word))))


def _with_same(words: Iterable[str]) -> frozenset[str]:
    told = frozenset(words)
    return told.union(*(same for same in _SAME if same & told))


@lru_cache(maxsize=512)  # a tenant's requests are of a few kinds, and a search looks at all of them
def _words(
    operation: str, action: str, subtype: str, object_type: str, policy_types: tuple[str, ...]
) -> frozenset[str]:
    target = Target("x", operation, object_type, subtype, action)
    lead = subject_of(ApprovalRequest("", "", policy_types, target=target)).lead.partition(" ")[0]
    words = (operation, action, subtype, lead, *map(_verb_in, policy_types))
    return _with_same({each.lower() for each in words if each} - {_ACTION})


def _verb_in(policy_type: str) -> str:
    """`wipe` of `deviceWipe`; "" for types that name no verb."""
    is_verb = policy_type.startswith(_OF_DEVICES) and policy_type not in _NO_VERBS
    return policy_type.removeprefix(_OF_DEVICES).lower() if is_verb else ""
