"""The simulated tenant: approval requests that are filed, decided, completed and expire.

It keeps them exactly as Graph sends them, undocumented fields included, and allows only the steps
that Intune allows. Time comes from the clock it was given.
"""

import copy
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, Final

from maa_notify.demo.errors import (
    IllegalTransitionError,
    OwnRequestError,
    TenantFullError,
    UnknownActionError,
    UnknownRequestError,
)
from maa_notify.demo.samples import Json, Person, approver, sample
from maa_notify.demo.samples import requestor as requestor_named

Clock = Callable[[], datetime]

LIFETIME: Final = timedelta(days=3)
"""How long Intune leaves a request open."""

MOST_REQUESTS: Final = 500


@dataclass(frozen=True, slots=True)
class Transition:
    """A step in a request's life: where it may start and where it leads."""

    starts: frozenset[str]
    leads_to: str


TRANSITIONS: Final[Mapping[str, Transition]] = MappingProxyType(
    {
        "approve": Transition(frozenset({"needsApproval"}), "approved"),
        "reject": Transition(frozenset({"needsApproval"}), "rejected"),
        "cancel": Transition(frozenset({"needsApproval"}), "cancelled"),
        "complete": Transition(frozenset({"approved"}), "completed"),
        "expire": Transition(frozenset({"needsApproval", "approved"}), "expired"),
    }
)
"""Every step, by the verb for it."""


def legal_actions(status: str) -> tuple[str, ...]:
    """Return what may be done to a request of that status."""
    return tuple(action for action, step in TRANSITIONS.items() if status in step.starts)


def wire_time(moment: datetime, utc_offset_hours: int = 0) -> str:
    """Write a time as Graph does: seven digits after the point, then `Z` or an offset."""
    local = moment.astimezone(timezone(timedelta(hours=utc_offset_hours)))
    zone = f"{local:%z}"
    suffix = f"{zone[:3]}:{zone[3:]}" if utc_offset_hours else "Z"
    return f"{local:%Y-%m-%dT%H:%M:%S.%f}{local.microsecond % 10}{suffix}"


