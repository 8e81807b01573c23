"""The button "I am looking at it", from the press to the cards that say so, and who may press it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from maa_notify.bot import strings
from maa_notify.bot.looking import Looking
from maa_notify.storage.records import LOOK
from maa_notify.storage.rows import Put, Row, Rows, prefix_end
from maa_notify.storage.store import StateStore
from tests.cards.judge import assert_sound
from tests.polling.conftest import clock, make_notifier
from tests.support.approvers import MIRA, House
from tests.support.bot import Bot, FakeBotService
from tests.support.cards import text
from tests.support.connector import GENERAL, FakeConnector
from tests.support.graph import FakeGraph
from tests.support.notifier import Notifier
from tests.support.wire import close_without_answer, reply

__all__ = ["clock", "make_notifier"]

MINUTE, HOUR = 60.0, 3600.0
AIKO, OSKAR = "Aiko Mori", "Oskar Weiss"
STRANGER = "a1f4c0de-0001-4c1e-8f00-00000000dead"
TITLE = "I am looking at it"


@pytest.fixture
def connector() -> Iterator[FakeConnector]:
    """Teams, as the bot writes to it."""
    with FakeConnector() as fake:
        yield fake


class Office(House):
    """A tenant whose people press buttons."""

    keys: FakeBotService

    def press(
        self,
        who: str,
        request: Any,
        *,
        value: Any = None,
        kind: str = "invoke",
        name_told: str = AIKO,
        **changes: Any,
    ) -> tuple[int, str]:
        """One of them, or whoever has this id, presses the button; the status and what they are shown."""
        data = {"verb": "maa.look", "request": request["id"] if isinstance(request, dict) else request}
        pressed = {"action": {"type": "Action.Execute", "title": TITLE, "verb": "maa.look", "data": data}}
        fields = {
            "type": kind,
            "name": "adaptiveCard/action" if kind == "invoke" else None,
            "value": value if value is not None else pressed if kind == "invoke" else data,
            "text": None,
            "from": {"id": "29:x", "name": name_told, "aadObjectId": self.people.get(who, who)},
        }
        bot = Bot(self.keys, self.notifier.app.store, self.notifier.clock)
        activity = self.keys.activity(**{**fields, **changes})
        status, body = bot.answer_to(json.dumps(activity).encode())
        return status, json.loads(body)["value"] if body else ""

    def noted(self) -> list[str]:
        """The rows that say who looks at what."""
        rows = self.notifier.app.store.rows
        return [row.data for row in rows.read(LOOK, prefix_end(LOOK))]

    def cards(self) -> list[str]:
        """The card of the channel, and those of all chats, as they are now."""
        chats = [card for name in self.people for card in self.chat(name)]
        return [text(card) for card in (*self.service.cards_in(GENERAL), *chats)]


@pytest.fixture
def office(
    graph: FakeGraph,
    connector: FakeConnector,
    service: FakeBotService,
    make_notifier: Callable[..., Notifier],
) -> Office:
    """Two approvers, and a bot that listens."""
    made = Office(graph, connector, make_notifier, AIKO, OSKAR)
    made.keys = service
    made.settings["MAA_BOT_COMMANDS"] = "true"
    made.notifier = make_notifier(**made.settings)
    return made


def test_all_cards_say_who_looks_and_the_thread_rings_once(office: Office) -> None:
    """Pressed once: the next poll changes the channel's card and each chat's, and replies in the thread."""
    request = office.file()
    office.notifier.poll()
    before = len(office.service.posts)

    status, told = office.press(AIKO, request)
    office.notifier.poll_after(MINUTE)
    office.notifier.poll_after(MINUTE)

    assert (status, told) == (200, strings.LOOK_NOTED)
    assert all("Looking since" in card and "“Aiko Mori”" in card for card in office.cards())
    assert Counter(post.kind for post in office.service.posts[before:]) == {"update": 3, "reply": 1}
    [in_thread] = office.service.replies_to(office.service.posts[0].activity_id)
    assert "Looking since" in text(in_thread)
    assert "somebody is looking" in office.service.posts[before + 1].summary


def test_nothing_but_get_goes_to_graph(office: Office) -> None:
    """Pressed, taken over, lapsed: it is a row of our own, and Intune hears of none of it."""
    request = office.file()
    office.notifier.poll()
    office.press(AIKO, request)
    office.notifier.poll_after(MINUTE)
    office.press(OSKAR, request)
    office.notifier.poll_each(HOUR, 2)

    assert {call.method for call in office.graph.calls} == {"GET"}


def test_a_press_itself_asks_nobody_and_posts_nothing(office: Office) -> None:
    """It is answered from the state store: neither Graph nor Teams is called."""
    request = office.file()
    office.notifier.poll()
    calls = len(office.graph.calls), len(office.service.calls)

    office.press(AIKO, request)

    assert (len(office.graph.calls), len(office.service.calls)) == calls


def test_another_takes_over(office: Office) -> None:
    """The cards name whoever said so last; pressing twice changes nothing."""
    request = office.file()
    office.notifier.poll()
    office.press(AIKO, request)
    office.notifier.poll_after(MINUTE)

    again, other = office.press(AIKO, request), office.press(OSKAR, request)
    office.notifier.poll_after(MINUTE)

    assert again == (200, strings.LOOK_KNOWN)
    assert other == (200, strings.LOOK_TAKEN_OVER)
    looking = [card.partition("Looking since")[2] for card in office.cards()]
    assert all("“Oskar Weiss”" in each and "“Aiko Mori”" not in each for each in looking)


class Hurried:
    """Rows where somebody else acts right after a look is read for the first time."""

    def __init__(self, rows: Rows, act: Callable[[], object]) -> None:
        """Passes all on."""
        self._rows, self._acts = rows, [act]
        self.read, self.commit, self.close = rows.read, rows.commit, rows.close

    def get(self, key: str) -> Row | None:
        """The row as it was before."""
        row = self._rows.get(key)
        if key.startswith(LOOK) and self._acts:
            self._acts.pop()()
        return row


def test_of_two_at_once_the_later_one_is_told_that_they_took_over(office: Office) -> None:
    """Two presses that find nobody: were both told the same, one would wait for cards that never say so."""
    request = office.file()
    office.notifier.poll()
    rows, now = office.notifier.app.store.rows, office.notifier.clock.now()
    told = []
    store = StateStore(Hurried(rows, lambda: told.append(office.press(OSKAR, request)[1])))
    told.append(Looking(store).note(request["id"], office.people[AIKO], now))

    assert told == [strings.LOOK_NOTED, strings.LOOK_TAKEN_OVER]
    [row] = office.noted()
    assert AIKO in row


def test_it_lapses_in_silence(office: Office) -> None:
    """Half an hour later the cards say nothing of it, nobody was rung, and the row is gone."""
    request = office.file()
    office.notifier.poll()
    office.press(AIKO, request)
    office.notifier.poll_after(MINUTE)
    before = len(office.service.posts)
    office.notifier.poll_after(30 * MINUTE)

    assert not any("Looking since" in card for card in office.cards())
    assert {post.kind for post in office.service.posts[before:]} == {"update"}
    assert office.noted() == []


@pytest.mark.parametrize("again", [True, False], ids=["looks again", "looks no more"])
def test_cards_that_could_not_be_changed_for_long_name_who_looks_now(office: Office, *, again: bool) -> None:
    """What lapsed meanwhile is told nowhere, and does not undo what was said after it."""
    request = office.file()
    office.notifier.poll()
    office.press(AIKO, request)
    office.notifier.poll_after(MINUTE)
    office.service.answer_all(reply(503), on="update")
    office.notifier.poll_after(31 * MINUTE)
    office.press(OSKAR, request)
    office.notifier.poll_after(MINUTE)
    if not again:
        office.notifier.poll_after(31 * MINUTE)
    office.service.answer_all(None, on="update")
    report = office.notifier.poll_each(5 * MINUTE, 4)[-1]

    looking = [card.partition("Looking since")[2] for card in office.cards()]
    assert ["“Oskar Weiss”" in each for each in looking] == [again] * 3
    assert not any("“Aiko Mori”" in each for each in looking)
    assert (report.pending, report.failure) == (0, None)


def test_a_card_that_comes_again_names_who_looks_by_then(office: Office) -> None:
    """Nobody knows where the first copy stands; the look waits for the second one, and is not lost."""
    request = office.file()
    office.service.fail_next(close_without_answer(), on="create", posted=True)
    office.notifier.poll()
    office.press(AIKO, request)
    office.service.fail_next(close_without_answer(), on="create", posted=True)
    office.notifier.poll_each(MINUTE, 7)

    cards = [text(card) for card in office.service.cards_in(GENERAL)]
    assert ["“Aiko Mori”" in each.partition("Looking since")[2] for each in cards] == [False, False, True]


@pytest.mark.parametrize("pressed", [True, False], ids=["told before", "told now"])
def test_chats_that_are_switched_on_meanwhile_name_who_looks(
    office: Office, make_notifier: Callable[..., Notifier], *, pressed: bool
) -> None:
    """Whoever is told only now what is open sees what all others see."""
    usual, request = office.notifier, office.file()
    office.notifier = make_notifier(**{**office.settings, "MAA_APPROVER_CHAT": "false"})
    office.notifier.poll()
    office.press(AIKO, request)
    if pressed:
        office.notifier.poll_after(MINUTE)
    office.notifier = usual
    office.notifier.poll_after(MINUTE)

    told = [card.partition("Looking since")[2] for card in office.cards() if "Wipe device" in card]
    assert ["“Aiko Mori”" in each for each in told] == [True] * 3
    office.notifier.poll_after(31 * MINUTE)
    assert not any("Looking since" in card for card in office.cards())


def test_it_ends_with_the_request(office: Office) -> None:
    """Settled cards do not name who looked, the row is gone, and the button is answered so."""
    request = office.file()
    office.notifier.poll()
    office.press(AIKO, request)
    office.notifier.poll_after(MINUTE)
    office.approve(request)
    office.notifier.poll_after(MINUTE)

    assert not any("Looking since" in card for card in office.cards())
    assert office.noted() == []
    assert office.press(OSKAR, request) == (200, strings.LOOK_SETTLED)
    assert office.noted() == []


def test_it_ends_with_the_deadline(office: Office) -> None:
    """Though Intune lists the request as waiting a while longer: nobody can decide it, or need look."""
    request = office.file(age=timedelta(hours=71, minutes=50))
    office.notifier.poll()
    office.press(AIKO, request)
    office.notifier.poll_after(MINUTE)
    office.notifier.poll_after(10 * MINUTE)

    assert not any("Looking since" in card for card in office.cards())
    assert office.press(OSKAR, request) == (200, strings.LOOK_SETTLED)
    assert office.noted() == []
    assert TITLE not in buttons(office.service.cards_in(GENERAL))[0]


def test_decided_before_the_next_poll_it_is_told_nowhere(office: Office) -> None:
    """The news overtake it."""
    request = office.file()
    office.notifier.poll()
    office.press(AIKO, request)
    office.approve(request)
    office.notifier.poll_after(MINUTE)

    assert not any("Looking since" in card for card in office.cards())
    assert office.noted() == []


def test_a_reminder_names_who_looks(
    graph: FakeGraph, office: Office, make_notifier: Callable[..., Notifier]
) -> None:
    """So that nobody looks a second time, or knows whom to ask."""
    office.notifier = make_notifier(**office.settings, MAA_REMINDERS="24h")
    request = office.file(age=timedelta(hours=47, minutes=50))
    office.notifier.poll()
    office.press(AIKO, request)
    office.notifier.poll_after(15 * MINUTE)

    in_thread = office.service.replies_to(office.service.posts[0].activity_id)[-1]
    assert "Reminder" in text(in_thread)
    assert "“Aiko Mori”" in text(in_thread).partition("Looking since")[2]


@pytest.mark.parametrize("minutes, told", [(50, True), (25, False)], ids=["begins", "lapses"])
def test_a_channel_without_reminders_hears_of_a_look_that_comes_with_one(
    office: Office, make_notifier: Callable[..., Notifier], minutes: int, told: bool
) -> None:
    """What it does not take must not leave its card, or a chat's, to name nobody or somebody of before."""
    [channel] = json.loads(office.settings["MAA_DESTINATIONS"])
    listed = json.dumps([{**channel, "events": ["created", "approved"]}])
    settings = {**office.settings, "MAA_DESTINATIONS": listed, "MAA_REMINDERS": "24h"}
    office.notifier = make_notifier(**settings)
    request = office.file(age=timedelta(hours=47, minutes=minutes))
    office.notifier.poll()
    office.press(AIKO, request)
    if not told:
        office.notifier.poll_after(MINUTE)
        assert all("Looking since" in card for card in office.cards())
    office.notifier.poll_after(15 * MINUTE if told else 40 * MINUTE)

    assert ["Looking since" in card for card in office.cards()] == [told] * 3
    assert all("Can decide" in card for card in office.cards())


