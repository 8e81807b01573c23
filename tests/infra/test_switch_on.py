"""From resources to the first good poll: the script for Cloud Shell, and the hook after a deployment."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from maa_notify.domain.visibility import FAMILIES
from tests.infra.cloud import RESOURCES, Cloud, runs_bash
from tests.infra.predictions import INFRA
from tests.infra.test_app_settings import functions
from tests.support.functions import FUNCTIONS
from tests.support.wire import HttpResponse, ScriptedServer, reply

PACKAGE = "https://example.com/releases/download/v1.2.3/maa-notify.zip"
ALL = [family.permission_id for family in FAMILIES]
PLAIN = sorted(FUNCTIONS)
HOOK = {"AZURE_RESOURCE_GROUP": "rg-maa", "AZURE_FUNCTION_APP": "func-maa", "CHECK_TRIES": "3"}


@pytest.fixture
def health() -> Iterator[ScriptedServer]:
    """The health address of the app, which is well unless a test says otherwise."""
    with ScriptedServer(default=reply(200, json={"status": "ok"})) as server:
        yield server


def run(
    cloud: Cloud, health: ScriptedServer, script: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Runs a script with the address of health where azd would put it."""
    variables = {**HOOK, "AZURE_HEALTH_URL": f"{health.url}/api/health"}
    return cloud.run(script, *arguments, **variables)


def after_deployment(cloud: Cloud, health: ScriptedServer) -> subprocess.CompletedProcess[str]:
    """Runs the hook as azd does."""
    return run(cloud, health, "hooks/postdeploy.sh")


