"""What this process has already dealt with, so that it is not done twice."""

import threading
from collections import OrderedDict
from collections.abc import Hashable


class ReplayCache:
    """The last so many things. Several threads may ask at once.

    It is the memory of one worker process: another one, and the same one after a restart, does not know.
    """

    def __init__(self, most: int = 10_000) -> None:
        """Remembers at most so many."""
        self._most = most
        self._known: OrderedDict[Hashable, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, thing: Hashable) -> bool:
        """Remembers it; False when it is known already."""
        with self._lock:
            if thing in self._known:
                return False
            self._known[thing] = None
            if len(self._known) > self._most:
                self._known.popitem(last=False)
            return True

    def forget(self, thing: Hashable) -> None:
        """As if it had never been seen."""
        with self._lock:
            self._known.pop(thing, None)
