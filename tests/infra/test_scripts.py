"""The scripts of infra/ as their shells and a checker read them; what they do is tested elsewhere."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.cloud import runs_bash
from tests.infra.predictions import INFRA
from tools.templates import ROOT

SCRIPTS = sorted([*INFRA.rglob("*.sh"), ROOT / ".ci" / "run", ROOT / ".ci" / "bicep"])


def shell_of(script: Path) -> str:
    """The shell that a script is for; a part of one that is read in has no line of its own."""
    return "sh" if script.read_text(encoding="utf-8").startswith("#!/bin/sh\n") else "bash"


@runs_bash
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_script_is_one(script: Path) -> None:
    """A shell reads a script as it goes: a slip further down would stop it halfway, with half of it done."""
    done = subprocess.run([shell_of(script), "-n", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_checker_finds_nothing(script: Path) -> None:
    """Words that split, variables that are never set, tests that never fail."""
    checker = shutil.which("shellcheck")
    if checker is None:
        assert os.environ.get("CI") != "true", "the machine of CI has shellcheck"
        pytest.skip("shellcheck is not on the PATH: apt-get install shellcheck")
    done = subprocess.run(
        [checker, "--external-sources", f"--shell={shell_of(script)}", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_scripts_can_be_run() -> None:
    """From a clone, by their name; a part that is read in cannot."""
    listed = subprocess.run(
        ["git", "ls-files", "--stage", "infra"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modes = {line.split("\t")[1]: line[:6] for line in listed.stdout.splitlines() if line.endswith(".sh")}

    assert modes
    for path, mode in modes.items():
        is_script = (ROOT / path).read_text(encoding="utf-8").startswith("#!")
        assert (mode == "100755") == is_script, path
