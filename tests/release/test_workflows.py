"""The GitHub workflows, which run nowhere but at GitHub: what can be known of them before."""

import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.release.test_requirements import PYTHONS
from tests.support.process import ROOT
from tools.templates import VERSION

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
SIGN_IN = {("bicep", "what-if"), ("deploy", "deploy"), ("release", "publish"), ("release", "pages")}
"""The jobs that may ask for a token which Azure, the signer of releases or GitHub Pages trusts."""
WRITERS = {("release", "publish"), ("release", "pages")}
"""The jobs that may change anything at GitHub."""
Job = tuple[str, str, dict[str, Any]]


def loaded(path: Path) -> dict[str, Any]:
    """A YAML file; `on` is read as the word that it is, not as a truth value."""
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - it makes text only
    return found


def jobs() -> list[Job]:
    """Every job with the names of its workflow and itself."""
    return [(path.stem, name, job) for path in WORKFLOWS for name, job in loaded(path)["jobs"].items()]


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step with the name of its workflow."""
    for workflow, _, job in jobs():
        yield from ((workflow, step) for step in job.get("steps", []))


def commands() -> str:
    """All that the workflows run in a shell."""
    return "\n".join(step.get("run", "") for _, step in steps())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_starts_with_no_permission(path: Path) -> None:
    """Each job names the few it needs, so that a new one has none by oversight."""
    workflow = loaded(path)

    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert isinstance(job.get("permissions"), dict), f"{name} does not say what it may do"


def test_only_deployments_and_releases_may_sign_in() -> None:
    """A test, above all one of somebody else's pull request, gets no identity."""
    given = {(workflow, name) for workflow, name, job in jobs() if "id-token" in job["permissions"]}

    assert given == SIGN_IN


def test_only_the_release_may_write_and_it_runs_no_code_of_ours() -> None:
    """What a dependency smuggles into a build cannot publish itself."""
    writers = {
        (workflow, name): job
        for workflow, name, job in jobs()
        if "write" in {access for scope, access in job["permissions"].items() if scope != "id-token"}
    }

    assert set(writers) == WRITERS
    used = [step.get("uses", "") for job in writers.values() for step in job["steps"]]
    assert not any("actions/checkout" in each for each in used)


def test_no_checkout_leaves_its_token_behind() -> None:
    """The steps after it could read it from the clone."""
    checkouts = [step for _, step in steps() if "actions/checkout@" in step.get("uses", "")]

    assert len(checkouts) >= len(WORKFLOWS)
    assert {step["with"]["persist-credentials"] for step in checkouts} == {"false"}


def test_no_secret_is_used_or_printed() -> None:
    """Azure is reached by federation and GitHub by its own token: there is no secret to lose."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)

    assert "secrets" not in text
    assert re.findall(r"\bset -\w*x|\bprintenv\b|^\s*env$|GH_TOKEN\b(?!:)", commands(), re.MULTILINE) == []


def test_nothing_from_outside_is_pasted_into_a_shell() -> None:
    """A name with a quote in it would become a command; variables are passed by the environment."""
    assert "${{" not in commands()


def test_actions_are_named_by_their_commit() -> None:
    """A tag can be moved to other code; the version stands beside it for people."""
    used = {line for path in WORKFLOWS for line in re.findall(r"uses: (.+)", path.read_text("utf-8"))}
    loose = {line for line in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)}

    assert [line for line in loose if not line.startswith("./")] == []


def test_one_action_has_one_version() -> None:
    """No workflow is left behind when the others move on."""
    used = {step["uses"] for _, step in steps() if "uses" in step}

    assert len(used) == len({each.partition("@")[0] for each in used})


def test_every_make_target_exists() -> None:
    """What a workflow makes, the Makefile can."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert "package" in (called := set(re.findall(r"\bmake ([a-z-]+)", commands())))
    assert called <= targets


