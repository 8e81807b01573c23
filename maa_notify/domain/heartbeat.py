"""The notice that shows a quiet destination that cards still arrive. Pure."""

from datetime import datetime

from maa_notify.domain.event import Fact, Notice, NoticeKind
from maa_notify.domain.visibility import FAMILIES, Outlook, Sight

_TITLE = "No news: this channel can be reached"
_TEXT = "This card keeps Microsoft from switching the flow off. Nothing is asked of anybody."
_TITLE_HALF_BLIND = "This channel can be reached, but some requests may be hidden"
_TEXT_HALF_BLIND = (
    "It was quiet, which need not mean that there were no requests: permissions are missing, without which"
    " Graph may leave some out of its list."
)
_TITLE_BLIND = "This channel can be reached, but requests cannot be listed"
_TEXT_BLIND = (
    "It was quiet, which does not mean that there were no requests: the last poll could not list them."
)
_NEXT_STEP_BLIND = "Administrator: run maa-notify doctor: it says what to mend."
_NEXT_STEP_HALF_BLIND = (
    "Administrator: grant these permissions, or accept that such requests are not told. maa-notify doctor"
    " lists them."
)


def heartbeat(outlook: Outlook, now: datetime, *, is_listed: bool = True) -> Notice:
    """The heartbeat of a day (UTC). Two on one day have the same key, so they are one notification.

    Where requests may be hidden it says so, and never claims that there were none.
    """
    hidden = [family for family in FAMILIES if family.sight(outlook.roles) is Sight.HIDDEN]
    facts = [Fact("May be hidden", f"{family.label}: {family.permission} is missing") for family in hidden]
    facts.append(Fact("Last request", _last_request(outlook)))
    if not is_listed:
        title, text, step = _TITLE_BLIND, _TEXT_BLIND, _NEXT_STEP_BLIND
    elif hidden:
        title, text, step = _TITLE_HALF_BLIND, _TEXT_HALF_BLIND, _NEXT_STEP_HALF_BLIND
    else:
        title, text, step = _TITLE, _TEXT, ""
    kind = NoticeKind.HEARTBEAT
    return Notice(kind, str(kind), now.toordinal(), now, title, text, tuple(facts), step)


def _last_request(outlook: Outlook) -> str:
    """The fact that tells when Intune last listed a request, or since when it listed none."""
    if outlook.last_listed is not None:
        return f"listed on {outlook.last_listed:%Y-%m-%d}"
    return "none was listed yet" if outlook.since is None else f"none since {outlook.since:%Y-%m-%d}"
