"""What a card says of an alert. Pure."""

from datetime import datetime

from maa_notify.domain.alert import MOST_FACTS, Actor, ActorKind, AlertState, Severity
from maa_notify.domain.event import Fact, Notice, NoticeKind
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
_MOST_LINES = 12
"""Lines that a card shows of a notice."""
_NOBODY = "the log does not tell"


def notice_of(state: AlertState, now: datetime, why_again: str = "") -> Notice:
    """The notice of an alert; `why_again` is `MORE` or `GOES_ON` where it was told before."""
    alert = state.alert
    about = (Fact("About", alert.object_name),) if alert.object_name else ()
    address = (Fact("From", alert.actor.address),) if alert.actor.address else ()
    told = (*about, Fact("Done by", name_of(alert.actor)), *address, *alert.facts[:MOST_FACTS])
    story = state.story[len(told) - _MOST_LINES :]  # the newest, where there is no room for all
    return Notice(
        NoticeKind.ALERT,
        state.subject_id,
        state.revision,
        now,
        f"{why_again}{alert.title}",
        text=f"{_WORD[alert.severity]} severity. Began {alert.at:%Y-%m-%d %H:%M} UTC.",
        facts=(*told, *(Fact(f"{part.at:%H:%M} UTC", f"{part.what}: {part.who}") for part in story)),
        next_step=alert.next_step,
        risk=_RISK[alert.severity],
        words=(alert.kind,),
        severity=str(alert.severity),
    )


def name_of(actor: Actor) -> str:
    """Who did it, as far as the log tells: the account, the name, or the id."""
    name = actor.account or actor.name or actor.id or _NOBODY
    return f"the app {name}" if actor.kind is ActorKind.APPLICATION and name != _NOBODY else name
