"""What the compiler predicts of deployments: the snapshots beside their parameter files, as data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tools.templates import ROOT, deployments, snapshot_of

INFRA = ROOT / "infra"
NAMES = deployments()


@dataclass(frozen=True, slots=True)
class Prediction:
    """Everything that one deployment makes; what only Azure knows is an expression in brackets."""

    resources: tuple[dict[str, Any], ...]
    outputs: dict[str, Any]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """All resources of a type."""
        return [each for each in self.resources if each["type"] == kind]

    def only(self, kind: str) -> dict[str, Any]:
        """The one resource of a type."""
        [found] = self.of(kind)
        return found

    def settings(self) -> dict[str, str]:
        """The app settings, by name."""
        properties = self.only("Microsoft.Web/sites")["properties"]
        return {each["name"]: each["value"] for each in properties["siteConfig"]["appSettings"]}

    def known_settings(self) -> dict[str, str]:
        """The app settings whose value is known before Azure gives any."""
        return {name: value for name, value in self.settings().items() if not is_expression(value)}


@cache
def prediction(deployment: str) -> Prediction:
    """The committed snapshot of a deployment."""
    content = json.loads(snapshot_of(deployment).read_text(encoding="utf-8"))
    return Prediction(tuple(content["predictedResources"]), content["outputs"])


def is_expression(value: str) -> bool:
    """Whether Azure computes a value while it deploys; a list of JSON objects only looks like it."""
    return value.startswith("[") and value.endswith("]") and not value.startswith("[{")


def keys(value: Any) -> Iterator[str]:
    """Every name of a property, at any depth."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    yield from value if isinstance(value, dict) else []
    for child in children:
        yield from keys(child)
