"""The documentation as a site: it builds, its links lead somewhere, and it shows what the Markdown means."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.test_docs import DOCS, PAGES, README, ROOT, text_of
from tools import docs_site

CONFIGURATION = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]

_OTHER_HOST = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "srcset"}
_MARKDOWN = re.compile(r"^\s*(?:[-*] |\d+\. |\||```|#{1,6} )", re.MULTILINE)


class Page(HTMLParser):
    """What a page of the site links to and loads, its anchors, and the text of its paragraphs."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.paragraphs: list[str] = []
        self._inside: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in _LOADED and _LOADED[tag] in given and given.get("rel") != "canonical":
            self.loaded.append(given[_LOADED[tag]])
        if tag in ("p", "code"):
            self._inside.append(tag)
        if tag == "p":
            self.paragraphs.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if self._inside == ["p"]:
            self.paragraphs[-1] += data


def entries(navigation: list[dict[str, Any]]) -> Iterator[str]:
    """The pages of a navigation, in its order."""
    for entry in navigation:
        for target in entry.values():
            yield from [target] if isinstance(target, str) else entries(target)


def run(root: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a checkout with the generator of this one."""
    python = ROOT / ".venv-docs" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        said = "no generator of the site: run `make .venv-docs/.locked`"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    return subprocess.run(
        [str(python), str(root / "tools" / "docs_site.py")],
        env={name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=50,
        check=False,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the site is made from."""
    root = tmp_path_factory.mktemp("checkout")
    named = [file for page in PAGES for file in docs_site.linked(ROOT, page.relative_to(ROOT))]
    for file in {*docs_site.sources(ROOT), *named, Path("zensical.toml"), Path("tools", "docs_site.py")}:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, root / file)
    return root


@pytest.fixture(scope="module")
def site(checkout: Path) -> Path:
    """The folder of the finished site."""
    done = run(checkout)
    assert done.returncode == 0, done.stdout
    assert "No issues found" in done.stdout
    return checkout / docs_site.SITE


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page of the site but the one for addresses that are not there."""
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_page_is_in_the_navigation_in_the_order_of_the_readme() -> None:
    """Approvers, administrators, operators, developers."""
    told = list(entries(CONFIGURATION["nav"]))
    of_the_readme = re.findall(
        r"\((docs/\w+\.md|\w+\.md)\)", text_of(README).partition("## Documentation")[2]
    )

    assert len(told) == len(set(told))
    assert {f"docs/{page.name}" for page in DOCS} <= set(told)
    assert [each for each in told if each in of_the_readme] == list(dict.fromkeys(of_the_readme))


def test_every_link_of_the_site_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    """To a file that is there, and to an anchor of it."""
    lost = []
    for path, page in pages.items():
        for link in {*page.links, *page.loaded}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            found = target.is_file() and target.is_relative_to(site)
            if not found or (
                parts.fragment and target in pages and parts.fragment not in pages[target].anchors
            ):
                lost.append(f"{path.relative_to(site)}: {link}")

    assert len(pages) > len(DOCS)
    assert lost == []


def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[Path, Page]) -> None:
    """Nobody learns who reads it, and it can be read without the internet."""
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))

    assert [each for page in pages.values() for each in page.loaded if _OTHER_HOST.match(each)] == []
    assert re.findall(r"url\(['\"]?(?:https?:)?//[^)]*\)|@import[^;]*//[^;]*", styles) == []


def test_lists_and_tables_are_shown_as_such(site: Path, pages: dict[Path, Page]) -> None:
    """The generator reads Markdown more strictly than GitHub: a list needs a blank line above it."""
    raw = [
        f"{path.relative_to(site)}: {text.strip()[:60]}"
        for path, page in pages.items()
        for text in page.paragraphs
        if _MARKDOWN.search(text)
    ]

    assert raw == []


@pytest.mark.parametrize("link", ["settings.md#maa_nothing", "nowhere.md"])
def test_a_link_that_leads_nowhere_ends_the_build(checkout: Path, tmp_path: Path, link: str) -> None:
    """Before anybody publishes it."""
    broken = tmp_path / "broken"
    shutil.copytree(checkout, broken, ignore=shutil.ignore_patterns("build", ".cache"))
    page = broken / "docs" / "bot.md"
    page.write_text(f"{text_of(page)}\nSee [this]({link}).\n", encoding="utf-8")

    done = run(broken)

    assert done.returncode != 0
    assert "does not exist" in done.stdout
    assert re.findall(r"(\S+\.md):\d+", done.stdout) == ["docs/bot.md"]
