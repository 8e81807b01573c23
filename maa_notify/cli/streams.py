"""Standard output and standard error, made so that no terminal, pipe or full disk ends in a traceback."""

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import TextIO


def prepare() -> None:
    """Makes both streams take any text, and stand for nothing where the caller closed them.

    A stream whose encoding is not a Unicode one gets ASCII with escapes: a code page that one program writes
    is seldom the one that the next program reads. Nothing is written through at once, even if Python was told
    to, since the parser of arguments hides that its help cannot be written.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Opening it takes the free descriptor, which no state file must get.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            encoding = None if _is_unicode(stream.encoding) else "ascii"
            stream.reconfigure(encoding=encoding, errors="backslashreplace", write_through=False)


def write_unicode() -> None:
    """Makes standard output UTF-8 unless it takes any character: tables know no escapes."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not takes_unicode():
        sys.stdout.reconfigure(encoding="utf-8")


def settle() -> OSError | None:
    """Writes what both streams still hold, and returns why standard output could not be written.

    What cannot be written is dropped: the interpreter would try again at its end, with a code of its own.
    """
    failure = _flush(sys.stdout)
    _flush(sys.stderr)
    return failure


def takes_unicode() -> bool:
    """Whether standard output takes any character as it is."""
    return _is_unicode(sys.stdout.encoding or "")


def _is_unicode(encoding: str) -> bool:
    return codecs.lookup(encoding or "ascii").name.startswith("utf")


def _flush(stream: TextIO) -> OSError | None:
    try:
        stream.flush()
    except OSError as error:
        with suppress(OSError, ValueError), open(os.devnull, "w", encoding="utf-8") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), stream.fileno())
            stream.flush()
        return error
    except ValueError:  # closed by somebody else
        return None
    return None
