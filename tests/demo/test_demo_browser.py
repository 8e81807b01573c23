"""The demo as a visitor meets it: the real program, the real notifier, a real browser."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from tests.demo.support import ROOT, need_browser_tools

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process"),
]

HOSTILE = (
    "[press here](https://evil.example/a) <https://evil.example/b> https://evil.example/c "
    "![x](https://evil.example/d.png) <a href='https://evil.example/e'>e</a> <at>Aiko Mori</at>"
)

WITHIN_MS = 15_000
"""The notifier polls every two seconds; the rest is patience with a busy machine."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A running demo with a browser's page open on it."""

    process: subprocess.Popen[str]
    page: Page
    complaints: list[str]
    """What the browser objected to: errors and breaches of the page's policy."""

    def submit(self, kind: str, justification: str) -> Locator:
        """File a request through the form; return its entry in the list."""
        self.page.get_by_role("button", name="New request").click()
        self.page.get_by_label("What is asked for").select_option(kind)
        self.page.get_by_label("Business justification").fill(justification)
        self.page.get_by_role("button", name="Submit for approval").click()
        return self.page.get_by_role("list", name="Approval requests").get_by_role("listitem").first

    @property
    def cards(self) -> Locator:
        """The messages in the channel."""
        return self.page.locator("#messages article")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Run the driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Run the Chromium of this machine."""
    browser = playwright.chromium.launch(executable_path=need_browser_tools())
    yield browser
    browser.close()


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """Start the demo as a visitor would, without the tour, and open its page."""
    process = subprocess.Popen(
        [sys.executable, "-m", "maa_notify", "demo", "--no-scenario", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    context = browser.new_context()
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        page.goto(process.stdout.readline().split()[-1])
        yield Visit(process, page, complaints)
    finally:
        context.close()
        process.kill()
        process.communicate()


def test_a_request_goes_from_intune_to_teams(visit: Visit) -> None:
    """Submitting puts a card into the channel, approving another; Ctrl-C then ends everything with 0."""
    entry = visit.submit("wipe", "Laptop left in a taxi, ticket INC-20418")

    expect(entry.locator(".status")).to_have_text("Needs approval")
    expect(visit.cards).to_have_count(1, timeout=WITHIN_MS)
    expect(visit.cards.first).to_contain_text("CONTOSO-LT-0417")
    expect(visit.cards.first).to_contain_text("ticket INC-20418")

    entry.get_by_role("button", name="Approve").click()
    dialog = visit.page.get_by_role("dialog")
    dialog.get_by_label("Notes for the requestor").fill("Seen and agreed")
    dialog.get_by_role("button", name="Approve").click()

    expect(entry.locator(".status")).to_have_text("Approved - Needs completion")
    expect(visit.cards).to_have_count(3, timeout=WITHIN_MS)
    told = visit.page.get_by_role("article", name="Card 2: Approved - Needs completion")
    chat = visit.page.get_by_role("article", name="Chat with mira.holt@contoso.com: Approved")
    expect(told).to_contain_text("Seen and agreed")
    expect(chat).to_contain_text("Requestor: approved is not done")
    assert visit.complaints == []

    visit.process.send_signal(signal.SIGINT)
    _, errors = visit.process.communicate(timeout=20)

    assert (visit.process.returncode, errors) == (0, "")
    expect(visit.page.locator("#what")).to_contain_text("has stopped")


def test_hostile_text_stays_text(visit: Visit) -> None:
    """A justification full of links, HTML and a mention makes none of them, in the list or in the card."""
    entry = visit.submit("settings", HOSTILE)

    expect(entry).to_contain_text(HOSTILE)
    expect(visit.cards).to_have_count(1, timeout=WITHIN_MS)
    expect(visit.cards.first).to_contain_text("evil.example")
    assert visit.page.locator("#requests :is(a, img), #messages :is(a, img)").count() == 0
    assert visit.page.locator("#messages .mention").all_inner_texts() == ["oskar.weiss"]
    assert visit.complaints == []


def test_time_goes_by_at_a_press(visit: Visit) -> None:
    """36 hours later, in no time, the real notifier reminds of a request; after 72 it has expired."""
    entry = visit.submit("wipe", "Laptop left in a taxi")
    expect(visit.cards).to_have_count(1, timeout=WITHIN_MS)
    visit.page.get_by_role("button", name="What if").click()
    later = visit.page.get_by_role("button", name="12 hours later")
    for _ in range(3):
        later.click()

    expect(visit.page.locator("#what")).to_contain_text("36 h ahead")
    reminder = visit.page.get_by_role(
        "article", name="Card 2: Reminder: needs approval · High risk: Wipe device"
    )
    expect(reminder).to_be_visible(timeout=WITHIN_MS)

    for _ in range(3):
        later.click()

    expect(entry.locator(".status")).to_have_text("Expired")
    expect(visit.page.get_by_role("article", name="Expired: Wipe device").first).to_be_visible(
        timeout=WITHIN_MS
    )
    assert visit.complaints == []


def test_a_broken_defence_is_told_by_the_daily_check_and_so_is_its_mending(visit: Visit) -> None:
    """A sound tenant is no news; then one card for what broke, one for what was mended, and the picture."""
    checked = re.compile("posture[.]checked .*found=0")
    expect(visit.page.locator("#log")).to_contain_text(checked, timeout=WITHIN_MS)
    visit.page.get_by_role("button", name="Defence around approval").click()
    fault = visit.page.get_by_role("switch", name="Users may consent to any application")
    day = visit.page.get_by_role("button", name="The daily check")
    fault.check()
    day.click()

    broken = visit.cards.filter(has_text="The defence around approval: 1 new finding")
    expect(broken).to_contain_text("P11 high: users may consent to any application", timeout=WITHIN_MS)
    with visit.page.context.expect_page() as opened:
        visit.page.get_by_role("link", name="See all 15 checks").click()
    expect(opened.value.locator("svg")).to_be_visible()
    expect(opened.value.locator("#P11")).to_contain_text("High")
    opened.value.close()

    fault.uncheck()
    day.click()

    mended = visit.cards.filter(has_text="The defence around approval: 1 mended")
    expect(mended).to_be_visible(timeout=WITHIN_MS)
    assert visit.complaints == []


def test_a_flood_becomes_a_digest_even_after_an_outage_of_teams(visit: Visit) -> None:
    """Cards wait while Teams is down; then they come, many in one: the first to be taken comes alone."""
    visit.page.get_by_role("button", name="What if").click()
    outage = visit.page.get_by_role("switch", name="Teams is down")
    outage.check()
    expect(visit.page.locator("#troubles")).to_have_text("Teams is down")
    visit.page.get_by_role("button", name="12 requests at once").click()
    expect(visit.page.locator("#log")).to_contain_text(re.compile("events=[1-9]"), timeout=WITHIN_MS)
    assert visit.cards.count() == 0

    outage.uncheck()

    digest = visit.cards.filter(has_text=re.compile(r"\d+ requests to wipe devices"))
    expect(digest.first).to_be_visible(timeout=WITHIN_MS)


def test_a_card_s_button_opens_a_page_that_knows_nothing_of_this_one(visit: Visit) -> None:
    """`Review in Intune` opens Intune in a new tab without an opener."""
    visit.page.context.route(
        "https://**", lambda route: route.fulfill(body="Intune", content_type="text/html")
    )
    visit.submit("app", "Pilot ring 2")
    expect(visit.cards).to_have_count(1, timeout=WITHIN_MS)
    with visit.page.context.expect_page() as opened:
        visit.cards.first.get_by_text("Review in Intune").click()
    opened.value.wait_for_load_state()

    assert re.match(r"https://intune\.microsoft\.com/", opened.value.url)
    assert opened.value.evaluate("window.opener === null && document.referrer === ''")


def test_a_permission_is_taken_away_and_given_back(visit: Visit) -> None:
    """Without the permission a request brings no card; given back, the running notifier catches up."""
    visit.submit("wipe", "Laptop left in a taxi")
    expect(visit.cards).to_have_count(1, timeout=WITHIN_MS)
    visit.page.get_by_role("button", name="Permissions of the notifier").click()
    switch = visit.page.get_by_role("switch", name="Apps")
    switch.uncheck()
    expect(visit.page.locator("#missing")).to_have_text("−1")
    visit.page.keyboard.press("Escape")
    visit.submit("app", "Pilot ring 2")
    visit.submit("wipe", "Another laptop")
    expect(visit.cards).to_have_count(2, timeout=WITHIN_MS)
    expect(visit.cards.last).to_contain_text("Another laptop")

    visit.page.get_by_role("button", name="Permissions of the notifier").click()
    switch.check()

    expect(visit.cards).to_have_count(3, timeout=WITHIN_MS)
    expect(visit.cards.last).to_contain_text("Pilot ring 2")
    expect(visit.page.locator("#missing")).to_be_hidden()
    assert visit.complaints == []


def test_who_joins_the_approver_group_and_approves_stands_out(visit: Visit) -> None:
    """The first card names who can decide; the next one tells when the approver joined."""
    entry = visit.submit("wipe", "Laptop left in a taxi")
    expect(visit.cards.first).to_contain_text("“Aiko Mori”", timeout=WITHIN_MS)
    visit.page.get_by_role("button", name="Approver group").click()
    visit.page.get_by_role("switch", name="Priya Nandan").check()
    visit.page.keyboard.press("Escape")
    entry.get_by_role("button", name="Approve").click()
    visit.page.get_by_label("Decide as").select_option("priya")
    visit.page.locator("#decide-go").click()

    told = visit.page.get_by_role("article", name="Card 2")
    expect(told).to_be_visible(timeout=WITHIN_MS)
    expect(told).to_contain_text("Whoever decided joined the approver group between")
    assert visit.complaints == []


def test_the_theme_changes_with_a_press(visit: Visit) -> None:
    """The switch redraws the cards in the other theme, and the choice outlives a reload."""
    visit.submit("app", "Pilot ring 2")
    expect(visit.cards).to_have_count(1, timeout=WITHIN_MS)
    light = visit.page.locator(".ac-adaptiveCard").evaluate("card => card.style.backgroundColor")
    visit.page.get_by_role("button", name="Use the dark theme").click()
    dark = visit.page.locator(".ac-adaptiveCard").evaluate("card => card.style.backgroundColor")
    visit.page.reload()

    expect(visit.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(visit.cards).to_have_count(1)
    assert light != dark


def test_it_fits_a_phone(visit: Visit) -> None:
    """At phone width nothing reaches beyond the screen and the channel is one press away, with a count."""
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.submit("retire", "Retire kiosk after shop closure")
    expect(visit.page.locator("#unread")).to_have_text("1", timeout=WITHIN_MS)
    visit.page.get_by_role("navigation").get_by_role("button", name="Teams").click()

    expect(visit.cards.first).to_be_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 360
    assert visit.page.locator("#channel").evaluate("pane => pane.getBoundingClientRect().right") <= 360
