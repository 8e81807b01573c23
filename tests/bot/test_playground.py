"""The bot in Microsoft's own local client, the 365 Agents Playground, as people see it in a browser."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from maa_notify import app
from maa_notify.demo.access import SimulatedAccess
from maa_notify.demo.errors import PlaygroundError
from maa_notify.demo.playground import CHANNEL, Playground
from maa_notify.domain.event import short_key
from maa_notify.rendering.renderer import find_browser
from tests.demo.support import ROOT, need_browser_tools
from tests.support.bot import Bot, FakeBotService
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, ScriptedServer, Seen, handler, reply

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ALEX = "a1f4c0de-0001-4c1e-8f00-000000000001"
"""The object id of the person at the page: the Playground's own ones are no GUIDs, so they are translated."""
MEGAN = "a1f4c0de-0001-4c1e-8f00-000000000002"
MIRA = "a1f4c0de-0001-4c1e-8f00-000000000003"
ALEX_THERE = "00000000-0000-0000-0000-0000000000020"
PEOPLE = {ALEX: "user-id-0", MEGAN: "user-id-1", MIRA: "user-id-2"}
"""As the Playground itself knows them; the first one, Alex Wilber, sits at the page."""
TENANT = "00000000-0000-0000-0000-0000000000001"
"""As the Playground has it, with a digit too many."""


class Relay:
    """Stands between the notifier and the Playground's connector: counts what goes there."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self.client = httpx.Client(trust_env=False)
        self.calls: list[str] = []
        self.server = ScriptedServer(handler(self._pass_on))

    def _pass_on(self, seen: Seen) -> HttpResponse:
        self.calls.append(f"{seen.method} {'thread' if 'messageid' in seen.path else ''}".strip())
        address = f"{self._playground.url}{seen.path}"
        content = seen.body
        for person, known_as in PEOPLE.items():
            content = content.replace(f'[{{"id":"{person}"}}]'.encode(), f'[{{"id":"{known_as}"}}]'.encode())
        headers = {"Content-Type": "application/json"}
        answer = self.client.request(seen.method, address, content=content, headers=headers)
        return reply(answer.status_code, json=answer.json() if answer.content else {})


class Endpoint:
    """What the Playground calls when somebody writes: signs the call as Teams does, for the bot."""

    def __init__(self, service: FakeBotService) -> None:
        self._service = service
        self.bot: Bot | None = None
        self.server = ScriptedServer(handler(self._take))

    @property
    def url(self) -> str:
        """The messaging endpoint."""
        return f"{self.server.url}/api/messages"

    def _take(self, seen: Seen) -> HttpResponse:
        if seen.method != "POST" or self.bot is None:
            return reply(200 if seen.method == "POST" else 405)
        token = self._service.token(serviceurl=seen.json()["serviceUrl"])
        status, body = self.bot.answer_to(seen.body.replace(ALEX_THERE.encode(), ALEX.encode()), token)
        return reply(status, json=json.loads(body)) if body else reply(status)


@pytest.fixture
def service() -> Iterator[FakeBotService]:
    """The keys of Teams."""
    with FakeBotService() as running:
        yield running


@pytest.fixture
def endpoint(service: FakeBotService) -> Iterator[Endpoint]:
    """The bot's address."""
    opened = Endpoint(service)
    with opened.server:
        yield opened


