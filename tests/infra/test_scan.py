"""The scanner's opinion of the templates: nothing found, nothing unread, every exception with its reason."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.infra.bicep import EXTENDED, FILES, INFRA


@pytest.mark.timeout(120)
def test_nothing_is_found_and_everything_was_read(checkov: Path) -> None:
    """Checkov also ends well on files that it cannot read, so the count of those is looked at."""
    options = ["--framework", "bicep", "--skip-download", "--download-external-modules", "false"]
    command = [str(checkov), *options, "--output", "json", "--skip-path", "graph", "--directory", str(INFRA)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    report = json.loads(done.stdout)

    assert [f"{each['check_id']} {each['resource']}" for each in report["results"]["failed_checks"]] == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 20
    assert done.returncode == 0


def test_every_exception_says_why() -> None:
    """An exception without a reason is a finding that somebody hid."""
    comments = [line for path in FILES for line in path.read_text("utf-8").splitlines() if "checkov" in line]

    assert comments
    assert not [line for line in comments if not re.search(r"//checkov:skip=CKV_AZURE_\d+: \w.{5,}", line)]
    assert "checkov" not in EXTENDED.read_text("utf-8")