def test_what_a_shorter_run_leaves_out_exists() -> None:
    """A folder that is renamed would come back, and `make check` take minutes without a word."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [check] = re.findall(r"^MORE_THAN_A_MINUTE := (.+)", makefile, re.MULTILINE)
    [engine] = re.findall(r"^SAME_ON_EVERY_PYTHON := (.+)", makefile, re.MULTILINE)

    assert [each for each in f"{check} {engine}".split() if not (ROOT / "tests" / each).is_dir()] == []


def test_every_file_of_ours_exists() -> None:
    """Scripts, tools, workflows and folders that the workflows name."""
    named = set(re.findall(r"(?<![\w/.])(?:\./)?((?:\.ci|\.github|tools|docs)/[\w./-]*\w)", commands()))
    named |= {job["uses"].removeprefix("./") for _, _, job in jobs() if "uses" in job}
    named |= {step["working-directory"] for _, step in steps() if "working-directory" in step}
    named |= {each["directory"].strip("/") for each in loaded(GITHUB / "dependabot.yml")["updates"]}

    assert {".ci/run", ".ci/bicep", "tools/release_notes.py"} <= named
    assert [each for each in named if not (ROOT / each).exists()] == []


def test_the_templates_that_are_compared_exist() -> None:
    """The comparison of a pull request names files in infra/."""
    named = set(re.findall(r"\binfra/[\w./-]*\w", commands()))

    assert named
    assert not (ROOT / "infra").exists() or [each for each in named if not (ROOT / each).exists()] == []


def test_a_deployment_builds_nothing_in_azure() -> None:
    """What runs is what was packed and attested; and then it is seen whether every function is found."""
    found = [step for workflow, step in steps() if workflow == "deploy"]
    [at] = [at for at, step in enumerate(found) if step.get("uses", "").startswith("Azure/functions-action@")]

    assert found[at]["with"] == {
        "app-name": "${{ vars.AZURE_FUNCTION_APP }}",
        "package": "build/maa-notify.zip",
        "remote-build": "false",
    }
    assert any("gh attestation verify build/maa-notify.zip" in step.get("run", "") for step in found[:at])
    assert [step["run"] for step in found[at + 1 :]] == ["infra/hooks/postdeploy.sh"]


def test_what_compares_templates_cannot_write() -> None:
    """It runs on the templates of a pull request, which somebody may have written to break out."""
    [what_if] = [step["run"] for workflow, step in steps() if " what-if " in step.get("run", "")]
    role = json.loads((ROOT / "infra" / "roles" / "what-if.json").read_text(encoding="utf-8"))
    actions = set(role["Actions"])

    assert "--validation-level ProviderNoRbac" in what_if
    assert {each.rpartition("/")[2] for each in actions} == {"read", "action"}
    assert actions - {"*/read"} == {
        "Microsoft.Resources/deployments/validate/action",
        "Microsoft.Resources/deployments/whatIf/action",
    }
    assert role["DataActions"] == []
    # The rules on the activity log are in a group of their own, where their module is compared, too.
    assert [each.rpartition("/")[2] for each in role["AssignableScopes"]] == ["GROUP", "ALARM_GROUP"]


def test_every_python_that_is_promised_is_tested() -> None:
    """The versions that pyproject.toml names, at least."""
    matrix = loaded(GITHUB / "workflows" / "test.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]

    assert set(matrix) >= set(PYTHONS)


def test_every_variable_is_explained() -> None:
    """Whoever sets up a deployment finds each variable in docs/releasing.md, and no other."""
    used = {name for path in WORKFLOWS for name in re.findall(r"vars\.(\w+)", path.read_text("utf-8"))}
    page = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == used


def test_a_look_for_holes_finds_none() -> None:
    """Injection, loose permissions, moved tags and their kin, by zizmor without the network."""
    program = Path(sysconfig.get_path("scripts")) / "zizmor"
    done = subprocess.run(
        [str(program), "--offline", "--no-progress", "--color=never", str(GITHUB)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


runs_bash = pytest.mark.skipif(
    os.name == "nt" or shutil.which("bash") is None, reason="the script runs at GitHub, on Linux"
)


def checked(folder: Path, said: str | None = None, *, on_the_path: bool = True) -> tuple[int, str]:
    """How `.ci/bicep` ends and what it says. The compiler is a stand-in, and says the same to everything."""
    for name in (".ci/bicep", "tools/find-python", "tools/templates.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "infra").mkdir()
    (folder / "tests" / "infra" / "deployments").mkdir(parents=True)
    compiler = folder / "azure" / "bin" / "bicep"
    compiler.parent.mkdir(parents=True)
    if said is not None:
        compiler.write_text('#!/bin/sh\necho "Bicep CLI version 0.1.2"\necho "$SAID" >&2\n', encoding="utf-8")
        compiler.chmod(0o755)
    elsewhere = [path for path in os.environ["PATH"].split(":") if not (Path(path) / "bicep").exists()]
    done = subprocess.run(
        ["bash", ".ci/bicep"],
        cwd=folder,
        env={
            "PATH": ":".join([*([str(compiler.parent)] if on_the_path else []), *elsewhere]),
            "AZURE_CONFIG_DIR": str(folder / ("none" if on_the_path else "azure")),
            "SAID": said or "",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@runs_bash
@pytest.mark.parametrize(
    "said, code",
    [
        ("", 0),
        ("WARNING: A new Bicep release is available: v9.9.9.", 0),
        ("infra/main.bicep(3,7) : Warning no-unused-params: Parameter is declared but never used.", 1),
        ("infra/main.bicep(3,7) : Error BCP057: The name does not exist.", 1),
    ],
)
def test_a_warning_of_the_compiler_fails(said: str, code: int, tmp_path: Path) -> None:
    """Which the compiler itself would let pass; a notice of a newer compiler does no harm."""
    ended, output = checked(tmp_path, said)

    assert ended == code
    assert said in output or not code
    assert "by Bicep 0.1.2" in output


@runs_bash
def test_the_compiler_of_the_azure_cli_will_do(tmp_path: Path) -> None:
    """Whoever ran az bicep install has it in a folder that is on no PATH."""
    ended, output = checked(tmp_path, "", on_the_path=False)

    assert ended == 0
    assert "by Bicep 0.1.2" in output


@runs_bash
def test_no_compiler_fails(tmp_path: Path) -> None:
    """At GitHub an image without it must not look like templates without a fault."""
    ended, output = checked(tmp_path)

    assert ended == 1
    assert "az bicep install" in output


def test_the_workflow_has_the_compiler_of_the_snapshots() -> None:
    """Another one might put the same deployment in other words, and be red for nothing."""
    assert f"az bicep install --version v{VERSION}\n" in f"{commands()}\n"
