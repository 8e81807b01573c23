"""Whatever takes the output or not: UTF-8 or escapes, a sentence for the rest, a right exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from maa_notify.demo.loopback import free_port
from tests.cli.conftest import Command
from tests.support.graph import FakeGraph, make_request
from tests.support.process import ROOT, environment

REASON = "Löschung für Müller — 100 € … 😀 日本"
ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX redirects")
ON_LINUX = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")


@pytest.fixture
def shell(settings: dict[str, str], tmp_path: Path) -> "Shell":
    """Runs lines of a shell in which `maa` is the command."""
    return Shell(settings, tmp_path)


class Shell:
    """A shell whose settings lead to the fakes."""

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        self.settings, self.folder = settings, folder

    def run(self, line: str, **changes: str) -> subprocess.CompletedProcess[bytes]:
        """What a line leaves behind, as bytes; its exit code is that of the last `maa` in a pipe."""
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", f'maa() {{ "{sys.executable}" -m maa_notify "$@"; }}; {line}'],
            env=environment({**self.settings, **changes}),
            cwd=self.folder,
            capture_output=True,
            timeout=60,
            check=False,
        )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp850", "ascii", "latin-1:strict", "utf-16"])
@pytest.mark.parametrize(
    "words", [["history"], ["history", "--format", "json"], ["outbox", "list"]], ids=" ".join
)
def test_any_encoding_takes_any_text(
    settings: dict[str, str], graph: FakeGraph, tmp_path: Path, encoding: str, words: list[str]
) -> None:
    """A person's name, a long dash or an emoji never end a command; JSON stays JSON."""
    name = {"user": {"displayName": f"{REASON} \ud800 \x9b31m"}}
    graph.requests = [make_request(requestor=name, requestJustification=REASON)]
    given = environment({**settings, "PYTHONIOENCODING": encoding})
    poll, done = (
        subprocess.run(
            [sys.executable, "-m", "maa_notify", *arguments],
            env=given,
            cwd=tmp_path,
            capture_output=True,
            timeout=50,
            check=False,
        )
        for arguments in (["poll"], words)
    )

    assert (poll.returncode, done.returncode) == (0, 0)
    out = done.stdout.decode("utf-16" if encoding == "utf-16" else "utf-8")
    if words[-1] == "json":
        assert REASON[:20] in json.loads(out)[0]["requestor"]
    assert b"Traceback" not in done.stderr
    assert b"report it" not in done.stderr


@ON_LINUX
@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "--version",
        "poll",
        "poll --json",
        "doctor",
        "outbox list",
        "history",
        "preview",
        "preview --route",
    ],
)
def test_a_full_disk_gets_a_sentence(shell: Shell, words: str) -> None:
    """Exit 1, whether the text is short or long, and no word about a fault of ours."""
    done = shell.run(f"maa {words} > /dev/full")

    assert done.returncode == 1
    assert b"maa-notify: the output could not be written: No space left on device\n" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert b"report it" not in done.stderr


@ON_LINUX
def test_a_full_disk_for_the_log_stops_nothing(shell: Shell, graph: FakeGraph) -> None:
    """What a poll does counts, not what it says of it."""
    graph.requests = [make_request()]
    done = shell.run("maa poll --json 2> /dev/full")

    assert done.returncode == 0
    assert json.loads(done.stdout)["delivered"] == 1


@ON_POSIX
@pytest.mark.parametrize("words", ["preview digest", "history", "--help", "outbox list"])
def test_a_reader_who_goes_away_gets_a_sentence(shell: Shell, words: str) -> None:
    """As `head` does; no traceback, and the exit code is one of ours."""
    done = shell.run(f"maa {words} | true")

    assert done.returncode in {0, 1}  # a short text may be read before the reader goes
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert b"report it" not in done.stderr


@ON_POSIX
def test_a_reader_who_was_never_there(shell: Shell) -> None:
    """A pipe that is closed before the first word."""
    done = shell.run("(sleep 1; maa preview digest) | (exec <&-; exit 0); exit ${PIPESTATUS[0]}")

    assert done.returncode == 1
    assert (
        done.stderr == b"maa-notify: the output could not be written: its reader went away before the end\n"
    )


@ON_POSIX
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["poll", "history", "doctor", "--help"])
def test_closed_streams_stop_nothing(shell: Shell, words: str, closed: str) -> None:
    """As a service may start it; and no state file takes the place of a stream."""
    done = shell.run(f"maa {words} {closed}")

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert b"report it" not in done.stderr
    assert shell.run("maa poll").returncode == 0


@ON_POSIX
def test_no_standard_input_is_no_request(shell: Shell) -> None:
    """A sentence that says where nothing was."""
    done = shell.run("maa preview --request - <&-")

    assert done.returncode == 2
    assert b"maa-notify: --request: - cannot be read" in done.stderr


