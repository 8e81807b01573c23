"""Installs what the demo needs, some 90 MB, and starts it. Arguments go to `maa-notify demo`.

It makes an environment of its own in .venv-demo, with the packages that are deployed and no test tools, and
fetches the card renderer into tools/node_modules. What is there already, in the versions of the locks, stays.
"""

import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-demo"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS = ROOT / "requirements.txt"
PYTHON_READY = ENVIRONMENT / ".ready"

TOOLS = ROOT / "tools"
NODE_LOCK = TOOLS / "package-lock.json"
CARDS_READY = TOOLS / "node_modules" / ".cards"
ALL_READY = TOOLS / "node_modules" / ".ready"
"""What `make setup` leaves: all of the Node tools, the renderer among them."""

OLDEST = (3, 11)
_LINES_OF_A_FAILURE = 12


class SetupError(Exception):
    """Something is missing or failed; the text says what to do."""


def main() -> int:
    """Install what is missing, then become the demo; return its exit code."""
    try:
        _install()
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    command = [str(PYTHON), "-m", "maa_notify", "demo", *sys.argv[1:]]
    if os.name != "nt":
        os.chdir(ROOT)
        os.execv(PYTHON, command)  # noqa: S606 - so that Ctrl-C and signals reach the demo itself
    try:
        return subprocess.call(command, cwd=ROOT)  # noqa: S603 - our own package
    except KeyboardInterrupt:
        return 0


def _install() -> None:
    python_is_there = _is_fresh(PYTHON_READY, REQUIREMENTS)
    cards_are_there = any(_is_fresh(stamp, NODE_LOCK) for stamp in (CARDS_READY, ALL_READY))
    if python_is_there and cards_are_there:
        return
    npm = shutil.which("npm")
    if sys.version_info < OLDEST:
        raise SetupError(f"The demo needs Python 3.11 or later; this is {sys.version.split()[0]}.")
    if npm is None:
        raise SetupError(
            "Node.js is missing, which brings the renderer of the cards.\n"
            "On Debian: apt-get install nodejs npm; elsewhere: nodejs.org. Then repeat this command."
        )
    began = time.monotonic()
    print("Setting up the demo, this once: some 90 MB, in half a minute or so.", flush=True)
    if not python_is_there:
        _install_python()
    if not cards_are_there:
        _install_renderer(npm)
    print(f"Ready after {time.monotonic() - began:.0f} seconds.", flush=True)


def _is_fresh(stamp: Path, lock: Path) -> bool:
    return stamp.is_file() and stamp.stat().st_mtime >= lock.stat().st_mtime


def _install_python() -> None:
    _progress("1 of 2  Python packages")
    try:
        venv.create(ENVIRONMENT, clear=True, symlinks=os.name != "nt", with_pip=True)
    except (OSError, subprocess.CalledProcessError, ImportError) as error:
        raise SetupError(
            f"Python could not make {ENVIRONMENT.name}: {error}.\nOn Debian: apt-get install python3-venv"
        ) from error
    names = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line[:1].isalpha()]
    # Bytecode is left to the first start, which compiles only what it loads.
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    command += ["--progress-bar", "off", "--requirement", str(REQUIREMENTS)]
    done, total, heard = 0, len(names), []
    with subprocess.Popen(  # noqa: S603 - pip, with our lock
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        for line in pip.stdout or ():
            heard.append(line.rstrip())
            total -= line.startswith("Ignoring ")  # for another version of Python
            done += line.startswith("Collecting ")
            if line.startswith("Collecting "):
                _progress(f"1 of 2  Python packages: {done} of {total}")
            elif line.startswith("Installing collected"):
                _progress(f"1 of 2  Python packages: unpacking {total}")
    if pip.returncode:
        raise SetupError("\n".join(["pip failed:", *heard[-_LINES_OF_A_FAILURE:]]))
    PYTHON_READY.touch()
    _finish(f"1 of 2  Python packages: {total} in {ENVIRONMENT.name}, {_megabytes(ENVIRONMENT)} MB")


def _install_renderer(npm: str) -> None:
    _progress("2 of 2  Card renderer")
    # Without the packages that only tests need.
    done = subprocess.run(  # noqa: S603 - npm, with our lock
        [npm, "ci", "--omit=dev", "--loglevel=error"],
        cwd=TOOLS,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        raise SetupError("\n".join(["npm ci failed in tools:", *lines[-_LINES_OF_A_FAILURE:]]))
    CARDS_READY.touch()
    _finish(f"2 of 2  Card renderer: tools/node_modules, {_megabytes(CARDS_READY.parent)} MB")


def _megabytes(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return round(sum(path.stat().st_size for path in files) / 1_000_000)


def _progress(text: str) -> None:
    """Write over the line, where the output is a terminal."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K  {text} ...", end="", flush=True)


def _finish(text: str) -> None:
    print(f"\r\x1b[K  {text}" if sys.stdout.isatty() else f"  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
