"""Hostile names in the pixels of the real renderer: no name ever covers what stands beside it."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from maa_notify.graph.requests import parse_request
from maa_notify.rendering.renderer import cards_html
from tests.cards.judge import Card
from tests.cards.test_cards import MAKERS, planted
from tests.demo.support import need_browser_tools
from tests.support.hostile import TOWERS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SCRIPT = Path(__file__).with_name("ink.js")
AT_ONCE = 6
"""Cards on a page: a picture has no more than some 16,000 rows."""
ROUNDS = 5
"""Each draws every fifth text: what reaches over that many others touches one of those between, too."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run the Chromium of this machine for all tests."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=need_browser_tools())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    """A page for cards, off the network."""
    page = browser.new_context(offline=True).new_page()
    page.add_init_script(path=SCRIPT)
    return page


@pytest.fixture(scope="module")
def counter(browser: Browser) -> Page:
    """An empty page that compares pictures."""
    page = browser.new_context(offline=True).new_page()
    page.add_script_tag(path=SCRIPT)
    return page


def collisions(page: Page, counter: Page, cards: Sequence[Card], folder: Path, width: int) -> list[str]:
    """Where the ink of a text or button touches that of another; no neighbours are drawn at once."""
    file = folder / "cards.html"
    file.write_text(cards_html(cards, width=width), encoding="utf-8", newline="\n")
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto(file.as_uri())
    assert page.locator(".message-card").count() == len(cards)
    found = []
    counter.evaluate("ink.begin()")
    for place in range(-1, ROUNDS):
        page.evaluate("([place, rounds]) => ink.showOnly(place, rounds)", [place, ROUNDS])
        picture = base64.b64encode(page.screenshot(full_page=True)).decode()
        found += [(place, *each) for each in counter.evaluate("picture => ink.add(picture)", picture)]
    return [
        f"a text of round {place} touches one of round {other} around row {row}"
        for place, other, row in found
    ]


@pytest.mark.parametrize("width", [320, 720])
@pytest.mark.parametrize("kind", ["created", "changed", "reply", "digest"])
def test_no_name_covers_another_text(
    page: Page, counter: Page, tmp_path: Path, kind: str, width: int
) -> None:
    """Towers of marks, tall signs and wide ones stay on the line that is theirs, in every field at once."""
    status = "rejected" if kind == "changed" else "needsApproval"
    raws = [{**planted(text), "status": status} for text in TOWERS.values()]
    cards = [MAKERS[kind](parse_request(raw)) for raw in raws]
    for start in range(0, len(cards), AT_ONCE):
        told = collisions(page, counter, cards[start : start + AT_ONCE], tmp_path, width)

        assert told == [], list(TOWERS)[start : start + AT_ONCE]


def test_a_tower_would_be_noticed(page: Page, counter: Page, tmp_path: Path) -> None:
    """A name with its marks left in covers the lines around it: the judge is awake."""
    tower = {"type": "TextRun", "text": "x" + "\u0301\u0331" * 30}
    block = {"type": "RichTextBlock", "inlines": [tower]}
    body = [{"type": "TextBlock", "text": "High risk"}, block, {"type": "TextBlock", "text": "Expires"}]
    card = {"type": "AdaptiveCard", "version": "1.4", "body": body}

    assert len(collisions(page, counter, [card], tmp_path, 320)) > 0