@pytest.fixture
def contacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whom the client connects to; to be asked for before the client."""
    noted = tmp_path / "contacts.txt"
    monkeypatch.setenv("CONTACTS", str(noted))
    monkeypatch.setenv("NODE_OPTIONS", f'--require "{(ROOT / "tests/support/contacts.cjs").as_posix()}"')
    return noted


@pytest.fixture
def playground(endpoint: Endpoint) -> Iterator[Playground]:
    """The client."""
    need_browser_tools()
    try:
        made = Playground(endpoint.url)
    except PlaygroundError as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))
    with made as running:
        yield running


@pytest.fixture
def page(playground: Playground) -> Iterator[Page]:
    """Its page, in a browser."""
    with sync_playwright() as driver, ExitStack() as stack:
        browser = driver.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        stack.callback(browser.close)
        shown = browser.new_page(viewport={"width": 1300, "height": 1400})
        shown.goto(playground.url)
        expect(shown.get_by_text("Connected.")).to_be_visible(timeout=20_000)
        yield shown


@pytest.fixture
def relay(playground: Playground) -> Iterator[Relay]:
    """The way to its connector."""
    between = Relay(playground)
    with between.server, between.client:
        yield between


@pytest.fixture
def notifier(graph: FakeGraph, teams: FakeTeams, relay: Relay, tmp_path: Path) -> Iterator[Notifier]:
    """The real notifier, whose bot writes to the Playground."""
    address = {"channel_id": CHANNEL, "service_url": f"{relay.server.url}/_connector"}
    settings = {
        "MAA_TEAMS_WEBHOOK_URL": "",
        "MAA_DESTINATIONS": json.dumps([{"name": "approvers", "bot": address}]),
        "MAA_REQUESTOR_CHAT": "true",
        "MAA_COMPLETE_REMINDERS": "4h",
        "MAA_BOT_CLIENT_ID": "0b07b07b-0000-4000-8000-000000000001",
        "MAA_BOT_ACCESS_TOKEN": "any",
    }
    installed = Notifier(graph, teams, tmp_path / "state.db", None, **settings)
    yield installed
    installed.close()


@pytest.fixture
def asking(graph: FakeGraph, notifier: Notifier) -> Notifier:
    """The same for a tenant in which Alex and Megan can decide, whose cards ask who looks."""
    access = SimulatedAccess()
    access.serve(graph.resources)
    group = access.add_group("MAA approvers")
    access.add_policy("deviceWipe", group)
    access.add_person(group, "Alex Wilber", id=ALEX)
    access.add_person(group, "Megan Bowen", id=MEGAN)
    wanted = {"MAA_APPROVERS": "on", "MAA_APPROVER_CHAT": "true", "MAA_BOT_COMMANDS": "true"}
    notifier.close()
    notifier.environ |= wanted
    notifier.app = app.build(notifier.environ, notifier.clock)
    return notifier


def filed_by(object_id: str, notifier: Notifier) -> dict[str, Any]:
    """A raw request of the person at the page."""
    requestor = {"user": {"id": object_id, "displayName": "Alex Wilber", "Upn": "alexw@example.com"}}
    return make_request(now=notifier.clock.now(), requestor=requestor)


def test_a_whole_life_as_people_see_it(
    graph: FakeGraph, notifier: Notifier, page: Page, relay: Relay
) -> None:
    """One card that changes in its place, three replies below it, and two messages to the requestor."""
    request = filed_by(ALEX, notifier)
    graph.requests = [request]
    page.get_by_text("Announcements").click()
    notifier.poll()
    cards = page.locator(".ac-adaptiveCard")
    expect(cards).to_have_count(1)
    expect(cards.first).to_contain_text("Needs approval · High risk")
    for status, hours in (("approved", 1), ("approved", 5), ("completed", 1)):
        request["status"] = status
        notifier.poll_after(hours * 3_600)

    expect(cards).to_have_count(4)
    expect(cards.nth(0)).to_contain_text("What happened so far")
    expect(cards.nth(0)).to_contain_text("Intune has processed the request")
    expect(cards.nth(0)).not_to_contain_text("Needs approval · High risk")
    expect(cards.nth(1)).to_contain_text("Requestor: approved is not done.")
    expect(cards.nth(2)).to_contain_text("Reminder: approved, not completed")
    expect(cards.nth(3)).to_contain_text("Completed")
    page.get_by_text("Personal Chat", exact=True).click()
    expect(cards).to_have_count(2)
    expect(cards.nth(0)).to_contain_text("press Complete")
    expect(cards.nth(1)).to_contain_text("Reminder: approved, not completed")
    assert relay.calls == [
        "POST",  # the card
        "PUT",  # approved: the card is changed,
        "POST thread",  # and a reply rings
        "POST",  # the chat is opened
        "POST",  # and told
        "PUT",  # forgotten
        "POST thread",
        "POST",
        "PUT",  # completed
        "POST thread",
    ]


def test_people_can_ask(
    graph: FakeGraph, notifier: Notifier, endpoint: Endpoint, service: FakeBotService, page: Page
) -> None:
    """What is typed in the page comes back as a card, by way of the real check of tokens."""
    request = filed_by(ALEX, notifier)
    graph.requests = [request]
    notifier.poll()
    endpoint.bot = Bot(service, notifier.app.store, tenant=TENANT)
    key = short_key(request["id"])
    page.get_by_text("Personal Chat", exact=True).click()
    cards = page.locator(".ac-adaptiveCard")
    answers = {
        "pending": "1 request of yours waits for a decision",
        f"status {key}": "Needs approval · High risk",
        "who are you?": "What you can ask",
    }
    for number, (asked, answered) in enumerate(answers.items(), 1):
        box = page.locator("[contenteditable=true], textarea").first
        box.click()
        page.keyboard.type(asked)
        page.keyboard.press("Enter")
        expect(cards).to_have_count(number, timeout=15_000)
        expect(cards.last).to_contain_text(answered)


def test_who_looks_is_said_on_all_cards_until_they_settle(
    graph: FakeGraph, asking: Notifier, endpoint: Endpoint, service: FakeBotService, page: Page
) -> None:
    """Pressed in the page, taken over by somebody else, and gone with the decision, in the chat as well."""
    request = filed_by(MIRA, asking)
    graph.requests = [request]
    page.get_by_text("Announcements").click()
    asking.poll()
    cards = page.locator(".ac-adaptiveCard")
    expect(cards).to_have_count(1)
    endpoint.bot = Bot(service, asking.app.store, asking.clock, tenant=TENANT)
    page.get_by_role("button", name="I am looking at it").click()
    expect(page.get_by_text("Noted: you are looking at it.")).to_be_visible()
    asking.poll_after(60)
    expect(cards).to_have_count(2)
    for card in (cards.nth(0), cards.nth(1)):
        expect(card).to_contain_text("Looking since")
        expect(card).to_contain_text("“Alex Wilber”")
    data = {"verb": "maa.look", "request": request["id"]}
    pressed = service.activity(
        "", name="adaptiveCard/action", value={"action": {"verb": "maa.look", "data": data}}
    )
    told_by = {"id": "29:megan", "aadObjectId": MEGAN}
    there = {"id": "a:there", "tenantId": TENANT}
    taken = {
        "type": "invoke",
        "from": told_by,
        "channelData": {"tenant": {"id": TENANT}},
        "conversation": there,
    }
    status, _ = endpoint.bot.answer_to(json.dumps(pressed | taken).encode())
    asking.poll_after(60)
    expect(cards).to_have_count(3)
    expect(cards.nth(2)).to_contain_text("“Megan Bowen”")
    request |= {"status": "approved", "approver": {"user": {"id": MEGAN, "displayName": "Megan Bowen"}}}
    asking.poll_after(60)

    assert status == 200
    expect(cards.nth(0)).to_contain_text("Approved - Needs completion")
    expect(cards.nth(0)).not_to_contain_text("Looking since")
    page.get_by_text("Personal Chat", exact=True).click()
    expect(cards).to_have_count(1)
    expect(cards.nth(0)).to_contain_text("Approved - Needs completion")
    expect(cards.nth(0)).to_contain_text("Megan Bowen")
    expect(cards.nth(0)).not_to_contain_text("Looking since")
    assert {call.method for call in graph.calls} == {"GET"}


def test_it_calls_nobody_but_the_bot(contacts: Path, relay: Relay) -> None:
    """A developer's machine tells Microsoft nothing, and is not asked what cloud it stands in."""
    message = {"type": "message", "text": "Hello"}
    told = {"isGroup": True, "channelData": {"channel": {"id": CHANNEL}}, "activity": message}
    answer = relay.client.post(f"{relay.server.url}/_connector/v3/conversations", json=told)
    members = relay.client.get(f"{relay.server.url}/_connector/v3/conversations/{CHANNEL}/members")

    assert (answer.status_code, members.status_code) == (201, 200)
    assert set(contacts.read_text(encoding="utf-8").split()) <= {"127.0.0.1"}
