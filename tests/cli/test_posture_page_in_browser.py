"""The page of `posture --html` in a real browser: nothing runs or sticks out, everything can be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.cli.test_posture_page import page
from tests.demo.support import need_browser_tools

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PAIRS = """() => {
  const backdrop = node => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!colour.endsWith(", 0)") && colour !== "transparent") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [...document.querySelectorAll("body *:not(svg *)")].filter(
    each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const drawn = [...document.querySelectorAll("svg text")];
  const box = document.querySelector("svg rect");
  return [
    ...texts.map(each => [getComputedStyle(each).color, backdrop(each), each.className || each.tagName]),
    ...drawn.map(each => [getComputedStyle(each).fill, getComputedStyle(box).fill, "drawn"]),
  ];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run the Chromium of this machine for all tests."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=need_browser_tools())
        yield browser
        browser.close()


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page with hostile names, off the network."""
    file = tmp_path / "posture.html"
    file.write_text(page(), encoding="utf-8")
    opened = browser.new_context(offline=True).new_page()
    opened.goto(file.as_uri())
    yield opened
    opened.context.close()


def luminance(colour: str) -> float:
    """How bright a colour is (WCAG 2.2)."""
    parts = [float(each) / 255 for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_no_name_runs_as_a_script(browser: Browser, tmp_path: Path) -> None:
    """Nor asks for anything from anywhere."""
    file = tmp_path / "posture.html"
    file.write_text(page(), encoding="utf-8")
    opened = browser.new_context().new_page()
    asked: list[str] = []
    dialogs: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("dialog", lambda dialog: dialogs.append(dialog.message))
    opened.goto(file.as_uri())

    assert asked == [file.as_uri()]
    assert dialogs == []
    assert opened.title().startswith("The defence around approval")
    opened.context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_sticks_out_at_any_width(shown: Page, width: int) -> None:
    """A name without a blank breaks; the drawing scrolls within its place."""
    shown.set_viewport_size({"width": width, "height": 900})

    assert shown.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_every_text_can_be_read(shown: Page, scheme: str, medium: str) -> None:
    """In both colour schemes, and on paper, which is white in either."""
    shown.emulate_media(media=medium, color_scheme=scheme)  # type: ignore[arg-type]
    pairs = shown.evaluate(PAIRS)

    assert len(pairs) > 100
    assert [each for each in pairs if contrast(each[0], each[1]) < 4.5] == []
    if medium == "print":
        assert {each[1] for each in pairs} == {"rgb(255, 255, 255)"}


def test_on_paper_no_check_is_torn_apart_without_need(shown: Page) -> None:
    """A check is kept together where it fits on a sheet."""
    shown.emulate_media(media="print")

    assert shown.evaluate("getComputedStyle(document.querySelector('.check')).breakInside") == "avoid"


def test_the_drawing_can_be_reached_and_has_a_name(shown: Page) -> None:
    """By keyboard, since it scrolls on a phone; and the table below tells the same."""
    shown.keyboard.press("Tab")

    assert shown.evaluate("document.activeElement.getAttribute('aria-label')") == "Drawing of the ways"
    assert shown.get_by_role("img", name="7 ways around approval").count() == 1
    assert shown.locator(".ways tbody tr").count() == 7
