"""Logs: one line for each event, `EVENT poll=ID key=value … sentence`, in UTC, to standard error.

Alarms and queries read these lines, so what other people wrote can stand in one but never make one: a value
is reduced to plain ASCII, and in quotes where it holds a space; a sentence has no line break and no `=`.
"""

import logging
import re
import secrets
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

_POLL: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("the poll under way", default=())
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.:+~, -]")
_LONGEST_VALUE = 80
_LONGEST_SENTENCE = 2_000


class EventLog(logging.LoggerAdapter[logging.Logger]):
    """A logger for events: takes the event's name, its values as keywords, and a sentence as `text`."""

    def process(self, msg: object, kwargs: MutableMapping[str, Any]) -> tuple[str, MutableMapping[str, Any]]:
        """The whole log line."""
        sentence = _sentence(str(kwargs.pop("text", "")))
        values = {**dict(_POLL.get()), **kwargs}
        pairs = [f"{name}={_value(value)}" for name, value in values.items()]
        return " ".join([str(msg), *pairs, *([sentence] if sentence else [])]), {}


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


def log_to_stderr(level: int = logging.INFO) -> None:
    """Logs to standard error, for the command line; of other libraries only warnings.

    In Azure the Functions host takes what is logged.
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("maa_notify").setLevel(level)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    plain = _NOT_PLAIN.sub("?", text[:_LONGEST_VALUE])
    return f'"{plain}"' if " " in plain or not plain else plain


def _sentence(text: str) -> str:
    shown = "".join(each if each.isprintable() else " " for each in text.replace("=", ":"))
    return " ".join(shown.split())[:_LONGEST_SENTENCE]
