"""The real notifier, wired to the fakes on the wire and to a clock of the test."""

from pathlib import Path

from maa_notify import app
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.polling.report import Report
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph
from tests.support.teams import FakeTeams

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"


class Notifier:
    """One installation that a test polls as often as it likes."""

    def __init__(
        self,
        graph: FakeGraph,
        teams: FakeTeams,
        state: str | Path,
        clock: FakeClock | None = None,
        **settings: str,
    ) -> None:
        """Wires everything up; `state` is a file or a connection string; `settings` are `MAA_` values."""
        self.clock = clock or FakeClock()
        self.environ = {
            "MAA_TENANT_ID": TENANT,
            "MAA_ACCESS_TOKEN": "a-token-for-tests",
            "MAA_GRAPH_URL": graph.url,
            "MAA_TEAMS_WEBHOOK_URL": teams.url,
            "MAA_STATE": f"sqlite:///{state}" if isinstance(state, Path) else state,
            "MAA_REMINDERS": "",
            **settings,
        }
        self.app = app.build(self.environ, self.clock)

    def poll(self) -> Report:
        """Polls once."""
        return self.app.poll()

    def poll_after(self, seconds: float) -> Report:
        """Lets time pass, then polls."""
        self.clock.advance(seconds)
        return self.poll()

    def poll_each(self, seconds: float, times: int) -> list[Report]:
        """Polls so many times, with so many seconds before each."""
        return [self.poll_after(seconds) for _ in range(times)]

    def another(self, limits: DeliveryLimits | None = None) -> "Notifier":
        """A second poller of the same tenant on the same state and clock."""
        twin = Notifier.__new__(Notifier)
        twin.clock, twin.environ = self.clock, self.environ
        twin.app = app.build(self.environ, self.clock, limits)
        return twin

    def close(self) -> None:
        """Lets go of connections and files."""
        self.app.close()
