"""requirements.txt is what pyproject.toml asks for: no more, no less, and the same that is tested."""

import re
import tomllib
from collections import defaultdict

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.process import ROOT
from tools import package

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = [each.rpartition(" :: ")[2] for each in PROJECT["classifiers"] if "Python :: 3." in each]
WANTED = [Requirement(each) for each in PROJECT["dependencies"]]
OURSELVES = f"{PROJECT['name']} (pyproject.toml)"

_ENTRY = re.compile(r"^(\S+==.*)\n((?: {4}#.*\n)+)", re.MULTILINE)


def entries(file: str) -> list[tuple[Requirement, set[str]]]:
    """The lines of a lock file, each with those on whose behalf it is there."""
    text = (ROOT / file).read_text(encoding="utf-8")
    found = [(Requirement(line), _asked_by(comment)) for line, comment in _ENTRY.findall(text)]
    assert len(found) == len(re.findall(r"^\w", text, re.MULTILINE)), "a line says not why it is there"
    return found


def _asked_by(comment: str) -> set[str]:
    lines = (line.strip(" #").removeprefix("via").strip() for line in comment.splitlines())
    return {line for line in lines if line}


def applies(requirement: Requirement, python: str) -> bool:
    """Whether a requirement counts on this Python, on the Linux of Azure."""
    here = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_system": "Linux",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "sys_platform": "linux",
    }
    return requirement.marker is None or requirement.marker.evaluate(here)


@pytest.mark.parametrize("python", PYTHONS)
def test_each_dependency_is_locked_within_its_range(python: str) -> None:
    """One version of each for this Python, which pyproject.toml allows."""
    locked = defaultdict(list)
    for requirement, _ in entries("requirements.txt"):
        if applies(requirement, python):
            [pin] = requirement.specifier
            locked[requirement.name].append(pin.version)

    for wanted in (each for each in WANTED if applies(each, python)):
        [version] = locked[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"run make lock: {wanted} is not met by {version}"


def test_nothing_is_deployed_that_nothing_asks_for() -> None:
    """A line that stayed when its dependency left would be installed for ever."""
    asked_by: defaultdict[str, set[str]] = defaultdict(set)
    for requirement, by in entries("requirements.txt"):
        asked_by[requirement.name] |= by
    direct = {name for name, by in asked_by.items() if OURSELVES in by}
    reached: set[str] = set()
    while wave := {name for name, by in asked_by.items() if by & {OURSELVES, *reached}} - reached:
        reached |= wave

    assert direct == {canonicalize_name(each.name) for each in WANTED}
    assert set(asked_by) == reached


def test_what_is_deployed_is_what_is_tested() -> None:
    """Each version in requirements.txt is the one in requirements-dev.txt."""
    tested = {str(requirement) for requirement, _ in entries("requirements-dev.txt")}

    assert [str(each) for each, _ in entries("requirements.txt") if str(each) not in tested] == []


def test_what_is_packed_is_what_is_tested() -> None:
    """The same versions, and each file of a library by its hash: another one is refused."""
    text = (ROOT / "requirements-azure.txt").read_text(encoding="utf-8")
    packed = dict(re.findall(r"^(\S+) \\\n((?: {4}--hash.*\n)+)", text, re.MULTILINE))
    locked = {
        f"{each.name}{each.specifier}"
        for each, _ in entries("requirements.txt")
        if applies(each, package.PYTHON)
    }

    assert set(packed) == locked, "run make lock"
    assert len(packed) == len(re.findall(r"^\w", text, re.MULTILINE))
    assert all(re.findall(r"--hash=sha256:[0-9a-f]{64}", hashes) for hashes in packed.values())
