"""A cloud for the scripts of infra/: a folder with a stand-in for the Azure CLI, and what that knows."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.infra.predictions import INFRA

PRINCIPAL = "11110000-0000-4000-8000-000000000001"
RESOURCES = [
    ["Microsoft.ManagedIdentity/userAssignedIdentities", "id-maa"],
    ["Microsoft.Storage/storageAccounts", "stmaa"],
    ["Microsoft.KeyVault/vaults", "kv-maa"],
    ["microsoft.insights/components", "appi-maa"],
    ["Microsoft.Web/sites", "func-maa"],
]

runs_bash = pytest.mark.skipif(os.name == "nt", reason="the scripts are for bash; on Windows use Cloud Shell")


@dataclass(frozen=True, slots=True)
class Cloud:
    """A folder with the stand-in for az, and what it knows."""

    folder: Path

    @property
    def tenant(self) -> dict[str, Any]:
        """What the stand-in knows by now."""
        content: dict[str, Any] = json.loads((self.folder / "tenant.json").read_text(encoding="utf-8"))
        return content

    def change(self, **known: Any) -> None:
        """Makes the stand-in know something else."""
        (self.folder / "tenant.json").write_text(json.dumps({**self.tenant, **known}), encoding="utf-8")

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs one of the scripts as a person would."""
        return subprocess.run(
            [str(INFRA / script), *arguments],
            env={
                "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
                "FAKE_AZ": str(self.folder / "tenant.json"),
                "GRANT_WAIT_SECONDS": "0",
                "SWITCH_ON_WAIT_SECONDS": "0",
                "CHECK_WAIT_SECONDS": "0",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    def grants(self) -> list[str]:
        """The requests that asked Graph for a change."""
        return [each for each in self.tenant["asked"] if "--method post" in each]


def new_cloud(tmp_path: Path) -> Cloud:
    """A tenant with a deployed notifier whose identity may do nothing yet."""
    program = tmp_path / "az"
    script = Path(__file__).with_name("az.py")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    known = {
        "principal": PRINCIPAL,
        "granted": [],
        "identity": ["id-maa", "ManagedIdentity", "isExplicit=True /subscriptions/1/id-maa"],
        "refuses": "",
        "refuses_role": "",
        "races": False,
        "unknown_for": 0,
        "settings": [],
        "functions": [],
        "found_after": 0,
        "code": [],
        "refuses_code": 0,
        "assigned_roles": 4,
    }
    tenant = {**known, "resources": RESOURCES, "roles": [], "asked": []}
    (tmp_path / "tenant.json").write_text(json.dumps(tenant), encoding="utf-8")
    return Cloud(tmp_path)
