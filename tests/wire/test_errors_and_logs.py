"""The types of all failures, and the log of the command line."""

import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from maa_notify import errors
from maa_notify.errors import MaaNotifyError, Mistake, SettingsError
from maa_notify.logs import log_to_stderr

KINDS = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MaaNotifyError)
]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Puts back what a test changes for the whole process."""
    root, ours = logging.getLogger(), logging.getLogger("maa_notify")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def test_every_kind_of_failure_has_a_code_of_its_own() -> None:
    """Health, exit codes and alarms are built on them."""
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    assert all(re.fullmatch(r"[a-z_]+", kind.code) for kind in KINDS)


def test_the_tree_in_the_docstring_is_whole() -> None:
    """It is the first thing that a reader looks for."""
    assert errors.__doc__
    assert set(re.findall(r"── (\w+)", errors.__doc__)) == {kind.__name__ for kind in KINDS} - {
        "MaaNotifyError"
    }


def test_wrong_settings_are_listed_together() -> None:
    """One start is enough to see them all."""
    one, two = Mistake("MAA_A", "is wrong"), Mistake("MAA_B", "is worse")

    assert str(SettingsError([one])) == "1 setting is wrong:\n  - MAA_A: is wrong"
    assert str(SettingsError([one, two])).splitlines()[0] == "2 settings are wrong:"
    assert SettingsError([one, two]).mistakes == (one, two)


def test_the_log_goes_to_standard_error_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to the answer of a command."""
    log_to_stderr()
    logging.getLogger("maa_notify.poll").info("poll.done listed=%d", 3)
    logging.getLogger("maa_notify.poll").debug("poll.detail")
    logging.getLogger("httpx").info("HTTP Request: POST https://flow.example/?sig=hush")
    logging.getLogger("somebody.else").info("chatter")
    output = capsys.readouterr()

    assert output.out == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    poll\.done listed=3\n", output.err)


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moves the machine there for one test."""
    with monkeypatch.context() as abroad:
        abroad.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo")
def test_the_log_is_in_utc_wherever_the_machine_is(capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be laid beside those of Microsoft."""
    log_to_stderr()
    logging.getLogger("maa_notify.poll").warning("poll.unheard")
    moment = datetime.fromisoformat(capsys.readouterr().err.split()[0])

    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_a_quiet_log_only_warns(capsys: pytest.CaptureFixture[str]) -> None:
    """As `--quiet` asks for."""
    log_to_stderr(logging.WARNING)
    logging.getLogger("maa_notify.poll").info("poll.done")
    logging.getLogger("maa_notify.poll").warning("poll.unheard")

    assert capsys.readouterr().err.endswith("WARNING poll.unheard\n")
