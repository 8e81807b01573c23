"""The notifier of the demo: the real one, polling with a clock that the demo moves on.

The demo holds the other end of standard input and writes a line, a number of seconds, for each move. When
the demo ends, even by a kill, the system closes that end, and the notifier stops too. It stands here
because it wires up the notifier as a command does; nobody calls it by hand.
"""

import os
import sys
import threading
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import IO

from maa_notify import app
from maa_notify.bot.config import BotCloud, BotSetup
from maa_notify.bot.endpoint import messages_of
from maa_notify.bot.replies import ConnectorReplies
from maa_notify.cli.exit_codes import FAILED
from maa_notify.cli.text import complain
from maa_notify.errors import MaaNotifyError
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import StaticToken
from maa_notify.logs import log_to_stderr
from maa_notify.polling.run import poll_once
from maa_notify.teams.connector import Connector

Moves = SimpleQueue[timedelta]
"""How far to move the clock, in the order of coming."""


def main(every: float, port: int = 0, metadata_url: str = "") -> int:
    """Polls every so many seconds, and at once after a move; returns only where it cannot start.

    With a port it takes calls of Teams there, signed with the key that is announced at `metadata_url`.
    """
    # The demo is not deployed, and this module is imported with all others where the package is tried.
    from maa_notify.demo.moving_clock import MovingClock

    log_to_stderr()
    moves: Moves = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, moves), name="moves", daemon=True).start()
    clock = MovingClock()
    try:
        notifier = app.build(clock=clock)
    except MaaNotifyError as error:
        complain(str(error))
        return FAILED
    if port:
        _hear(notifier, port, metadata_url)
    while True:
        poll_once(lambda: notifier, "command")
        try:
            clock.move(moves.get(timeout=every))
        except Empty:
            continue


def _hear(notifier: app.App, port: int, metadata_url: str) -> None:
    """Answers calls of Teams in threads of its own, as the Function does."""
    from maa_notify.demo.local_teams import ISSUER
    from maa_notify.demo.loopback import LoopbackServer
    from maa_notify.demo.wire import JSON_TYPE, HttpAnswer, HttpRequest

    settings = notifier.settings
    bot_id = settings.bot_client_id
    token = StaticToken(settings.bot_access_token or Secret(""))
    replies = ConnectorReplies(lambda service: Connector(service, bot_id, settings.tenant_id, token))
    setup = BotSetup(bot_id, settings.tenant_id, BotCloud(ISSUER, metadata_url, ()))
    messages = messages_of(setup, notifier.store, notifier.cards, replies, notifier.clock)

    def answer(request: HttpRequest) -> HttpAnswer:
        status, body = messages.handle(request.headers, request.body)
        return HttpAnswer(status, body.encode(), JSON_TYPE if body else "")

    LoopbackServer(answer, port).start()


def _listen(lines: IO[str], moves: Moves) -> None:
    """Passes the moves on, and ends this program at once when the other end of the pipe is closed."""
    for line in lines:
        moves.put(timedelta(seconds=float(line)))
    os._exit(0)


if __name__ == "__main__":
    sys.exit(
        main(float(sys.argv[1]), *(kind(each) for kind, each in zip((int, str), sys.argv[2:], strict=False)))
    )
