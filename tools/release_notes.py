"""Print what CHANGELOG.md says of a version, if a tag, pyproject.toml and the code agree on that version.

Usage: python tools/release_notes.py v1.2.3
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


class NotReadyError(Exception):
    """What to mend before a release."""


def notes(tag: str, root: Path = ROOT) -> str:
    """The part of the changelog for the version of a tag.

    Raises:
        NotReadyError: the tag is of another version than the project, or the changelog does not have it.
    """
    version = tag.removeprefix("v")
    for file, found in versions(root).items():
        if tag != f"v{found}":
            raise NotReadyError(f"the tag is {tag}, but {file} says {found}")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |^\[|\Z)"
    part = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    if part is None or not part[1].strip():
        raise NotReadyError(f"CHANGELOG.md says nothing under '## [{version}] - YYYY-MM-DD'")
    return part[1].strip()


def versions(root: Path = ROOT) -> dict[str, str]:
    """The version of the project, wherever it is written."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    code = (root / "maa_notify" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', code, re.MULTILINE)
    return {"pyproject.toml": project["version"], "maa_notify/__init__.py": found[1] if found else "nothing"}


def main(tag: str, root: Path = ROOT) -> int:
    """Prints the notes; 1 when the release is not ready."""
    try:
        print(notes(tag, root))
    except NotReadyError as error:
        print(f"Not ready for a release: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
