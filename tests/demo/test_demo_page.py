"""The demo's page by itself: what a screen reader hears, what keys reach, how it explains itself."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from maa_notify.demo.attack import STEPS as STEPS_OF_ATTACK
from maa_notify.demo.samples import Json
from maa_notify.demo.scenario import STEPS
from maa_notify.demo.server import DemoServer
from maa_notify.demo.situations import SITUATIONS
from maa_notify.rendering.renderer import NODE_MODULES
from tests.demo.support import need_browser_tools

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

AXE = NODE_MODULES / "axe-core" / "axe.min.js"

CARD: Json = {
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [
        {
            "type": "Container",
            "items": [
                {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "Needs approval"}]},
                {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "Wipe device X"}]},
            ],
        },
        {"type": "TextBlock", "text": "The requestor's own words"},
    ],
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a browser."""
    found = need_browser_tools()
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def drawing() -> Iterator[DemoServer]:
    """Run the demo's server with the renderer, without a notifier."""
    need_browser_tools()
    with DemoServer() as running:
        yield running


@pytest.fixture
def page(browser: Browser, drawing: DemoServer) -> Iterator[Page]:
    """Open the page, with its first state on it."""
    context = browser.new_context(reduced_motion="reduce")
    opened = context.new_page()
    opened.goto(drawing.url)
    expect(opened.locator("#situations li")).not_to_have_count(0)
    yield opened
    context.close()


def _post(page: Page, server: DemoServer, **more: str) -> None:
    """Put a card into the channel as a workflow does."""
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": CARD,
    }
    answer = page.request.post(
        f"{server.url}/hook/channel", data={"type": "message", "attachments": [attachment], **more}
    )
    assert answer.status == 202


def test_a_screen_reader_hears_what_a_card_is_about(page: Page, drawing: DemoServer) -> None:
    """A card's name is its title, and so is what is said as it comes; a chat says with whom."""
    _post(page, drawing)
    _post(page, drawing, recipient="mira.holt@contoso.com")

    expect(
        page.get_by_role("article", name="Card 1: Needs approval: Wipe device X", exact=True)
    ).to_be_visible()
    chat = "Chat with mira.holt@contoso.com: Needs approval: Wipe device X"
    expect(page.get_by_role("article", name=chat, exact=True)).to_be_visible()
    expect(page.locator("#live")).to_have_text("New card in a chat: Needs approval: Wipe device X")


def test_escape_closes_what_was_opened(page: Page, drawing: DemoServer) -> None:
    """The form, the decision and every panel close with Escape, and the focus is where it was."""
    drawing.tenant.submit("wipe")
    for name, opened in (
        ("New request", page.locator("#ask")),
        ("Approve…", page.locator("#decide")),
        ("What if", page.locator("#what-if")),
        ("What is real here", page.locator("#about")),
        ("Permissions of the notifier", page.locator("#permissions")),
        ("Defence around approval", page.locator("#posture")),
    ):
        opener = page.get_by_role("button", name=name).first
        opener.focus()
        page.keyboard.press("Enter")
        expect(opened).to_be_visible()
        page.keyboard.press("Escape")
        expect(opened).to_be_hidden()
        expect(opener).to_be_focused()


def test_the_keyboard_reaches_every_situation(page: Page, drawing: DemoServer) -> None:
    """With Tab and Space alone a visitor lets time go by and takes Teams down."""
    page.get_by_role("button", name="What if").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="12 hours later")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_text("12 hours later: done")
    for _ in range(list(SITUATIONS).index("teams-down") - list(SITUATIONS).index("later")):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")

    expect(page.locator("#troubles")).to_have_text("Teams is down")
    assert drawing.clock.moved.total_seconds() == 43_200
    assert drawing.outages.is_down("teams")


def test_the_keyboard_breaks_the_defence_and_sees_all_of_it(page: Page, drawing: DemoServer) -> None:
    """The way to the picture comes first, then the day, then a switch for each fault."""
    page.get_by_role("button", name="Defence around approval").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="See all 15 checks")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="The daily check")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")

    expect(page.locator("#broken")).to_have_text("1")
    expect(page.get_by_role("switch", name="Scripts lose their access policy")).to_be_checked()
    assert drawing.defence.is_broken("posture-p1")
    expect(page.locator("#troubles")).to_be_hidden()


def test_the_keyboard_plays_the_attacker(page: Page, drawing: DemoServer) -> None:
    """Enter takes step after step, each is heard and told as done, and behind the last nothing happens."""
    page.get_by_role("button", name="What if").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Play the attacker").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#what-if")).to_be_hidden()
    button = page.locator("#next-step")
    items = page.get_by_role("list", name="Steps of the attack").get_by_role("listitem")
    for number, step in enumerate(STEPS_OF_ATTACK.values()):
        expect(button).to_be_focused()
        expect(button).to_have_accessible_description(step.label)
        expect(items.nth(number)).to_have_attribute("aria-current", "step")
        page.keyboard.press("Enter")
        expect(page.locator("#live")).to_have_text(f"{step.label}: done")
        expect(items.nth(number)).to_contain_text("Done:")
    expect(button).to_have_attribute("aria-disabled", "true")
    moved = drawing.clock.moved
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")

    expect(page.locator("#attack")).to_be_hidden()
    expect(page.get_by_role("button", name="What if")).to_be_focused()
    assert drawing.clock.moved == moved


