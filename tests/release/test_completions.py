"""The scripts for shells are those of the present parser, and a real shell completes with them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from maa_notify.cli.completion import SHELLS
from tests.support.process import run
from tools.completions import FOLDER, scripts

WITH_BASH = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


@pytest.mark.parametrize("name", [f"maa-notify.{shell}" for shell in SHELLS])
def test_a_script_is_as_old_as_the_parser(name: str) -> None:
    """Whoever adds a command or an option runs `make completions`."""
    assert (FOLDER / name).read_text(encoding="utf-8") == scripts()[name]


def test_no_script_holds_a_path_of_this_machine() -> None:
    """They are made here and used elsewhere."""
    assert {path.name for path in FOLDER.iterdir()} == set(scripts())
    assert not [name for name, text in scripts().items() if str(Path.home()) in text or str(FOLDER) in text]


@WITH_BASH
@pytest.mark.parametrize(
    "words, completed",
    [
        ("sta", ["status"]),
        ("watch --met", ["--metrics"]),
        ("outbox re", ["retry"]),
        ("completion f", ["fish"]),
    ],
)
def test_bash_completes(tmp_path: Path, words: str, completed: list[str]) -> None:
    """As it does when somebody presses Tab."""
    script = tmp_path / "script"
    script.write_text(run("completion", "bash", settings={}, cwd=tmp_path).out, encoding="utf-8")
    asked = f"""
        source {script}
        COMP_WORDS=(maa-notify {words}); COMP_CWORD=$(({len(words.split())}))
        $(complete -p maa-notify | sed 's/.*-F \\([^ ]*\\).*/\\1/') maa-notify
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout.split() == completed
