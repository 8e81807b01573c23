"""The page of the posture, as the real command writes it about the simulated tenant."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from maa_notify.demo.entra_api import AUDIENCE, TENANT_ID, TokenIssuer
from maa_notify.demo.program import program_environment
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer

PATH: Final = "/posture"
_SECONDS = 120.0
_NO_PAGE = {"error": "The page could not be made. Is Graph down? The log of the terminal may say more."}


class PosturePage:
    """Runs `maa-notify posture --html` for each visitor who asks."""

    def __init__(self, url: Callable[[], str], roles: Callable[[], tuple[str, ...]]) -> None:
        """Look at the tenant behind `url` with the permissions that the notifier has at the moment."""
        self._url = url
        self._roles = roles
        self._one_by_one = threading.Lock()

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer with the page."""
        if request.method != "GET":
            refusal = {"error": "Only GET is served."}
            return json_answer(HTTPStatus.METHOD_NOT_ALLOWED, refusal, {"Allow": "GET"})
        with self._one_by_one, tempfile.TemporaryDirectory(prefix="maa-notify-posture-") as folder:
            page = Path(folder, "posture.html")
            self._write(page)
            if not page.is_file():
                return json_answer(HTTPStatus.SERVICE_UNAVAILABLE, _NO_PAGE)
            headers = {"Cache-Control": "no-store"}
            return HttpAnswer(HTTPStatus.OK, page.read_bytes(), "text/html; charset=utf-8", headers)

    def _write(self, page: Path) -> None:
        # It has the machine's clock, so it needs a token of that time, wherever the demo's clock stands.
        token = TokenIssuer(aud=AUDIENCE, tid=TENANT_ID)
        token.roles, token.clock = self._roles(), time.time
        environment = program_environment(os.environ, self._url())
        subprocess.run(  # noqa: S603 - our own package, with this very interpreter
            [sys.executable, "-m", "maa_notify", "--quiet", "posture", "--html", str(page)],
            env={**environment, "MAA_ACCESS_TOKEN": token.issue(), "MAA_TENANT_NAME": "Contoso, simulated"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
