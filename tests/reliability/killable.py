"""The real `poll` command, in a process that ends itself at a chosen point of I/O.

    python -m tests.reliability.killable POINT

Every call to Graph, to a channel and to the state store is two points, before and after it. At point number
POINT the process is killed without any clean-up; with 0 it lives and writes the number of points to the file
named by `KILLABLE_POINTS`. There is no gap between two cards, so that nobody waits long.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from maa_notify import app
from maa_notify.cli import main as cli
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.sender import Message, Receipt, Sender
from maa_notify.domain.request import ApprovalRequest, Listing
from maa_notify.graph.client import GraphClient
from maa_notify.storage.rows import Row, Rows, Write
from maa_notify.storage.store import StateStore

QUICK = DeliveryLimits(min_interval=timedelta())


@dataclass(slots=True)
class Bomb:
    """Counts points and goes off at one of them."""

    at: int
    passed: int = 0

    def around(self, action: Callable[[], Any]) -> Any:
        """One operation, with a point before and one after it."""
        self._pass()
        result = action()
        self._pass()
        return result

    def _pass(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            if hasattr(signal, "SIGKILL"):
                os.kill(os.getpid(), signal.SIGKILL)
            os._exit(137)


@dataclass(slots=True)
class _Rows:
    rows: Rows
    bomb: Bomb

    def read(self, first: str, end: str) -> Iterator[Row]:
        return iter(self.bomb.around(lambda: list(self.rows.read(first, end))))

    def get(self, key: str) -> Row | None:
        return self.bomb.around(lambda: self.rows.get(key))  # type: ignore[no-any-return]

    def commit(self, changes: Sequence[Write]) -> list[str]:
        return self.bomb.around(lambda: self.rows.commit(changes))  # type: ignore[no-any-return]

    def close(self) -> None:
        self.rows.close()


@dataclass(slots=True)
class _Outlet:
    sender: Sender
    bomb: Bomb

    @property
    def updates_cards(self) -> bool:
        return self.sender.updates_cards

    def post(self, message: Message) -> Receipt:
        return self.bomb.around(lambda: self.sender.post(message))  # type: ignore[no-any-return]

    def answers(self) -> bool:
        return self.bomb.around(self.sender.answers)  # type: ignore[no-any-return]

    def close(self) -> None:
        self.sender.close()


@dataclass(slots=True)
class _Graph:
    graph: GraphClient
    bomb: Bomb

    def list_requests(self) -> Listing:
        return self.bomb.around(self.graph.list_requests)  # type: ignore[no-any-return]

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        return self.bomb.around(lambda: self.graph.find_request(request_id))  # type: ignore[no-any-return]


def main(point: int) -> int:
    """Polls once; does not return when the point is reached."""
    bomb = Bomb(point)
    build = app.build

    def build_with_bomb(environ: Mapping[str, str] = os.environ) -> app.App:
        notifier = build(environ, limits=QUICK)
        notifier.store = StateStore(_Rows(notifier.store.rows, bomb))
        notifier.senders = {name: _Outlet(sender, bomb) for name, sender in notifier.senders.items()}
        notifier.graph = _Graph(notifier.graph, bomb)  # type: ignore[assignment]
        return notifier

    app.build = build_with_bomb  # type: ignore[assignment]
    code = cli.main(["poll", "--json"])
    if not point:
        Path(os.environ["KILLABLE_POINTS"]).write_text(str(bomb.passed), encoding="ascii")
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
