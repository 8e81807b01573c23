"""Pack what is deployed into one archive: what `.funcignore` leaves, and the libraries that it needs.

Usage: python tools/package.py build/maa-notify.zip

The libraries are those of `requirements-azure.txt`, by their hashes, for the Python and the Linux of the
Function App, so that nothing is built or chosen in Azure: what runs is what was packed.

The same files give the same bytes on every machine: sorted names, one date, one set of permissions, and
stored rather than compressed, since what a compressor makes of them changes with its version.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias
from zipfile import ZIP_STORED, ZipFile, ZipInfo

ROOT = Path(__file__).parents[1]
NEEDED = ("function_app.py", "host.json", "requirements.txt", "maa_notify/__init__.py")
SECRETS = (
    ".env*",
    "*.db*",
    "*.key",
    "*.p12",
    "*.pem",
    "*.pfx",
    "*.publishsettings",
    "*.sqlite*",
    "id_*",
    "local.settings*",
)
"""Names that a secret or the state of a local run would have."""
PYTHON = "3.13"
"""The Python of the Function App, as `infra/modules/app.bicep` names it; the libraries fit no other."""
LOCK = "requirements-azure.txt"
LIBRARIES = ".python_packages/lib/site-packages"
"""Where the worker of Azure Functions looks for libraries that came with the code."""

Fetch: TypeAlias = Callable[[Path, Path], None]
"""Puts the libraries of a lock file into a folder; raises `RefusedError`."""

_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")
_OF_THE_INSTALLER = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
"""What pip writes beside a library, and which differs from machine to machine."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644
_UNIX = 3


class RefusedError(Exception):
    """Why there is no archive, one reason a line."""


def patterns(ignore_file: Path) -> list[str]:
    """The lines of `.funcignore`, of which only names and paths with `*` are understood.

    Raises:
        RefusedError: a line is of another form, which `func` and `azd` would read in their own way.
    """
    lines = [line.strip() for line in ignore_file.read_text(encoding="utf-8").splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    odd = [line for line in found if "**" in line or set(line) & set("!\\?[") or line.strip("/") != line]
    if odd:
        raise RefusedError(f"{ignore_file.name}: write {', '.join(odd)} as a plain name or path")
    return found


def is_ignored(path: str, ignored: Iterable[str]) -> bool:
    """Whether a path is left out: a pattern with a slash fits the whole path, another one the name."""
    name = path.rpartition("/")[2]
    return any(_fits(path if "/" in pattern else name, pattern) for pattern in ignored)


def _fits(text: str, pattern: str) -> bool:
    parts, wanted = text.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def shipped(root: Path) -> list[str]:
    """The files below `root` that are deployed, sorted."""
    ignored = patterns(root / ".funcignore")
    return sorted(_walk(root, root, ignored))


def _walk(folder: Path, root: Path, ignored: list[str]) -> Iterator[str]:
    for entry in folder.iterdir():
        path = entry.relative_to(root).as_posix()
        if is_ignored(path, ignored):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry, root, ignored)
        else:
            yield path


def check(root: Path, files: list[str]) -> None:
    """Refuses a package that lacks a file, or has one that nobody meant to deploy.

    Raises:
        RefusedError: it names each file and what to do.
    """
    kept = _under_version_control(root)
    reasons = [f"{name} is missing" for name in NEEDED if name not in files]
    reasons += [reason for name in files if (reason := _refusal(root, name, kept))]
    if reasons:
        raise RefusedError("\n".join(reasons))


def _refusal(root: Path, name: str, kept: set[str]) -> str:
    """Why a file must not be deployed; "" when it may."""
    if any(fnmatchcase(name.rpartition("/")[2].lower(), secret) for secret in SECRETS):
        return f"{name} looks like a secret or like local state: remove it, or name it in .funcignore"
    if (root / name).is_symlink():
        return f"{name} is a link, which leads elsewhere on another machine: remove it"
    if name not in kept:
        return f"{name} is not under version control: add it, remove it, or name it in .funcignore"
    return ""


def _under_version_control(root: Path) -> set[str]:
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise RefusedError("git is needed here, and a clone: it tells the files of the project") from None
    return set(os.fsdecode(listing.stdout).split("\0"))


def fetch_libraries(lock: Path, folder: Path) -> None:
    """Puts the libraries of a lock file into a folder, ready built, and only those with a hash that it names.

    Raises:
        RefusedError: pip could not, or would not; it says why.
    """
    with TemporaryDirectory() as place:
        # A Python that can make an environment has a pip to put there, even where it has none for itself.
        venv.create(place, with_pip=True)
        program = Path(place) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        done = subprocess.run(  # noqa: S603 - pip, with arguments of our own
            [
                *(program, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"),
                *("--require-hashes", "--only-binary", ":all:", "--no-deps", "--no-compile"),
                *(word for platform in _PLATFORMS for word in ("--platform", platform)),
                # Some indexes do not say for which Python a library is; the lock file was made for this one.
                *("--implementation", "cp", "--python-version", PYTHON, "--ignore-requires-python"),
                *("--target", folder, "--requirement", lock),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
    if done.returncode != 0:
        raise RefusedError(f"the libraries of {lock.name} could not be had:\n{done.stdout.strip()}")


def libraries_in(folder: Path) -> dict[str, Path]:
    """The files of the libraries by their place in the archive: no programs, no notes of the installer."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {
        f"{LIBRARIES}/{name}": path
        for name, path in found.items()
        if not name.startswith("bin/") and path.name not in _OF_THE_INSTALLER and path.suffix != ".pyc"
    }


def write(files: Mapping[str, Path], target: Path) -> None:
    """Writes the archive, in place of an older one: the files by their place in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for name, path in sorted(files.items()):
            info = ZipInfo(name, _EARLIEST)
            info.create_system = _UNIX
            info.external_attr = _PLAIN_FILE << 16
            archive.writestr(info, path.read_bytes())


def code_in(root: Path) -> dict[str, Path]:
    """The files of the project that are deployed, by their place in the archive."""
    return {name: root / name for name in shipped(root)}


def main(target: Path, root: Path = ROOT, fetch: Fetch = fetch_libraries) -> int:
    """Packs, and says how much; 1 when it refuses."""
    with TemporaryDirectory() as place:
        try:
            code = code_in(root)
            check(root, list(code))
            fetch(root / LOCK, Path(place))
        except RefusedError as error:
            target.unlink(missing_ok=True)
            print(f"Nothing was packed.\n{error}", file=sys.stderr)
            return 1
        libraries = libraries_in(Path(place))
        write({**code, **libraries}, target)
    print(
        f"{target}: {len(code)} files and {len(libraries)} of libraries for Python {PYTHON} on Linux,"
        f" {target.stat().st_size:,} bytes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
