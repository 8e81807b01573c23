"""What `make demo` installs, as far as it can be seen without the network."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.support import ROOT

TEST_TOOLS = {
    "@kusto/language-service-next",
    "@microsoft/app-manifest",
    "@microsoft/m365agentsplayground",
    "axe-core",
    "azurite",
}


def test_the_renderer_comes_without_the_test_tools() -> None:
    """What `npm ci --omit=dev` fetches by the lock is the renderer and a dozen small packages."""
    packages = json.loads((ROOT / "tools/package-lock.json").read_text(encoding="utf-8"))["packages"]
    fetched = {name.removeprefix("node_modules/") for name, each in packages.items() if not each.get("dev")}

    assert {"adaptivecards", "adaptivecards-designer", "markdown-it"} <= fetched
    assert not fetched & TEST_TOOLS
    assert len(fetched) < 20


def _clone(folder: Path) -> Path:
    """Copy what the setup looks at, with the stamps of an earlier one."""
    for name in ("requirements.txt", "tools/demo.py", "tools/package-lock.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    ready = [folder / ".venv-demo/.ready", folder / "tools/node_modules/.ready"]
    for stamp in ready:
        stamp.parent.mkdir(parents=True)
        stamp.touch()
        os.utime(stamp, (4_000_000_000, 4_000_000_000))
    python = folder / ".venv-demo/bin/python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    python.chmod(0o700)
    return folder


def _run(folder: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "tools/demo.py"), "--port", "7"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_what_is_there_is_not_installed_again(tmp_path: Path) -> None:
    """The demo starts at once, with the arguments; no pip and no npm is looked for."""
    done = _run(_clone(tmp_path))

    assert (done.returncode, done.stdout, done.stderr) == (0, "-m maa_notify demo --port 7\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
@pytest.mark.parametrize("lock", ["requirements.txt", "tools/package-lock.json"])
def test_a_newer_lock_is_installed(tmp_path: Path, lock: str) -> None:
    """Without Node.js that ends with a sentence that names the way out, before anything is installed."""
    folder = _clone(tmp_path)
    os.utime(folder / lock, (4_100_000_000, 4_100_000_000))
    done = _run(folder)

    assert (done.returncode, done.stdout) == (1, "")
    assert "Node.js is missing" in done.stderr
    assert "apt-get install nodejs npm" in done.stderr
