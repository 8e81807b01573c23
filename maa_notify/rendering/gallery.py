"""The gallery in docs/cards: pictures of every card of the catalogue, and what each was made from.

`make previews` runs it. A test compares the manifest with the cards of today, so that no picture grows old.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Final

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.elements import Element
from maa_notify.cards.samples import CATALOGUE, Sample
from maa_notify.identity.clouds import CLOUDS
from maa_notify.rendering.errors import RenderingError
from maa_notify.rendering.renderer import HERE, THEMES, Assets, Theme, cards_html, screenshots

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "docs" / "cards"
MANIFEST: Final = "manifest.json"
INDEX: Final = "README.md"
WIDTHS: Final = {"desktop": 720, "phone": 360}
NOW: Final = datetime(2026, 8, 18, 9, 42, tzinfo=UTC)

_INTRODUCTION: Final = (
    "Drawn by Microsoft's own renderer in the look of Teams, as wide as on a desktop and a phone; every name"
    " is invented.\n`make previews` draws them anew, and a test fails when a card has changed since."
)
_PACKAGES: Final = ("adaptivecards", "markdown-it", "adaptivecards-designer")


@dataclass(frozen=True, slots=True)
class Picture:
    """One card in one theme at one width."""

    sample: Sample
    theme: Theme
    device: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.sample.name}-{self.theme}-{self.device}.png"

    @property
    def card(self) -> Element:
        """The card, made at a fixed time."""
        return self.sample.card(TeamsCards(CLOUDS["global"].approvals_url), NOW)


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture's entry in the manifest: SHA-256 of what it was drawn from, and of its file."""

    made_from: str
    picture: str


def pictures() -> Iterator[Picture]:
    """Every picture of the gallery, in the order in which they are drawn."""
    for theme, device, sample in product(THEMES, WIDTHS, CATALOGUE):
        yield Picture(sample, theme, device)


def made_from(picture: Picture) -> str:
    """The hash of the page that is drawn, with the packages' versions in place of their texts."""
    page = cards_html([picture.card], picture.theme, width=WIDTHS[picture.device], assets=_versions())
    return _sha256(page.encode())


def entry(picture: Picture, folder: Path) -> Entry:
    """The entry of the manifest for a picture that was just drawn."""
    return Entry(made_from(picture), _sha256((folder / picture.file).read_bytes()))


def read_manifest(folder: Path = FOLDER) -> dict[str, Entry]:
    """The manifest by file name."""
    known = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return {file: Entry(**each) for file, each in known.items()}


def index() -> str:
    """The page that shows all pictures, in Markdown."""
    return "\n\n".join(["# Every card", _INTRODUCTION, *map(_section, CATALOGUE)]) + "\n"


def draw(folder: Path) -> None:
    """Draw every picture, remove those of cards that are no more, and write the manifest and the page."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = list(pictures())
    for theme, device in product(THEMES, WIDTHS):
        series = [each for each in wanted if (each.theme, each.device) == (theme, device)]
        shots = [(each.card, folder / each.file) for each in series]
        for path in screenshots(shots, theme, WIDTHS[device]):
            print(f"{path.name}  {path.stat().st_size / 1000:.0f} kB", flush=True)
    for old in {path.name for path in folder.glob("*.png")} - {each.file for each in wanted}:
        (folder / old).unlink()
    known = {each.file: asdict(entry(each, folder)) for each in wanted}
    _write(folder / MANIFEST, json.dumps(known, indent=2) + "\n")
    _write(folder / INDEX, index())


def main() -> int:
    """Draw the gallery of this checkout; return the exit code."""
    try:
        draw(FOLDER)
    except RenderingError as error:
        print(f"maa-notify: {error}", file=sys.stderr)
        return 1
    return 0


def _versions() -> Assets:
    """Our own files as they are, and for the packages' files the versions that the lock names."""
    lock = json.loads((ROOT / "tools" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    cards, markdown, look = (f"{name} {lock[f'node_modules/{name}']['version']}" for name in _PACKAGES)
    return Assets(
        adaptive_cards=cards,
        markdown=markdown,
        glue=(HERE / "teams-card.js").read_text(encoding="utf-8"),
        frame_css=(HERE / "teams-card.css").read_text(encoding="utf-8"),
        host_configs=dict.fromkeys(THEMES, look),
        container_css=dict.fromkeys(THEMES, look),
    )


def _section(sample: Sample) -> str:
    """A heading, a sentence and the four pictures of a card."""
    rows = [f"| {device} | {_cells(sample, device)} |" for device in WIDTHS]
    table = "\n".join(["| | light | dark |", "|---|---|---|", *rows])
    return f"## {sample.name}\n\n{sample.comes}\n\n{table}"


def _cells(sample: Sample, device: str) -> str:
    shown = [Picture(sample, theme, device) for theme in THEMES]
    return " | ".join(f"![{sample.name}, {each.theme}, {device} width]({each.file})" for each in shown)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
