"""Draws Adaptive Cards with Microsoft's own renderer, in the look of Teams.

The renderer and the look come from npm packages that `make setup` installs; the pictures come from a
headless Chromium that is kept off the network.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from maa_notify.cards.elements import Element
from maa_notify.rendering.child import environment_of_child
from maa_notify.rendering.errors import BrowserError, RendererMissingError

Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")

NODE_MODULES: Final = Path(__file__).resolve().parents[2] / "tools" / "node_modules"
HERE: Final = Path(__file__).resolve().parent

BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)

_SHOT_SECONDS = 60
_TALLEST = 20_000


@dataclass(frozen=True, slots=True)
class Assets:
    """The texts of everything that is needed to draw a card."""

    adaptive_cards: str
    markdown: str
    glue: str
    """Our own script that puts the two together."""
    frame_css: str
    """Our own style of the message around a card."""
    host_configs: Mapping[Theme, str]
    """Teams' fonts, colours and spacings, as JSON."""
    container_css: Mapping[Theme, str]
    """Teams' buttons and inputs."""


def load_assets(node_modules: Path | None = None) -> Assets:
    """Read the renderer from the npm packages, or say how to get them."""
    root = node_modules or NODE_MODULES
    designer = root / "adaptivecards-designer"
    configs = {
        theme: _text(designer / "lib" / "hostConfigs" / f"microsoft-teams-{theme}.json") for theme in THEMES
    }
    styles = {
        theme: _text(designer / "dist" / "containers" / f"teams-container-{theme}.css") for theme in THEMES
    }
    return Assets(
        adaptive_cards=_text(root / "adaptivecards" / "dist" / "adaptivecards.min.js"),
        markdown=_text(_markdown_in(root)),
        glue=_text(HERE / "teams-card.js"),
        frame_css=_text(HERE / "teams-card.css"),
        host_configs=MappingProxyType(configs),
        container_css=MappingProxyType(styles),
    )


def _markdown_in(root: Path) -> Path:
    """Return where this release of markdown-it keeps its build for browsers."""
    dist = root / "markdown-it" / "dist"
    older = dist / "markdown-it.min.js"
    return older if older.is_file() else dist / "browser" / "markdown-it.umd.min.js"


def _text(path: Path) -> str:
    """Return a file's text without a byte order mark and with plain line ends."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RendererMissingError(path) from None


def cards_html(
    cards: Sequence[Element],
    theme: Theme = "light",
    *,
    width: int | None = None,
    assets: Assets | None = None,
) -> str:
    """Return one self-contained page with cards as Teams messages; it asks nothing of any network."""
    parts = assets or load_assets()
    scripts = (
        parts.adaptive_cards,
        parts.markdown,
        parts.glue,
        f"showCards({_in_script(json.dumps(cards))}, {_in_script(parts.host_configs[theme])});",
    )
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src {' '.join(_hash_source(script) for script in scripts)}"
    )
    sized = f"body {{ width: {width}px }}" if width else ""
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en" data-theme="{theme}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>Adaptive Cards</title>",
            f"<style>{parts.container_css[theme]}</style>",
            f"<style>{parts.frame_css}{sized}</style>",
            "</head>",
            '<body class="cards-only"><main id="cards"></main>',
            *(f"<script>{script}</script>" for script in scripts),
            "</body>",
            "</html>",
        ]
    )


def _in_script(text: str) -> str:
    """Write JSON so that nothing in it can end the script element it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _hash_source(script: str) -> str:
    """Return the expression that lets a Content-Security-Policy admit exactly this script."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def find_browser() -> str:
    """Return the path of a Chromium, or say that there is none."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None) or _installed_browser()
    if found is None:
        raise BrowserError("No Chromium was found: install chromium, Google Chrome or Microsoft Edge.")
    return found


def _installed_browser() -> str | None:
    """Look where Windows and macOS keep browsers, which is not on the search path."""
    paths = [
        Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        Path("/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"),
    ]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if base := os.environ.get(variable):
            paths.append(Path(base, "Google", "Chrome", "Application", "chrome.exe"))
            paths.append(Path(base, "Microsoft", "Edge", "Application", "msedge.exe"))
    return next((str(path) for path in paths if path.is_file()), None)


def screenshot(card: Element, path: Path, theme: Theme = "light", width: int = 560) -> None:
    """Write a PNG of the card as a Teams message that many pixels wide, exactly as high as it needs."""
    for _ in screenshots([(card, path)], theme, width):
        pass


def screenshots(pictures: Sequence[tuple[Element, Path]], theme: Theme, width: int) -> Iterator[Path]:
    """Write a PNG of each card to its path and tell which is written; all are measured in one go."""
    browser, assets = find_browser(), load_assets()
    with tempfile.TemporaryDirectory(prefix="maa-notify-card-", ignore_cleanup_errors=True) as folder:
        page, shot = Path(folder, "cards.html"), Path(folder, "card.png")
        _write(page, cards_html([card for card, _ in pictures], theme, width=width, assets=assets))
        measured = _run(browser, Path(folder), page, "--dump-dom", f"--window-size={width},1000")
        for (card, path), height in zip(pictures, _heights_in(measured, len(pictures)), strict=True):
            _write(page, cards_html([card], theme, width=width, assets=assets))
            _run(browser, Path(folder), page, f"--screenshot={shot}", f"--window-size={width},{height}")
            if not shot.is_file():
                raise BrowserError("The browser drew the card but wrote no picture.")
            shutil.move(shot, path)
            yield path


def _write(page: Path, document: str) -> None:
    page.write_text(document, encoding="utf-8", newline="\n")


def _heights_in(document: str, count: int) -> list[int]:
    """Read the heights that the page wrote into its own root element."""
    found = re.search(r'<html[^>]* data-heights="([\d ]+)"', document)
    heights = [min(int(height), _TALLEST) for height in found[1].split()] if found else []
    if len(heights) != count:
        raise BrowserError("The browser could not draw the card: the renderer did not run to its end.")
    return heights


def _run(browser: str, folder: Path, page: Path, *arguments: str) -> str:
    """Run the browser once on that page with a profile of its own; return what it printed."""
    command = [browser, *_flags(folder), *arguments, page.as_uri()]
    try:
        done = subprocess.run(  # noqa: S603 - a browser found on this machine, with our own page
            command,
            env=environment_of_child(os.environ),
            capture_output=True,
            timeout=_SHOT_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise BrowserError(f"The browser did not finish within {_SHOT_SECONDS} seconds.") from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise BrowserError(f"The browser could not be run: {error}.") from error
    return done.stdout.decode("utf-8", "replace")


def _flags(folder: Path) -> list[str]:
    as_root = sys.platform.startswith("linux") and os.geteuid() == 0
    return [
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}",
        *(["--no-sandbox"] if as_root else []),
    ]