def test_another_process_tells_it(office: Office) -> None:
    """The press is in the state store, whoever took it."""
    request = office.file()
    office.notifier.poll()
    office.press(AIKO, request)
    twin = office.notifier.another()
    office.notifier.clock.advance(MINUTE)
    twin.poll()
    twin.close()

    assert all("Looking since" in card for card in office.cards())


def test_a_digest_in_a_chat_says_it_too(office: Office) -> None:
    """Its line does; the channel's digest, which never changes, does not ring again."""
    requests = [office.file(f"a1f4c0de-0001-4c1e-8f00-{number:012}") for number in range(7)]
    office.notifier.poll()
    before = len(office.service.posts)
    office.press(AIKO, requests[2])
    office.notifier.poll_after(MINUTE)

    [card] = office.chat(OSKAR)
    assert text(card).count("somebody is looking") == 1
    assert Counter(post.kind for post in office.service.posts[before:]) == {"update": 2}


@pytest.mark.parametrize("count", [1, 7], ids=["one", "digest"])
@pytest.mark.parametrize("where", [GENERAL, AIKO], ids=["channel", "chat"])
def test_a_card_that_is_gone_does_not_come_anew_for_a_look(office: Office, where: str, count: int) -> None:
    """Neither when somebody looks nor when nobody does any more; the next news of the request begin one."""
    requests = [office.file(f"a1f4c0de-0001-4c1e-8f00-{number:012}") for number in range(count)]
    office.notifier.poll()
    place = office.people.get(where, where)
    [gone] = [post for post in office.service.posts if post.where == place]
    office.service.remove_card(gone.activity_id)
    before = len(office.service.posts)
    office.press(OSKAR, requests[0])
    office.notifier.poll_after(MINUTE)
    office.notifier.poll_after(31 * MINUTE)
    told = [post for post in office.service.posts[before:] if post.where == place]
    office.approve(requests[0])
    report = office.notifier.poll_after(MINUTE)

    assert told == []
    assert [post.where for post in office.service.posts[before:]].count(place) == 1
    assert (report.pending, report.failure) == (0, None)


