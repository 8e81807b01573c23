"""The scanner's opinion of what deployments make: nothing is found but what we stand by, for a reason."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.predictions import NAMES, prediction

OPEN_TO_ALL_NETWORKS = {
    "CKV_AZURE_35": "without a private network the Functions host comes from addresses that nobody can list",
    "CKV_AZURE_59": "as above",
    "CKV_AZURE_109": "as above, and the vault has to be read by the same host",
    "CKV_AZURE_189": "as above",
}
"""Findings about storage and vault that a private network ends."""
STOOD_BY = {
    "CKV_AZURE_17": "nobody calls the app but monitors and Teams, which have no client certificate",
    "CKV_AZURE_41": "a webhook has no end date; one set here would silence the notifier on that day",
    "CKV_AZURE_78": "Flex Consumption has no FTP, and no such property",
    "CKV_AZURE_206": "it asks for a second region; state that is lost is told again, not lost for good",
    "CKV_AZURE_212": "Flex Consumption counts its own instances",
    "CKV_AZURE_213": "Flex Consumption has no health check of the platform; an availability test asks",
    "CKV_AZURE_222": "the health address has to answer from outside",
    "CKV_AZURE_225": "one notifier in one zone; what a lost zone delays is told afterwards",
}


@pytest.fixture(scope="module")
def report(checkov: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Checkov says of every predicted deployment. It reads them as templates without parameters."""
    folder = tmp_path_factory.mktemp("predictions")
    for name in NAMES:
        template = {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": prediction(name).resources,
        }
        (folder / f"{name}.json").write_text(json.dumps(template), encoding="utf-8")
    options = ["--framework", "arm", "--skip-download", "--download-external-modules", "false"]
    done = subprocess.run(
        [str(checkov), *options, "--output", "json", "--directory", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("deployment", NAMES)
def test_only_what_we_stand_by_is_found(report: dict[str, Any], deployment: str) -> None:
    """Another finding is a fault, and a reason for what is no longer found is out of date."""
    failed = [
        each for each in report["results"]["failed_checks"] if each["file_path"] == f"/{deployment}.json"
    ]
    open_to_all = {} if deployment == "private-network" else OPEN_TO_ALL_NETWORKS

    assert {each["check_id"] for each in failed} == {*STOOD_BY, *open_to_all}


def test_everything_was_read(report: dict[str, Any]) -> None:
    """Checkov also ends well on files that it cannot read, so the counts are looked at."""
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] == sum(len(prediction(name).resources) for name in NAMES)
    assert report["summary"]["passed"] > 20 * len(NAMES)
