"""Whether a secret shows up where people and log stores can see it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support import wire as fake

FAULTS: dict[str, fake.HttpResponse | int | None] = {
    "none": None,
    **{str(status): status for status in (400, 401, 403, 404, 410, 413, 418, 429, 500, 502)},
    "redirect": 307,
    "reset": fake.reset(),
    "hang": fake.hang(),
    "garbage": fake.garbage(),
    "truncated": fake.truncated(b"", 9),
    "endless": fake.endless(),
}
"""What may go wrong between us and a destination: nothing, a status, or worse."""


class Ear(logging.Handler):
    """Hears every log record of every library, with its arguments and its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{self.format(record)} {record.args!r}")


@contextmanager
def everything_logged() -> Iterator[Ear]:
    """Logs at DEBUG as far as loggers allow, and keeps all of it."""
    root, ear = logging.getLogger(), Ear()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield ear
    finally:
        root.setLevel(level)
        root.removeHandler(ear)


def fault_that_says(secrets: str, fault: fake.HttpResponse | int, location: str) -> fake.HttpResponse:
    """The fault as an answer; one with a status repeats what must not be said, and sends elsewhere."""
    if not isinstance(fault, int):
        return fault
    return fake.reply(fault, json={"error": {"code": secrets}}, headers={"Location": location})


def said_by(error: BaseException | None) -> str:
    """All that an error and those behind it say of themselves."""
    words: list[str] = []
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        words += [str(each), repr(each), repr(each.args), repr(vars(each))]
        waiting += [each.__cause__, each.__context__]
    return "\n".join(words)
