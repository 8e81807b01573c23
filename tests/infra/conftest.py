"""What the tests of the templates need beside Python packages; without it they skip here and fail in CI."""

import os
import shutil
from pathlib import Path

import pytest

from tests.infra.bicep import ROOT


def _found(path: Path | None, advice: str) -> Path:
    if path is not None and path.exists():
        return path
    if os.environ.get("CI"):
        pytest.fail(advice)
    pytest.skip(advice)


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
