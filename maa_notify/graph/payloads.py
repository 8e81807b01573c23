"""The little that is kept of payloads: kinds of assignments, their intents, what an access policy protects.

A payload can hold scripts, secrets and the ids of groups, and nobody documents its form. So nothing of it is
passed on as it came: each word is looked up in a closed list, and what is not found there ends as a "target",
as another intent, or as nothing.

Source of the field names: public clients that have been seen to read them; the platforms and policy types are
those of the Graph beta type `operationApprovalPolicy`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from maa_notify.domain.request import (
    ALL_DEVICES,
    ALL_USERS,
    EXCLUDED_GROUP,
    GROUP,
    GUID,
    INTENTS,
    OTHER_INTENT,
    OTHER_TARGET,
    PLATFORMS,
    POLICY_TYPES,
    Assignment,
)

_DEPTH = 12
"""Wrappings around an assignment: a body within parameters, each of them JSON within JSON."""
_BROKEN = "broken"
"""In place of malformed JSON."""
_REMOVED = "removed"
_MORE_OF_THEM = ("assignments", "targets")
"""How fields are named in which an assignment holds others."""
_EVERYBODY = re.compile("all(?:licensed)?users|alldevices|acacacac|adadadad", re.IGNORECASE)
_WORD_LIMIT = 64
_KINDS = {
    "group": GROUP,
    "allusers": ALL_USERS,
    "alllicensedusers": ALL_USERS,
    "alldevices": ALL_DEVICES,
}
_VIRTUAL_GROUPS = {"acacacac": ALL_USERS, "adadadad": ALL_DEVICES}
"""How the ids begin by which Intune names everybody as if they were a group."""
_INTENTS = {intent.lower(): intent for intent in INTENTS}
_PLATFORMS = {platform.lower(): platform for platform in PLATFORMS}
_POLICY_TYPES = {name.lower(): name for name in POLICY_TYPES if not name.startswith("unknown")}
_NOT_A_LETTER = re.compile(r"[^a-z]+")


def added_assignments(added: object, parameters: object, *bodies: object) -> tuple[Assignment, ...]:
    """The assignments after a change, counted: those of the list, or where it holds none of the parameters.

    Nothing that may reach everybody is left out. What stands among assignments, and nobody can read, counts
    as a target of another kind; all users and all devices count wherever they stand, in the `bodies` of the
    object itself, too.
    """
    told = Counter({(each.kind, each.intent): each.count for each in assignments_in(added, parameters)})
    unreadable = _unreadable_in(added, _DEPTH) or sum(
        _unreadable_in(each, _DEPTH) for each in _lists_in(parameters, _DEPTH)
    )
    told += Counter({(OTHER_TARGET, ""): unreadable})
    kinds = {kind for kind, _ in told}
    for value in (parameters, *filter(_may_name_everybody, bodies)):
        for each in assignments_in(value):
            if each.is_everybody and each.kind not in kinds:
                told[each.kind, each.intent] = each.count
    return tuple(Assignment(*kind, count) for kind, count in sorted(told.items()))


def assignments_in(*values: object) -> tuple[Assignment, ...]:
    """The assignments in the first of these values that holds any, counted by kind and intent.

    A value may be a list, an object that wraps one, or either of them as JSON text. An object that has
    neither a target nor an intent, and is no target itself, is no assignment.
    """
    for value in values:
        counts = Counter((_kind(entry), _intent(entry)) for entry in _entries(value, _DEPTH))
        if counts:
            return tuple(Assignment(*told, count) for told, count in sorted(counts.items()))
    return ()


def protection_in(*values: object) -> tuple[str, str]:
    """The policy type and the platform in the first of these values that names one; "" for what none does."""
    for value in values:
        policy = _fields(value)
        nested = _fields(policy.get("policyset"))
        policy_type = _known(_POLICY_TYPES, nested.get("policytype"), policy.get("policytype"))
        platform = _known(_PLATFORMS, nested.get("policyplatform"), policy.get("policyplatform"))
        if policy_type or platform:
            return policy_type, platform
    return "", ""


def lowered(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields by name in lower case; of two that differ in case alone the first that holds something."""
    found: dict[str, Any] = {}
    for key, value in fields.items():
        name = key.lower()
        if not found.get(name):
            found[name] = value
    return found


def opened(value: object) -> object:
    """What a JSON text holds, even one of JSON within JSON; everything else as it is."""
    for _ in range(_DEPTH):
        if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", '"')):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return _BROKEN
    return value


