"""Drawing a card outside the page: one self-contained document, and a picture of it."""

import hashlib
import re
import struct
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from maa_notify.rendering.errors import RendererMissingError
from maa_notify.rendering.renderer import Theme, cards_html, load_assets, screenshot
from tests.demo.support import blank_assets, need_browser_tools

CARD: dict[str, Any] = {
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [
        {"type": "TextBlock", "text": "</script><script>document.title='caught'</script>", "wrap": True}
    ],
}


def _size_of(png: Path) -> tuple[int, int]:
    data = png.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_without_the_packages_it_says_what_to_run(tmp_path: Path) -> None:
    """A missing renderer names the first missing file and the command that brings it."""
    with pytest.raises(
        RendererMissingError, match=r"microsoft-teams-light\.json is missing\): run make setup\."
    ):
        load_assets(tmp_path)


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    """The packages' files are read without their mark, wherever markdown-it keeps its build."""
    designer = tmp_path / "adaptivecards-designer"
    files = [
        designer / "lib" / "hostConfigs" / "microsoft-teams-light.json",
        designer / "lib" / "hostConfigs" / "microsoft-teams-dark.json",
        designer / "dist" / "containers" / "teams-container-light.css",
        designer / "dist" / "containers" / "teams-container-dark.css",
        tmp_path / "adaptivecards" / "dist" / "adaptivecards.min.js",
        tmp_path / "markdown-it" / "dist" / "markdown-it.min.js",
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\xef\xbb\xbf{}\r\n")
    assets = load_assets(tmp_path)

    assert assets.host_configs == {"light": "{}\n", "dark": "{}\n"}
    assert assets.markdown == "{}\n"


def test_only_the_page_s_own_scripts_may_run() -> None:
    """The policy admits nothing but the scripts in the page, each by its hash, and no network at all."""
    page = cards_html([CARD], "dark", assets=blank_assets())
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = {
        f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    }
    policy = re.search(r'content="(default-src [^"]*)"', page)

    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    assert set(policy[1].partition("script-src ")[2].split()) == hashes
    assert 'data-theme="dark"' in page


def test_a_card_cannot_leave_its_script() -> None:
    """Text that would end the script element is written so that it does not."""
    page = cards_html([CARD], assets=blank_assets())

    assert "document.title='caught'" in page
    assert page.count("<script>") == page.count("</script>") == 4


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 720])
def test_a_picture_is_as_wide_as_asked_and_as_high_as_needed(
    tmp_path: Path, theme: Theme, width: int
) -> None:
    """The picture has the width asked for, and a longer card makes a higher one."""
    need_browser_tools()
    lines = [{"type": "TextBlock", "text": f"line {number}", "wrap": True} for number in range(20)]
    short, tall = tmp_path / "short.png", tmp_path / "tall.png"
    screenshot(CARD, short, theme, width)
    screenshot({**CARD, "body": lines}, tall, theme, width)

    assert _size_of(short)[0] == _size_of(tall)[0] == width
    assert _size_of(short)[1] < 250
    assert _size_of(tall)[1] > 500
