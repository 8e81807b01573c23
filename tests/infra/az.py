"""A stand-in for the Azure CLI: it knows one identity, keeps what it is told, notes what it was asked.

Started as `az` by the scripts under test; its tenant is the JSON file that FAKE_AZ names.
"""

# ruff: noqa: T201 - print is how a command answers

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

FILE = Path(os.environ["FAKE_AZ"])
TENANT = json.loads(FILE.read_text(encoding="utf-8"))
PREFIX = "https://graph.example/v1.0/servicePrincipals"


def main(arguments: list[str]) -> None:
    """Answers one command."""
    TENANT["asked"].append(" ".join(arguments))
    _save()
    command = " ".join(word for word in arguments[:3] if not word.startswith("-"))
    answers: dict[str, Callable[[], object]] = {
        "cloud show": lambda: print("https://graph.example/"),
        "resource list": lambda: print("\n".join("\t".join(each) for each in TENANT["resources"])),
        "identity show": lambda: print(TENANT["principal"]),
        "deployment group create": lambda: _deploy(arguments),
        "storage account show": lambda: print("/subscriptions/1/stmaa"),
        "role assignment list": lambda: print(TENANT["assigned_roles"]),
        "functionapp show": lambda: print("func-maa.example"),
        "functionapp config appsettings": lambda: print("\n".join(TENANT["settings"])),
        "functionapp function list": _functions,
        "functionapp function keys": lambda: print("the-key"),
        "rest": lambda: _rest(_option(arguments, "--method"), _option(arguments, "--url"), arguments),
    }
    answers[command]()


def _rest(method: str, url: str, arguments: list[str]) -> None:
    sys.stdin.read()  # a program may read what its caller still has to
    if url == f"{PREFIX}(appId='00000003-0000-0000-c000-000000000000')":
        print("9e5f0000-0000-4000-8000-000000000009")
        return
    if url.startswith(f"{PREFIX}/{TENANT['principal']}?$select=displayName"):
        print("\t".join(TENANT["identity"]))
        return
    if method == "delete":
        _take_away(url)
        return
    if url != f"{PREFIX}/{TENANT['principal']}/appRoleAssignments" or _is_unknown():
        _fail('Not Found({"error":{"code":"Request_ResourceNotFound"}})')
    if TENANT["refuses"] in {method, "all"}:
        _fail('Forbidden({"error":{"code":"Authorization_RequestDenied"}})')
    if method == "post":
        _grant(json.loads(_option(arguments, "--body")))
    else:
        is_whole = "[id,appRoleId]" in _option(arguments, "--query")
        print("\n".join(f"of-{each}\t{each}" if is_whole else each for each in TENANT["granted"]))


def _grant(body: dict[str, str]) -> None:
    if body["appRoleId"] in TENANT["granted"] or TENANT["races"]:
        _fail('Bad Request({"error":{"message":"Permission being assigned already exists on the object"}})')
    if body["appRoleId"] == TENANT["refuses_role"]:
        _fail('Forbidden({"error":{"code":"Authorization_RequestDenied"}})')
    if body["principalId"] != TENANT["principal"] or body["resourceId"][:4] != "9e5f":
        _fail("Bad Request")
    TENANT["granted"].append(body["appRoleId"])
    _save()


def _take_away(url: str) -> None:
    if TENANT["refuses"] == "delete":
        _fail('Forbidden({"error":{"code":"Authorization_RequestDenied"}})')
    TENANT["granted"].remove(url.removeprefix(f"{PREFIX}/{TENANT['principal']}/appRoleAssignments/of-"))
    _save()


def _is_unknown() -> bool:
    TENANT["unknown_for"] -= 1
    _save()
    return bool(TENANT["unknown_for"] >= 0)


def _functions() -> None:
    TENANT["found_after"] -= 1
    _save()
    print("\n".join(f"func-maa/{name}" for name in TENANT["functions"] if TENANT["found_after"] < 0))


def _deploy(arguments: list[str]) -> None:
    if "maa-notify-code" in arguments:
        TENANT["refuses_code"] -= 1
        _save()
        if TENANT["refuses_code"] >= 0:
            _fail("InaccessibleStorageException")
        TENANT["code"] = [word for word in arguments if "=" in word]
        _save()
        return
    if TENANT["refuses"] == "roles":
        _fail("AuthorizationFailed")
    TENANT["roles"] = [word for word in arguments if "=" in word]
    _save()


def _option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


def _save() -> None:
    FILE.write_text(json.dumps(TENANT), encoding="utf-8")


def _fail(message: str) -> NoReturn:
    print(f"ERROR: {message}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
