"""The number at the foot of each card: no gap, none twice, and what is missing can be named."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from maa_notify.cards.serial import numbered
from maa_notify.cli.main import main
from maa_notify.delivery.gaps import numbers_of
from maa_notify.storage.rows import Delete
from tests.support.cards import text
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

MINUTE = 60.0


@pytest.fixture
def make(graph: FakeGraph, teams: FakeTeams, tmp_path: Path) -> Iterator[Callable[..., Notifier]]:
    """Makes notifiers on one state and one clock."""
    made: list[Notifier] = []
    clock = FakeClock()

    def notifier(**settings: str) -> Notifier:
        made.append(Notifier(graph, teams, tmp_path / "state.db", clock, **settings))
        return made[-1]

    yield notifier
    for each in made:
        each.close()


def serials(cards: list[dict[str, object]]) -> list[int]:
    """The numbers at the feet of these cards."""
    return [int(number) for card in cards for number in re.findall(r"No\. (\d+)", text(card))]


def test_cards_of_each_destination_are_numbered(
    graph: FakeGraph, teams: FakeTeams, make: Callable[..., Notifier]
) -> None:
    """Cards, digests and signs of life count alike, and each channel by itself."""
    ops = json.dumps([{"name": "ops", "webhook_url": teams.url_for("ops"), "events": ["approved"]}])
    notifier = make(MAA_DESTINATIONS=ops, MAA_HEARTBEAT_DAYS="1")
    for status in ("needsApproval", "approved", "needsApproval"):
        graph.requests = [*graph.requests, make_request(now=notifier.clock.now(), status=status)]
        notifier.poll_after(MINUTE)
    graph.requests = [*graph.requests, *(make_request(now=notifier.clock.now()) for _ in range(9))]
    notifier.poll_after(MINUTE)
    notifier.poll_after(25 * 60 * MINUTE)

    assert serials(teams.cards_in("general")) == [1, 2, 3, 4]
    assert serials(teams.cards_in("ops")) == [1, 2]


def test_what_was_refused_takes_no_number(
    graph: FakeGraph, teams: FakeTeams, make: Callable[..., Notifier]
) -> None:
    """Nothing of it arrived, so the card that does has the number; the plain form has one, too."""
    notifier = make()
    teams.fail_next(reply(503), reply(404), reply(400))
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll_each(10 * MINUTE, 4)
    graph.requests = [*graph.requests, make_request(now=notifier.clock.now())]
    notifier.poll_after(MINUTE)

    assert serials(teams.cards) == [1, 2]


def test_a_repeat_carries_the_number_of_the_first_try(
    graph: FakeGraph, teams: FakeTeams, make: Callable[..., Notifier]
) -> None:
    """A gateway fails in the flow's place; what comes meanwhile has the next number."""
    notifier = make()
    teams.fail_next(reply(502), reply(502), reply(502))
    graph.requests = [make_request(now=notifier.clock.now(), payloadName="LT-1")]
    notifier.poll()
    graph.requests = [*graph.requests, make_request(now=notifier.clock.now(), payloadName="LT-2")]
    notifier.poll_each(MINUTE, 8)

    told = {name: serials([card for card in teams.cards if name in text(card)]) for name in ("LT-1", "LT-2")}
    assert told == {"LT-1": [1], "LT-2": [2]}
    assert "Sent again" in next(text(card) for card in teams.cards if "LT-1" in text(card))


def test_a_card_that_was_posted_and_not_recorded_keeps_its_number(
    graph: FakeGraph, teams: FakeTeams, make: Callable[..., Notifier]
) -> None:
    """The process dies in between: the copy has the same number, and the next card the next one."""

    class DeadError(Exception):
        pass

    notifier = make()
    graph.requests = [make_request(now=notifier.clock.now())]
    rows = notifier.app.store.rows
    commit = rows.commit

    def dies_after_the_post(writes: Any) -> list[str]:
        if teams.cards:
            raise DeadError
        return commit(writes)

    rows.commit = dies_after_the_post  # type: ignore[method-assign]
    with pytest.raises(DeadError):
        notifier.poll()
    later = make()
    later.poll_after(10 * MINUTE)
    graph.requests = [*graph.requests, make_request(now=later.clock.now())]
    later.poll_after(MINUTE)

    assert serials(teams.cards) == [1, 1, 2]


@pytest.mark.parametrize(
    "known, last, missing",
    [
        ([], 0, ""),
        ([1, 2, 3], 3, ""),
        ([7, 8, 8, 0], 8, ""),
        ([1, 2, 5, 7, 11], 11, "3-4 6 8-10"),
        ([1, 2], 4, "3-4"),
        ([], 3, "3"),
    ],
)
def test_gaps_are_told_in_short(known: list[int], last: int, missing: str) -> None:
    """Also where the newest rows are gone, for the destination's own row knows the last number."""
    assert numbers_of("ops", known, last).told == missing


def test_history_names_what_nothing_accounts_for(
    graph: FakeGraph,
    teams: FakeTeams,
    make: Callable[..., Notifier],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Somebody deleted an entry of the journal; before that there was none missing."""
    notifier = make()
    for _ in range(4):
        graph.requests = [*graph.requests, make_request(now=notifier.clock.now())]
        notifier.poll_after(MINUTE)
    for name, value in notifier.environ.items():
        monkeypatch.setenv(name, value)

    codes = [main(["history", "--gaps"])]
    [_, second, *_] = notifier.app.store.rows.read("sent:", "sent;")
    notifier.app.store.rows.commit([Delete(second.key, second.etag)])
    codes.append(main(["history", "--gaps"]))
    printed = capsys.readouterr().out

    assert codes == [0, 1]
    head, whole, _, gap = (line.replace('"', "") for line in printed.splitlines())
    assert (head, whole, gap) == ("destination,first,last,missing", "default,1,4,", "default,1,4,2")


def test_only_our_own_last_line_is_numbered() -> None:
    """Text of a request that looks like it stands in elements of another type."""
    theirs = {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "MAA Notify only reads"}]}
    ours = {"type": "TextBlock", "text": "Key A-1 · MAA Notify only reads"}

    made = numbered({"body": [theirs, ours]}, 3, 7)

    assert made["body"] == [
        theirs,
        {"type": "TextBlock", "text": "Key A-1 · MAA Notify only reads · No. 3, changed by no. 7"},
    ]
