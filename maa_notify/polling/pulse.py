"""The pulse: one request after each poll to a monitor outside the tenant, which rings when none comes.

Whoever may silence the notifier may silence its alarms first, since they live in the same tenant. A monitor
of somebody else's notices that polls ceased, whatever made them cease.
"""

from urllib.parse import urlencode, urlsplit, urlunsplit

from maa_notify import __version__, logs
from maa_notify.identity.secret import Secret
from maa_notify.net.client import HttpClient, Limits, NoResponseError
from maa_notify.polling.report import Report

_LOG = logs.logger(__name__)

_LIMITS = Limits(seconds=5.0, max_bytes=16 * 1024)
"""The cards are out by then, and the next poll is a minute away."""


class Pulse:
    """The monitor of one tenant's polls."""

    def __init__(self, url: Secret, limits: Limits = _LIMITS) -> None:
        """Sends to this address; its path or query is the only credential of the monitor."""
        self._url = url
        self._limits = limits
        self._client = HttpClient(url.reveal())
        self._is_failing = False

    def send(self, reason: str = "", fingerprint: str = "") -> str:
        """Tells how a poll went; returns what kept the monitor from hearing it, "" when nothing did.

        Args:
            reason: a code word for what is wrong, which goes to the address with `/fail`; "" for a good poll.
            fingerprint: of the settings; "" where there is none.
        """
        try:
            problem = self._send(reason, fingerprint)
        except Exception as error:  # noqa: BLE001 - whatever becomes of the pulse, the poll is done
            problem = f"a fault of maa-notify itself ({type(error).__name__}): please report it"
        if problem and not self._is_failing:
            _LOG.error("pulse.failing", text=f"the monitor of MAA_PING_URL was not reached: {problem}")
        elif not problem and self._is_failing:
            _LOG.warning("pulse.recovered")
        self._is_failing = bool(problem)
        return problem

    def close(self) -> None:
        """Closes the connection; the next pulse opens another one."""
        self._client.close()

    def _send(self, reason: str, fingerprint: str) -> str:
        told = {name: word for name, word in (("reason", reason), ("settings", fingerprint)) if word}
        words = "".join(f" {name}/{word}" for name, word in told.items())
        # Some monitors show the query to nobody, but all keep what asked.
        headers = {"User-Agent": f"maa-notify/{__version__}{words}"}
        address = address_of(self._url.reveal(), told, is_failure=bool(reason))
        try:
            response = self._client.request("GET", address, headers=headers, limits=self._limits)
        except NoResponseError as error:
            return str(error)
        # A service without such a path answers 404, and rings since no success comes.
        is_taken = bool(reason) or 200 <= response.status < 300  # noqa: PLR2004 - the successes of HTTP
        return "" if is_taken else f"it answered {response.status}"


def address_of(url: str, told: dict[str, str], *, is_failure: bool) -> str:
    """The address with `/fail` behind its path where asked for, and what is told behind its query."""
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/fail" if is_failure else parts.path
    # What is there is kept byte by byte: it may be signed.
    query = "&".join(filter(None, (parts.query, urlencode(told))))
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def reason_of(report: Report) -> str:
    """A code word for the gravest thing that a person has to see to after a poll; "" when there is none."""
    if report.failure is not None:
        return report.failure.code
    found = (
        ("dead", report.dead),
        ("overdue", report.overdue),
        ("unheard", report.unheard),
        ("memory_lost", report.memory_lost),
        ("settings_changed", report.settings_changed),
    )
    return next((word for word, count in found if count), "")
