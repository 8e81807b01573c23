"""The activities that this process has handled already, so that none is handled twice."""

import threading
from collections import OrderedDict
from collections.abc import Hashable


class ReplayCache:
    """The last so many keys. Safe for several threads.

    It is the memory of one worker process: another one, and the same one after a restart, does not know.
    """

    def __init__(self, most: int = 10_000) -> None:
        """Remembers at most so many."""
        self._most = most
        self._known: OrderedDict[Hashable, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, thing: Hashable) -> bool:
        """Remembers a key; False when it is known already."""
        with self._lock:
            if thing in self._known:
                return False
            self._known[thing] = None
            if len(self._known) > self._most:
                self._known.popitem(last=False)
            return True

    def forget(self, thing: Hashable) -> None:
        """Forgets a key, so that it may come again."""
        with self._lock:
            self._known.pop(thing, None)
