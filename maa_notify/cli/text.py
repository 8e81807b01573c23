"""What commands print in common."""

import json
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from maa_notify.cli.streams import takes_unicode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maa_notify.domain.event import Event
    from maa_notify.domain.request import ApprovalRequest

_NAME_LIMIT = 256
"""What is kept of a name at most."""


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 tenant`, `2 tenants`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def complain(text: str) -> None:
    """Tells a person on standard error what is wrong, if that can be written."""
    with suppress(OSError, ValueError):
        print(f"maa-notify: {text}", file=sys.stderr)


def print_json(value: object) -> None:
    """Prints a value as JSON, with the escapes of JSON where standard output takes no other characters."""
    print(json.dumps(value, indent=2, ensure_ascii=not takes_unicode()))


def print_json_list(values: "Iterable[object]") -> None:
    """Prints values as a JSON list while they come, in the form of `print_json`."""
    is_ascii, before = not takes_unicode(), "[\n"
    for value in values:
        text = json.dumps(value, indent=2, ensure_ascii=is_ascii)
        print(f"{before}  " + text.replace("\n", "\n  "), end="")
        before = ",\n"
    print("[]" if before == "[\n" else "\n]")


def subject_line(event: "Event") -> str:
    """The subject of an event with the whole name, as a search for it would have it."""
    from maa_notify.domain.event import Notice

    return event.title if isinstance(event, Notice) else subject_text(event.request)


def subject_text(request: "ApprovalRequest") -> str:
    """What a request is about, with the whole name."""
    # Slow to load, and few commands need it.
    from maa_notify.cards.subject import subject_of

    return str(subject_of(request, _NAME_LIMIT))


def reason_of(error: OSError) -> str:
    """Why the system refused something, with the file if there is one."""
    if isinstance(error, BrokenPipeError):
        return "its reader went away before the end"
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def fault_of(error: Exception) -> str:
    """What to report of an error that nobody foresaw: its kind and place, without its text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} in {frame.name}, line {frame.lineno} of {frame.filename}"
    return f"this is a fault of maa-notify itself: {where}; please report it"
