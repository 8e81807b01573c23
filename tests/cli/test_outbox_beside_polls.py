"""`outbox retry` and `outbox discard` while a poll delivers: done or a sentence, and nothing untrue."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.support.graph import FakeGraph, make_request
from tests.support.process import Outcome
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, Seen, handler, reply


class Meanwhile:
    """Runs a command while the first card of a poll is being posted."""

    def __init__(self, command: Command, teams: FakeTeams, *words: str) -> None:
        """What to run; "POSTED" and "OTHER" stand for the keys of what is being posted and what waits."""
        self._command, self._teams, self._words = command, teams, words
        self.outcome: Outcome | None = None
        teams.answer_all(handler(self._answer))

    def _answer(self, seen: Seen) -> HttpResponse:
        if self.outcome is None:
            listed: list[dict[str, Any]] = json.loads(self._command("outbox", "list", "--json").out)
            body = seen.body.decode()
            keys = {("POSTED" if each["short_key"] in body else "OTHER"): each["key"] for each in listed}
            self.outcome = self._command(*(keys.get(word, word) for word in self._words))
        return reply(202)


@pytest.fixture
def two(graph: FakeGraph) -> None:
    """Two new requests."""
    graph.requests = [make_request(), make_request()]


def told(outcome: Outcome | None) -> Outcome:
    """What the command said; it ran to its end, and no fault of ours was shown."""
    assert outcome is not None
    assert "report it" not in outcome.err
    return outcome


@pytest.mark.usefixtures("two")
@pytest.mark.timeout(120)
def test_what_is_discarded_while_an_earlier_card_is_posted_does_not_come(
    command: Command, teams: FakeTeams
) -> None:
    """The poll looks again before its next card, and the words say that one is on its way."""
    meanwhile = Meanwhile(command, teams, "outbox", "discard", "OTHER")

    poll = command("poll", "--json")

    said = told(meanwhile.outcome)
    assert (said.code, "1 notification discarded" in said.out) == (0, True)
    assert "delivering to 'default' now" in said.out
    assert (len(teams.calls), poll.code, poll.report["delivered"], poll.report["pending"]) == (1, 0, 1, 0)


@pytest.mark.usefixtures("two")
@pytest.mark.timeout(120)
def test_what_is_discarded_while_it_is_posted_is_said_to_be_on_its_way(
    command: Command, teams: FakeTeams
) -> None:
    """Nobody is told that a card will not come which is just coming; and it comes once."""
    meanwhile = Meanwhile(command, teams, "outbox", "discard", "POSTED", "OTHER")

    command("poll")
    command("poll")

    said = told(meanwhile.outcome)
    assert (said.code, "card that is on its way there still comes" in said.out) == (0, True)
    assert len(teams.calls) == 1


@pytest.mark.usefixtures("two")
@pytest.mark.timeout(120)
def test_a_retry_while_a_poll_delivers_doubles_nothing(command: Command, teams: FakeTeams) -> None:
    """It is done, and each card comes once."""
    meanwhile = Meanwhile(command, teams, "outbox", "retry")

    poll = command("poll", "--json")

    assert (told(meanwhile.outcome).code, poll.code, len(teams.calls)) == (0, 0, 2)


@pytest.mark.usefixtures("two")
def test_a_discard_without_a_poll_says_nothing_of_one(command: Command, teams: FakeTeams) -> None:
    """Only where a destination is being delivered to a card may still come."""
    teams.answer_all(reply(429, headers={"Retry-After": "3000"}))
    command("poll")

    said = command("outbox", "discard", "--all")

    assert (said.code, said.out.strip()) == (0, "2 notifications discarded")
