"""What the polls of `watch` did, in the text format of Prometheus, for `watch --metrics`.

The format is three kinds of lines (prometheus.io, "Exposition formats", version 0.0.4). Its official client
would be one more library to deploy for them; the tests read ours with its parser.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

from maa_notify import __version__
from maa_notify.clock import Clock
from maa_notify.errors import GraphError
from maa_notify.polling.report import Report

_GAUGE, _COUNTER = "gauge", "counter"
_FAILURES = "poll_failures_total"
_FIGURES: Mapping[str, tuple[str, str]] = {
    "polls_total": (_COUNTER, "Polls since the start of this process"),
    _FAILURES: (_COUNTER, "Polls that failed, by the code of the failure"),
    "events_total": (_COUNTER, "News of requests that were recorded"),
    "delivered_total": (_COUNTER, "Notifications that destinations took"),
    "unreached_total": (_COUNTER, "Notifications whose recipient is out of reach"),
    "last_poll_good": (_GAUGE, "1 when the last poll listed the requests and recorded everything, else 0"),
    "last_good_poll_timestamp_seconds": (_GAUGE, "When the last good poll of this process ended"),
    "requests_listed": (_GAUGE, "Requests in the list of the last good poll"),
    "requests_waiting": (_GAUGE, "Of these, the ones that need approval"),
    "oldest_waiting_seconds": (_GAUGE, "Age of the oldest of these; 0 when there is none"),
    "entries_malformed": (_GAUGE, "Entries of that list that could not be read"),
    "entries_stale": (_GAUGE, "Entries of that list that were older than what is known"),
    "families_hidden": (_GAUGE, "Families of requests that may be hidden for want of a permission"),
    "notifications_pending": (_GAUGE, "Notifications in the outbox"),
    "notifications_overdue": (_GAUGE, "Of these, the ones that have waited for more than 15 minutes"),
    "notifications_dead": (_GAUGE, "Notifications that were given up and not discarded"),
    "destinations_refusing": (_GAUGE, "Destinations that did not take what waits for them"),
}
"""By name, without the prefix: the kind, and what it tells."""


@dataclass(slots=True)
class _Tenant:
    """What is known of one tenant."""

    totals: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    now: dict[str, float] = field(default_factory=dict)


class Metrics:
    """The figures of all tenants that this process polls. Several threads may call at once."""

    def __init__(self, clock: Clock) -> None:
        """Empty before the first poll: a figure that is not known is not told."""
        self._clock = clock
        self._lock = Lock()
        self._tenants: dict[str, _Tenant] = {}

    def note(self, tenant: str, report: Report) -> None:
        """Takes in the report of one poll of a tenant."""
        with self._lock:
            known = self._tenants.setdefault(tenant, _Tenant())
            known.totals.update(
                polls_total=1,
                events_total=report.events,
                delivered_total=report.delivered,
                unreached_total=report.unreached,
            )
            known.now["last_poll_good"] = int(report.failure is None)
            if report.failure is None:
                known.now["last_good_poll_timestamp_seconds"] = self._clock.now().timestamp()
                known.now.update(_of_the_list(report))
            else:
                known.failures[report.failure.code] += 1
            # What waits is not known where not even the state store could be read.
            if report.failure is None or isinstance(report.failure, GraphError):
                known.now.update(_of_the_outbox(report))

    def text(self) -> str:
        """All figures, for a scrape."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield from _heading("info", _GAUGE, "The version of this program")
        yield _sample("info", 1, version=__version__)
        for name, (kind, meaning) in _FIGURES.items():
            samples = [line for tenant, known in self._tenants.items() for line in _of(name, tenant, known)]
            if samples:
                yield from _heading(name, kind, meaning)
                yield from samples


def _of_the_list(report: Report) -> dict[str, float]:
    return {
        "requests_listed": report.listed,
        "requests_waiting": report.waiting,
        "oldest_waiting_seconds": report.oldest_waiting_s,
        "entries_malformed": report.malformed,
        "entries_stale": report.stale,
        "families_hidden": len(report.hidden),
    }


def _of_the_outbox(report: Report) -> dict[str, float]:
    return {
        "notifications_pending": report.pending,
        "notifications_overdue": report.overdue,
        "notifications_dead": report.dead,
        "destinations_refusing": len(report.refused),
    }


def _of(name: str, tenant: str, known: _Tenant) -> Iterator[str]:
    """The lines of one figure of one tenant."""
    if name == _FAILURES:
        for code, count in known.failures.items():
            yield _sample(name, count, tenant=tenant, code=code)
    elif name in known.totals:
        yield _sample(name, known.totals[name], tenant=tenant)
    elif name in known.now:
        yield _sample(name, known.now[name], tenant=tenant)


def _heading(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP maa_notify_{name} {meaning}."
    yield f"# TYPE maa_notify_{name} {kind}"


def _sample(name: str, value: float, **labels: str) -> str:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"maa_notify_{name}{{{pairs}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
