"""What a card says of an alert. Pure."""

from collections.abc import Iterator
from datetime import datetime

from maa_notify.domain.alert import MOST_FACTS, Actor, ActorKind, AlertState, Severity
from maa_notify.domain.event import Fact, Notice, NoticeKind
from maa_notify.domain.names import set_apart
from maa_notify.domain.risk import Risk

_RISK = {
    Severity.CRITICAL: Risk.HIGH,
    Severity.HIGH: Risk.HIGH,
    Severity.MEDIUM: Risk.MEDIUM,
    Severity.LOW: Risk.LOW,
}
_WORD = {
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
}
MORE = "More of the same: "
GOES_ON = "It went on: "
_APP = "the app "
_NOBODY = "the log does not tell"
_MOST_LINES = 12
"""Lines that a card shows of a notice."""


def notice_of(state: AlertState, now: datetime, why_again: str = "") -> Notice:
    """The notice of an alert; `why_again` is `MORE` or `GOES_ON` where it was told before."""
    alert = state.alert
    about = (Fact("About", alert.object_name, is_name=True),) if alert.object_name else ()
    told = (*about, *_by_whom(alert.actor), *alert.facts[:MOST_FACTS])
    story = state.story[len(told) - _MOST_LINES :]  # the newest, where there is no room for all
    return Notice(
        NoticeKind.ALERT,
        state.subject_id,
        state.revision,
        now,
        f"{why_again}{alert.title}",
        text=f"{_WORD[alert.severity]} severity. Began {alert.at:%Y-%m-%d %H:%M} UTC.",
        facts=(
            *told,
            *(Fact(f"{part.at:%H:%M} UTC", f"{part.what}: {set_apart(part.who)}") for part in story),
        ),
        next_step=alert.next_step,
        risk=_RISK[alert.severity],
        words=(alert.kind,),
        severity=str(alert.severity),
    )


def name_of(actor: Actor) -> str:
    """Who did it, as far as the log tells: the account, the name, or the id."""
    name = _bare_name(actor)
    return f"{_APP}{name}" if actor.kind is ActorKind.APPLICATION and name else name or _NOBODY


def _bare_name(actor: Actor) -> str:
    return actor.account or actor.name or actor.id


def _by_whom(actor: Actor) -> Iterator[Fact]:
    name = _bare_name(actor)
    label = f"Done by {_APP}".rstrip() if actor.kind is ActorKind.APPLICATION and name else "Done by"
    yield Fact(label, name or _NOBODY, is_name=bool(name))
    if actor.address:
        yield Fact("From", actor.address, is_name=True)
