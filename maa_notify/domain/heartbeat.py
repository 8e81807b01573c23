"""The notice that shows a quiet destination that cards still arrive. Pure."""

from datetime import datetime

from maa_notify.domain.event import Fact, Notice, NoticeKind
from maa_notify.domain.visibility import FAMILIES, Outlook, Sight

_TITLE = "No news: this channel can be reached"
_TEXT = (
    "This channel was quiet for some time. The card shows that the way here is open, and keeps Microsoft from"
    " switching the flow off. Nothing is asked of anybody."
)
_TITLE_HALF_BLIND = "This channel can be reached, but some requests may be hidden"
_TEXT_HALF_BLIND = (
    "This channel was quiet for some time. That need not mean that there were no requests: the notifier lacks"
    " permissions, and without them Graph may leave requests out of its list without a word."
)
_NEXT_STEP_HALF_BLIND = (
    "Administrator: grant the permissions above to the notifier's identity, or accept that these kinds of"
    " requests are not told. maa-notify doctor says which are missing."
)


def heartbeat(outlook: Outlook, now: datetime) -> Notice:
    """The heartbeat of a day (UTC). Two on one day have the same key, so they are one notification.

    Where requests may be hidden it says so, and never claims that there were none.
    """
    hidden = [family for family in FAMILIES if family.sight(outlook.roles) is Sight.HIDDEN]
    facts = [Fact("May be hidden", f"{family.label}: {family.permission} is missing") for family in hidden]
    facts.append(Fact("Last request", _last_request(outlook)))
    return Notice(
        NoticeKind.HEARTBEAT,
        str(NoticeKind.HEARTBEAT),
        now.toordinal(),
        now,
        _TITLE_HALF_BLIND if hidden else _TITLE,
        _TEXT_HALF_BLIND if hidden else _TEXT,
        tuple(facts),
        _NEXT_STEP_HALF_BLIND if hidden else "",
    )


def _last_request(outlook: Outlook) -> str:
    """The fact that tells when Intune last listed a request, or since when it listed none."""
    if outlook.last_listed is not None:
        return f"listed on {outlook.last_listed:%Y-%m-%d}"
    return "none was listed yet" if outlook.since is None else f"none since {outlook.since:%Y-%m-%d}"
