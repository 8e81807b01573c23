"""The types of all failures, and the log of the command line."""

import io
import json
import logging
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from maa_notify import errors
from maa_notify.errors import MaaNotifyError, Mistake, SettingsError
from maa_notify.logs import log_to_stderr, logger, poll_under_way
from tests.support.hostile import texts

KINDS = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MaaNotifyError)
]


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
    logging.getLogger("maa_notify.polling.poll").info("poll.done listed=%d", 3)
    logging.getLogger("maa_notify.polling.poll").debug("poll.detail")
    logging.getLogger("httpx").info("HTTP Request: POST https://flow.example/?sig=hush")
    logging.getLogger("somebody.else").info("chatter")
    output = capsys.readouterr()

    assert output.out == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    poll\.done listed=3\n", output.err)


@pytest.mark.usefixtures("tokyo")
def test_the_log_is_in_utc_wherever_the_machine_is(capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be laid beside those of Microsoft."""
    log_to_stderr()
    logging.getLogger("maa_notify.polling.poll").warning("poll.unheard")
    moment = datetime.fromisoformat(capsys.readouterr().err.split()[0])

    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_a_quiet_log_only_warns(capsys: pytest.CaptureFixture[str]) -> None:
    """As `--quiet` asks for."""
    log_to_stderr(logging.WARNING)
    logging.getLogger("maa_notify.polling.poll").info("poll.done")
    logging.getLogger("maa_notify.polling.poll").warning("poll.unheard")

    assert capsys.readouterr().err.endswith("WARNING poll.unheard\n")


PAIR = r' [a-z_]+=(?:[A-Za-z0-9_.:+~,?-]+|"[A-Za-z0-9_.:+~,? -]*")'
"""A value as queries may rely on it."""


def line_of(event: str, **values: object) -> str:
    """What the log would say."""
    return logger("maa_notify").process(event, values)[0]


@given(texts, texts)
def test_what_others_wrote_makes_no_line_and_no_value(value: str, sentence: str) -> None:
    """Whoever names a request cannot write a line of ours, or a value that an alarm would count."""
    line = line_of("deliver.failing", destination=value, waiting=3, text=sentence)

    assert re.fullmatch(rf"deliver\.failing{PAIR} waiting=3( \S.*)?", line)
    assert line.count("=") == 2
    assert line.isprintable()


@pytest.mark.parametrize(
    "value, shown",
    [
        ("default", "default"),
        ("Security team", '"Security team"'),
        ("x poll=forged\nline", '"x poll?forged?line"'),
        ('a"b', "a?b"),
        ("", '""'),
        (7, "7"),
        (1.2345, "1.23"),
        (datetime(2026, 11, 2, 9, tzinfo=UTC), "2026-11-02T09:00:00+00:00"),
        ("x" * 500, "x" * 80),
    ],
)
def test_a_value_has_one_form(value: object, shown: str) -> None:
    """Queries are built on it."""
    assert line_of("poll.done", listed=value) == f"poll.done listed={shown}"


def test_a_sentence_ends_the_line() -> None:
    """Several mistakes of the settings are one line, and a percent sign is only one."""
    assert line_of("poll.failed", code="settings", text="2 wrong:\n  - A=1: 50%s") == (
        "poll.failed code=settings 2 wrong: - A:1: 50%s"
    )


def test_a_percent_sign_from_outside_is_only_one(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that others wrote is ever taken for a format."""
    logger("maa_notify.polling.poll").warning("poll.unsure", text="%s %d %(name)s")

    assert caplog.messages == ["poll.unsure %s %d %(name)s"]


def test_every_poll_has_an_id_of_its_own_in_its_own_thread() -> None:
    """Two polls at once can be told apart; outside of a poll there is none."""
    lines: list[str] = []
    both_inside = threading.Barrier(2)

    def poll() -> None:
        with poll_under_way():
            both_inside.wait(10)
            lines.extend(line_of("poll.event", key="K-1") for _ in range(2))

    threads = [threading.Thread(target=poll) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(re.fullmatch(r"poll\.event poll=[0-9a-f]{12} key=K-1", line) for line in lines)
    assert (len(lines), len(set(lines))) == (4, 2)
    assert line_of("watch.stopped") == "watch.stopped"


def test_a_line_as_json_has_the_names_and_values_of_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers are numbers, and what other people wrote is as plain as in the text."""
    log_to_stderr(as_json=True)
    with poll_under_way("contoso.example"):
        logger("maa_notify.x").warning(
            "poll.done", event="cre=ated\n", listed=3, seconds=1.239, who="Mira Holt", text="all\nis = well"
        )
    told = json.loads(capsys.readouterr().err)
    moment = datetime.fromisoformat(told.pop("time"))

    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    assert re.fullmatch("[0-9a-f]{12}", told.pop("poll"))
    assert told == {
        "level": "warning",
        "message": "poll.done",
        "tenant": "contoso.example",
        "event": "cre?ated?",
        "listed": 3,
        "seconds": 1.24,
        "who": "Mira Holt",
        "text": "all is : well",
    }


def test_what_a_library_logs_is_an_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Also an exception: by its type, on the same line, without a trace that could hold anything."""
    log_to_stderr(as_json=True)
    try:
        raise ValueError("a secret")  # noqa: TRY301
    except ValueError:
        logging.getLogger("azure.core").exception("it\nbroke")
    [line] = capsys.readouterr().err.splitlines()

    assert json.loads(line).items() >= {
        ("message", "log"),
        ("level", "error"),
        ("logger", "azure.core"),
        ("text", "it broke (ValueError)"),
    }
    assert "a secret" not in line


@given(texts, texts)
def test_any_text_stays_one_json_object_on_its_line(value: str, sentence: str) -> None:
    """Whatever somebody called a request."""
    stream = io.StringIO()
    log_to_stderr(as_json=True)
    logging.getLogger().handlers[0].setStream(stream)  # type: ignore[attr-defined]
    logger("maa_notify.x").warning("poll.event", name=value, text=sentence)
    [line] = stream.getvalue().splitlines()

    assert line.isascii()
    assert set(json.loads(line)) - {"text"} == {"time", "level", "message", "name"}
