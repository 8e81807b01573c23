"""Files of settings: what systemd reads in them is what is read here, and errors hold no value."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.errors import SettingsError
from maa_notify.settings.env_file import env_text, parse_env, read_env_file

SECRET = "hunter2-hunter2"
VALUES = st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    "line, value",
    [
        ("A=plain", "plain"),
        ("  A=between blanks  ", "between blanks"),
        ("A=", ""),
        ("A=''", ""),
        ("A=b=c", "b=c"),
        ("A=https://x.example/?a=1&sig=%2F#part", "https://x.example/?a=1&sig=%2F#part"),
        ('A=[{"name": "ops"}]', '[{"name": "ops"}]'),
        ("A=it's", "it's"),
        (r"A='C:\keys\maa.pem # $x'", r"C:\keys\maa.pem # $x"),
        (r'A="a \"b\" \\ \$c \` \d"', r'a "b" \ $c ` \d'),
        ("A=$HOME", "$HOME"),
        ("export A=b", "b"),
    ],
)
def test_a_line_is_read_as_systemd_reads_it(line: str, value: str) -> None:
    """Quotes, escapes, and everything else as it is (systemd.exec(5), EnvironmentFile=)."""
    assert parse_env(f"# A=no\n; nor this\n\n{line}\n", "x") == {"A": value}


@pytest.mark.parametrize(
    "line, words",
    [
        (SECRET, "is not of the form NAME=VALUE"),
        (f"A ={SECRET}", "is not of the form NAME=VALUE"),
        (f"2A={SECRET}", "is not of the form NAME=VALUE"),
        (f"A= {SECRET}", "has a space after the ="),
        (f"A={SECRET} # why", "put a comment on its own line"),
        (f"A={SECRET}\\", "has a backslash"),
        (f"A='{SECRET}", "a quote that is not closed"),
        (f'A="{SECRET}\\"', "a quote that is not closed"),
        (f"A='{SECRET}' # why", "something after the closing quote"),
        (f"A='{SECRET}''x'", "something after the closing quote"),
        (f"B={SECRET}", "is in an earlier line already"),
        (f"A={SECRET}\0", "a zero character"),
    ],
)
def test_a_line_that_can_be_read_in_two_ways_is_refused(line: str, words: str) -> None:
    """With its number and the way out, and without the value."""
    with pytest.raises(SettingsError) as caught:
        parse_env(f"B=1\r\n{line}\r\n", "maa.env")

    assert "maa.env, line 2: " in str(caught.value)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


def test_every_wrong_line_is_told_at_once() -> None:
    """Nobody mends one line per try."""
    with pytest.raises(SettingsError) as caught:
        parse_env("one\nA=1\ntwo\n", "maa.env")

    assert [each.setting for each in caught.value.mistakes] == ["maa.env, line 1", "maa.env, line 3"]


@given(st.dictionaries(st.from_regex("[A-Z_]{1,8}", fullmatch=True), VALUES, max_size=4))
def test_what_is_written_is_read_back(variables: dict[str, str]) -> None:
    """Any value, however it is made."""
    assert parse_env(env_text(variables), "x") == variables


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_windows_are_read(tmp_path: Path, encoding: str) -> None:
    """Its editors begin with a byte order mark, and PowerShell writes UTF-16."""
    file = tmp_path / "maa.env"
    file.write_bytes("A=Löschung\r\nB=2\r\n".encode(encoding))

    assert read_env_file(file) == {"A": "Löschung", "B": "2"}


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "cannot be read: No such file"),
        (b"A=\xff\xfe\xfa", "not text in UTF-8"),
        (b"A" * 2**21, "too long"),
    ],
    ids=["missing", "binary", "endless"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    """By its name."""
    file = tmp_path / "maa.env"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match=words):
        read_env_file(file)
