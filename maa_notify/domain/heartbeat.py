"""The notice that shows a quiet destination that cards still arrive. Pure."""

from datetime import datetime

from maa_notify.domain.event import Notice, NoticeKind

_TITLE = "No news: this channel can be reached"
_TEXT = (
    "This channel was quiet for some time. The card shows that the way here is open, and keeps Microsoft from"
    " switching the flow off. Nothing is asked of anybody."
)


def heartbeat(now: datetime) -> Notice:
    """The heartbeat of a day (UTC): recorded twice on one day, it is one notification."""
    return Notice(NoticeKind.HEARTBEAT, str(NoticeKind.HEARTBEAT), now.toordinal(), now, _TITLE, _TEXT)
