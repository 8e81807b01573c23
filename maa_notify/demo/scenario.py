"""A tour that plays by itself: what happens to six requests in a little over a minute.

The steps are data. A visitor may click while they play: what no longer fits is left out.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from maa_notify.demo.errors import DemoError
from maa_notify.demo.tenant import SimulatedTenant


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens."""

    after: float
    """Seconds since the step before it."""
    action: str
    """`submit`, or what is done to the request that this tour submitted of the same kind."""
    kind: str
    """Which sample."""
    by: str = ""
    """Who decides."""
    notes: str = ""
    """What they say."""


STEPS: Final = (
    Step(1.5, "submit", "wipe"),
    Step(5, "submit", "app"),
    Step(5, "approve", "app", by="aiko", notes="Agreed in CAB of 17 August"),
    Step(5, "submit", "script"),
    Step(5, "approve", "wipe", by="oskar", notes="Confirmed with the service desk"),
    Step(5, "submit", "settings"),
    Step(5, "complete", "wipe"),
    Step(5, "reject", "settings", by="oskar", notes="Needs a risk owner first"),
    Step(5, "submit", "retire"),
    Step(5, "submit", "policy"),
    Step(5, "cancel", "retire"),
    Step(5, "approve", "policy", by="aiko", notes="ok"),
    Step(5, "expire", "app"),
    Step(5, "complete", "policy"),
)
"""The tour that the demo plays; the request for a script stays open for the visitor to decide."""


def play(
    tenant: SimulatedTenant,
    steps: Sequence[Step],
    pause: Callable[[float], bool],
    on_step: Callable[[int], None] = lambda _number: None,
) -> None:
    """Play the steps until they end or `pause(seconds)` returns True; what no longer fits is skipped."""
    ids: dict[str, str] = {}
    for number, step in enumerate(steps, start=1):
        if pause(step.after):
            return
        # A visitor may have been quicker: the request has moved on, or the tenant is full.
        with suppress(DemoError):
            _take(tenant, step, ids)
        on_step(number)


def _take(tenant: SimulatedTenant, step: Step, ids: dict[str, str]) -> None:
    if step.action == "submit":
        ids[step.kind] = tenant.submit(step.kind)
    elif step.kind in ids:
        tenant.act(step.action, ids[step.kind], by=step.by, notes=step.notes)


class ScenarioPlayer:
    """Plays the tour in the background; starts and stops at any time."""

    def __init__(
        self,
        tenant: SimulatedTenant,
        steps: Sequence[Step] = STEPS,
        *,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Be ready to play; `on_change` is called at each step, at the start and at the end."""
        self._tenant = tenant
        self._steps = steps
        self._on_change = on_change
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._position = 0

    @property
    def running(self) -> bool:
        """Whether it plays now."""
        thread = self._thread
        return thread is not None and thread.is_alive() and not self._stopping.is_set()

    @property
    def progress(self) -> tuple[int, int]:
        """How many steps were played, and how many there are."""
        return self._position, len(self._steps)

    def start(self) -> None:
        """Play from the first step, unless it plays already."""
        with self._lock:
            if self.running:
                return
            self._stopping, self._position = threading.Event(), 0
            self._thread = threading.Thread(
                target=self._run, args=(self._stopping,), name="maa-demo-scenario", daemon=True
            )
            self._thread.start()
        self._on_change()

    def stop(self) -> None:
        """Stop where it is; what was submitted stays."""
        self._stopping.set()
        self._on_change()

    def _run(self, stopping: threading.Event) -> None:
        play(self._tenant, self._steps, stopping.wait, self._at)
        stopping.set()
        self._on_change()

    def _at(self, number: int) -> None:
        self._position = number
        self._on_change()
