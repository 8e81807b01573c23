"""What a visitor can cause by a button: time passes, a service is down, the defence is broken.

`SITUATIONS` is a table. A new one is one entry there: the page draws a button for what happens once, and a
switch for what lasts until it is undone.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from maa_notify.demo.approver_group import ApproverGroup
from maa_notify.demo.attack import UNTIL_READ, Attack
from maa_notify.demo.defence import FAULTS, Defence, Fault
from maa_notify.demo.errors import UnknownSituationError
from maa_notify.demo.moving_clock import MovingClock
from maa_notify.demo.outages import Outages, Service
from maa_notify.demo.samples import PEOPLE, Json
from maa_notify.demo.tenant import SimulatedTenant


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts of the demo that a situation acts on."""

    tenant: SimulatedTenant
    clock: MovingClock
    outages: Outages
    group: ApproverGroup
    defence: Defence
    attack: Attack


@dataclass(frozen=True, slots=True)
class Situation:
    """Something that happens once; with `end` and `lasts`, something that goes on until it is undone."""

    key: str
    label: str
    """What the page calls it."""
    about: str
    """What to look out for, in a sentence."""
    begin: Callable[[Stage], None]
    end: Callable[[Stage], None] | None = None
    lasts: Callable[[Stage], bool] | None = None
    """Whether it goes on at the moment."""
    place: str = "situations"
    """Where on the page it stands: the id of the list."""


HALF_A_DAY: Final = timedelta(hours=12)
A_DAY: Final = timedelta(days=1)
FLOOD: Final = 12
"""More than the five of a digest."""

LURE: Final = (
    "**URGENT** [Approve here](https://intune.example/login) <at>Aiko Mori</at> "
    "<img src='https://intune.example/a.png'>"
)


def _flood(stage: Stage) -> None:
    for number in range(1, FLOOD + 1):
        name = f"CONTOSO-LT-{600 + number:04}"
        shown = [{"DeviceName": name, "SerialNumber": f"5CG{number:04}XYZ", "actionName": "wipe"}]
        fields = {"payloadName": name, "displayPayload": json.dumps(shown)}
        stage.tenant.submit("wipe", requestor="jonas", justification="Stocktaking", fields=fields)


def _lie(stage: Stage) -> None:
    stage.tenant.submit("settings", requestor="priya", justification=LURE)


def _empty_group(stage: Stage) -> None:
    for key in stage.group.members():
        stage.group.set_member(key, is_member=False)
    stage.clock.move(UNTIL_READ)
    stage.tenant.submit("app")


def _fill_group(stage: Stage) -> None:
    for key, each in PEOPLE.items():
        if each.approves:
            stage.group.set_member(key, is_member=True)


def _outage(service: Service, key: str, label: str, about: str) -> Situation:
    return Situation(
        key,
        label,
        about,
        begin=lambda stage: stage.outages.switch(service, down=True),
        end=lambda stage: stage.outages.switch(service, down=False),
        lasts=lambda stage: stage.outages.is_down(service),
    )


def _broken(fault: Fault) -> Situation:
    return Situation(
        fault.key,
        fault.label,
        fault.about,
        begin=lambda stage: stage.defence.switch(fault.key, broken=True),
        end=lambda stage: stage.defence.switch(fault.key, broken=False),
        lasts=lambda stage: stage.defence.is_broken(fault.key),
        place="faults",
    )


_ENTRIES = (
    Situation(
        "later",
        "12 hours later",
        "Reminders come while a request waits; after three days it expires.",
        begin=lambda stage: stage.clock.move(HALF_A_DAY),
    ),
    Situation(
        "flood",
        f"{FLOOD} requests at once",
        "One person asks to wipe device after device: one digest card tells all of them.",
        begin=_flood,
    ),
    Situation(
        "lure",
        "A request that lies",
        "A justification full of links, a picture and a mention: the card shows them as plain text.",
        begin=_lie,
    ),
    Situation(
        "group-emptied",
        "Nobody may approve",
        "The approver group is emptied, then a request comes: its card says that nobody can decide.",
        begin=_empty_group,
        end=_fill_group,
        lasts=lambda stage: not stage.group.members(),
    ),
    _outage(
        "teams",
        "teams-down",
        "Teams is down",
        "Cards wait, in order. They are posted once Teams answers again; none is lost, none comes twice.",
    ),
    _outage(
        "graph",
        "graph-down",
        "Graph is down",
        "Polls fail. The first one that succeeds announces what happened in the meantime.",
    ),
    Situation(
        "next-day",
        "The daily check",
        "A day goes by, and one card tells what broke and what was mended; none comes where nothing did.",
        begin=lambda stage: stage.clock.move(A_DAY),
        place="faults",
    ),
    *map(_broken, FAULTS.values()),
)

SITUATIONS: Final[Mapping[str, Situation]] = MappingProxyType({each.key: each for each in _ENTRIES})
"""Every situation, by key, in the order of the page."""


def begin(key: str, stage: Stage) -> None:
    """Let a situation happen, or say which there are."""
    _among(key, SITUATIONS).begin(stage)


def end(key: str, stage: Stage) -> None:
    """Undo a situation that lasts, or say which do."""
    ending = _among(key, {each.key: each for each in SITUATIONS.values() if each.end is not None}).end
    if ending is not None:
        ending(stage)


def situation_views(stage: Stage) -> list[Json]:
    """Return what the page shows: `on` is None for what happens once."""
    return [
        {
            "key": each.key,
            "label": each.label,
            "about": each.about,
            "place": each.place,
            "on": None if each.lasts is None else each.lasts(stage),
        }
        for each in SITUATIONS.values()
    ]


def _among(key: str, known: Mapping[str, Situation]) -> Situation:
    try:
        return known[key]
    except KeyError:
        raise UnknownSituationError(key, tuple(known)) from None
