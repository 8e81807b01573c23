"""Print what CHANGELOG.md says of a version, if a tag, pyproject.toml and the code agree on it.

Usage: python tools/release_notes.py v1.2.3

At GitHub the buttons for the portal of each cloud come first, for the repository that releases.
"""

import os
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parents[1]


PORTALS = {
    "Azure": "https://portal.azure.com",
    "Azure Government": "https://portal.azure.us",
    "Azure China": "https://portal.azure.cn",
}


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


def first_steps(tag: str, server: str, repository: str) -> str:
    """How to deploy this release from its page: a button for each cloud, and the line that switches on.

    The portal fetches template and form by the tag, since it may not read what hangs at a release.
    """
    files = f"https://raw.githubusercontent.com/{repository}/{tag}/infra"
    form = f"/createUIDefinitionUri/{quote(f'{files}/createUiDefinition.json', safe='')}"
    address = f"/#create/Microsoft.Template/uri/{quote(f'{files}/azuredeploy.json', safe='')}{form}"
    buttons = "\n".join(
        f"[![Deploy to {cloud}](https://aka.ms/deploytoazurebutton)]({portal}{address}) {cloud}  "
        for cloud, portal in PORTALS.items()
    )
    # A semicolon, so that the line can be repeated: the folder is then there already.
    clone = f"git clone --quiet --depth 1 --branch {tag} {server}/{repository} maa-notify-{tag}"
    return f"""### Deploy

1. The resources, by a click:

{buttons}

2. The permissions and the code, in Azure Cloud Shell (Bash), by whoever may grant permissions of Graph:

```sh
{clone}; maa-notify-{tag}/infra/switch-on.sh RESOURCE_GROUP
```
"""


def main(tag: str, root: Path = ROOT) -> int:
    """Prints the notes; 1 when the release is not ready."""
    try:
        found = notes(tag, root)
    except NotReadyError as error:
        print(f"Not ready for a release: {error}.", file=sys.stderr)
        return 1
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        print(first_steps(tag, os.environ["GITHUB_SERVER_URL"], repository))
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
