"""Tells the service manager that we are ready and alive: systemd's protocol, sd_notify(3)."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def tell_manager(state: str, environ: Mapping[str, str] = os.environ) -> None:
    """Sends a state to the service manager, where there is one that wants to know."""
    address = environ.get("NOTIFY_SOCKET", "")
    family = getattr(socket, "AF_UNIX", None)  # Windows has none
    if not address.startswith(("/", "@")) or family is None:
        return
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as manager:
        # An address that begins with @ is no file, and written with a zero character in its place.
        manager.connect("\0" + address[1:] if address.startswith("@") else address)
        manager.sendall(state.encode())


def watchdog_seconds(environ: Mapping[str, str] = os.environ) -> float | None:
    """How long the manager waits for a sign of life; None where it does not."""
    text = environ.get("WATCHDOG_USEC", "")
    is_ours = environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
    return int(text) / 1_000_000 if is_ours and text.isascii() and text.isdigit() and int(text) else None
