"""The demo's web server: Graph, Entra, the channel, the page and its API behind one address."""

import json
import secrets
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from maa_notify.demo import channels, graph_api, local_teams, page_api, playground, posture_page
from maa_notify.demo.access import GROUP_PERMISSIONS, USER_PERMISSIONS
from maa_notify.demo.approver_group import ApproverGroup
from maa_notify.demo.attack import Attack
from maa_notify.demo.audit_logs import ENTRA_PERMISSIONS, SimulatedLogs
from maa_notify.demo.changes import Changes
from maa_notify.demo.channels import Channels
from maa_notify.demo.defence import PERMISSIONS as POSTURE_PERMISSIONS
from maa_notify.demo.defence import Defence
from maa_notify.demo.entra_api import SHORT_LIFETIME, TENANT_ID, EntraApi
from maa_notify.demo.graph_api import GraphApi
from maa_notify.demo.local_teams import LocalTeams
from maa_notify.demo.loopback import EventStream, LoopbackServer, Send
from maa_notify.demo.moving_clock import MovingClock, utc_now
from maa_notify.demo.notifier_log import NotifierLog
from maa_notify.demo.outages import Outages, Service
from maa_notify.demo.page_api import PageApi
from maa_notify.demo.page_state import card_view
from maa_notify.demo.posture_page import PosturePage
from maa_notify.demo.scenario import ScenarioPlayer
from maa_notify.demo.situations import Stage
from maa_notify.demo.tenant import Clock, SimulatedTenant
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer
from maa_notify.rendering.renderer import THEMES, Assets, load_assets

_HEARTBEAT_SECONDS: Final = 10
_ROOT: Final = Path(__file__).resolve().parents[2]
_PAGE: Final = Path(__file__).resolve().parent / "page"

_HTML = "text/html; charset=utf-8"
_JAVASCRIPT = "text/javascript; charset=utf-8"
_CSS = "text/css; charset=utf-8"
_JSON = "application/json; charset=utf-8"


class Part(Protocol):
    """One of the simulated services, or the page's API."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request."""
        ...


