"""The turns of `watch`: a poll of the one tenant, or of each tenant of a fleet."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from maa_notify import app, logs
from maa_notify.cli.metrics import Metrics
from maa_notify.cli.text import fault_of
from maa_notify.fleet.fleet import Fleet
from maa_notify.fleet.messages import read_message
from maa_notify.polling.run import poll_once
from maa_notify.settings.startup import is_fleet

_LOG = logs.logger(__name__)

_MOST_POLLS = 24
"""At once, as many as an instance in Azure runs."""


class Turns(Protocol):
    """What is done again and again."""

    def take(self) -> None:
        """Polls whoever is due."""
        ...

    def close(self) -> None:
        """Waits for polls under way, and lets go of connections and files."""
        ...


def turns_of(metrics: Metrics) -> Turns:
    """The turns for the settings of the environment, everything wired up.

    Raises:
        SettingsError: a setting is wrong, or the list of tenants is none.
        StateError: the state store cannot be opened.
    """
    return _ManyTenants(metrics) if is_fleet(os.environ) else _OneTenant(metrics)


class _OneTenant:
    def __init__(self, metrics: Metrics) -> None:
        self._notifier, self._metrics = app.build_to_poll(), metrics

    def take(self) -> None:
        report = poll_once(lambda: self._notifier, "command")
        self._metrics.note(self._notifier.settings.tenant_id, report)

    def close(self) -> None:
        self._notifier.close()


class _ManyTenants:
    """Each tenant has turns of its own: one whose poll takes long misses turns, and holds up no other."""

    def __init__(self, metrics: Metrics) -> None:
        self._fleet, self._metrics = Fleet(os.environ, app.build_to_poll, trigger="command"), metrics
        self._pollers = ThreadPoolExecutor(_MOST_POLLS, "poll")
        self._under_way: dict[str, Future[None]] = {}

    def take(self) -> None:
        for ask in self._fleet.asks():
            tenant = read_message(ask).tenant_id
            before = self._under_way.get(tenant)
            if before is None or before.done():
                self._under_way[tenant] = self._pollers.submit(self._poll, tenant, ask)

    def close(self) -> None:
        self._pollers.shutdown(cancel_futures=True)
        self._fleet.close()

    def _poll(self, tenant: str, ask: str) -> None:
        try:
            report = self._fleet.poll(ask)
        except Exception as error:  # noqa: BLE001 - a fault that one tenant brings to light is not the others'
            _LOG.error("watch.fault", tenant=tenant, text=fault_of(error))
            return
        if report is not None:
            self._metrics.note(tenant, report)
