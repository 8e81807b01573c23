"""Cards as Microsoft's renderer really draws them: dead to hostile text, readable, and within their width."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from playwright.sync_api import Page, sync_playwright

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.samples import CATALOGUE
from maa_notify.domain.request import ApprovalRequest, Identity, Target
from maa_notify.graph.requests import MalformedRequestError, parse_request
from maa_notify.rendering.renderer import THEMES, Theme, cards_html
from tests.cards.judge import URL, Card, seen
from tests.cards.test_cards import MAKERS, Make, planted
from tests.demo.support import need_browser_tools
from tests.support.approval import NOW, approval, created
from tests.support.hostile import FRAGMENTS, raw_requests

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

Draw = Callable[..., None]

PHONE, DESKTOP = 320, 720
GENERATED = 140
SCRIPT_ADDRESS = re.compile(r"(?i)javascript:(?! )")
"""A digest may count requests of a status with that name: `Javascript: 1`, which is no address."""
ENOUGH, ENOUGH_IF_LARGE = 4.5, 3.0
"""Contrast by WCAG 2.1 AA."""

SENTENCES = {
    "Arabic": "يرجى مسح الجهاز المفقود قبل نهاية اليوم",
    "Hebrew": "נא למחוק את המחשב הנייד שאבד",
    "Chinese": "请在今天之内擦除丢失的笔记本电脑",
    "Hindi": "कृपया खोया हुआ लैपटॉप आज ही मिटा दें",
    "accented": "Öğrenci dizüstü bilgisayarı: déjà perdu, naïve façade, Łódź, Ångström",
    "emoji": "Laptop lost 🚕 please wipe 👍🏽 today",
}

everywhere = pytest.mark.parametrize("theme", THEMES)
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Run the Chromium of this machine with one page, off the network, for all tests."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=need_browser_tools())
        page = browser.new_context(offline=True).new_page()
        page.add_init_script(path=Path(__file__).parent / "dom.js")
        yield page
        browser.close()


@pytest.fixture
def draw(page: Page, tmp_path: Path) -> Draw:
    """Draw cards as messages in the page, one below the other; whatever goes wrong there fails the test."""

    def draw(cards: Sequence[Card], theme: Theme = "light", width: int = DESKTOP) -> None:
        file = tmp_path / "cards.html"
        file.write_text(cards_html(cards, theme, width=width), encoding="utf-8", newline="\n")
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(file.as_uri())
        assert page.locator(".message-card").count() == len(cards)
        assert page.locator(".message-trouble").count() == 0

    return draw


def catalogue() -> list[Card]:
    """Every sample card."""
    return [sample.card(TeamsCards(URL), NOW) for sample in CATALOGUE]


def hostile_requests() -> list[ApprovalRequest]:
    """Each fragment in every field at once, undecided and decided, and what Hypothesis thinks of besides."""
    statuses = ("needsApproval", "rejected")
    raws = [{**planted(each), "status": status} for each in FRAGMENTS for status in statuses]

    @settings(
        max_examples=GENERATED,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(raw_requests)
    def collect(raw: dict[str, Any]) -> None:
        raws.append(raw)

    collect()
    return list(_readable(raws))


def _readable(raws: Sequence[dict[str, Any]]) -> Iterator[ApprovalRequest]:
    for raw in raws:
        try:
            yield parse_request(raw)
        except MalformedRequestError:
            continue


def with_runs(element: Any, text: str) -> Any:
    """A card in which every run, and so every word of a request, is replaced."""
    if isinstance(element, list):
        return [with_runs(each, text) for each in element]
    if not isinstance(element, dict):
        return element
    changed = {key: with_runs(value, text) for key, value in element.items()}
    return {**changed, "text": text} if element.get("type") == "TextRun" else changed


def rich_texts(element: Any) -> Iterator[str]:
    """The text of every `RichTextBlock` of a card, in order."""
    if isinstance(element, list):
        for each in element:
            yield from rich_texts(each)
    elif isinstance(element, dict):
        if element.get("type") == "RichTextBlock":
            yield "".join(run["text"] for run in element["inlines"])
        for value in element.values():
            yield from rich_texts(value)


@pytest.fixture(scope="module")
def hostile() -> list[ApprovalRequest]:
    """The hostile requests, made once."""
    return hostile_requests()


@every_kind
def test_hostile_text_draws_nothing_but_text(
    draw: Draw, page: Page, hostile: list[ApprovalRequest], make: Make
) -> None:
    """No link, mention, macro, picture, script or row more than the same card with harmless words has."""
    cards = [make(request) for request in hostile]
    draw(cards)
    found = page.evaluate("drawn.anatomy()")
    draw(with_runs(cards, "harmless"))
    harmless = page.evaluate("drawn.anatomy()")

    assert len(cards) > GENERATED
    for card, one, other in zip(cards, found, harmless, strict=True):
        assert one["skeleton"] == other["skeleton"]
        assert one["attributes"] == other["attributes"]
        assert one["elsewhere"] == other["elsewhere"]
        assert one["runs"] == list(rich_texts(card))
        assert not SCRIPT_ADDRESS.search(one["markup"])
        assert not {"A", "IMG", "SCRIPT", "IFRAME", "STYLE"} & {
            line.split(" ")[0] for line in one["skeleton"].splitlines()
        }
        assert "mention" not in one["skeleton"]


@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
def test_every_script_can_be_read(draw: Draw, page: Page, sentence: str) -> None:
    """What makes text safe leaves an ordinary sentence in any language as it was written."""
    request = approval(
        "rejected",
        justification=sentence,
        approval_notes=sentence,
        requestor=Identity("user", sentence),
        target=Target(sentence),
    )
    draw([MAKERS["changed"](request)])
    [card] = page.evaluate("drawn.anatomy()")
    runs = [seen(text) for text in card["runs"]]

    assert runs.count(sentence) == 2
    assert f"Requested by: “{sentence}” (account not told)" in runs
    assert f"Wipe device “{sentence}”" in runs
    assert card["hidden"] == []


def test_each_reader_sees_their_own_time(page: Page, tmp_path: Path) -> None:
    """The renderer shows our times in the reader's zone and language, and leaves no macro standing."""
    file = tmp_path / "card.html"
    card = TeamsCards(URL).card(created(), "ops", NOW)
    file.write_text(cards_html([card], "light", width=DESKTOP), encoding="utf-8", newline="\n")
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(offline=True, timezone_id="Asia/Kolkata", locale="en-US")
    try:
        abroad = context.new_page()
        abroad.goto(file.as_uri())
        told = " ".join(abroad.locator(".message-card").inner_text().split())
    finally:
        context.close()

    assert "Decide by Fri, Aug 21, 2026, 4:30 PM (2 d 23 h left)" in told
    assert "{{" not in told


