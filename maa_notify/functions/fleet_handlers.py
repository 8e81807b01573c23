"""What the triggers of a fleet do. The host runs many polls at once, in threads of one process."""

import os
from functools import cache
from threading import Lock

from maa_notify import app, logs
from maa_notify.errors import PollFailedError, SettingsError
from maa_notify.fleet.fleet import Fleet
from maa_notify.fleet.messages import UnreadablePollMessageError, read_message

_LOG = logs.logger(__name__)

_reading = Lock()


def poll_messages() -> list[str]:
    """The messages that ask for a poll of each tenant, for the timer and `POST /api/poll`.

    Raises:
        PollFailedError: `MAA_TENANTS` is no list; the next run tries again.
    """
    try:
        return fleet().asks()
    except SettingsError as error:
        _LOG.error("fleet.failed", code=error.code, text=str(error))
        raise PollFailedError(f"{error.code}: {error}") from None


def poll_tenant(message: str) -> None:
    """One poll of the tenant that a message from the queue asks for.

    Raises:
        UnreadablePollMessageError: the message is none of ours.
        PollFailedError: `MAA_TENANTS` is no list. After either the host tries again, then puts it aside.
    """
    try:
        fleet().poll(message)
    except SettingsError as error:
        raise PollFailedError(f"{error.code}: {error}") from None


def poison_message(message: str) -> None:
    """Logs that the host gave a message up, for an alarm; the timer asks for its tenant again."""
    try:
        tenant = read_message(message).tenant_id
    except UnreadablePollMessageError:
        tenant = "unknown"
    _LOG.error("fleet.put_aside", tenant=tenant, text="its run failed five times: see the exceptions before")


def fleet() -> Fleet:
    """The one fleet of this process; it keeps tokens and connections between runs.

    Raises:
        SettingsError: `MAA_TENANTS` is no list.
    """
    # `cache` alone would make two fleets if two triggers began at once.
    with _reading:
        return _only_fleet()


@cache
def _only_fleet() -> Fleet:
    return Fleet(os.environ, app.build_to_poll)
