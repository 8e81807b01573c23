"""A program on a real terminal of its own, and somebody who reads it and types."""

import os
import re
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

_PATIENCE = 40.0
_ON_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored by whatever a shell started in the background
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # where a password is asked for
os.execv(sys.executable, [sys.executable, "-m", "maa_notify", *sys.argv[1:]])
"""


class Terminal:
    """`maa-notify` on a pseudo-terminal. POSIX only."""

    def __init__(
        self, words: Sequence[str], environ: Mapping[str, str], cwd: Path, columns: int = 80
    ) -> None:
        """Starts it with these arguments."""
        import pty  # noqa: PLC0415 - POSIX only
        import termios  # noqa: PLC0415 - as above

        self._own, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, columns))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ON_TERMINAL, *words],
            env=environ,
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._seen = 0
        self.shown = ""
        """All that stood on the screen so far, with its escapes, and what was typed if it was echoed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._own)

    def answer(self, question: str, text: str) -> None:
        """Waits for a question that holds these words, then types a line."""
        self.wait_for(question)
        self.type(text + "\n")

    def wait_for(self, question: str) -> None:
        """Waits until the screen shows these words, since it was last waited for, and ends with a prompt."""
        while not (question in self.shown[self._seen :] and self.shown.endswith(": ")):
            assert self._read(), f"ended before it asked {question!r}: {self.shown}"
        self._seen = len(self.shown)

    def type(self, text: str) -> None:
        """Types, and does not wait."""
        os.write(self._own, text.encode())

    def end(self) -> int:
        """Reads to the end; returns the exit code."""
        while self._read():
            pass
        return self.process.wait(_PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._own], [], [], _PATIENCE)
        assert ready, f"nothing comes any more after {self.shown!r}"
        try:
            found = os.read(self._own, 65_536)
        except OSError:  # Linux, once the program is gone
            return False
        self.shown += found.decode(errors="replace").replace("\r\n", "\n")
        return bool(found)
