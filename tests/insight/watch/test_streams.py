"""Recall and false alarms on labelled streams; the page of the watch tells the figures."""

import re
from collections.abc import Iterable
from pathlib import Path

from maa_notify.domain.alert import Severity
from tests.insight.watch import streams
from tests.insight.watch.conftest import Alerts

PAGE = Path(__file__).parents[3] / "docs" / "watch.md"
NUMBER = 300
"""Streams of each sort."""


def rung(alerts: Alerts, stream: streams.Stream) -> list[str]:
    """The kinds of the alerts that reach a channel."""
    return [each.kind for each in alerts(*stream.entries) if each.severity is not Severity.LOW]


def test_every_step_of_an_attacker_rings_once(alerts: Alerts) -> None:
    """Whatever else happens, in any spelling and order of the log; duplicates ring no second time."""
    missed: list[tuple[int, Iterable[str]]] = []
    false: list[tuple[int, Iterable[str]]] = []
    for number in range(NUMBER):
        stream = streams.attack(number)
        kinds = rung(alerts, stream)
        missed += [(number, stream.expected - set(kinds))] if stream.expected - set(kinds) else []
        others = [kind for kind in kinds if kind not in stream.expected]
        false += [(number, others)] if others or len(kinds) > len(set(kinds)) else []

    assert (missed, false) == ([], [])


def test_daily_life_rings_nowhere(alerts: Alerts) -> None:
    """Pipelines, activations, access reviews, the help desk and Microsoft's own apps."""
    assert [number for number in range(NUMBER) if rung(alerts, streams.quiet(number))] == []


def test_the_page_tells_the_figures() -> None:
    """As they are counted above."""
    steps = sum(len(streams.attack(number).expected) for number in range(NUMBER))
    entries = sum(
        len(make(number).entries) for make in (streams.attack, streams.quiet) for number in range(NUMBER)
    )

    told = re.search(
        r"(\d+) streams with ([\d,]+) steps.+?([\d,]+) entries", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )

    assert told is not None
    assert [int(each.replace(",", "")) for each in told.groups()] == [NUMBER, steps, entries]