@every_kind
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_nothing_is_wider_than_the_card(draw: Draw, page: Page, make: Make, width: int) -> None:
    """Long words and names without a space are broken, not cut off or pushed out of sight."""
    words = ("W" * 2_000, "界" * 2_000, "w" * 60 + "@" + "w" * 60 + ".com", "\\" * 2_000, "-" * 2_000)
    statuses = ("needsApproval", "rejected")
    raws = [{**planted(word), "id": "x", "status": status} for word in words for status in statuses]
    draw([make(parse_request(raw)) for raw in raws], width=width)

    assert page.evaluate("drawn.overflowing()") == [[]] * len(raws)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_no_sample_card_is_wider_than_its_place(draw: Draw, page: Page, width: int) -> None:
    """Our own words fit a phone as well."""
    draw(catalogue(), width=width)

    assert page.evaluate("drawn.overflowing()") == [[]] * len(CATALOGUE)


@everywhere
def test_every_text_stands_out(draw: Draw, page: Page, theme: Theme) -> None:
    """Contrast by WCAG 2.1 AA for each text of each card: readable in sunlight, and for tired eyes."""
    draw(catalogue(), theme)
    found = page.evaluate("drawn.contrasts()")
    faint = {
        f"{text['ratio']:.2f} {text['colours']}: {text['text'][:40]} ({sample.name})"
        for sample, texts in zip(CATALOGUE, found, strict=True)
        for text in texts
        if text["ratio"] < (ENOUGH_IF_LARGE if text["isLarge"] else ENOUGH)
    }

    assert all(len(texts) > 3 for texts in found)
    assert sorted(faint) == []


def test_the_renderer_objects_to_no_card(draw: Draw, page: Page) -> None:
    """Nothing on a card is unknown to Microsoft's renderer, or of a form that it would mend in silence."""
    draw([])
    objections = {
        sample.name: page.evaluate("card => drawn.objections(card)", card)
        for sample, card in zip(CATALOGUE, catalogue(), strict=True)
    }

    assert {name: told for name, told in objections.items() if told} == {}


def test_the_renderer_would_object(draw: Draw, page: Page) -> None:
    """An element that does not exist and a button without an address are told: the judge is awake."""
    draw([])
    broken = {**catalogue()[0], "body": [{"type": "Marquee"}], "actions": [{"type": "Action.OpenUrl"}]}

    assert len(page.evaluate("card => drawn.objections(card)", broken)) >= 2


def test_a_live_card_would_be_noticed(draw: Draw, page: Page) -> None:
    """A link in a text that clients read as Markdown changes the skeleton that the tests compare."""
    draw([{**catalogue()[0], "body": [{"type": "TextBlock", "text": "[x](https://evil.example)"}]}])
    [card] = page.evaluate("drawn.anatomy()")

    assert "A " in card["skeleton"]
