"""Finds files with secrets or state that others on this machine may read or change."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from maa_notify.settings.model import Settings
from maa_notify.settings.validation import clean

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_JOURNAL = "-journal"
_LISTS = ("MAA_DESTINATIONS", "MAA_TENANTS")


def doubts_of_files(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """What to say of each file that is not for its owner alone; nothing on Windows, where no mode tells."""
    for name, holds, path in _files(settings, environ):
        if doubt := doubt_of_file(path, holds):
            yield f"{name}: {doubt}"


def doubt_of_file(path: Path, holds: str) -> str:
    """What to say of a file with secrets that others may read or change; "" where they may not.

    Args:
        path: the file, which need not be there.
        holds: what is in it, as part of a sentence.
    """
    if os.name != "posix" or not (mode := _mode_of(path)) & _OTHERS:
        return ""  # elsewhere the mode is made up by Python
    return f"{path} holds {holds}, and its mode {mode:03o} lets others on this machine in: chmod 600 {path}"


def _files(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, str, Path]]:
    """Each file of the settings: the setting, what it holds, its path."""
    state = settings.state.sqlite_path
    if state is not None:
        for path in (state, Path(f"{state}{_JOURNAL}")):
            yield "MAA_STATE", "names and reasons of requests, and what was told", path
    if settings.client_certificate_path is not None:
        yield "MAA_CLIENT_CERTIFICATE_PATH", "a private key", settings.client_certificate_path
    for name in _LISTS:
        text = clean(environ.get(name, ""))
        if text and not text.startswith(("[", "{")):
            yield name, "addresses that may be secrets", Path(text)


def _mode_of(path: Path) -> int:
    """The permissions of a file; 0 where there is none, or it is no file."""
    try:
        found = path.stat().st_mode
    except (OSError, ValueError):
        return 0
    return stat.S_IMODE(found) if stat.S_ISREG(found) else 0
