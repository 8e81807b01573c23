"""A release is of one version: that of the tag, the project, the code and the changelog."""

from pathlib import Path

import pytest

from maa_notify import __version__
from tests.support.process import ROOT
from tools import release_notes

CHANGELOG = """\
# Changelog

## [Unreleased]

- What is to come.

## [1.2.3] - 2027-01-31

### Added

- What is new.

## [1.2.2] - 2026-12-24

- What was.

[1.2.3]: https://example.com/compare
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that is ready to release 1.2.3."""
    (tmp_path / "maa_notify").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n', encoding="utf-8")
    (tmp_path / "maa_notify" / "__init__.py").write_text(
        '"""Us."""\n\n__version__ = "1.2.3"\n', encoding="utf-8"
    )
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    return tmp_path


def test_the_version_is_written_the_same_everywhere() -> None:
    """`--version`, health and the archive of a release tell the same."""
    assert set(release_notes.versions(ROOT).values()) == {__version__}


def test_the_notes_are_the_part_of_the_changelog(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this version, without its neighbours; at GitHub the buttons of its repository come first."""
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/repository")
    assert release_notes.main("v1.2.3", project) == 0
    begin, _, end = capsys.readouterr().out.partition("### Added")
    assert begin.startswith("### Deploy\n")
    assert "--branch v1.2.3 https://git.example/owner/repository" in begin
    assert end == "\n\n- What is new.\n"

    monkeypatch.delenv("GITHUB_REPOSITORY")
    assert release_notes.main("v1.2.3", project) == 0
    assert capsys.readouterr().out == "### Added\n\n- What is new.\n"


@pytest.mark.parametrize(
    "file, old, new, reason",
    [
        ("pyproject.toml", "1.2.3", "1.2.4", "the tag is v1.2.3, but pyproject.toml says 1.2.4"),
        ("maa_notify/__init__.py", "1.2.3", "1.2.4", "but maa_notify/__init__.py says 1.2.4"),
        ("maa_notify/__init__.py", "__version__", "version", "but maa_notify/__init__.py says nothing"),
        ("CHANGELOG.md", "[1.2.3] - 2027-01-31", "[1.2.3]", "CHANGELOG.md says nothing under"),
        ("CHANGELOG.md", "### Added\n\n- What is new.\n\n", "", "CHANGELOG.md says nothing under"),
    ],
)
def test_whatever_is_behind_stops_the_release(  # noqa: PLR0917 - a table of cases
    file: str, old: str, new: str, reason: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is published, and it is named."""
    path = project / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    assert release_notes.main("v1.2.3", project) == 1
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2.3-rc1", "version-1.2.3"])
def test_a_tag_of_another_form_is_refused(tag: str, project: Path) -> None:
    """Links and scripts count on `v` and the version."""
    assert release_notes.main(tag, project) == 1