@pytest.mark.parametrize("who", ["requestor", "stranger", "nobody", "disabled", "old list", "no list"])
def test_only_who_can_decide_may_press_it(office: Office, who: str) -> None:
    """The others are told so in one kind sentence, the same for all, and nothing is noted."""
    disabled = office.access.add_person(office.group, "Priya Nandan", accountEnabled=False)
    request = office.file()
    office.notifier.poll()
    if who == "old list":
        office.notifier.clock.advance(25 * HOUR)
    if who == "no list":
        office.notifier.app.store.roll.forget()
    person = {"requestor": MIRA, "stranger": STRANGER, "nobody": "", "disabled": disabled}.get(
        who, office.people[AIKO]
    )

    assert office.press(person, request) == (200, strings.LOOK_NOT_YOURS)
    assert office.noted() == []


def test_a_request_that_is_not_there_is_answered_as_one_of_others(office: Office) -> None:
    """Nobody learns by a button whether a request exists."""
    office.file()
    office.notifier.poll()

    assert office.press(AIKO, STRANGER) == (200, strings.LOOK_NOT_YOURS)
    assert office.press(STRANGER, STRANGER) == (200, strings.LOOK_NOT_YOURS)
    assert office.noted() == []


def test_the_name_is_that_of_the_group_whatever_the_body_says(office: Office) -> None:
    """A body names anybody; the person is the object id that Teams gives, checked against what Graph gave."""
    request = office.file()
    office.notifier.poll()
    office.press(office.people[AIKO].upper(), request, name_told="[Boss](https://evil)")
    office.notifier.poll_after(MINUTE)

    assert all("“Aiko Mori”" in card and "Boss" not in card for card in office.cards())


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "maa.look",
        7,
        {"action": None},
        {"action": "maa.look"},
        {"action": {"verb": "maa.look"}},
        {"action": {"verb": "maa.look", "data": []}},
        {"action": {"verb": "maa.look", "data": {"request": 7}}},
        {"action": {"verb": "maa.look", "data": {"request": ""}}},
        {"action": {"verb": "maa.look", "data": {"request": "x" * 201}}},
        {"action": {"verb": "maa.look", "data": {"request": {"id": "x"}}}},
        {"action": {"verb": "maa.approve", "data": {"request": "x"}}},
        {"action": {"verb": ["maa.look"], "data": {"request": "x"}}},
        {"verb": "maa.look", "request": "x"},
    ],
    ids=str,
)
def test_what_is_no_press_of_the_button_is_taken_in_silence(office: Office, value: Any) -> None:
    """Nothing is noted, and nothing said: as with all else that Teams tells and nobody asked for."""
    office.file()
    office.notifier.poll()

    assert office.press(AIKO, "x", value=value) == (200, "")
    assert office.press(AIKO, "x", name="task/fetch") == (200, "")
    assert office.noted() == []


