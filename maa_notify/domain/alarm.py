"""Alarms: notices about the notifier itself, which every channel gets whatever it chose. Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from maa_notify.domain.event import Fact, Notice, NoticeKind
from maa_notify.domain.fingerprint import DESTINATION
from maa_notify.domain.risk import Risk

_SETTINGS, _MEMORY = "alarm:settings", "alarm:memory"


class Loss(StrEnum):
    """What was found to be wrong with what the notifier remembers."""

    GONE = "gone"
    TOUCHED = "touched"
    SET_BACK = "set_back"


_TITLE = {
    Loss.GONE: "The notifier's memory was lost",
    Loss.TOUCHED: "The notifier's memory was changed by somebody else",
    Loss.SET_BACK: "The notifier's memory was set back",
}
_TEXT = {
    Loss.GONE: (
        "Rows of its state store are gone, so it cannot know what was told. It tells anew what is open, and"
        " what ended lately."
    ),
    Loss.TOUCHED: (
        "Rows of its state store are not as it left them, so requests may have been hidden from it. What"
        " changed within the last day and is not in its journal is told once more."
    ),
    Loss.SET_BACK: "The row that says how its last poll went is an older one than it has read before.",
}
_STEP_MEMORY = (
    "Administrator: find out who wrote to the state table; only the notifier should. In Intune, look through"
    " the requests of the last day yourself."
)
_TITLE_SETTINGS = "The notifier's settings were changed"
_TEXT_SETTINGS = "What it watches, or whom it tells, may not be what it was."
_STEP_SETTINGS = (
    "Administrator: if nobody of you did this, find out who did before you trust that no news is good news."
)


def memory_alarm(loss: Loss, now: datetime) -> Notice:
    """The alarm about memory, found at this moment (UTC)."""
    facts = (Fact("Found", _moment(now)),)
    return _alarm(_MEMORY, now, _TITLE[loss], _TEXT[loss], facts, _STEP_MEMORY)


def settings_alarm(
    names: Sequence[str], fingerprints: tuple[str, str], last_seen: datetime | None, now: datetime
) -> Notice:
    """The alarm about settings.

    Args:
        names: of what changed; never a value.
        fingerprints: of the settings before and now.
        last_seen: when a poll was last made with those of before (UTC), if that is known.
        now: the time of the poll that found it (UTC).
    """
    since = f"after {_moment(last_seen)}, before {_moment(now)}" if last_seen else f"before {_moment(now)}"
    told = tuple(
        Fact("Destination", name.removeprefix(DESTINATION))
        if name.startswith(DESTINATION)
        else Fact("Setting", name)
        for name in names
    )
    facts = (Fact("Changed", since), *told, Fact("Fingerprint", " → ".join(fingerprints)))
    return _alarm(_SETTINGS, now, _TITLE_SETTINGS, _TEXT_SETTINGS, facts, _STEP_SETTINGS)


def _alarm(  # noqa: PLR0913, PLR0917 - the parts of a notice
    subject: str, now: datetime, title: str, text: str, facts: tuple[Fact, ...], step: str
) -> Notice:
    # The time as its revision, so that two alarms about one thing are two.
    revision = int(now.timestamp())
    return Notice(NoticeKind.ALARM, subject, revision, now, title, text, facts, step, Risk.HIGH)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
