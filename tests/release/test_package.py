"""The archive that is deployed: the needed files, nothing else, and the same bytes each time."""

import hashlib
import re
import subprocess
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from pathspec import GitIgnoreSpec

from tests.infra.predictions import prediction
from tests.support.process import ROOT
from tools import package

LARGEST = 1_700_000
"""Bytes that the code may have: room to grow, none for a stray picture or database."""


@pytest.fixture
def archive(tmp_path: Path) -> ZipFile:
    """The archive of this working tree."""
    target = tmp_path / "maa-notify.zip"
    package.write(package.code_in(ROOT), target)
    return ZipFile(target)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small project of the same shape, under version control."""
    root = tmp_path / "project"
    for name in (*package.NEEDED, "README.md", "maa_notify/demo/run.py"):
        put(root, name)
    put(root, ".funcignore", (ROOT / ".funcignore").read_text(encoding="utf-8"))
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    return root


def no_libraries(lock: Path, folder: Path) -> None:
    """Fetches none."""


def put(root: Path, name: str, text: str = "") -> None:
    """Writes a file and the folders above it."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def git(root: Path, *arguments: str) -> str:
    """What git answers."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_package_has_the_code_and_three_files_beside_it(archive: ZipFile) -> None:
    """All modules but the demo and its pictures, two icons and a style; host.json at the root."""
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "maa_notify").rglob("*.py")}
    not_deployed = ("maa_notify/demo/", "maa_notify/rendering/")
    deployed = {name for name in modules if not name.startswith(not_deployed)}

    assert set(archive.namelist()) == deployed | {
        "function_app.py",
        "host.json",
        "maa_notify/cli/icons/color.png",
        "maa_notify/cli/icons/outline.png",
        "maa_notify/cli/posture.css",
        "maa_notify/py.typed",
        "requirements.txt",
    }


def test_func_and_azd_would_upload_the_same(archive: ZipFile) -> None:
    """They read .funcignore by git's rules, by which it leaves what is packed and no more."""
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    everything = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    left = set(everything) - set(GitIgnoreSpec.from_lines(lines).match_files(everything))

    assert {name for name in left if (ROOT / name).is_file()} == set(archive.namelist())


@pytest.mark.parametrize(
    "path",
    [
        ".env.production",
        ".git/config",
        ".venv/lib/site.py",
        ".venv-engine/lib/site.py",
        ".mypy_cache/x.json",
        "build/maa-notify.zip",
        "docs/settings.md",
        "local.settings.json",
        "maa-notify.db",
        "maa-notify.db-wal",
        "maa_notify/__pycache__/app.pyc",
        "maa_notify/core/__pycache__/event.pyc",
        "maa_notify/demo/page/index.html",
        "maa_notify/keys/app.pem",
        "tests/conftest.py",
    ],
)
def test_what_must_not_be_deployed_is_ignored(path: str, tree: Path) -> None:
    """By the tool and by git's rules alike, so that no way of deploying sends it."""
    put(tree, path)
    lines = (tree / ".funcignore").read_text(encoding="utf-8").splitlines()

    assert path not in package.shipped(tree)
    assert GitIgnoreSpec.from_lines(lines).match_file(path)


def test_the_same_files_give_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    """Whenever they were written, and whoever may read them: a release can be built again and compared."""
    package.main(tmp_path / "first.zip", tree, no_libraries)
    for name in package.shipped(tree):
        (tree / name).touch()
        (tree / name).chmod(0o755)
    package.main(tmp_path / "second.zip", tree, no_libraries)

    first, second = ((tmp_path / name).read_bytes() for name in ("first.zip", "second.zip"))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


def test_the_entries_tell_nothing_of_the_machine(archive: ZipFile) -> None:
    """Sorted, of one date, readable and no more, and stored: no compressor's version shows."""
    entries = archive.infolist()

    assert [each.filename for each in entries] == sorted(archive.namelist())
    assert {(each.date_time, each.external_attr >> 16, each.compress_type) for each in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644, ZIP_STORED)
    }


