"""What was done in Intune, compared with what was approved. Pure.

Source: Intune's audit events; that the id of a request's object is that of the audited resource is inferred.
A refused attempt may leave no event, and who an app-only write or *Complete* is logged as is not known.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from maa_notify.domain.alert import ActorKind
from maa_notify.domain.compare import RequestState
from maa_notify.domain.request import APPROVED, COMPLETED, ApprovalRequest
from maa_notify.domain.times import SKEW
from maa_notify.insight.watch.ground import Ground
from maa_notify.insight.watch.log import LogEntry

_PATIENCE = timedelta(minutes=20)
"""A poll and 15 minutes: a request may be listed after what it allowed was logged."""
_FILED_BEFORE = timedelta(hours=1)
"""By how much the history of requests must reach back before an operation."""
_AFTER_THE_END = timedelta(hours=1)
_ANY_DEVICE_ACTION = "deviceAction"
_READS = frozenset({"get", "search", "syncdevice", "sync"})
_VERBS = {
    "setreference": "assign",
    "removereference": "assign",
    "wipe": "wipe",
    "retire": "retire",
    "delete": "delete",
    "remove": "delete",
    "create": "create",
    "patch": "update",
    "update": "update",
    "assign": "assign",
    "action": "action",
}
_DEVICE_TYPES = {"wipe": "deviceWipe", "retire": "deviceRetire", "delete": "deviceDelete"}
_DEVICES = frozenset({"manageddevice", "windowsmanageddevice"})
"""Not what only begins so, such as the configuration of an app for managed devices."""
_ENTITIES = (
    ("operationapprovalpolicy", "operationApprovalPolicy"),
    ("devicemanagementscript", "script"),
    ("mobileapp", "app"),
    ("roledefinition", "role"),
    ("roleassignment", "role"),
    ("deviceandappmanagementrole", "role"),
    ("devicecompliancepolicy", "compliancePolicy"),
    ("devicemanagementconfigurationpolicy", "configurationPolicy"),
    ("devicecategory", "tenantConfiguration"),
)
_ALWAYS_PROTECTED = "operationApprovalPolicy"
DESTRUCTIVE = frozenset({"deviceWipe", "deviceRetire", "deviceDelete"})


class Outcome(StrEnum):
    """How what was done compares with what was approved."""

    APPROVED = "approved"
    MISMATCH = "mismatch"
    BY_APP = "by_app"
    WITHOUT_APPROVAL = "without_approval"
    UNKNOWN = "unknown"
    EARLY = "early"
    """Too young to tell: a later look decides."""


class Execution(Struct, frozen=True):
    """One protected operation that Intune logged, and how it compares.

    Attributes:
        entry: of the log.
        policy_type: that protects it.
        outcome: how it compares.
        reason: why, in words of ours.
        request: that allows it, or the one that comes nearest.
    """

    entry: LogEntry
    policy_type: str
    outcome: Outcome
    reason: str = ""
    request: ApprovalRequest | None = None


def operation_of(entry: LogEntry) -> tuple[str, str]:
    """The verb and the policy type of an entry; "" for both where it is no operation that can be protected.

    Intune writes `wipe ManagedDevice` as well as `assignDeviceManagementScript DeviceManagementScript`.
    """
    words = entry.activity.split(" ")
    started = next((word for word in _VERBS if words[0].startswith(word)), "")
    if not started or words[0] in _READS:
        return "", ""
    verb = _VERBS[started]
    # Verb and entity may be one word; no two of these run into each other.
    entities = {words[0].removeprefix(started), *words[1:], *(each.kind.lower() for each in entry.targets)}
    if _DEVICES.isdisjoint(entities):
        found = (kind for name, kind in _ENTITIES if any(name in each for each in entities))
        kind = next(found, "")
    else:
        kind = _DEVICE_TYPES.get(verb, "")
    return (verb, kind) if kind else ("", "")


def executions(
    entries: Iterable[LogEntry], states: Sequence[RequestState], ground: Ground, now: datetime
) -> list[Execution]:
    """How each protected operation compares with the requests that are known, oldest first."""
    comparison = _Comparison(states, ground, now)
    done = {each.id: each for each in entries if each.succeeded}.values()
    ordered = sorted(done, key=lambda each: (each.at, each.id))
    kinds = ((each, protected_type(each, ground)) for each in ordered)
    return [comparison.of(entry, kind) for entry, kind in kinds if kind]


def protected_type(entry: LogEntry, ground: Ground) -> str:
    """The policy type that protects what was done; "" where none does, or a service of Microsoft's did it."""
    _, kind = operation_of(entry)
    if not kind or entry.actor.kind is ActorKind.SYSTEM:
        return ""
    if kind == _ALWAYS_PROTECTED or ground.protected is None:
        return kind
    kinds = (kind, _ANY_DEVICE_ACTION) if kind in DESTRUCTIVE else (kind,)
    held = filter(None, map(ground.protected.get, kinds))
    return kind if any(each.covers(entry.at) for each in held) else ""