def _entries(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """Every assignment in a value, with its fields' names in lower case."""
    value = opened(value)
    if depth and isinstance(value, list):
        for each in value:
            yield from _entries(each, depth - 1)
    elif depth and isinstance(value, Mapping):
        fields = _fields(value)
        is_entry = _is_entry(fields)
        if is_entry:
            yield fields
        for name, inner in fields.items():
            is_list = name.endswith(_MORE_OF_THEM) if is_entry else not name.startswith(_REMOVED)
            yield from _entries(inner, depth - 1) if is_list else ()


def _is_entry(fields: Mapping[str, Any]) -> bool:
    """Whether an object is an assignment, or a target by itself."""
    is_target = _letters(fields.get("@odata.type")).endswith("assignmenttarget")
    return is_target or "target" in fields or "intent" in fields


def _lists_in(value: object, depth: int) -> Iterator[object]:
    """What stands in fields that are named as assignments are."""
    value = opened(value)
    inner = value.items() if isinstance(value, Mapping) else ()
    for each in value if isinstance(value, list) else ():
        yield from _lists_in(each, depth - 1) if depth else ()
    for name, held in ((name.lower(), held) for name, held in inner):
        if name.endswith("assignments") and not name.startswith(_REMOVED):
            yield held
        elif depth:
            yield from _lists_in(held, depth - 1)


def _may_name_everybody(body: object) -> bool:
    """Whether a body is worth to be opened: most are large, and hold no assignments."""
    return not isinstance(body, str) or _EVERYBODY.search(body) is not None


def _unreadable_in(value: object, depth: int) -> int:
    """How many parts of a list hold something, but no assignment."""
    held = opened(value)
    if depth and isinstance(held, list):
        return sum(_unreadable_in(each, depth - 1) for each in held)
    if not _holds_something(held, depth):
        return 0
    fields = _fields(held)
    if not any(map(bool, _entries(held, depth))):
        return 1
    return 0 if _is_entry(fields) else sum(_unreadable_in(each, depth - 1) for each in _parts(fields))


def _parts(fields: Mapping[str, Any]) -> Iterator[object]:
    """The lists that an object wraps; or its values, where they are assignments themselves."""
    values = [opened(each) for name, each in fields.items() if not name.startswith(_REMOVED)]
    is_list = any(isinstance(each, Mapping) and _is_entry(_fields(each)) for each in values)
    yield from (each for each in values if isinstance(each, list) or is_list)


def _holds_something(value: object, depth: int) -> bool:
    value = opened(value)
    if depth and isinstance(value, Mapping | list):
        inner = value.values() if isinstance(value, Mapping) else value
        return any(_holds_something(each, depth - 1) for each in inner)
    return value is not None and value not in ("", "null", [], {})


def _kind(entry: Mapping[str, Any]) -> str:
    """What kind of target an assignment has; a target may be an object, JSON text, a type's name or an id."""
    target = opened(entry.get("target", entry))
    fields = _fields(target) or {"@odata.type": target, "groupid": target}
    word = _letters(fields.get("@odata.type")).removesuffix("target").removesuffix("assignment")
    if word.startswith("exclu"):
        return EXCLUDED_GROUP
    group = fields.get("groupid")
    is_id = isinstance(group, str) and GUID.fullmatch(group.strip()) is not None
    kind = _KINDS.get(word, GROUP if is_id else OTHER_TARGET)
    return _VIRTUAL_GROUPS.get(str(group).strip()[:8].lower(), kind) if is_id else kind


def _intent(entry: Mapping[str, Any]) -> str:
    intent = entry.get("intent")
    return "" if intent is None or intent == "" else _INTENTS.get(_letters(intent), OTHER_INTENT)


def _known(words: Mapping[str, str], *values: object) -> str:
    """The first of these values that is one of the words, in any case."""
    found = (words.get(value.strip().lower(), "") for value in values if isinstance(value, str))
    return next(filter(None, found), "")


def _letters(value: object) -> str:
    """The letters of a name without what stands before its last dot, in lower case."""
    name = value[-_WORD_LIMIT:].lower().rpartition(".")[2] if isinstance(value, str) else ""
    return _NOT_A_LETTER.sub("", name)


def _fields(value: object) -> Mapping[str, Any]:
    """The fields of an object by their names in lower case; none of what is no object."""
    held = opened(value)
    return lowered(held) if isinstance(held, Mapping) else {}
