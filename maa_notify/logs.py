"""Logs: one line for each event, `EVENT poll=ID key=value … sentence`, in UTC, to standard error.

Alarms and queries read these lines, so what other people wrote can stand in one but never make one: a value
is reduced to plain ASCII, and in quotes where it holds a space; a sentence has no line break and no `=`.

On the command line a line may be a JSON object instead, with the same names and values.
"""

import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from msgspec import Struct

_POLL: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("the poll under way", default=())
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.:+~, -]")
_FORM = "%(asctime)s %(levelname)-7s %(message)s"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LINE = "maa_notify_line"
"""Where a record of the log holds the line that it shows."""
_LONGEST_VALUE = 80
_LONGEST_SENTENCE = 2_000


class Line(Struct, frozen=True):
    """One line: the event, its values as plain text or numbers, and a sentence or ""."""

    event: str
    values: Mapping[str, str | float]
    text: str

    def __str__(self) -> str:
        pairs = [f"{name}={_shown(value)}" for name, value in self.values.items()]
        return " ".join([self.event, *pairs, *([self.text] if self.text else [])])

    def as_object(self) -> dict[str, str | float]:
        """The line for JSON: the event as `message`, the values by their names, the sentence as `text`."""
        return {"message": self.event, **self.values, **({"text": self.text} if self.text else {})}


class EventLog(logging.LoggerAdapter[logging.Logger]):
    """A logger for events: takes the event's name, its values as keywords, and a sentence as `text`."""

    def process(self, msg: object, kwargs: MutableMapping[str, Any]) -> tuple[str, MutableMapping[str, Any]]:
        """The line, which shows itself as text."""
        sentence = _sentence(str(kwargs.pop("text", "")))
        values = {name: _value(value) for name, value in {**dict(_POLL.get()), **kwargs}.items()}
        line = Line(str(msg), values, sentence)
        return str(line), {"extra": {_LINE: line}}


def logger(name: str) -> EventLog:
    """The log of one module."""
    return EventLog(logging.getLogger(name))


@contextmanager
def poll_under_way(tenant: str = "") -> Iterator[None]:
    """Adds the id of one poll to all that is logged inside the block, and in a fleet its tenant."""
    whose = (("tenant", tenant),) if tenant else ()
    mark = _POLL.set((("poll", secrets.token_hex(6)), *whose))
    try:
        yield
    finally:
        _POLL.reset(mark)


def log_to_stderr(level: int = logging.INFO, *, as_json: bool = False) -> None:
    """Logs to standard error, for the command line; of other libraries only warnings.

    In Azure the Functions host takes what is logged.
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = _JsonFormatter() if as_json else logging.Formatter(_FORM, _TIME)
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("maa_notify").setLevel(level)


class _JsonFormatter(logging.Formatter):
    """A JSON object on a line for each record, in ASCII; of other libraries with the name of the logger."""

    def format(self, record: logging.LogRecord) -> str:
        line: Line | None = getattr(record, _LINE, None)
        told = (
            line.as_object() if line else {"message": "log", "logger": record.name, "text": _text_of(record)}
        )
        return json.dumps({"time": self.formatTime(record, _TIME), "level": record.levelname.lower(), **told})


def _text_of(record: logging.LogRecord) -> str:
    """What a library logged, with the type of an exception and without its trace."""
    error = record.exc_info[1] if record.exc_info else None
    return _sentence(f"{record.getMessage()}{f' ({type(error).__name__})' if error else ''}")


def _value(value: object) -> str | float:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return _NOT_PLAIN.sub("?", text[:_LONGEST_VALUE])


def _shown(value: str | float) -> str:
    if isinstance(value, str):
        return f'"{value}"' if " " in value or not value else value
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def _sentence(text: str) -> str:
    shown = "".join(each if each.isprintable() else " " for each in text.replace("=", ":"))
    return " ".join(shown.split())[:_LONGEST_SENTENCE]