class SimulatedTenant:
    """The approval requests of one tenant; every method may be called from any thread."""

    def __init__(
        self,
        clock: Clock,
        *,
        lifetime: timedelta = LIFETIME,
        on_change: Callable[[], None] = lambda: None,
        decider: Callable[[str], Person] = approver,
    ) -> None:
        """Start empty, with a clock that returns aware times; `on_change` is called after each step.

        `decider` returns who may decide under a key, or raises a `DemoError`.
        """
        self._clock = clock
        self._decider = decider
        self._lifetime = lifetime
        self._on_change = on_change
        self._lock = threading.RLock()
        self._requests: dict[str, Json] = {}

    def submit(
        self,
        what: str | Mapping[str, Any],
        *,
        requestor: str | None = None,
        justification: str | None = None,
        fields: Mapping[str, Any] = MappingProxyType({}),
    ) -> str:
        """File a request, from a sample's kind or from raw fields laid over the usual ones; return its id.

        `fields` are laid over all of that.
        """
        asked = self._from_sample(what, requestor, justification) if isinstance(what, str) else what
        with self._lock:
            if len(self._requests) >= MOST_REQUESTS:
                raise TenantFullError(MOST_REQUESTS)
            raw = {**self._blank(), **copy.deepcopy({**asked, **fields})}
            self._requests[raw["id"]] = raw
        self._on_change()
        return str(raw["id"])

    def approve(self, request_id: str, by: str, notes: str = "") -> None:
        """Let somebody from the approver group approve."""
        self._decide("approve", request_id, by, notes)

    def reject(self, request_id: str, by: str, notes: str = "") -> None:
        """Let somebody from the approver group reject."""
        self._decide("reject", request_id, by, notes)

    def cancel(self, request_id: str) -> None:
        """Let the requestor withdraw before anybody decided."""
        self._step("cancel", request_id)

    def complete(self, request_id: str) -> None:
        """Let the requestor press Complete on what was approved."""
        self._step("complete", request_id)

    def expire(self, request_id: str) -> None:
        """Let the time run out now."""
        self._step("expire", request_id, expirationDateTime=self._now_like(request_id))

    def act(self, action: str, request_id: str, *, by: str = "", notes: str = "") -> None:
        """Take the step of that name, for callers that have it as data."""
        if action in ("approve", "reject"):
            self._decide(action, request_id, by, notes)
        elif action == "expire":
            self.expire(request_id)
        elif action in TRANSITIONS:
            self._step(action, request_id)
        else:
            raise UnknownActionError(action)

    def requests(self) -> list[Json]:
        """Return every request as Graph would list it, in the order of filing."""
        with self._lock:
            overdue = self._expire_overdue()
            listed = copy.deepcopy(list(self._requests.values()))
        if overdue:
            self._on_change()
        return listed

    def get(self, request_id: str) -> Json:
        """Return one request as Graph would."""
        for raw in self.requests():
            if raw["id"] == request_id:
                return raw
        raise UnknownRequestError(request_id)

    def remove(self, request_id: str) -> None:
        """Stop listing a request, as the service does when it has kept it long enough."""
        with self._lock:
            self._raw(request_id)
            del self._requests[request_id]
        self._on_change()

    def _from_sample(self, kind: str, requestor: str | None, justification: str | None) -> Json:
        template = sample(kind)
        now, offset = self._clock(), template.utc_offset_hours
        return {
            "requestDateTime": wire_time(now, offset),
            "expirationDateTime": wire_time(now + self._lifetime, offset),
            "lastModifiedDateTime": wire_time(now, offset),
            "requestor": requestor_named(requestor or template.requestor).identity,
            "requestJustification": template.justification if justification is None else justification,
            "requiredOperationApprovalPolicyTypes": [template.policy_type],
            **template.fields,
        }

    def _blank(self) -> Json:
        now = self._clock()
        return {
            "id": str(uuid.uuid4()),
            "requestDateTime": wire_time(now),
            "expirationDateTime": wire_time(now + self._lifetime),
            "lastModifiedDateTime": wire_time(now),
            "requestor": None,
            "approver": None,
            "status": "needsApproval",
            "requestJustification": "",
            "approvalJustification": None,
            "requiredOperationApprovalPolicyTypes": [],
        }

    def _decide(self, action: str, request_id: str, by: str, notes: str) -> None:
        decider = self._decider(by)
        with self._lock:
            asked_by = self._raw(request_id)["requestor"]
            if asked_by is not None and asked_by == decider.identity:
                raise OwnRequestError(decider.name)
            # Where Graph hides who asked, it hides who decided too.
            shown = decider.identity if asked_by is not None else None
            self._step(action, request_id, approver=shown, approvalJustification=notes)

    def _step(self, action: str, request_id: str, **changes: object) -> None:
        step = TRANSITIONS[action]
        with self._lock:
            self._expire_overdue()
            raw = self._raw(request_id)
            if raw["status"] not in step.starts:
                raise IllegalTransitionError(action, raw["status"])
            raw.update(copy.deepcopy(changes), status=step.leads_to)
            raw["lastModifiedDateTime"] = self._now_like(request_id)
        self._on_change()

    def _now_like(self, request_id: str) -> str:
        """Return the present time in the offset that this request's times are written in."""
        with self._lock:
            offset = (
                datetime.fromisoformat(self._raw(request_id)["requestDateTime"]).utcoffset() or timedelta()
            )
        return wire_time(self._clock(), round(offset / timedelta(hours=1)))

    def _expire_overdue(self) -> bool:
        now = self._clock()
        overdue = [raw for raw in self._requests.values() if _is_overdue(raw, now)]
        for raw in overdue:
            raw.update(status="expired", lastModifiedDateTime=raw["expirationDateTime"])
        return bool(overdue)

    def _raw(self, request_id: str) -> Json:
        try:
            return self._requests[request_id]
        except KeyError:
            raise UnknownRequestError(request_id) from None


def _is_overdue(raw: Json, now: datetime) -> bool:
    open_still = raw["status"] in TRANSITIONS["expire"].starts
    return open_still and datetime.fromisoformat(raw["expirationDateTime"]) <= now