def test_a_press_is_taken_once(office: Office, service: FakeBotService) -> None:
    """The same call again is refused, as each call is."""
    request = office.file()
    office.notifier.poll()
    bot = Bot(service, office.notifier.app.store, office.notifier.clock)
    data = {"verb": "maa.look", "request": request["id"]}
    fields: dict[str, Any] = {
        "type": "invoke",
        "name": "adaptiveCard/action",
        "value": {"action": {"verb": "maa.look", "data": data}},
        "from": {"id": "29:x", "aadObjectId": office.people[AIKO]},
    }
    body = json.dumps(service.activity(**fields)).encode()

    assert [bot.answer_to(body)[0] for _ in range(2)] == [200, 403]
    assert bot.answer_to(body.replace(b'"id": "1', b'"id": "2'), service.token("strange"))[0] == 401


def test_an_older_client_sends_a_message_and_gets_a_card(office: Office, service: FakeBotService) -> None:
    """`Action.Submit` in the button's place does the same."""
    request = office.file()
    office.notifier.poll()

    status, _ = office.press(AIKO, request, kind="message")

    assert status == 200
    assert strings.LOOK_NOTED in text(service.replies[-1].card)
    assert len(office.noted()) == 1


def test_a_damaged_row_keeps_no_poll_from_telling_what_is_new(office: Office) -> None:
    """It counts as nobody looking."""
    request = office.file()
    office.notifier.app.store.rows.commit([Put(f"{LOOK}{request['id']}", "{")])
    report = office.notifier.poll()

    assert (report.failure, report.delivered) == (None, 3)


