"""The key on the card is the key everywhere: in the outbox and the history, in any spelling."""

import json
from dataclasses import dataclass

import pytest

from maa_notify.cli.keys import is_meant
from maa_notify.domain.event import EventKind, RequestEvent, short_key
from maa_notify.domain.notification import Notification
from tests.cli.conftest import Command
from tests.support.approval import NOW, approval
from tests.support.cards import text
from tests.support.graph import FakeGraph, make_request
from tests.support.teams import FakeTeams
from tests.support.wire import reply


def notification(request_id: str, revision: int = 2) -> Notification:
    """A notification of a request's news."""
    event = RequestEvent(EventKind.STATUS_CHANGED, approval("approved", id=request_id), revision, NOW)
    return Notification(event, "Ops", NOW)


ID = "5f0f3c3e-0000-4000-8000-0000000000aa"
SHORT = short_key(ID)


@pytest.mark.parametrize(
    "key",
    [
        SHORT,
        f"{SHORT}-2",
        f" {SHORT.lower()}-2 ",
        f"{SHORT}-00002",
        f"#{SHORT}-2",
        f"{SHORT}\u20132",
        f"{SHORT}-2.",
        f"({SHORT}-2),",
        f"\u200b{SHORT}-2\ufeff",
        f"{{{ID}}}",
        ID.replace("-", ""),
        ID.replace("-", "\u2010"),
        ID,
        ID.upper(),
        f"{ID}:00002:status_changed:Ops",
        f"{ID}:00002:status_changed:ops",
    ],
)
def test_a_key_in_any_form_is_meant(key: str) -> None:
    """Short or long, with the revision or without it, in upper or lower case."""
    assert is_meant(key, notification(ID))


def test_letters_that_look_like_digits_are_meant_as_those() -> None:
    """No key has the letters O, I and L, so whoever types them read a digit."""
    found = next(each for each in map(str, range(10_000)) if {"0", "1"} <= set(short_key(each)))
    typed = short_key(found).replace("0", "o").replace("1", "l")

    assert is_meant(typed, notification(found))


