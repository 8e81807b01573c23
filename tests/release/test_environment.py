"""What Azure has to run: the code with nothing but requirements.txt, and the archive as it is deployed."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest
import uv

from maa_notify import __version__
from maa_notify.cli.exit_codes import WRONG_SETTINGS
from tests.support.functions import FUNCTIONS, PRINT_BINDINGS, bindings_in
from tests.support.process import ROOT
from tools import package

pytestmark = [pytest.mark.index, pytest.mark.timeout(300)]

HEAVIEST = 40_000_000
"""Bytes that the installed requirements may have, before any bytecode; 27 million when this was written."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The unpacked archive and the Python that runs it."""

    app: Path
    venv: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs this Python in the folder of the app with an empty environment."""
        system = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        return subprocess.run(
            [_python(self.venv), "-W", "ignore", *arguments],
            env=system,
            cwd=self.app,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """Deploy into a fresh virtual environment; where no index can be reached, skip here and fail in CI."""
    folder = tmp_path_factory.mktemp("deployed")
    there = Deployed(folder / "app", folder / "venv")
    package.write(package.code_in(ROOT), folder / "maa-notify.zip")
    with ZipFile(folder / "maa-notify.zip") as archive:
        archive.extractall(there.app)
    _uv("venv", "--python", sys.executable, str(there.venv))
    _uv(
        "pip",
        "install",
        "--python",
        _python(there.venv),
        "--requirement",
        str(there.app / "requirements.txt"),
    )
    return there


def _python(venv: Path) -> str:
    return str(venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [uv.find_uv_bin(), "--system-certs", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode == 0:
        return
    said = f"uv {arguments[0]} failed; the tests of the package need the package index:\n{done.stderr}"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def test_azure_finds_every_function(deployed: Deployed) -> None:
    """Never "0 functions found": names and bindings, exactly, before any setting is made."""
    done = deployed.run("-c", PRINT_BINDINGS)

    assert done.stderr == ""
    assert bindings_in(done.stdout) == FUNCTIONS


def test_only_the_requirements_are_there(deployed: Deployed) -> None:
    """No tool of the tests lends a module that production would miss, and the code is that of the archive."""
    tell = "import importlib.util as i, maa_notify; print(i.find_spec('pytest'), maa_notify.__file__)"
    found, _, file = deployed.run("-c", tell).stdout.strip().partition(" ")

    assert found == "None"
    assert Path(file).is_relative_to(deployed.app)


def test_every_module_can_be_imported(deployed: Deployed) -> None:
    """Also those that a command imports only when it is called; the demo is not among them."""
    names = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in package.shipped(ROOT)
        if name.endswith(".py") and not name.endswith("__main__.py")
    ]
    done = deployed.run("-c", "\n".join(f"import {name}" for name in names))

    assert len(names) > 40
    assert (done.stderr, done.returncode) == ("", 0)


def test_the_command_line_answers(deployed: Deployed) -> None:
    """An operator may run the same archive by hand."""
    assert deployed.run("-m", "maa_notify", "--version").stdout == f"maa-notify {__version__}\n"
    assert "doctor" in deployed.run("-m", "maa_notify", "--help").stdout


def test_doctor_names_the_settings_that_are_missing(deployed: Deployed) -> None:
    """Far enough to know that nothing but settings is missing."""
    done = deployed.run("-m", "maa_notify", "doctor")

    assert done.returncode == WRONG_SETTINGS
    assert [name for name in ("MAA_TENANT_ID", "MAA_TEAMS_WEBHOOK_URL") if name not in done.stdout] == []
    assert "Traceback" not in done.stderr


def test_the_demo_is_not_deployed(deployed: Deployed) -> None:
    """It serves a web page without a password: it has no business in Azure."""
    done = deployed.run("-m", "maa_notify", "demo")

    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_the_installed_environment_is_light(deployed: Deployed) -> None:
    """Each cold start reads from it."""
    files = [path for path in deployed.venv.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files if path.suffix != ".pyc")

    assert size < HEAVIEST


@pytest.mark.skipif(sys.platform != "linux", reason="the archive is for the Linux of Azure")
def test_the_archive_needs_nothing_but_the_python_of_azure(tmp_path: Path) -> None:
    """With its own libraries, and no others in reach: the functions are found without a build in Azure."""
    found = subprocess.run(
        [ROOT / "tools" / "find-python", package.PYTHON], capture_output=True, text=True, check=False
    )
    python = found.stdout.strip()
    if f"python{package.PYTHON}" not in os.path.realpath(python):
        pytest.skip(f"Python {package.PYTHON} is not here: apt-get install python{package.PYTHON}")
    archive = tmp_path / "maa-notify.zip"
    if package.main(archive, ROOT) != 0:
        pytest.skip("the package index cannot be reached, or the tree holds what must not be deployed")
    with ZipFile(archive) as packed:
        packed.extractall(tmp_path / "app")

    done = subprocess.run(
        [python, "-S", "-c", PRINT_BINDINGS],
        env={"PYTHONPATH": package.LIBRARIES},
        cwd=tmp_path / "app",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stderr, done.returncode) == ("", 0)
    assert bindings_in(done.stdout) == FUNCTIONS


@pytest.mark.usefixtures("deployed")  # the index can be reached
def test_a_library_with_another_hash_is_refused(tmp_path: Path) -> None:
    """Whoever swaps a library at the index gets nothing into the archive."""
    lock = (ROOT / package.LOCK).read_text(encoding="utf-8")
    wrong = tmp_path / package.LOCK
    wrong.write_text(re.sub("sha256:[0-9a-f]{8}", "sha256:00000000", lock), encoding="utf-8")

    with pytest.raises(package.RefusedError, match="DO NOT MATCH THE HASHES"):
        package.fetch_libraries(wrong, tmp_path / "libraries")
    assert not list((tmp_path / "libraries").rglob("*.py"))