def test_a_step_that_cannot_be_taken_is_explained(page: Page, drawing: DemoServer) -> None:
    """What went wrong is not hidden behind the panel."""
    page.get_by_role("button", name="What if").click()
    page.get_by_role("button", name="Play the attacker").click()
    page.route("**/api/attack/*", lambda route: route.abort())
    page.get_by_role("button", name="Next step").click()

    expect(page.get_by_role("alert")).to_contain_text("The demo does not answer")
    expect(page.locator("#attack")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_attacker_sees_the_cards_that_come(page: Page, drawing: DemoServer, width: int) -> None:
    """The panel leaves the head of the newest card in sight, also where one pane is shown at a time."""
    page.set_viewport_size({"width": width, "height": 740})
    page.get_by_role("button", name="What if").click()
    page.get_by_role("button", name="Play the attacker").click()
    _post(page, drawing)
    headline = page.locator("#messages .ac-richTextBlock").first
    expect(headline).to_be_in_viewport()
    panel, told = page.locator("#attack").bounding_box(), headline.bounding_box()

    assert panel is not None
    assert told is not None
    assert told["x"] >= panel["x"] + panel["width"] or told["y"] + told["height"] <= panel["y"]


def test_the_end_of_the_tour_leads_to_the_visitor_s_own_tenant(page: Page, drawing: DemoServer) -> None:
    """After its last step the page offers three steps, and each link leads to documentation that is there."""
    expect(page.locator("#over")).to_be_hidden()
    drawing.scenario._steps = STEPS[:1]
    drawing.scenario.start()
    page.locator("#over").get_by_role("button", name="connect your tenant").click(timeout=10_000)
    links = [link.get_attribute("href") or "" for link in page.locator("#connect a").all()]

    assert len(links) == 4
    for link in links:
        page.goto(f"{drawing.url}{link}")
        expect(page.locator("h1")).not_to_have_count(0)
        _, _, anchor = link.partition("#")
        if anchor:
            expect(page.locator(f"[id='{anchor}']")).to_be_in_viewport()


def test_one_panel_makes_way_for_the_next(page: Page) -> None:
    """From what is real to the three steps, which then lie on nothing."""
    page.get_by_role("button", name="What is real here").click()
    page.get_by_role("button", name="Connect your tenant").click()

    expect(page.locator("#connect")).to_be_visible()
    expect(page.locator("#about")).to_be_hidden()
    expect(page.get_by_role("link", name="How, step by step")).to_be_focused()


def test_cards_by_the_bot_leave_no_quiet_channel(page: Page, drawing: DemoServer) -> None:
    """Where the cards go to the Playground, our own page says so and leads there."""
    expect(page.locator("#no-cards")).to_contain_text("The channel is quiet")
    drawing.show_playground("http://127.0.0.1:9/")
    page.reload()

    expect(page.locator("#no-cards")).to_contain_text("open the channel Announcements", ignore_case=True)
    expect(page.locator("#no-cards a")).to_have_attribute("href", "http://127.0.0.1:9/")
    expect(page.locator("#channel")).not_to_contain_text("quiet")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_barrier(page: Page, drawing: DemoServer, theme: str, width: int) -> None:
    """No serious or critical finding in any state of the page, in either theme, on a phone or a desktop."""
    if not AXE.is_file():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{AXE} is missing: run `make setup`")
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    for kind in ("wipe", "app", "settings"):
        drawing.tenant.submit(kind)
    drawing.tenant.reject(drawing.tenant.requests()[2]["id"], by="oskar", notes="Not now")
    drawing.tenant.approve(drawing.tenant.requests()[1]["id"], by="oskar")
    _post(page, drawing, recipient="mira.holt@contoso.com")
    drawing.outages.switch("teams", down=True)
    drawing.defence.switch("posture-p1", broken=True)
    page.request.post(f"{drawing.url}/api/attack/{next(iter(STEPS_OF_ATTACK))}", data={})
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = [_findings(page)]
    page.evaluate("document.querySelector('[data-show=teams]').click()")
    found.append(_findings(page))
    page.evaluate("document.querySelector('[data-show=intune]').click(); byId('over').hidden = false")
    page.get_by_role("button", name="New request").click()
    found.append(_findings(page))
    for panel in ("what-if", "attack", "about", "connect", "permissions", "posture", "group"):
        page.evaluate("panel => byId(panel).showPopover()", panel)
        found.append(_findings(page))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Approve…").first.click()
    found.append(_findings(page))
    page.goto(f"{drawing.url}/read/README.md")
    expect(page.locator("h1")).not_to_have_count(0)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found.append(_findings(page))

    assert [each for state in found for each in state] == []


def _findings(page: Page) -> list[str]:
    """Return what axe thinks serious or worse: its rule, and where."""
    result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}"
        for each in result["violations"]
        if each["impact"] in ("serious", "critical")
    ]
