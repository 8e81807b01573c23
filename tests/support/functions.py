"""The functions that Azure must find: the one list for every test that looks at them."""

import json
from typing import Any

FUNCTIONS: dict[str, list[dict[str, Any]]] = {
    "health": [
        {"type": "httpTrigger", "route": "health", "methods": ["GET"], "authLevel": "ANONYMOUS"},
        {"type": "http"},
    ],
    "health_details": [
        {"type": "httpTrigger", "route": "health/details", "methods": ["GET"], "authLevel": "FUNCTION"},
        {"type": "http"},
    ],
    "poll": [
        {"type": "timerTrigger", "schedule": "0 * * * * *", "runOnStartup": False, "useMonitor": True},
    ],
    "poll_now": [
        {"type": "httpTrigger", "route": "poll", "methods": ["POST"], "authLevel": "FUNCTION"},
        {"type": "http"},
    ],
}
"""Bindings by function, with what decides when it runs and who may call it."""

PRINT_BINDINGS = """
import json
import function_app
found = {f.get_function_name(): f.get_raw_bindings() for f in function_app.app.get_functions()}
print(json.dumps({name: [json.loads(binding) for binding in bindings] for name, bindings in found.items()}))
"""
"""A program for a fresh process in the folder of `function_app.py`."""

_TELLING = (
    "type",
    "queueName",
    "connection",
    "route",
    "methods",
    "authLevel",
    "schedule",
    "runOnStartup",
    "useMonitor",
)


def bindings_in(printed: str) -> dict[str, list[dict[str, Any]]]:
    """What PRINT_BINDINGS printed, in the form of FUNCTIONS."""
    found: dict[str, list[dict[str, Any]]] = json.loads(printed.splitlines()[-1])
    return {name: [_telling(each) for each in bindings] for name, bindings in sorted(found.items())}


def _telling(binding: dict[str, Any]) -> dict[str, Any]:
    kept = {name: binding[name] for name in _TELLING if name in binding}
    if "methods" in kept:
        kept["methods"] = [str(each).upper() for each in kept["methods"]]
    if "authLevel" in kept:
        kept["authLevel"] = str(kept["authLevel"]).upper()
    return kept