@pytest.mark.parametrize(
    "key",
    ["", "-", f"{SHORT}-3", f"{SHORT}-", SHORT[:5], f"{SHORT}-2-2", f"{ID}:00001:created:Ops", "Ops"],
)
def test_another_key_is_not_meant(key: str) -> None:
    """Nothing is discarded by a part of a key, or by that of other news."""
    assert not is_meant(key, notification(ID))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Two requests, each of which waits for two destinations."""

    command: Command
    settings: dict[str, str]
    keys: list[str]

    def outbox(self, *words: str) -> tuple[int, str, str]:
        """What the command says."""
        done = self.command("outbox", *words, **self.settings)
        return done.code, done.out, done.err

    def listed(self, *words: str) -> list[tuple[str, str]]:
        """The short keys and destinations that are listed."""
        found = json.loads(self.command("outbox", "list", "--json", *words, **self.settings).out)
        return sorted((each["short_key"], each["destination"]) for each in found)


@pytest.fixture
def waiting(command: Command, graph: FakeGraph, teams: FakeTeams) -> Waiting:
    """The destinations are called front and ops."""
    entries = [{"name": name, "webhook_url": teams.url_for(name)} for name in ("front", "ops")]
    settings = {"MAA_DESTINATIONS": json.dumps(entries)}
    graph.requests = [make_request(payloadName="Laptop-7\x1b[31m"), make_request()]
    teams.answer_all(reply(404))
    command("poll", **settings)
    return Waiting(command, settings, [short_key(each["id"]) for each in graph.requests])


def test_the_list_shows_the_key_of_the_card(waiting: Waiting) -> None:
    """With subject, event and destination, so that nobody has to compare long ids; names stay harmless."""
    first, second = waiting.keys
    code, out, _ = waiting.outbox("list")

    assert code == 0
    assert sum(line.startswith(f"pending {first}-1  Wipe") for line in out.splitlines()) == 2
    assert "created, for ops, 1 attempt, last error: " in out
    assert "\x1b" not in out
    everything = [(f"{key}-1", name) for key in (first, second) for name in ("front", "ops")]
    assert waiting.listed() == sorted(everything)
    assert waiting.listed(first.lower()) == [(f"{first}-1", "front"), (f"{first}-1", "ops")]
    assert waiting.listed(first, "--destination", "ops") == [(f"{first}-1", "ops")]


def test_what_is_meant_for_several_destinations_is_not_discarded_by_chance(waiting: Waiting) -> None:
    """The words name them and the two ways out; each of these works."""
    first, second = waiting.keys
    careless = waiting.outbox("discard", f"{first}-1")
    one = waiting.outbox("discard", f"{first}-1", "--destination", "ops")
    both = waiting.outbox("discard", second.lower(), "--all")

    assert careless[0] == 2
    told = f"{first}-1 waits for 2 destinations (front, ops): say which with --destination NAME, or --all"
    assert told in careless[2]
    assert (one[0], one[1]) == (0, "1 notification discarded\n")
    assert (both[0], both[1]) == (0, "2 notifications discarded\n")
    assert waiting.listed() == [(f"{first}-1", "front")]


def test_a_retry_by_key_says_how_far_it_goes(waiting: Waiting, teams: FakeTeams) -> None:
    """Both destinations are due, and the words say how to mean one."""
    code, out, err = waiting.outbox("retry", waiting.keys[0])
    teams.answer_all(None)
    poll = waiting.command("poll", "--json", **waiting.settings)

    assert (code, out) == (0, "2 notifications due now; the next poll sends them\n")
    assert "all of them are meant; --destination NAME means one" in err
    assert poll.report["delivered"] >= 2


def test_a_key_that_does_not_wait_is_told_what_became_of_it(waiting: Waiting, teams: FakeTeams) -> None:
    """The key is read off the card that came, and so is this answer; another key is simply not there."""
    teams.answer_all(None)
    waiting.outbox("retry")
    waiting.command("poll", **waiting.settings)
    key = f"{waiting.keys[0]}-1"
    for action in ("list", "retry", "discard"):
        code, _, err = waiting.outbox(action, key.lower(), "--destination", "front")

        assert code == 1
        assert f"nothing waits under the key {key.lower()} for front: {key} was delivered at 20" in err
        assert err.rstrip().endswith(" UTC to front")
    code, _, err = waiting.outbox("discard", "000000-1", "--all")

    assert (code, err) == (1, "maa-notify: nothing waits under the key 000000-1\n")


@pytest.mark.parametrize(
    "words",
    [
        "outbox list A B --json --destination ops",
        "outbox list --json A --destination ops B",
        "--json outbox --destination ops list A B",
        "outbox --destination ops --json list A -q B",
    ],
)
def test_keys_and_options_may_stand_in_any_order(command: Command, words: str) -> None:
    """Both keys count, wherever an option stands between them; an unknown option is refused."""
    outcome, wrong = command(*words.split()), command(*words.split(), "--nonsense")

    assert (outcome.code, outcome.out) == (1, "[]\n")
    assert [f"under the key {key} for ops" in outcome.err for key in "AB"] == [True, True]
    assert wrong.code == 2
    assert "unrecognized arguments: --nonsense" in wrong.err


@pytest.mark.parametrize("form", ["{short}", "{lower}-1", "{id}", "{long}"])
def test_the_history_of_one_key(command: Command, graph: FakeGraph, teams: FakeTeams, form: str) -> None:
    """All news of a request, or one card; what was never told under a key is said."""
    graph.requests = [make_request(), make_request()]
    command("poll")
    wanted = graph.requests[0]["id"]
    short = short_key(wanted)
    long = f"{wanted}:00001:created:default"
    key = form.format(short=short, lower=short.lower(), id=wanted, long=long)
    found = json.loads(command("history", "--json", "--key", key).out)
    none = command("history", "--key", "000000")
    elsewhere = command("history", "--key", short, "--destination", "ops")

    assert [each["request"] for each in found] == [wanted]
    assert any(f"{found[0]['key']}" in text(card) for card in teams.cards)
    assert none.code == elsewhere.code == 1
    assert "nothing was told or given up under the key 000000" in none.err
    assert f"under the key {short} for ops" in elsewhere.err