def buttons(cards: list[dict[str, Any]]) -> list[list[str]]:
    """The titles of the buttons of each card, from above."""
    return [[each["title"] for each in [*question(card), *card["actions"]]] for card in cards]


def question(card: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons among the texts of a card: those that call the bot back."""
    return [each for row in card["body"] for each in row.get("actions", [])]


def test_open_cards_of_the_bot_have_the_button_and_no_others(office: Office) -> None:
    """As long as somebody has to decide; the card is sound, and the first button leads to Intune."""
    request = office.file()
    office.notifier.poll()
    [waiting], [chat] = office.service.cards_in(GENERAL), office.chat(AIKO)
    office.approve(request)
    office.notifier.poll_after(MINUTE)
    [approved] = office.service.cards_in(GENERAL)

    assert buttons([waiting, chat]) == [[TITLE, "Review in Intune", "Device"]] * 2
    assert TITLE not in buttons([approved])[0]
    [asked] = question(waiting)
    assert asked["data"] == {"verb": "maa.look", "request": request["id"]}
    assert_sound_but_for_its_address(waiting)


def assert_sound_but_for_its_address(card: dict[str, Any]) -> None:
    """Judges it with the address that all sound cards have."""
    links = [{**each, "url": "https://intune.microsoft.com/#view/x"} for each in card["actions"][:1]]
    assert_sound({**card, "actions": links})


@pytest.mark.parametrize(
    "changed",
    [{"MAA_BOT_COMMANDS": "false"}, {"MAA_APPROVERS": "off", "MAA_APPROVER_CHAT": "false"}],
    ids=["nobody listens", "nobody knows who can decide"],
)
def test_without_what_it_takes_there_is_no_button(
    office: Office, make_notifier: Callable[..., Notifier], changed: dict[str, str]
) -> None:
    """A button that nobody answers would be worse."""
    office.notifier = make_notifier(**{**office.settings, **changed})
    office.file()
    office.notifier.poll()

    [card] = office.service.cards_in(GENERAL)
    assert TITLE not in buttons([card])[0]