class DemoServer(AbstractContextManager["DemoServer"]):
    """Everything of the demo that answers HTTP; starts as it is entered and stops as it is left."""

    def __init__(
        self, port: int = 0, *, clock: Clock = utc_now, page_size: int = 3, assets: Assets | None = None
    ) -> None:
        """Listen on that port, or on a free one."""
        self._files = page_files(assets or load_assets())
        self._changes = Changes()
        notify = self._changes.notify
        self.clock = MovingClock(clock, on_change=notify)
        self.outages = Outages(on_change=notify)
        self.group = ApproverGroup(on_change=notify)
        self.tenant = SimulatedTenant(self.clock, on_change=notify, decider=self.group.decider)
        self.channels = Channels(self.clock, on_change=notify)
        self.log = NotifierLog(on_change=notify)
        self.scenario = ScenarioPlayer(self.tenant, on_change=notify)
        self.graph = GraphApi(self.tenant.requests, page_size=page_size)
        self.group.access.serve(self.graph.resources)
        self.entra = EntraApi(secret=secrets.token_urlsafe(32), on_change=notify)
        self.entra.lifetime = SHORT_LIFETIME
        self.entra.roles += (GROUP_PERMISSIONS[0], USER_PERMISSIONS[0])
        self.entra.clock = lambda: self.clock.now().timestamp()
        self.logs = SimulatedLogs()
        self.logs.serve(self.graph.resources)
        self.entra.roles += ENTRA_PERMISSIONS
        self.defence = Defence(self.group.access, self.group.named[0], TENANT_ID, on_change=notify)
        self.defence.directory.serve(self.graph.resources)
        self.entra.roles += POSTURE_PERMISSIONS
        attack = Attack(self.clock, self.logs, self.group.named, self.defence.named_unit)
        stage = Stage(self.tenant, self.clock, self.outages, self.group, self.defence, attack)
        self._page = PageApi(stage, self.entra, self.channels, self.log, self.scenario)
        self._parts: tuple[tuple[str, Part, Service | None], ...] = (
            (graph_api.ROOT, self.graph, "graph"),
            (graph_api.STABLE, self.graph, "graph"),
            (self.entra.root, self.entra, None),
            (channels.ROOT, self.channels, "teams"),
            (page_api.ROOT, self._page, None),
            (posture_page.PATH, PosturePage(lambda: self.url, lambda: self.entra.roles), None),
        )
        self._local_teams: LocalTeams | None = None
        self.is_watched = threading.Event()
        """Set as soon as somebody looks at the channel: on our own page, or in the Playground."""
        self._stopping = threading.Event()
        self._http = LoopbackServer(self._answer, port)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self._http.url

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._http.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the scenario, end open streams and give the port back."""
        self.scenario.stop()
        self._stopping.set()
        self._changes.notify()
        self._http.stop()
        if self._local_teams is not None:
            self._local_teams.close()

    def _answer(self, request: HttpRequest) -> HttpAnswer | EventStream:
        """Send a request to the part that it belongs to."""
        if request.path == page_api.STREAM and request.method == "GET":
            return EventStream(self._stream)
        if request.path == playground.MESSAGES:
            return self._from_playground(request)
        for root, part, service in self._parts:
            if request.path.startswith(root):
                outage = self.outages.refusal(service) if service else None
                return outage or part.answer(request)
        return self._file(request)

    def show_playground(self, url: str) -> None:
        """Let the page send its visitors to the Playground, where the cards are instead."""
        self._page.playground_url = url

    def join(self, teams: LocalTeams) -> None:
        """Let the bot and the Playground speak to each other through here."""
        self._local_teams = teams
        self._parts = (*self._parts, (local_teams.ROOT, teams, "teams"))

    def _from_playground(self, request: HttpRequest) -> HttpAnswer:
        """Take what the Playground tells its bot; it shows nothing to a bot that is not there."""
        if playground.opens_channel(request.body):
            self.is_watched.set()
        if self._local_teams is None or request.method != "POST":
            return HttpAnswer(HTTPStatus.OK)
        return self._local_teams.call(request.body, self.url)

    def _file(self, request: HttpRequest) -> HttpAnswer:
        found = self._files.get(request.path)
        if found is None:
            return json_answer(HTTPStatus.NOT_FOUND, {"error": "There is nothing here."})
        if request.method not in ("GET", "HEAD"):
            return json_answer(
                HTTPStatus.METHOD_NOT_ALLOWED, {"error": "Only GET is served."}, {"Allow": "GET"}
            )
        content_type, text = found
        return HttpAnswer(HTTPStatus.OK, text.encode("utf-8"), content_type)

    def _stream(self, send: Send) -> None:
        """Send every card and the state now, and whatever changes from then on."""
        if not self._page.playground_url:
            self.is_watched.set()
        seen, card, state = -1, 0, ""
        while not self._stopping.is_set():
            seen = self._changes.wait(seen, _HEARTBEAT_SECONDS)
            for posted in self.channels.cards(after=card):
                send(_event("card", json.dumps(card_view(posted))))
                card = posted.number
            fresh = json.dumps(self._page.state())
            send(_event("state", fresh) if fresh != state else ": nothing new\n\n")
            state = fresh


def page_files(assets: Assets) -> Mapping[str, tuple[str, str]]:
    """Return every file of the page: its path, its type and its text."""
    themed = {
        f"/assets/teams-{theme}.{ending}": (content_type, texts[theme])
        for ending, content_type, texts in (
            ("json", _JSON, assets.host_configs),
            ("css", _CSS, assets.container_css),
        )
        for theme in THEMES
    }
    return {
        "/": (_HTML, _own("index.html")),
        "/page.css": (_CSS, _own("page.css")),
        "/page.js": (_JAVASCRIPT, _own("page.js")),
        "/attack.js": (_JAVASCRIPT, _own("attack.js")),
        "/situations.js": (_JAVASCRIPT, _own("situations.js")),
        "/read.css": (_CSS, _own("read.css")),
        "/read.js": (_JAVASCRIPT, _own("read.js")),
        "/icon.svg": ("image/svg+xml", _own("icon.svg")),
        "/teams-card.css": (_CSS, assets.frame_css),
        "/teams-card.js": (_JAVASCRIPT, assets.glue),
        "/assets/adaptivecards.js": (_JAVASCRIPT, assets.adaptive_cards),
        "/assets/markdown-it.js": (_JAVASCRIPT, assets.markdown),
        **themed,
        **_documentation(),
    }


def _documentation() -> dict[str, tuple[str, str]]:
    """Return the documentation of this repository: its texts, and a page that shows each."""
    loose = (_ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))
    files: dict[str, tuple[str, str]] = {}
    for page in (path for path in (*loose, *sorted((_ROOT / "docs").glob("*.md"))) if path.is_file()):
        name = page.relative_to(_ROOT).as_posix()
        files[f"/text/{name}"] = ("text/plain; charset=utf-8", page.read_text(encoding="utf-8"))
        files[f"/read/{name}"] = (_HTML, _own("read.html"))
    return files


def _own(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _event(name: str, data: str) -> str:
    """Write one server-sent event; the data is JSON and therefore a single line."""
    return f"event: {name}\ndata: {data}\n\n"
