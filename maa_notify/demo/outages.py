"""Which of the simulated services fail at the moment."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Literal

from maa_notify.demo import channels, graph_resources
from maa_notify.demo.wire import HttpAnswer

Service = Literal["graph", "teams"]

_SOON: Final = {"Retry-After": "2"}


class Outages:
    """Switches services off and on; safe in any thread."""

    def __init__(self, *, on_change: Callable[[], None] = lambda: None) -> None:
        """Begin with everything up; `on_change` is called after each switch."""
        self._on_change = on_change
        self._lock = threading.Lock()
        self._down: frozenset[Service] = frozenset()

    def is_down(self, service: Service) -> bool:
        """Whether that service is off."""
        return service in self._down

    def switch(self, service: Service, *, down: bool) -> None:
        """Switch a service off or on."""
        with self._lock:
            self._down = self._down | {service} if down else self._down - {service}
        self._on_change()

    def refusal(self, service: Service) -> HttpAnswer | None:
        """Return what a service that is off answers, each in its own words; None while it is up."""
        if not self.is_down(service):
            return None
        status = HTTPStatus.SERVICE_UNAVAILABLE
        if service == "graph":
            return graph_resources.error_answer(
                status, "ServiceUnavailable", "Service is unavailable.", _SOON
            )
        refused = channels.refusal(status, "ServiceUnavailable", "The service is not available.")
        return HttpAnswer(refused.status, refused.body, refused.content_type, _SOON)
