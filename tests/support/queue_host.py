"""What the Functions host does with a queue trigger, on a real queue: the host itself is not to be had here.

As its documentation has it ("Azure Queue storage trigger and bindings", host.json): up to 16 messages are
taken while no more than 8 are at work, a message is Base64, and one whose run failed five times goes to the
queue with "-poison" at the end of its name.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient, TextBase64DecodePolicy, TextBase64EncodePolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from azure.storage.queue import QueueMessage

BATCH_SIZE = 16
NEW_BATCH_THRESHOLD = 8
MAX_DEQUEUE_COUNT = 5
_AT_WORK_SECONDS = 600
_API_VERSION = "2025-07-05"
"""Newer clients speak newer versions than Azurite knows."""


def queue_of(connection_string: str, name: str) -> QueueClient:
    """A queue, which is made when it is not there."""
    queue = QueueClient.from_connection_string(
        connection_string,
        name,
        api_version=_API_VERSION,
        message_encode_policy=TextBase64EncodePolicy(),
        message_decode_policy=TextBase64DecodePolicy(),
    )
    with suppress(ResourceExistsError):
        queue.create_queue()
    return queue


class QueueHost:
    """Hands the messages of a queue to a function; ``run`` tells whether its run was good."""

    def __init__(
        self, connection_string: str, name: str, run: Callable[[str], bool], *, threads: int = 24
    ) -> None:
        """For one function; ``threads`` is how many runs the worker takes at once."""
        self.queue = queue_of(connection_string, name)
        self.poison = queue_of(connection_string, f"{name}-poison")
        self._run = run
        self._threads = threads

    def put(self, messages: Iterable[str]) -> None:
        """Write what a function gave to its output binding."""
        for message in messages:
            self.queue.send_message(message)

    def drain(self) -> int:
        """Work until the queue is empty; return how many runs it took."""
        runs = 0
        at_work: set[Future[None]] = set()
        with ThreadPoolExecutor(self._threads) as threads:
            while True:
                if len(at_work) <= NEW_BATCH_THRESHOLD:
                    taken = list(self._take())
                    runs += len(taken)
                    at_work |= {threads.submit(self._work, message) for message in taken}
                if not at_work:
                    return runs
                done, at_work = wait(at_work, return_when=FIRST_COMPLETED)
                for each in done:
                    each.result()

    def _take(self) -> Iterable[QueueMessage]:
        pages = self.queue.receive_messages(
            messages_per_page=BATCH_SIZE, max_messages=BATCH_SIZE, visibility_timeout=_AT_WORK_SECONDS
        )
        return iter(pages)

    def _work(self, message: QueueMessage) -> None:
        if self._run(message.content):
            self.queue.delete_message(message)
        elif (message.dequeue_count or 0) >= MAX_DEQUEUE_COUNT:
            self.poison.send_message(message.content)
            self.queue.delete_message(message)
        else:
            self.queue.update_message(message, visibility_timeout=0)
