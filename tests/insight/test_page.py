"""The report as a page, in a real browser: what is read on it, by whom, and where."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, sync_playwright

from maa_notify.cards.times import TimeFormat
from maa_notify.domain.request import Identity
from maa_notify.insight.figures import figures
from maa_notify.insight.page import page_of
from maa_notify.insight.span import period
from tests.demo.support import ROOT, need_browser_tools
from tests.insight.samples import NOW, request_records

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

AXE = ROOT / "tools/node_modules/axe-core/axe.min.js"
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>\u202e&amp;"
SCREENS = {"desktop": (1180, 900), "phone": (360, 740)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser of its own for these pages."""
    executable = need_browser_tools()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


def made(*, names: bool = True, asker: str = "", count: int = 800) -> str:
    """The page of a quarter."""
    records = request_records(count)
    if asker:
        odd = Identity("user", asker)
        records = [
            replace(each, state=replace(each.state, request=replace(each.request, requestor=odd)))
            for each in records
        ]
    found = figures(records, period("2026-Q2"), NOW, None, names=names)
    return page_of(found, "2026-04-01 to 2026-06-30", "Contoso", NOW, TimeFormat())


def opened(browser: Browser, html: str, **context: Any) -> tuple[Page, list[str]]:
    """The page in a browser without a network, and everything that the browser objected to."""
    complaints: list[str] = []
    page = browser.new_context(offline=True, **context).new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: complaints.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content(html)
    return page, complaints


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_from_reading_it(browser: Browser, screen: str, scheme: str) -> None:
    """Axe finds nothing serious, by contrast, names or structure; nothing runs out of the screen."""
    if not AXE.exists() and not os.environ.get("CI"):
        pytest.skip("no axe-core: run `make setup`")
    width, height = SCREENS[screen]
    page, _ = opened(
        browser, made(), bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": height}
    )

    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")

    assert [(each["id"], each["impact"]) for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_it_loads_nothing_and_runs_nothing(browser: Browser) -> None:
    """One file, whatever names stand in it; a name cannot become a part of the page."""
    page, complaints = opened(browser, made(asker=HOSTILE))

    assert complaints == []
    assert page.title() == "Multi Admin Approval, 2026-04-01 to 2026-06-30"
    assert page.locator("script, img, link, iframe").count() == 0
    assert "<script>document" in page.locator("body").inner_text()
    assert "\u202e" not in page.content()


def test_charts_show_the_figures(browser: Browser) -> None:
    """A column for each week with its requests, and a name for those who hear it."""
    found = figures(request_records(800), period("2026-Q2"), NOW, None)
    page, _ = opened(browser, made())

    columns = page.get_by_role("img", name="Requests filed in each week, by outcome")
    parts = columns.locator("rect")
    assert parts.count() == sum(len(each.outcomes) for each in found.periods)
    tall = [float(parts.nth(at).get_attribute("height") or 0) for at in range(parts.count())]
    grid = columns.locator("text[text-anchor=end]").all_text_contents()
    assert sum(tall) / 160 * int(grid[-1]) == pytest.approx(found.requests, rel=0.01)
    assert page.get_by_role("img", name="Scripts: ").count() == 1


def test_printed_it_is_black_on_white(browser: Browser) -> None:
    """Also by somebody whose screen is dark; what cannot be opened on paper is left out."""
    page, _ = opened(browser, made(), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")

    colours = page.evaluate(
        "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
    )

    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert not page.locator("details").first.is_visible()


def test_names_can_be_left_out(browser: Browser) -> None:
    """Nobody is named anywhere, and everybody is counted."""
    html = made(names=False).lower()

    assert not any(name in html for name in ("mira", "noor", "jonas", "fabrikam-release"))
    assert "approver 1" in html


def test_an_empty_span_has_a_page(browser: Browser, tmp_path: Path) -> None:
    """It says so."""
    page, complaints = opened(browser, made(count=0))

    assert "No requests." in page.locator("main").inner_text()
    assert complaints == []
