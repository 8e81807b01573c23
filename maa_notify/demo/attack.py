"""An attacker who goes around approval, one step after the other, each at a press.

`STEPS` is a table, in the order of the attack. A step only leaves entries in the audit logs, so that the
watch alone rings.
"""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from maa_notify.demo.audit_events import (
    group_released,
    intune_app,
    member_added,
    permission_granted,
    person,
    secret_added,
    wiped,
)
from maa_notify.demo.audit_logs import SimulatedLogs
from maa_notify.demo.errors import StepOutOfTurnError
from maa_notify.demo.moving_clock import MovingClock
from maa_notify.demo.samples import Json

Named = tuple[str, str]
"""An id and a name, as an audit log tells them."""

UNTIL_READ: Final = timedelta(minutes=2)
"""The notifier of the demo reads logs and groups once a minute."""
WIPED: Final = 6
"""Devices that the armed app wipes, within a minute: enough for a burst."""

_INTRUDER: Final = person("bad00000-0000-4000-8000-000000000001", "help.desk@contoso.com")
_PUPPET: Final = ("bad00000-0000-4000-8000-000000000002", "svc-print@contoso.com")
_ARMED: Final = (
    "bad00000-0000-4000-8000-000000000003",
    "bad00000-0000-4000-8000-000000000004",
    "inventory-sync",
)
_WIPES: Final = (
    "5b07b0dd-2377-4e44-a38d-703f09a0dc3c",
    "DeviceManagementManagedDevices.PrivilegedOperations.All",
)


class Attack:
    """How far the attack on one tenant has come; every method may be called from any thread."""

    def __init__(self, clock: MovingClock, logs: SimulatedLogs, group: Named, unit: Named) -> None:
        """Begin before the first step; the attack is on the approver group, in its restricted unit."""
        self.logs = logs
        self.group = group
        self.unit = unit
        self._clock = clock
        self._lock = threading.Lock()
        self._played = 0

    def play(self, key: str) -> None:
        """Let the attacker take this step if it is next; one that was taken is not taken again.

        Raises:
            StepOutOfTurnError: another step is next, or there is none of that key.
        """
        with self._lock:
            taken, left = list(STEPS)[: self._played], list(STEPS)[self._played :]
            if key in taken:
                return
            due = left[0] if left else ""
            if key != due:
                raise StepOutOfTurnError(key, due)
            STEPS[key].leave(self, self._clock.now())
            self._played += 1
        self._clock.move(UNTIL_READ)

    def view(self) -> list[Json]:
        """Return the steps for the page, and which were taken."""
        return [
            {
                "key": each.key,
                "label": each.label,
                "about": each.about,
                "rings": each.rings,
                "done": number < self._played,
            }
            for number, each in enumerate(STEPS.values())
        ]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that the attacker does; `about` ends in a full stop."""

    key: str
    label: str
    about: str
    rings: str
    """The alert that must come of it: its id."""
    leave: Callable[[Attack, datetime], None]
    """Writes the entries of that moment into the logs."""


def _leave_unit(attack: Attack, now: datetime) -> None:
    attack.logs.log_entra(group_released(now, _INTRUDER, attack.group, attack.unit))


def _join_group(attack: Attack, now: datetime) -> None:
    attack.logs.log_entra(member_added(now, _INTRUDER, attack.group, _PUPPET))


def _grant(attack: Attack, now: datetime) -> None:
    attack.logs.log_entra(permission_granted(now, _INTRUDER, *_WIPES, _ARMED))


def _add_secret(attack: Attack, now: datetime) -> None:
    attack.logs.log_entra(secret_added(now, _INTRUDER, _ARMED))


def _wipe(attack: Attack, now: datetime) -> None:
    by_app = intune_app(_ARMED[1], _ARMED[2])
    moments = (now + timedelta(seconds=5 * number) for number in range(WIPED))
    attack.logs.log_intune(*(wiped(at, by_app, str(uuid.uuid4())) for at in moments))


_ENTRIES = (
    Step(
        "unit",
        "Take the group out of its unit",
        "Outside of its restricted unit more administrators may change the approver group.",
        "B7",
        _leave_unit,
    ),
    Step(
        "puppet",
        "Add a puppet to the approver group",
        "A second account of the attacker may now approve what the first one asks for.",
        "B8",
        _join_group,
    ),
    Step(
        "permission",
        "Give an app the permission that wipes",
        "An app with it can wipe devices past Multi Admin Approval, without a person.",
        "B1",
        _grant,
    ),
    Step(
        "secret",
        "Add a secret to that app",
        "Whoever holds the secret can sign in as the app, from anywhere.",
        "B5",
        _add_secret,
    ),
    Step(
        "wipe",
        f"Wipe {WIPED} devices as the app",
        "No request was filed and nobody approved; the card tells the story from the first step on.",
        "executed_by_app",
        _wipe,
    ),
)

STEPS: Final = MappingProxyType({each.key: each for each in _ENTRIES})
"""Every step, by key, in the order of the attack."""
