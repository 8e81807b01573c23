"""What the tests of the templates need beside Python packages.

Without it they skip here and fail in CI; but the compiler is in no registry that a bare machine could install
it from, so without it they skip there, too: the workflow for templates has it.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.infra.cloud import Cloud, new_cloud
from tools.templates import MISSING, ROOT, Compilation, Compiler, find_compiler

HANGS_AFTER = 600
"""Seconds. The compiler and the scanner take some on an idle machine, and many more on a busy one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that start the compiler or the scanner a limit that only guards against hanging."""
    for item in items:
        if {"compiler", "checkov"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(HANGS_AFTER))


def _found(path: Path | None, advice: str) -> Path:
    if path is not None and path.exists():
        return path
    if os.environ.get("CI"):
        pytest.fail(advice)
    pytest.skip(advice)


@pytest.fixture(scope="session")
def compiler() -> Compiler:
    """Microsoft's compiler of Bicep."""
    found = find_compiler()
    if found is None:
        pytest.skip(f"The templates were not compiled. {MISSING}")
    return found


@pytest.fixture(scope="session")
def compilation(compiler: Compiler) -> Compilation:
    """What comes of the templates, compiled once for all tests of this process."""
    return compiler.compilation()


@pytest.fixture(scope="session")
def compiled(compilation: Compilation) -> dict[str, dict[str, Any]]:
    """Each template as Azure reads it, by its path in infra/."""
    return compilation.templates


@pytest.fixture(scope="session")
def node() -> Path:
    """Node, with Microsoft's parser of queries beside it."""
    _found(ROOT / "tools/node_modules/@kusto/language-service-next", "no Kusto parser: run `make setup`")
    program = shutil.which("node")
    return _found(Path(program) if program else None, "node is not on the PATH: install Node.js")


@pytest.fixture(scope="session")
def checkov() -> Path:
    """The scanner, in an environment of its own."""
    folder = "Scripts" if os.name == "nt" else "bin"
    return _found(ROOT / ".venv-infra" / folder / "checkov", "no Checkov: run `make .venv-infra/.locked`")


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """A tenant with a deployed notifier whose identity may do nothing yet."""
    return new_cloud(tmp_path)
