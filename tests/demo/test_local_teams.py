"""What stands between the Agents Playground and the notifier: ids, signatures, and all of it in a browser."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from maa_notify.bot.activity import parse_activity
from maa_notify.bot.auth import CallerVerifier
from maa_notify.bot.config import BotCloud, BotSetup
from maa_notify.bot.keys import SigningKeys
from maa_notify.clock import SystemClock
from maa_notify.demo.errors import PlaygroundError
from maa_notify.demo.local_teams import ISSUER, METADATA, ROOT, LocalTeams
from maa_notify.demo.playground import Playground
from maa_notify.demo.server import DemoServer
from maa_notify.rendering.renderer import find_browser
from tests.demo.support import ROOT as SOURCES
from tests.demo.support import need_browser_tools
from tests.support.wire import HttpResponse, ScriptedServer, Seen, handler, reply

BOT = "7d1c0f2e-0010-4e6a-8f00-000000000010"
TENANT = "7d1c0f2e-0009-4e6a-8f00-000000000009"
AIKO = "173a2634-0007-4274-af00-000000000007"
OSKAR = "173a2634-0007-4274-af00-000000000008"


class Beyond:
    """The Playground on one side and the notifier on the other, which note what reaches them."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.server = ScriptedServer(handler(self._note))

    def _note(self, seen: Seen) -> HttpResponse:
        self.seen.append(seen)
        return reply(201, json={"id": "1"})


@pytest.fixture
def beyond() -> Iterator[Beyond]:
    """Both of them."""
    made = Beyond()
    with made.server:
        yield made


@pytest.fixture
def joined(server: DemoServer, beyond: Beyond) -> DemoServer:
    """The demo's server between them."""
    there = beyond.server.url
    server.join(LocalTeams(f"{there}/_connector", f"{there}/api/messages", BOT, TENANT, [AIKO, OSKAR]))
    return server


def activity(**changes: object) -> dict[str, object]:
    """What the Playground tells its bot of whoever sits at its page."""
    tenant = "00000000-0000-0000-0000-0000000000001"
    sound = {
        "type": "message",
        "id": "1",
        "channelId": "msteams",
        "serviceUrl": "http://localhost:56150/_connector",
        "from": {"id": "user-id-0", "aadObjectId": "00000000-0000-0000-0000-0000000000020"},
        "conversation": {"id": "a", "tenantId": tenant},
        "channelData": {"tenant": {"id": tenant}},
    }
    return {**sound, **changes}


def test_a_call_from_the_page_is_checked_as_one_of_teams(
    joined: DemoServer, client: httpx.Client, beyond: Beyond
) -> None:
    """By the notifier's own rules: key, issuer, audience, service URL, tenant; and the person is known."""
    client.post("/api/messages", json=activity())

    [call] = beyond.seen
    setup = BotSetup(BOT, TENANT, BotCloud(ISSUER, f"{joined.url}{METADATA}", ()))
    verifier = CallerVerifier(setup, SigningKeys(setup.cloud.metadata_url, SystemClock()))
    told = parse_activity(call.body)
    verifier.authorize(verifier.authenticate(call.headers["authorization"]), told)
    assert (told.asker, told.service_url) == (AIKO, f"{joined.url}{ROOT}")


def test_people_are_known_to_the_playground_by_its_own_ids(
    joined: DemoServer, client: httpx.Client, beyond: Beyond
) -> None:
    """A chat with an approver is opened with somebody who is there; anything else goes on as it is."""
    client.post(f"{ROOT}/v3/conversations", json={"members": [{"id": OSKAR}]})
    client.put(f"{ROOT}/v3/conversations/a%3Ab/activities/1", json={"text": OSKAR})

    opened, changed = beyond.seen
    assert opened.json() == {"members": [{"id": "user-id-1"}]}
    assert (changed.method, changed.json()) == ("PUT", {"text": OSKAR})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"7"])
def test_what_is_no_activity_goes_no_further(
    joined: DemoServer, client: httpx.Client, beyond: Beyond, body: bytes
) -> None:
    """The page of the Playground is not the only one that can reach this address."""
    assert client.post("/api/messages", content=body).status_code == 400
    assert beyond.seen == []


@pytest.fixture
def playground_url() -> Iterator[str]:
    """The demo with the bot, as a program; the address of its Playground."""
    need_browser_tools()
    try:
        Playground("http://127.0.0.1:9/")
    except PlaygroundError as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))
    with subprocess.Popen(
        [sys.executable, "-m", "maa_notify", "demo", "--bot"],
        cwd=SOURCES,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            found = (re.search(r"local Teams: (\S+)", line) for line in process.stdout)
            yield next(each[1] for each in found if each)
        finally:
            process.terminate()


@pytest.fixture
def page(playground_url: str) -> Iterator[Page]:
    """Its page, in a browser."""
    with sync_playwright() as driver, ExitStack() as stack:
        browser = driver.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        stack.callback(browser.close)
        shown = browser.new_page(viewport={"width": 1300, "height": 1400})
        shown.goto(playground_url)
        expect(shown.get_by_text("Connected.")).to_be_visible(timeout=20_000)
        yield shown


@pytest.mark.browser
@pytest.mark.timeout(150)
def test_a_visitor_says_that_they_look_and_reads_it_in_their_chat(page: Page) -> None:
    """The tour files requests; the button is answered, and the next poll says it on all cards."""
    page.get_by_text("Announcements").click()
    page.get_by_role("button", name="I am looking at it").first.click(timeout=60_000)
    expect(page.get_by_text("Noted: you are looking at it.")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Looking since").first).to_be_visible(timeout=30_000)
    page.get_by_text("Personal Chat", exact=True).click()

    card = page.locator(".ac-adaptiveCard").filter(has_text="Looking since").first
    expect(card).to_contain_text("“Aiko Mori”", timeout=30_000)