class _Comparison:
    """Compares operations in their order, and counts how often a request for many devices was used."""

    def __init__(self, states: Sequence[RequestState], ground: Ground, now: datetime) -> None:
        self._states = states
        self._ground = ground
        self._now = now
        self._used: Counter[str] = Counter()

    def of(self, entry: LogEntry, kind: str) -> Execution:
        """How one operation compares."""
        fitting = [each for each in self._states if _fits(each.request, entry, kind, self._used)]
        objections = [(each.request, _objection(each, entry)) for each in fitting]
        for request, objection in objections:
            if not objection:
                self._used[request.id] += 1
                return Execution(entry, kind, Outcome.APPROVED, request=request)
        if self._now - entry.at < _PATIENCE:
            return Execution(entry, kind, Outcome.EARLY)
        if self._ground.protected is None and kind != _ALWAYS_PROTECTED:
            return Execution(entry, kind, Outcome.UNKNOWN, "which types are protected is not known")
        if objections:
            nearest, objection = objections[-1]
            return Execution(entry, kind, Outcome.MISMATCH, objection, nearest)
        return Execution(entry, kind, *self._without_request(entry))

    def _without_request(self, entry: LogEntry) -> tuple[Outcome, str]:
        if entry.actor.kind is ActorKind.APPLICATION:
            return Outcome.BY_APP, "an app did it, and no request allows it"
        since = self._ground.history_since
        if since is None or since > entry.at - _FILED_BEFORE:
            return Outcome.UNKNOWN, "not all requests of that time are known"
        return Outcome.WITHOUT_APPROVAL, "no request allows it"


def _fits(request: ApprovalRequest, entry: LogEntry, kind: str, used: Mapping[str, int]) -> bool:
    """Whether a request is about the same operation on the same object."""
    if not {kind, _ANY_DEVICE_ACTION if kind in DESTRUCTIVE else kind}.intersection(request.policy_types):
        return False
    if not _is_same_verb(request, operation_of(entry)[0]):
        return False
    target = request.target
    ids = {each.id.lower() for each in entry.targets}
    if target.device_id and target.device_id.lower() in ids:
        return True
    names = {each.name.casefold() for each in entry.targets} - {"", "<null>"}
    if target.name and target.name.casefold() in names:
        return True
    if kind not in DESTRUCTIVE and not names:
        return True  # the log does not tell which one it was
    # Of a request for many devices only the first is known by its id: it allows as many as it lists.
    return target.device_count > 1 and used.get(request.id, 0) < target.device_count


def _is_same_verb(request: ApprovalRequest, verb: str) -> bool:
    """Whether a request may ask for this; one that does not tell what it asks for may ask for anything."""
    told = (request.target.action or request.target.operation).lower()
    asked = _VERBS.get(told, told)
    return asked in {"", "action", verb} or {asked, verb} <= {"update", "assign"}


def _objection(state: RequestState, entry: LogEntry) -> str:
    """Why a request that fits does not allow what was done; "" where it does."""
    request, actor = state.request, entry.actor
    if request.status not in {APPROVED, COMPLETED}:
        return "its request was not approved"
    approved_at = next((each.at for each in state.steps if each.status == APPROVED), request.requested_at)
    ends = request.modified_at if request.status == COMPLETED else request.expires_at
    if approved_at is not None and entry.at < approved_at - SKEW:
        return "it was done before its request was approved"
    if ends is not None and entry.at > ends + _AFTER_THE_END:
        return "it was done after its request had ended"
    asked = request.requestor
    ids = {asked.id.lower(), asked.upn.lower()} - {""}
    if ids and ids.isdisjoint({actor.id.lower(), actor.account.lower()}):
        is_same_app = asked.kind == "application" and asked.name.casefold() == actor.name.casefold() != ""
        return "" if is_same_app else "somebody else did it than the request names"
    return ""
