"""The environment of the notifier's own programs, as the demo runs them against its server."""

import os
from collections.abc import Mapping
from pathlib import Path

from maa_notify.demo.entra_api import TENANT_ID


def program_environment(base: Mapping[str, str], url: str) -> dict[str, str]:
    """Return an environment in which a program knows the simulated tenant behind `url`, and no other."""
    kept = {name: value for name, value in base.items() if not name.upper().startswith("MAA_")}
    package_root = str(Path(__file__).resolve().parents[2])
    return {
        **kept,
        "MAA_TENANT_ID": TENANT_ID,
        "MAA_GRAPH_URL": url,
        "NO_PROXY": _joined(",", "127.0.0.1,localhost", base.get("NO_PROXY", "")),
        "PYTHONPATH": _joined(os.pathsep, package_root, base.get("PYTHONPATH", "")),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


def _joined(separator: str, *parts: str) -> str:
    return separator.join(part for part in parts if part)