@ON_POSIX
@pytest.mark.parametrize(
    "words, code",
    [
        ("preview $'\\xff'", 0),
        ("preview --policy-type $'\\xff'", 2),
        ("preview --request $'\\xff'", 2),
        ("outbox list $'\\xff'", 1),
        ("history --key $'\\xff'", 1),
        ("$'\\xff'", 2),
        ("outbox", 2),
    ],
)
def test_arguments_of_any_bytes(shell: Shell, words: str, code: int) -> None:
    """What a terminal of another encoding makes of a letter is answered like any other word."""
    done = shell.run(f"maa {words}")

    assert done.returncode == code
    assert b"report it" not in done.stderr
    assert b"required: action, KEY" not in done.stderr


@ON_LINUX
def test_a_file_without_an_end_is_no_request(shell: Shell) -> None:
    """A device or a pipe that never ends is read so far and no further."""
    device, pipe = shell.run("maa preview --request /dev/zero"), shell.run("yes | maa preview --request -")

    assert (device.returncode, pipe.returncode) == (2, 2)
    assert b"holds no request as Graph gives it" in device.stderr


@pytest.mark.parametrize(
    "error, words",
    [
        ("MemoryError()", "maa-notify: this machine has not enough memory for it"),
        (
            "ModuleNotFoundError('No module named x')",
            "maa-notify: the installation is not complete: No module",
        ),
        ("PermissionError(13, 'Permission denied', 'x.py')", "maa-notify: x.py: Permission denied"),
        ("OSError(28, 'No space left on device', 'x.db')", "maa-notify: x.db: No space left on device"),
        ("KeyboardInterrupt()", "maa-notify: stopped"),
        ("ValueError('a secret')", "maa-notify: this is a fault of maa-notify itself: ValueError in"),
    ],
    ids=lambda text: text.partition("(")[0] if "(" in text else "",
)
def test_only_a_fault_of_ours_is_to_be_reported(
    settings: dict[str, str], tmp_path: Path, error: str, words: str
) -> None:
    """What the machine or its owner lacks is said as that; nothing that an error quotes is shown of ours."""
    (tmp_path / "msal.py").write_text(f"raise {error}\n", encoding="utf-8")
    given = {**settings, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-m", "maa_notify", "poll"],
        env=environment(given),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(words)
    assert done.stderr.count("\n") == 1
    assert ("report it" in done.stderr) is error.startswith("ValueError")
    assert "a secret" not in done.stderr


BIG = str(10**30)
HUGE = "9" * 5_000


@pytest.mark.parametrize(
    "words",
    [
        *(f"watch --every {each}" for each in ("-1", "nan", "1e400", HUGE, "soon")),
        *(f"watch --metrics {each}" for each in ("-1", "65536", "host", BIG)),
        *(f"history --days {each}" for each in ("-1", "0", "nan", BIG, "99999999")),
        *(f"preview --png card.png --width {each}" for each in ("0", HUGE, "wide")),
        *(f"demo --port {each}" for each in ("-1", "65536", BIG)),
    ],
    ids=lambda words: words[:60],
)
def test_absurd_numbers_are_refused_in_words(command: Command, words: str) -> None:
    """Exit 2 with what is possible, and none of our function names."""
    outcome = command(*words.split(" "))

    assert outcome.code == 2
    assert "must be a" in outcome.err
    assert "invalid" not in outcome.err
    assert len(outcome.err) < 2_000


@pytest.mark.parametrize("given", ["json", " JSON ", '"json"'])
def test_every_line_of_the_log_is_json_where_that_is_wanted(
    command: Command, graph: FakeGraph, given: str
) -> None:
    """In the environment or in a file; the report stays on standard output."""
    graph.requests = [make_request()]
    outcome = command("poll", "--json", MAA_LOG_FORMAT=given)
    lines = [json.loads(line) for line in outcome.err.splitlines()]

    assert outcome.report["delivered"] == 1
    assert [line["message"] for line in lines] == ["poll.event", "deliver.sent", "poll.done"]
    assert lines[-1]["delivered"] == 1
    assert command("-q", "poll", MAA_LOG_FORMAT="yaml").code == 2


@ON_POSIX
@pytest.mark.parametrize("place", ["nowhere/app.zip", ".", "/dev/full", "settings.json/app.zip"])
def test_a_file_that_cannot_be_written_is_named(command: Command, tmp_path: Path, place: str) -> None:
    """Exit 1, with the reason of the system."""
    (tmp_path / "settings.json").touch()
    outcome = command("teams-app", "--output", place, MAA_CLIENT_ID="7b0c54be-0000-4000-8000-000000000003")

    assert outcome.code == 1
    assert place in outcome.err
    assert "report it" not in outcome.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes")
@pytest.mark.skipif("DISPLAY" in os.environ, reason="a browser would open")
def test_a_port_that_is_taken_is_no_fault_of_ours(command: Command, graph: FakeGraph) -> None:
    """The demo cannot listen where somebody else does."""
    outcome = command("demo", "--port", graph.url.rpartition(":")[2], "--no-scenario")

    assert outcome.code == 1
    assert "report it" not in outcome.err
    assert free_port()