def test_the_libraries_are_where_the_worker_looks(tree: Path, tmp_path: Path) -> None:
    """Beside the code, without the programs and notes of pip, which differ from machine to machine."""

    def fetch(lock: Path, folder: Path) -> None:
        assert lock == tree / "requirements-azure.txt"
        for name in ("yarl/_quoting.so", "yarl/__pycache__/url.pyc", "yarl-1.dist-info/RECORD"):
            put(folder, name, "made up")
        put(folder, "yarl-1.dist-info/METADATA", "made up")
        put(folder, "bin/tool", f"#!{tmp_path}/python")

    assert package.main(tmp_path / "maa-notify.zip", tree, fetch) == 0
    names = ZipFile(tmp_path / "maa-notify.zip").namelist()

    assert set(names) - set(package.shipped(tree)) == {
        ".python_packages/lib/site-packages/yarl/_quoting.so",
        ".python_packages/lib/site-packages/yarl-1.dist-info/METADATA",
    }


def test_no_archive_is_left_without_its_libraries(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deployed without a build it would be an app without functions."""
    target = tmp_path / "maa-notify.zip"
    target.write_bytes(b"of yesterday")

    def fetch(lock: Path, folder: Path) -> None:
        raise package.RefusedError("a library has another hash")

    assert package.main(target, tree, fetch) == 1
    assert not target.exists()
    assert "a library has another hash" in capsys.readouterr().err


def test_the_libraries_are_for_the_python_of_the_app() -> None:
    """Built for another one they cannot be loaded, and Azure finds no function."""
    runtime = prediction("plain").only("Microsoft.Web/sites")["properties"]["functionAppConfig"]["runtime"]
    [locked] = re.findall(
        r"python-version ([\d.]+) --python-platform", (ROOT / "Makefile").read_text("utf-8")
    )

    assert package.PYTHON == runtime["version"] == locked


def test_the_package_is_small(archive: ZipFile) -> None:
    """It is fetched at each cold start."""
    assert Path(str(archive.filename)).stat().st_size < LARGEST


@pytest.mark.parametrize(
    "name",
    [
        "id_rsa",
        "maa_notify/app.key",
        "maa_notify/graph/Certificate.P12",
        "maa_notify/state.sqlite3",
        "maa_notify/tenant.PublishSettings",
    ],
)
def test_what_looks_like_a_secret_is_refused_even_when_committed(
    name: str, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Although .funcignore leaves it; and an older archive does not stay as if it were the new one."""
    target = tmp_path / "maa-notify.zip"
    target.write_bytes(b"of yesterday")
    put(tree, name, "hush")
    git(tree, "add", "--all")

    assert package.main(target, tree, no_libraries) == 1
    assert not target.exists()
    said = capsys.readouterr().err
    assert f"{name} looks like a secret" in said
    assert "hush" not in said


def test_a_file_that_git_does_not_know_is_refused(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A module left over from another branch would be deployed unseen."""
    put(tree, "maa_notify/leftover.py")

    assert package.main(tmp_path / "maa-notify.zip", tree, no_libraries) == 1
    assert "maa_notify/leftover.py is not under version control" in capsys.readouterr().err


def test_a_link_is_refused(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may lead to anything on the machine that packs."""
    try:
        (tree / "maa_notify" / "elsewhere.py").symlink_to(tmp_path)
    except OSError:
        pytest.skip("this account may make no links (Windows): then there are none to refuse")
    git(tree, "add", "--all")

    assert package.main(tmp_path / "maa-notify.zip", tree, no_libraries) == 1
    assert "maa_notify/elsewhere.py is a link" in capsys.readouterr().err


@pytest.mark.parametrize("name", package.NEEDED)
def test_a_missing_file_is_named(
    name: str, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any one of them Azure would deploy happily and find no function."""
    (tree / name).unlink()

    assert package.main(tmp_path / "maa-notify.zip", tree, no_libraries) == 1
    assert f"{name} is missing" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["!maa_notify/demo", "maa_notify/**/x", "/docs", "docs/", "[Tt]ests"])
def test_a_pattern_that_tools_may_read_differently_is_refused(
    line: str, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the archive and an upload by azd could differ without a word."""
    put(tree, ".funcignore", f"tests\n{line}\n")

    assert package.main(tmp_path / "maa-notify.zip", tree, no_libraries) == 1
    assert f"write {line} as a plain name" in capsys.readouterr().err


def test_without_git_the_reason_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unpacked download is no clone: nothing can tell its files from a leftover."""
    put(tmp_path, ".funcignore")

    assert package.main(tmp_path / "build" / "maa-notify.zip", tmp_path, no_libraries) == 1
    assert "git is needed" in capsys.readouterr().err
