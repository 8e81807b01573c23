"""`--env-file`: settings from a file, beneath those of the environment."""

import os
from pathlib import Path

from maa_notify.cli.text import complain


def use_env_file(path: Path) -> None:
    """Puts the variables of a file into the environment of this process, except those that are there already.

    So one value can be replaced for one call. That it was is told, since a variable may be left over from
    something else; and that others on this machine can read the file.

    Raises:
        SettingsError: the file cannot be read, or lines of it are wrong.
    """
    from maa_notify.settings.env_file import read_env_file
    from maa_notify.settings.open_files import doubt_of_file

    found = read_env_file(path)
    if doubt := doubt_of_file(path, "settings that may be secrets"):
        complain(doubt)
    for name, value in found.items():
        if os.environ.setdefault(name, value) != value:
            complain(f"{name} is that of the environment, not that of {path}")
