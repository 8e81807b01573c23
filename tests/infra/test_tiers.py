"""Permissions by what the notifier is to do: granted exactly, shown, and taken away only when told to."""

import json
import os
import re
import subprocess
from typing import Any

import pytest

from maa_notify.domain.capabilities import APPROVERS, AUDIT, CAPABILITIES, REQUESTS, Capability
from tests.infra.cloud import PRINCIPAL, Cloud, runs_bash
from tests.infra.predictions import INFRA

BESIDE = CAPABILITIES[1:]
NAMES = [each.name for each in CAPABILITIES]


def ids(*capabilities: Capability) -> list[str]:
    """The ids of their permissions, each once."""
    return list(dict.fromkeys(each.id for some in capabilities for each in some.permissions))


def test_the_scripts_know_what_the_program_knows() -> None:
    """Each permission with its id, what it is for and what stops without it, to the letter."""
    text = (INFRA / "graph" / "capabilities.sh").read_text(encoding="utf-8")
    rows = [line.split("|") for line in re.findall(r"^\w+\|.+\|.+$", text, re.MULTILINE)]

    assert rows == [
        [some.name, each.name, each.id, each.purpose, each.without]
        for some in BESIDE
        for each in some.permissions
    ]
    assert f"KNOWN_CAPABILITIES='{', '.join(NAMES)}'" in text


def test_the_template_knows_what_the_program_knows(compiled: dict[str, dict[str, Any]]) -> None:
    """The same list, and what is asked for beside requests is nothing by default."""
    held = json.loads((INFRA / "graph" / "capabilities.json").read_text(encoding="utf-8"))
    parameter = compiled["graph/main.bicep"]["parameters"]["capabilities"]

    assert held == {each.name: [one.id for one in each.permissions] for each in BESIDE}
    assert (parameter["defaultValue"], set(parameter["allowedValues"])) == ([], set(NAMES[1:]))


@runs_bash
@pytest.mark.parametrize(
    "script, target", [("graph/grant.sh", [PRINCIPAL]), ("grant.sh", ["rg-maa", "--graph-only"])]
)
@pytest.mark.parametrize("chosen", [[REQUESTS], [APPROVERS], [REQUESTS, AUDIT], list(CAPABILITIES)])
def test_exactly_what_is_asked_for_is_granted(
    cloud: Cloud, script: str, target: list[str], chosen: list[Capability]
) -> None:
    """And a second look finds all of it there."""
    words = ["--capabilities", ",".join(each.name for each in chosen)]
    arguments = [*target, *words] if script == "grant.sh" else [*words, *target]
    done = cloud.run(script, *arguments)
    checked = cloud.run("graph/grant.sh", "--check", *words, PRINCIPAL)

    assert (done.returncode, checked.returncode) == (0, 0)
    assert sorted(cloud.tenant["granted"]) == sorted(ids(*chosen))
    assert "Missing" not in checked.stderr


@runs_bash
def test_what_is_granted_says_what_it_is_for(cloud: Cloud) -> None:
    """What is missing says what stops; whose identity it is comes first."""
    looked = cloud.run("graph/grant.sh", "--check", "--capabilities", "approvers", PRINCIPAL)
    done = cloud.run("graph/grant.sh", "--capabilities", "approvers", PRINCIPAL)

    assert looked.returncode == 3
    assert 'The identity is "id-maa" (ManagedIdentity)' in done.stderr
    for each in APPROVERS.permissions:
        assert f"Missing: {each.name}, which {each.purpose}. {each.without}." in looked.stderr
        assert f"To be granted: {each.name}, which {each.purpose}." in done.stderr


@runs_bash
def test_families_narrow_requests_only(cloud: Cloud) -> None:
    """Whoever wants fewer requests may want approvers all the same."""
    words = ["--capabilities", "requests,approvers", "--minimal"]
    done = cloud.run("graph/grant.sh", *words, PRINCIPAL)

    assert done.returncode == 0
    assert sorted(cloud.tenant["granted"]) == sorted(ids(APPROVERS))


