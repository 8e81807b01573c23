"""The page's own API: what to show, and what the visitor may do."""

import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from maa_notify.demo.channels import Channels
from maa_notify.demo.entra_api import EntraApi
from maa_notify.demo.errors import DemoError, UnknownRequestError
from maa_notify.demo.notifier_log import NotifierLog
from maa_notify.demo.page_state import card_view, choices, newest_first, permission_views
from maa_notify.demo.permissions import permission_of
from maa_notify.demo.samples import Json
from maa_notify.demo.scenario import ScenarioPlayer
from maa_notify.demo.situations import Stage, begin, end, situation_views
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer

ROOT: Final = "/api/"
STREAM: Final = "/api/stream"

LONGEST_TEXT: Final = 1024
"""As many characters as Intune takes for a justification or for notes."""


class PageApi:
    """Answers the page: its state, its form and its buttons."""

    def __init__(
        self,
        stage: Stage,
        entra: EntraApi,
        channels: Channels,
        log: NotifierLog,
        scenario: ScenarioPlayer,
    ) -> None:
        """Keep the parts of the demo that the page shows and drives."""
        self.playground_url = ""
        """Where the cards are instead, if they come by the bot."""
        self._stage = stage
        self._tenant = stage.tenant
        self._entra = entra
        self._channels = channels
        self._log = log
        self._scenario = scenario
        self._group = stage.group
        self._session = uuid.uuid4().hex

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request under `/api/`."""
        if request.method == "GET" and request.path == "/api/state":
            cards = [card_view(posted) for posted in self._channels.cards()]
            return json_answer(HTTPStatus.OK, {**self.state(), "cards": cards})
        if request.method == "POST":
            return self._post(request)
        return _refused(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def state(self) -> Json:
        """Return everything the page shows except the cards, which it gets one by one."""
        played, steps = self._scenario.progress
        return {
            "session": self._session,
            "requests": newest_first(self._tenant.requests(), self._group.members()),
            "group": self._group.view(),
            "notifier": self._log.view(),
            "scenario": {"running": self._scenario.running, "played": played, "steps": steps},
            "permissions": permission_views(self._entra.roles),
            "choices": choices(self._group.members()),
            "situations": situation_views(self._stage),
            "attack": self._stage.attack.view(),
            "ahead": self._stage.clock.moved.total_seconds(),
            "playground": self.playground_url,
        }

    def _post(self, request: HttpRequest) -> HttpAnswer:
        if not request.is_json:
            return _refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON.")
        try:
            return self._act(request.path.removeprefix(ROOT).split("/"), _texts(request))
        except UnknownRequestError as unknown:
            return _refused(HTTPStatus.NOT_FOUND, str(unknown))
        except DemoError as refusal:
            return _refused(HTTPStatus.CONFLICT, str(refusal))
        except ValueError:
            return _refused(
                HTTPStatus.BAD_REQUEST, f"Send one JSON object of texts up to {LONGEST_TEXT} characters."
            )

    def _act(self, path: list[str], texts: dict[str, str]) -> HttpAnswer:
        match path:
            case ["requests"]:
                return json_answer(HTTPStatus.CREATED, {"id": self._submit(texts)})
            case ["requests", request_id, action]:
                self._tenant.act(action, request_id, by=texts.get("by", ""), notes=texts.get("notes", ""))
                return json_answer(HTTPStatus.OK, {"id": request_id})
            case ["scenario", ("start" | "stop") as verb]:
                switch: Callable[[], None] = self._scenario.start if verb == "start" else self._scenario.stop
                switch()
            case ["situations", key, ("begin" | "end") as verb]:
                change = begin if verb == "begin" else end
                change(key, self._stage)
            case ["attack", key]:
                self._stage.attack.play(key)
            case ["permissions", family, ("grant" | "remove") as verb]:
                self._entra.set_granted(permission_of(family), granted=verb == "grant")
            case ["group", key, ("add" | "remove") as verb]:
                self._group.set_member(key, is_member=verb == "add")
            case _:
                return _refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return json_answer(HTTPStatus.OK, {})

    def _submit(self, texts: dict[str, str]) -> str:
        return self._tenant.submit(
            texts.get("kind", ""),
            requestor=texts.get("requestor") or None,
            justification=texts.get("justification"),
        )


def _texts(request: HttpRequest) -> dict[str, str]:
    """Return the body as an object of short texts; raise ValueError if it is anything else."""
    body: Any = request.json() if request.body else {}
    if not isinstance(body, dict) or not all(_is_short_text(value) for value in body.values()):
        raise ValueError
    return body


def _is_short_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _refused(status: HTTPStatus, sentence: str) -> HttpAnswer:
    return json_answer(status, {"error": sentence})
