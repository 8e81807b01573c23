"""Polls the tenants of a fleet, each by itself: a fault of one tenant affects no other."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import __version__, logs
from maa_notify.clock import Clock, SystemClock
from maa_notify.domain.times import DAWN, unless_later
from maa_notify.errors import MaaNotifyError
from maa_notify.fleet.messages import PollMessage, read_message
from maa_notify.fleet.shared import SharedResources
from maa_notify.polling.health import polling_status
from maa_notify.polling.report import Report
from maa_notify.polling.run import Pollable, poll_once
from maa_notify.settings.model import Settings
from maa_notify.settings.tenants import Tenant, read_tenants
from maa_notify.storage.records import APPROVALS, SourceMark
from maa_notify.storage.store import StateStore

_LOG = logs.logger(__name__)

_LATE = timedelta(seconds=30)
_SKEW = timedelta(seconds=5)
_TELL_EVERY = timedelta(hours=1)
"""A line for each quiet poll of a thousand tenants would cost more than all else together."""
_LOOK_EVERY = timedelta(seconds=30)
_TELL_UNPOLLED_EVERY = timedelta(minutes=15)
_PATIENCE_S = 20.0
"""Seconds that a look at all tenants may take before they are asked for."""
_READERS = 16
_OK = "ok"


class FleetHealth(Struct, frozen=True):
    """What `GET /api/health` tells of a fleet: numbers, and no tenant by name.

    Attributes:
        status: `ok` when all tenants are polled; `degraded` when some are not; `failing` when half are not.
        tenants: entries of the list, wrong ones included.
        unwell: how many of them are not polled, by reason: `failing`, `stale`, `starting` or `settings`.
        last_good_poll: of the well tenant that was last polled longest ago (UTC).
        version: of this program.
    """

    status: str
    tenants: int
    unwell: Mapping[str, int]
    last_good_poll: datetime | None
    version: str = __version__

    @property
    def is_well(self) -> bool:
        """Whether fewer than half of the tenants fail, so that no alarm for the whole fleet is needed."""
        return self.status != "failing"


class TenantApp(Pollable, Protocol):
    """One tenant of the fleet, wired up."""

    settings: Settings
    store: StateStore

    def disconnect(self) -> None:
        """Lets go of connections that would end before the next poll."""
        ...

    def close(self) -> None:
        """Closes the files and connections that no other tenant shares."""
        ...


class Build(Protocol):
    """Wires up one tenant."""

    def __call__(self, environ: Mapping[str, str], clock: Clock, *, shared: SharedResources) -> TenantApp:
        """Makes no request yet.

        Raises:
            SettingsError: a setting of this tenant is wrong.
            StateError: the state file cannot be used.
        """
        ...


@dataclass(slots=True)
class TenantSlot:
    """One tenant in this process, with the app that is kept between its polls."""

    tenant: Tenant
    polling: Lock = field(default_factory=Lock)
    wired: TenantApp | None = None
    began: datetime = DAWN
    told: datetime = DAWN


class Fleet:
    """All tenants of a deployment, as this process polls them."""

    def __init__(
        self,
        environ: Mapping[str, str],
        build: Build,
        clock: Clock | None = None,
        trigger: str = "queue",
    ) -> None:
        """Reads the list of tenants; none is wired up yet.

        Args:
            environ: the settings of the deployment, `MAA_TENANTS` among them.
            build: wires up one tenant.
            clock: the time; the system's by default.
            trigger: who asks for polls, for the log: `queue` or `command`.

        Raises:
            SettingsError: it is no list.
        """
        listed = read_tenants(environ)
        self.mistakes = listed.mistakes
        self._build = build
        self._trigger = trigger
        self._clock = clock or SystemClock()
        self._shared = SharedResources()
        self._building = Lock()
        self._health: FleetHealth | None = None
        self._looked_at = self._told_unpolled = DAWN
        self._slots = {tenant.id: TenantSlot(tenant) for tenant in listed.tenants}

    def asks(self) -> list[str]:
        """A message for each tenant; wrong entries of the list are logged.

        Every quarter of an hour each tenant is named that is not polled, however long it has been silent: an
        alarm that lived on the lines of polls alone would forget a tenant that leaves none.
        """
        for mistake in self.mistakes:
            _LOG.error("fleet.misconfigured", text=f"{mistake}; the other tenants are polled")
        now = self._clock.now()
        _LOG.info("fleet.asked", tenants=len(self._slots), wrong=len(self.mistakes))
        if now - _set_by_this_process(self._told_unpolled, now) >= _TELL_UNPOLLED_EVERY:
            self._told_unpolled = now
            self._tell_unpolled()
        return [PollMessage(tenant_id, now).as_text() for tenant_id in self._slots]

    def poll(self, message: str) -> Report | None:
        """Polls the tenant of a message, unless a poll that began later has answered it or one is running.

        Returns the report; None where there was no poll.

        What fails is told to the log and to that tenant's health, and tried again when the timer asks again.
        The message is done with all the same: tried at once, a broken tenant would keep the others waiting.

        Raises:
            UnreadablePollMessageError: the message is none of ours.
        """
        ask = _credible(read_message(message), self._clock.now())
        slot = self._slots.get(ask.tenant_id)
        if slot is None:
            _LOG.warning("fleet.unknown", tenant=ask.tenant_id, text="asked for, but not in MAA_TENANTS")
        elif slot.polling.acquire(blocking=False):
            try:
                return self._poll_unless_answered(slot, ask)
            finally:
                slot.polling.release()
        else:
            # Let go, not waited for: a thread that waits is one that no other tenant can use.
            _LOG.warning("fleet.busy", tenant=ask.tenant_id, text="its previous poll is still running")
        return None

    def health(self) -> FleetHealth:
        """Whether the fleet is well, by the marks in the state store; read twice a minute at most.

        Anybody may call this, and each read of a thousand tenants costs a thousand requests to the store.
        """
        now = self._clock.now()
        looked_at = _set_by_this_process(self._looked_at, now)
        if self._health is None or now - looked_at >= _LOOK_EVERY:
            self._health, self._looked_at = self._look(), now
        return self._health

    def close(self) -> None:
        """Lets go of connections and files."""
        for slot in self._slots.values():
            if slot.wired is not None:
                slot.wired.close()
        self._shared.close()

    def _tell_unpolled(self) -> None:
        for slot, status, _ in self._statuses(_PATIENCE_S):
            if status != _OK:
                _LOG.error("fleet.unpolled", tenant=slot.tenant.id, code=status)

    def _statuses(self, patience_s: float | None = None) -> list[tuple[TenantSlot, str, datetime | None]]:
        """Each tenant with what is wrong with its polls and the last good one; all that came in time."""
        found = []
        # Many at once: a thousand reads one after another would take longer than a monitor waits.
        readers = ThreadPoolExecutor(_READERS, "fleet-health")
        try:
            slots = self._slots.values()
            for slot, (status, at) in zip(
                slots, readers.map(self._status, slots, timeout=patience_s), strict=True
            ):
                found.append((slot, status, at))
        except TimeoutError:
            _LOG.error("fleet.unpolled", tenant="unknown", code="state", text="the state store is too slow")
        finally:
            readers.shutdown(wait=False, cancel_futures=True)
        return found

    def _look(self) -> FleetHealth:
        found = self._statuses()
        unwell = Counter(status for _, status, _ in found if status != _OK)
        unwell["settings"] += len(self.mistakes)
        total, missing = len(found) + len(self.mistakes), unwell.total()
        status = "failing" if missing * 2 >= total else "degraded" if missing else _OK
        polled = [at for _, state, at in found if at and state == _OK]
        return FleetHealth(status, total, dict(+unwell), min(polled, default=None))

    def _poll_unless_answered(self, slot: TenantSlot, ask: PollMessage) -> Report | None:
        # That poll saw all that this message asks for. So a backlog costs one poll for each tenant.
        now = self._clock.now()
        if _set_by_this_process(slot.began, now) >= ask.at or self._is_answered(slot, ask):
            _LOG.debug("fleet.answered", tenant=slot.tenant.id)
            return None
        now = slot.began = self._clock.now()
        in_silence = now - _set_by_this_process(slot.told, now) < _TELL_EVERY
        report = poll_once(lambda: self._app(slot), self._trigger, slot.tenant.id, in_silence=in_silence)
        # After trouble the next poll leaves a line, by which the alarms know that it is over.
        slot.told = DAWN if report.is_eventful else slot.told if in_silence else now
        if slot.wired is not None:
            # Kept alive for seconds only, so none would serve the next poll; a thousand tenants add up.
            slot.wired.disconnect()
        return report

    def _is_answered(self, slot: TenantSlot, ask: PollMessage) -> bool:
        """Whether another process polled this tenant since the message was sent; read for late ones only."""
        if self._clock.now() - ask.at < _LATE:
            return False
        try:
            mark = self._app(slot).store.requests.read_mark(APPROVALS)
        except MaaNotifyError:
            return False  # the poll says what is wrong
        last_good = unless_later(mark.last_good, self._clock.now()) if mark else None
        return last_good is not None and last_good >= ask.at

    def _status(self, slot: TenantSlot) -> tuple[str, datetime | None]:
        try:
            found = self._app(slot)
            mark = found.store.requests.read_mark(APPROVALS)
        except MaaNotifyError as error:
            return error.code, None
        status = polling_status(mark or SourceMark(), found.settings.poll_schedule, self._clock.now())
        return status or _OK, unless_later(mark.last_good, self._clock.now()) if mark else None

    def _app(self, slot: TenantSlot) -> TenantApp:
        with self._building:  # no request is made in here
            if slot.wired is None:
                slot.wired = self._build(slot.tenant.environ, self._clock, shared=self._shared)
            return slot.wired


def _set_by_this_process(moment: datetime, now: datetime) -> datetime:
    """A time that this process noted; the dawn of time if it lies ahead, since a clock was set back."""
    return unless_later(moment, now, timedelta()) or DAWN


def _credible(ask: PollMessage, now: datetime) -> PollMessage:
    """A message as it is, or with a time of a moment ago for one that has not come yet.

    No poll could answer that one, so each of a thousand would cost a poll of its own.
    """
    return replace(ask, at=now - _LATE) if unless_later(ask.at, now, _SKEW) is None else ask
