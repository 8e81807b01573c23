"""Builds the documentation as a site into build/docs/site: `make docs`.

The site has the folders of the repository, so that one relative link serves GitHub and the site. Files that a
page links to come along, such as the queries. A link to a missing page or heading fails the build.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = "zensical.toml"
PAGES = Path("build", "docs", "pages")
SITE = Path("build", "docs", "site")

_LINK = re.compile(r"\]\(([^)#\s]+)")
_NOTHING_FOUND = 0


def sources(root: Path) -> list[Path]:
    """The pages of a checkout and all below docs/, as paths within it."""
    loose = [path for path in root.glob("*.md") if path.is_file()]
    below = [path for path in (root / "docs").rglob("*") if path.is_file()]
    return sorted(path.relative_to(root) for path in (*loose, *below))


def linked(root: Path, page: Path) -> Iterator[Path]:
    """The files of a checkout that a page links to."""
    for target in _LINK.findall((root / page).read_text(encoding="utf-8")):
        file = (root / page.parent / target).resolve()
        if "://" not in target and file.is_file():
            yield file.relative_to(root)


def lay_out(root: Path, folder: Path) -> None:
    """Copy the pages, and what they link to, into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    found = sources(root)
    found += [file for page in found if page.suffix == ".md" for file in linked(root, page)]
    for file in dict.fromkeys(found):
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, target)


def build(root: Path = ROOT) -> int:
    """Build the site of a checkout; return the exit code of the generator."""
    lay_out(root.resolve(), root / PAGES)
    program = Path(sysconfig.get_path("scripts")) / "zensical"
    command = [str(program), "build", "--strict", "--clean", "--config-file", CONFIGURATION]
    return subprocess.run(command, cwd=root, check=False).returncode  # noqa: S603 - from our own lock


def main() -> int:
    """Build the site of this checkout; return the exit code."""
    code = build()
    if code == _NOTHING_FOUND:
        print(f"Open {SITE / 'index.html'} in a browser.")
    return code


if __name__ == "__main__":
    sys.exit(main())