@runs_bash
def test_what_is_no_longer_wanted_goes_when_told_to(cloud: Cloud) -> None:
    """With what stops then; what the script does not know stays, and so does what is asked for."""
    stranger = "99990000-0000-4000-8000-000000000001"
    cloud.change(granted=[*ids(*CAPABILITIES), stranger])
    kept = cloud.run("graph/grant.sh", PRINCIPAL)
    unasked = cloud.run("graph/grant.sh", "--revoke", PRINCIPAL)
    before = cloud.tenant["granted"]
    done = cloud.run("graph/grant.sh", "--revoke", "--yes", PRINCIPAL)

    assert "Present, though not asked for: AuditLog.Read.All. It is left as it is." in kept.stderr
    assert (unasked.returncode, before) == (1, [*ids(*CAPABILITIES), stranger])
    assert "add --yes" in unasked.stderr
    assert done.returncode == 0
    assert sorted(cloud.tenant["granted"]) == sorted([*ids(REQUESTS), stranger])
    assert "To be taken away: AuditLog.Read.All. Changes of groups, roles, apps" in done.stderr
    assert "1 more permissions, which this script does not know" in done.stderr


@runs_bash
def test_taking_away_what_lists_requests_says_so(cloud: Cloud) -> None:
    """It is done all the same, for it was asked for."""
    cloud.change(granted=ids(REQUESTS))
    done = cloud.run("graph/grant.sh", "--revoke", "--yes", "--capabilities", "audit", PRINCIPAL)

    assert cloud.tenant["granted"] == ids(AUDIT)
    assert "Requests cannot be listed at all" in done.stderr


@runs_bash
def test_a_refusal_to_take_away_names_the_role(cloud: Cloud) -> None:
    """And the permission that stays."""
    cloud.change(granted=ids(REQUESTS, APPROVERS), refuses="delete")
    done = cloud.run("graph/grant.sh", "--revoke", "--yes", PRINCIPAL)

    assert done.returncode == 1
    assert "you may not take GroupMember.Read.All away" in done.stderr
    assert "Privileged Role Administrator" in done.stderr


@runs_bash
def test_another_apps_identity_is_shown_as_that(cloud: Cloud) -> None:
    """Before anything is granted; its name cannot write on the terminal."""
    cloud.change(identity=["payroll \x1b[2J", "Application", ""])
    done = cloud.run("graph/grant.sh", "--check", PRINCIPAL)

    assert 'The identity is "payroll [2J" (Application).' in done.stderr
    assert "It is no managed identity" in done.stderr


@runs_bash
def test_the_colleague_is_told_which_app_uses_the_identity(cloud: Cloud) -> None:
    """By the name that it has in the group."""
    done = cloud.run("grant.sh", "rg-maa", "--check")

    assert "The identity id-maa of the group rg-maa, which the app func-maa uses." in done.stderr


@runs_bash
@pytest.mark.parametrize("reply, granted", [("y\n", 6), ("n\n", 0), ("\n", 0)])
def test_a_person_is_asked_before_anything_is_changed(cloud: Cloud, reply: str, granted: int) -> None:
    """On a terminal; only a clear yes counts."""
    import pty  # noqa: PLC0415 - not on Windows

    ours, theirs = pty.openpty()
    os.write(ours, reply.encode())
    environment = {
        "PATH": f"{cloud.folder}{os.pathsep}{os.environ['PATH']}",
        "FAKE_AZ": str(cloud.folder / "tenant.json"),
    }
    script = str(INFRA / "graph" / "grant.sh")
    done = subprocess.run(
        [script, PRINCIPAL], env=environment, stdin=theirs, capture_output=True, timeout=50, check=False
    )
    os.close(ours)
    os.close(theirs)

    assert (done.returncode == 0, len(cloud.tenant["granted"])) == (granted > 0, granted)


@runs_bash
@pytest.mark.parametrize(
    "unknown", ["", "approver", "Approvers", "approvers, audit", "*", "approvers,,audit"]
)
@pytest.mark.parametrize("script, target", [("graph/grant.sh", PRINCIPAL), ("grant.sh", "rg-maa")])
def test_an_unknown_capability_is_refused_with_the_known_ones(
    cloud: Cloud, script: str, target: str, unknown: str
) -> None:
    """Nothing is granted for a word that was meant otherwise."""
    words = ["--capabilities", unknown]
    done = cloud.run(script, *([target, *words] if script == "grant.sh" else [*words, target]))

    assert done.returncode == 1
    assert "requests, approvers, audit, watch, posture" in done.stderr
    assert cloud.tenant["granted"] == []


@runs_bash
@pytest.mark.parametrize(
    "words", [["--check", "--revoke"], ["--capabilities", "audit", "--capabilities", "audit"]]
)
def test_words_that_contradict_each_other_show_the_usage(cloud: Cloud, words: list[str]) -> None:
    """Nobody guesses which was meant."""
    done = cloud.run("graph/grant.sh", *words, PRINCIPAL)

    assert done.returncode == 1
    assert "Usage" in done.stderr