def switch_on(cloud: Cloud, health: ScriptedServer, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the one line."""
    return run(cloud, health, "switch-on.sh", "rg-maa", "--package", PACKAGE, *words)


@runs_bash
def test_a_good_deployment_is_said_to_be_good(cloud: Cloud, health: ScriptedServer) -> None:
    """Every function is found and a poll was good: the two things that "Running" does not say."""
    cloud.change(functions=PLAIN)
    done = after_deployment(cloud, health)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Azure finds every function: health health_details poll poll_now." in done.stdout
    assert re.search(r"a poll was good by \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.", done.stdout)


@runs_bash
@pytest.mark.parametrize(
    "settings, found, missing",
    [
        ([], [], "health health_details poll poll_now"),
        ([], ["health", "health_details", "poll_now"], "poll"),
        (["MAA_BOT_COMMANDS"], PLAIN, "messages"),
        (["MAA_TENANTS"], PLAIN, "poll_tenant put_aside"),
    ],
    ids=["none", "no timer", "no messages", "no queue"],
)
def test_a_missing_function_is_named(
    cloud: Cloud, health: ScriptedServer, settings: list[str], found: list[str], missing: str
) -> None:
    """With what it mostly comes of and what to do; health is not asked, for it may be the last package's."""
    cloud.change(settings=settings, functions=found)
    done = after_deployment(cloud, health)

    assert done.returncode == 1
    assert f"Azure does not find: {missing}. " in done.stderr
    assert "took another Python" in done.stderr
    assert "infra/switch-on.sh rg-maa" in done.stderr
    assert health.requests == []


@runs_bash
def test_functions_that_come_late_are_waited_for(cloud: Cloud, health: ScriptedServer) -> None:
    """Azure lists them some time after the deployment ended; the wait is said once."""
    cloud.change(functions=PLAIN, found_after=2)
    done = after_deployment(cloud, health)

    assert done.returncode == 0
    assert done.stdout.count("does not find yet: health health_details poll poll_now.") == 1


@runs_bash
@pytest.mark.parametrize(
    "reason, way",
    [
        ("settings", "a secret of the vault is missing"),
        ("graph_denied", "infra/grant.sh rg-maa"),
        ("permission_lost", "Taking a permission away"),
        ("state_corrupt", "Storage Table Data Contributor"),
        ("graph_unavailable", "maa-notify doctor"),
        ("", "maa-notify doctor"),
    ],
)
def test_an_ill_notifier_is_told_with_the_way_out(
    cloud: Cloud, health: ScriptedServer, reason: str, way: str
) -> None:
    """The code is there, and yet nobody would hear of a request: that fails the deployment."""
    cloud.change(functions=PLAIN)
    health.script(*[reply(503, json={"status": "failing"})] * 3)
    health.script(reply(503, json={"status": "failing", "reason": reason}))
    done = after_deployment(cloud, health)
    *_, last = health.requests

    assert done.returncode == 1
    assert way in done.stderr
    assert (len(health.requests), last.path) == (4, "/api/health/details")
    assert last.headers["x-functions-key"] == "the-key"
    assert "the-key" not in done.stdout + done.stderr


@runs_bash
@pytest.mark.parametrize(
    "answer, way",
    [
        (reply(503, json={"status": "stale"}), "az functionapp restart"),
        (reply(404, text="gone"), "did not answer as ours"),
    ],
)
def test_silence_is_told_with_the_way_out(
    cloud: Cloud, health: ScriptedServer, answer: HttpResponse, way: str
) -> None:
    """A timer that stands still, or an address that somebody else answers; no key is asked for."""
    cloud.change(functions=PLAIN)
    health.script(*[answer] * 3)
    done = after_deployment(cloud, health)

    assert done.returncode == 1
    assert way in done.stderr
    assert len(health.requests) == 3
    assert not [each for each in cloud.tenant["asked"] if "keys" in each]


@runs_bash
def test_the_first_poll_is_waited_for(cloud: Cloud, health: ScriptedServer) -> None:
    """For a minute or two health answers `starting`."""
    cloud.change(functions=PLAIN)
    health.script(*[reply(503, json={"status": "starting"})] * 2)
    done = after_deployment(cloud, health)

    assert done.returncode == 0
    assert done.stdout.count("Health says: starting.") == 1


@runs_bash
def test_late_cards_do_not_fail_a_deployment(cloud: Cloud, health: ScriptedServer) -> None:
    """Polls are good; what waits is named as something to look at."""
    cloud.change(functions=PLAIN)
    health.script(reply(200, json={"status": "degraded"}))
    done = after_deployment(cloud, health)

    assert done.returncode == 0
    assert "cards wait or were given up" in done.stdout


def test_both_hooks_say_the_same() -> None:
    """The hook for Windows has the same variables, functions and advice; it is only read here, not run."""
    posix, windows = ((INFRA / "hooks" / f"postdeploy.{kind}").read_text("utf-8") for kind in ("sh", "ps1"))
    names = re.findall(r'expected="([\w ]+)"', posix)
    sentences = [
        re.split(r"\$\{?\w+", each)[0].rstrip("\\")
        for each in re.findall(r'"([A-Z][^"\n]{20,})"', posix)
        if "$(" not in each
    ]

    assert {name for each in names for name in each.split()} == functions()
    assert [
        re.findall(r"'(\w+)'", line) for line in re.findall(r"^ +('health'.+)$", windows, re.MULTILINE)
    ] == [each.split() for each in names]
    assert {"AZURE_RESOURCE_GROUP", "CHECK_TRIES"} < set(re.findall(r"\b(?:AZURE|CHECK)_\w+", posix))
    assert set(re.findall(r"\b(?:AZURE|CHECK)_\w+", posix)) == set(
        re.findall(r"\b(?:AZURE|CHECK)_\w+", windows)
    )
    assert len(sentences) > 8
    assert [each for each in sentences if each not in windows] == []


@runs_bash
def test_one_line_leads_to_the_first_good_poll(cloud: Cloud, health: ScriptedServer) -> None:
    """Permissions, then the package without a build, then the wait for a poll: in this order."""
    cloud.change(functions=PLAIN, found_after=1)
    health.script(reply(503, json={"status": "starting"}))
    done = switch_on(cloud, health)
    asked = cloud.tenant["asked"]
    [code] = [at for at, each in enumerate(asked) if "maa-notify-code" in each]

    assert done.returncode == 0, done.stderr
    assert cloud.tenant["granted"] == ALL
    assert cloud.tenant["roles"] == []
    assert cloud.tenant["code"] == ["appName=func-maa", f"packageUri={PACKAGE}"]
    assert max(at for at, each in enumerate(asked) if "--method post" in each) < code
    assert "a poll was good by" in done.stdout


@runs_bash
def test_what_is_granted_already_is_not_granted_again(cloud: Cloud, health: ScriptedServer) -> None:
    """Whoever may not grant can switch on after a colleague did, and upgrade with the same line."""
    cloud.change(granted=ALL, functions=PLAIN, refuses="post")
    done = switch_on(cloud, health)

    assert done.returncode == 0, done.stderr
    assert cloud.grants() == []
    assert cloud.tenant["code"] != []


@runs_bash
@pytest.mark.parametrize("granted", [[], ALL], ids=["nothing", "permissions"])
def test_roles_that_nobody_assigned_are_assigned(
    cloud: Cloud, health: ScriptedServer, granted: list[str]
) -> None:
    """The form was told that its reader may not: without roles the host would not find its own storage."""
    cloud.change(assigned_roles=0, granted=granted, functions=PLAIN)
    done = switch_on(cloud, health)

    assert done.returncode == 0, done.stderr
    assert cloud.tenant["roles"] != []
    assert sorted(cloud.tenant["granted"]) == sorted(ALL)


@runs_bash
def test_nothing_is_deployed_without_the_permissions(cloud: Cloud, health: ScriptedServer) -> None:
    """A first poll without them would leave the notifier blind for a day; whom to ask is said."""
    cloud.change(refuses="post", functions=PLAIN)
    done = switch_on(cloud, health)

    assert done.returncode == 1
    assert "Privileged Role Administrator" in done.stderr
    assert cloud.tenant["code"] == []


@runs_bash
def test_words_for_the_permissions_are_passed_on(cloud: Cloud, health: ScriptedServer) -> None:
    """An organisation that shows the notifier less uses the same line."""
    cloud.change(functions=PLAIN)
    done = switch_on(cloud, health, "--minimal")

    assert done.returncode == 0, done.stderr
    assert len(cloud.tenant["granted"]) == 1


@runs_bash
@pytest.mark.parametrize("refusals, code", [(2, 0), (9, 1)])
def test_roles_that_are_not_known_everywhere_yet_are_waited_for(
    cloud: Cloud, health: ScriptedServer, refusals: int, code: int
) -> None:
    """A new storage account refuses its own app for some minutes."""
    cloud.change(granted=ALL, refuses_code=refusals, functions=PLAIN)
    done = switch_on(cloud, health)

    assert done.returncode == code
    assert ("The code was not deployed" in done.stderr) == bool(code)


@runs_bash
@pytest.mark.parametrize(
    "resources, reason",
    [(RESOURCES[:4], "has no Function App"), ([*RESOURCES, RESOURCES[4]], "more than one notifier")],
)
def test_no_app_is_guessed(
    cloud: Cloud, health: ScriptedServer, resources: list[list[str]], reason: str
) -> None:
    """The wrong group, or one with two notifiers: nothing is granted."""
    cloud.change(resources=resources)
    done = switch_on(cloud, health)

    assert done.returncode == 1
    assert reason in done.stderr
    assert cloud.grants() == cloud.tenant["code"] == []


@runs_bash
@pytest.mark.parametrize(
    "words", [[], ["--package", PACKAGE], ["rg-maa", "--package", "http://example.com/x"]]
)
def test_a_wrong_word_shows_the_usage(cloud: Cloud, words: list[str]) -> None:
    """Nothing is asked of Azure by mistake."""
    done = cloud.run("switch-on.sh", *words)

    assert done.returncode == 1
    assert "Usage: infra/switch-on.sh RESOURCE_GROUP" in done.stderr
    assert cloud.tenant["asked"] == []


@runs_bash
@pytest.mark.parametrize("tag, code", [("v1.2.3", 0), ("1.2.3", 1)])
def test_a_clone_of_a_release_knows_its_package(
    cloud: Cloud, health: ScriptedServer, tag: str, code: int, tmp_path: Path
) -> None:
    """The one line names the release once; a clone of anything else has to be told which package."""
    clone = tmp_path / "clone"
    shutil.copytree(INFRA, clone / "infra")
    git = ("git", "-c", "user.name=x", "-c", "user.email=x", "-C", str(clone))
    for words in (
        ("init", "--quiet"),
        ("commit", "--quiet", "--allow-empty", "--message", "x"),
        ("tag", tag),
        ("remote", "add", "origin", "https://git.example/owner/maa-notify.git"),
    ):
        subprocess.run([*git, *words], check=True)
    cloud.change(granted=ALL, functions=PLAIN)
    variables = {**HOOK, "AZURE_HEALTH_URL": health.url}
    done = cloud.run(str(clone / "infra" / "switch-on.sh"), "rg-maa", **variables)

    address = "https://git.example/owner/maa-notify/releases/download/v1.2.3/maa-notify.zip"
    assert done.returncode == code
    assert ("say which package" in done.stderr) == bool(code)
    assert cloud.tenant["code"][1:] == ([] if code else [f"packageUri={address}"])
