"""What runs the notifier outside Azure: the unit for systemd, and the container file."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from maa_notify.cli import exit_codes
from maa_notify.cli.main import parser_for
from tests.support.process import ROOT

SERVERS = ROOT / "infra" / "servers"
UNIT = SERVERS / "maa-notify.service"
CONTAINER = SERVERS / "Containerfile"
PROGRAM = "/opt/maa-notify/bin/maa-notify"

WITH_SYSTEMD = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze"
)
MOST_EXPOSED = 20
"""Tenths of the points that systemd counts for what a service may do; 96 for one that may do everything."""


def values(key: str) -> Iterator[str]:
    """All values of a key of the unit."""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, found, value = line.partition("=")
        if found and name == key:
            yield value


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is there."""
    program = tmp_path / "maa-notify"
    program.symlink_to(sys.executable)
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, str(program)), encoding="utf-8")
    return copy


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    """What systemd itself says."""
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


@WITH_SYSTEMD
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    """No key is unknown, no value wrong; and it does tell, as a mistyped key shows."""
    sound = analyze("verify", "--man=no", "--generators=no", str(unit))
    unit.write_text(
        unit.read_text(encoding="utf-8").replace("WatchdogSec=", "WatchdogSecs="), encoding="utf-8"
    )
    mistyped = analyze("verify", "--man=no", "--generators=no", str(unit))

    assert (sound.returncode, sound.stdout + sound.stderr) == (0, "")
    assert "'WatchdogSecs'" in mistyped.stderr


@WITH_SYSTEMD
def test_the_unit_lets_the_service_do_little(unit: Path) -> None:
    """By systemd's own count; whoever takes a limit away sees it here."""
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))

    assert done.returncode == 0, done.stdout


def test_the_unit_starts_a_command_that_exists() -> None:
    """With the file of secrets that it loads, and an end for settings that no restart mends."""
    [line] = values("ExecStart")
    program, *words = shlex.split(line)
    options = parser_for(words).parse_args(words)
    [credential] = values("LoadCredential")

    assert (program, options.command) == (PROGRAM, "watch")
    assert options.env_file == "${CREDENTIALS_DIRECTORY}/" + credential.partition(":")[0]
    assert list(values("RestartPreventExitStatus")) == [str(exit_codes.WRONG_SETTINGS)]
    assert list(values("Type")) == ["notify"]


def test_the_container_runs_the_same_program_as_nobody_special() -> None:
    """As a number that is not root, with its state on a volume."""
    lines = CONTAINER.read_text(encoding="utf-8").splitlines()
    told = dict(line.split(" ", 1) for line in lines if re.match("[A-Z]+ ", line))
    words = re.findall('"([^"]+)"', f"{told['ENTRYPOINT']} {told['CMD']}")

    assert words[0] == PROGRAM
    assert parser_for(words[1:]).parse_args(words[1:]).command == "watch"
    assert re.fullmatch("[1-9][0-9]*:[1-9][0-9]*", told["USER"])
    assert told["VOLUME"] == told["WORKDIR"]
