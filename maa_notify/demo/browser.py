"""Opens the demo's page in the visitor's own browser, or says why it cannot."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from maa_notify.rendering.child import environment_of_child

_OPEN: Final = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
_NONE_FOUND: Final = "No browser was opened: none was found on this machine. Open the address above in yours."


def open_page(page: str) -> None:
    """Open a page without waiting for it; whatever stands in the way is printed as one sentence."""
    obstacle = obstacle_of(os.environ, sys.platform, page)
    if obstacle:
        print(obstacle, flush=True)
        return
    threading.Thread(target=_open, args=(page,), name="maa-demo-browser", daemon=True).start()


def obstacle_of(environ: Mapping[str, str], platform: str, page: str) -> str:
    """Return why a page cannot be shown from here and what to do instead; empty where it can be tried."""
    has_screen = platform in ("win32", "darwin") or any(
        environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    )
    if has_screen and not (environ.get("SSH_CONNECTION") and not environ.get("BROWSER")):
        return ""
    if environ.get("SSH_CONNECTION"):
        port = urlsplit(page).port
        return (
            "No browser was opened: this is a session over SSH. On your own machine run "
            f"ssh -L {port}:127.0.0.1:{port} HOST, then open the address above there."
        )
    return "No browser was opened: this session has no screen. Open the address above in a browser here."


def _open(page: str) -> None:
    """Open it with Python's own opener, in a process that does not inherit our settings."""
    command = [sys.executable, "-c", _OPEN, page]
    opened = subprocess.run(  # noqa: S603 - Python's own, with our page
        command,
        env=environment_of_child(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if opened.returncode:
        print(_NONE_FOUND, flush=True)
