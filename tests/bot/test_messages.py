"""A question from end to end: a call over HTTP, a real poll's state, and an answer over HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from maa_notify.bot import strings
from maa_notify.bot.replay import ReplayCache
from maa_notify.domain.event import short_key
from maa_notify.errors import StateError
from maa_notify.storage.rows import Row
from maa_notify.storage.store import StateStore
from tests.support.bot import BOT, CHANNEL, JONAS, MIRA, TENANT, Bot, FakeBotService
from tests.support.cards import text, texts
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.memory import MemoryRows
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, ScriptedServer, Seen, handler, reply


def filed_by(person: str, device: str) -> dict[str, Any]:
    """A request as Graph lists it."""
    requestor = {"user": {"id": person, "displayName": "Mira Holt"}}
    return make_request(requestor=requestor, displayPayload=None, payloadName=device)


@pytest.fixture
def notifier(graph: FakeGraph, teams: FakeTeams, tmp_path: Path) -> Iterator[Notifier]:
    """A notifier whose poll has recorded a request of each of two people."""
    graph.requests = [filed_by(MIRA, "hers"), filed_by(JONAS, "his")]
    made = Notifier(graph, teams, tmp_path / "state.db")
    made.poll()
    yield made
    made.close()


@pytest.fixture
def endpoint(service: FakeBotService, notifier: Notifier) -> Iterator[str]:
    """The address of the messaging endpoint, served by a real server."""
    bot = Bot(service, notifier.app.store, notifier.clock)

    def serve(seen: Seen) -> HttpResponse:
        return reply(bot.messages.handle(seen.headers, seen.body)[0])

    with ScriptedServer(handler(serve)) as server:
        yield f"{server.url}/api/messages"


def test_who_approved_it_is_told_to_whoever_may_see_it(
    service: FakeBotService, notifier: Notifier, graph: FakeGraph
) -> None:
    """In a channel everybody; else each of requests of their own, also of those that Intune has forgotten."""
    bot = Bot(service, notifier.app.store, notifier.clock)
    for request in graph.requests:
        request |= {"status": "rejected", "approver": {"user": {"id": "x", "displayName": "Noor Haddad"}}}
    notifier.poll_after(60)
    graph.requests = []
    notifier.poll_after(60)

    jonas = {"from": {"id": "29:jonas", "aadObjectId": JONAS}}
    asked = [
        service.activity("who approved his this year", **jonas),
        service.activity("who approved his this year"),
        service.in_channel("who approved his"),
        service.activity("who approved his in 2019", **jonas),
        service.activity("who is his", **jonas),
    ]
    told = []
    for question in asked:
        assert bot.send(question) == 200
        told.append(text(service.replies[-1].card))

    assert "Noor Haddad" in told[0]
    assert strings.REMEMBERED in told[0]
    assert "Noor" not in told[1]
    assert strings.NOTHING_REMEMBERED in told[1]
    assert "Noor Haddad" in told[2]
    assert strings.NOTHING_REMEMBERED in told[3]
    assert strings.HELP_TITLE in told[4]


def post(
    endpoint: str, service: FakeBotService, activity: dict[str, Any], token: str | None = None
) -> httpx.Response:
    """What Teams does when somebody writes."""
    headers = {"Authorization": f"Bearer {token or service.token()}"}
    return httpx.post(endpoint, json=activity, headers=headers, trust_env=False)


def test_a_question_in_a_private_chat(endpoint: str, service: FakeBotService, graph: FakeGraph) -> None:
    """Mira asks what she filed: 200 with an empty body, and a card in answer to her message."""
    asked = len(graph.calls)
    activity = service.activity("mine")
    answer = post(endpoint, service, activity)

    assert (answer.status_code, answer.content) == (200, b"")
    [told] = service.replies
    assert (told.conversation, told.reply_to) == ("a:private", activity["id"])
    assert "“hers”" in text(told.card)
    assert "his" not in text(told.card)
    assert len(graph.calls) == asked


def test_a_question_in_a_channel(endpoint: str, service: FakeBotService) -> None:
    """The team asks what waits, and for one request by the key on its card."""
    assert post(endpoint, service, service.in_channel("pending")).status_code == 200
    assert "2 requests wait for a decision" in text(service.replies[-1].card)


def test_a_status_by_the_key_of_the_card_in_the_channel(
    endpoint: str, service: FakeBotService, graph: FakeGraph
) -> None:
    """The key that somebody reads off a card leads to the request."""
    key = f"{short_key(graph.requests[0]['id'])}-1"
    post(endpoint, service, service.in_channel(f"status {key.lower()}"))

    assert f"Key {key}" in text(service.replies[-1].card)
    assert "ticket INC-20418" in text(service.replies[-1].card)


def test_a_forged_call_hears_nothing(endpoint: str, service: FakeBotService) -> None:
    """A status, no body, no hint in a header."""
    answer = post(endpoint, service, service.activity(), service.token(aud="somebody else"))

    assert (answer.status_code, answer.content, service.replies) == (401, b"", [])
    assert set(answer.headers) == {"content-length"}


def test_an_installation_is_greeted_once(bot: Bot, service: FakeBotService) -> None:
    """Teams tells of one installation twice; people are greeted once, and each conversation for itself."""
    me = {"id": f"28:{BOT}"}
    added = {"type": "conversationUpdate", "membersAdded": [{"id": "29:mira"}, me]}
    installed = {"type": "installationUpdate", "action": "add"}
    for changes in (added, installed):
        assert bot.send(service.activity("", **changes)) == 200

    [hello] = service.replies
    assert texts(hello.card)[1] == "MAA Notify is here"
    assert hello.reply_to == ""
    assert bot.send(service.in_channel("", **installed)) == 200
    assert len(service.replies) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "conversationUpdate", "membersAdded": [{"id": "29:mira"}]},
        {"type": "conversationUpdate", "membersAdded": [{}], "recipient": {}},
        {"type": "conversationUpdate", "membersRemoved": [{"id": f"28:{BOT}"}]},
        {"type": "installationUpdate", "action": "remove"},
        {"type": "installationUpdate"},
        {"type": "messageReaction"},
        {"type": "typing"},
        {"type": "invoke", "name": "adaptiveCard/action"},
    ],
)
def test_other_news_of_teams_is_taken_in_silence(
    bot: Bot, service: FakeBotService, changes: dict[str, Any]
) -> None:
    """200, so that Teams does not come again, and no card: nobody asked anything."""
    assert bot.send(service.activity(**changes)) == 200
    assert service.replies == []


ME = {"id": f"28:{BOT}", "name": "MAA Notify"}


@pytest.mark.parametrize(
    "entities",
    [
        None,
        [],
        [{"type": "mention"}],
        [{"type": "mention", "text": 7, "mentioned": ME}],
        [{"type": "mention", "text": "mine", "mentioned": "me"}],
        [{"type": "mention", "text": "mine", "mentioned": {"id": "29:jonas"}}],
    ],
)
def test_a_message_without_a_sound_mention_is_read_as_it_is(
    bot: Bot, service: FakeBotService, entities: object
) -> None:
    """Teams leaves out what it has no need of, and what is addressed to others is left in place."""
    assert bot.send(service.activity("mine", entities=entities)) == 200
    assert texts(service.replies[-1].card)[1] != "What you can ask"


def test_an_activity_that_does_not_name_the_bot_mentions_nobody(bot: Bot, service: FakeBotService) -> None:
    """Two ids that are both missing are not the same."""
    entities = [{"type": "mention", "text": "mine", "mentioned": {}}]
    assert bot.send(service.activity("mine", entities=entities, recipient={})) == 200
    assert texts(service.replies[-1].card)[1] != "What you can ask"


def test_a_group_chat_is_no_channel(bot: Bot, service: FakeBotService) -> None:
    """Where the manifest does not put the bot, nobody is told of requests of others either."""
    conversation = {"id": "19:group", "conversationType": "groupChat"}
    assert bot.send(service.activity("help", conversation=conversation)) == 200
    assert strings.PRIVATE in text(service.replies[-1].card)


def in_another_channel(service: FakeBotService, **channel: object) -> dict[str, Any]:
    """A question in a channel that the settings do not name, of which Teams tells this."""
    conversation = {"id": "19:other@thread.tacv2;messageid=1", "conversationType": "channel"}
    data = {"tenant": {"id": TENANT}, "channel": {"id": "19:other@thread.tacv2", **channel}}
    return service.in_channel("help", conversation=conversation, channelData=data)


@pytest.mark.parametrize(
    "kind, told",
    [
        ("standard", strings.TEAM),
        ("private", strings.TEAM),
        ("Standard", strings.TEAM),
        ("shared", strings.PRIVATE),
        ("Shared", strings.PRIVATE),
        (" SHARED", strings.PRIVATE),
        ("sharedexternal", strings.PRIVATE),
        ("standard shared", strings.PRIVATE),
        ("regular", strings.PRIVATE),
        ("", strings.PRIVATE),
        (None, strings.PRIVATE),
    ],
)
def test_a_channel_is_told_everything_only_if_it_is_of_one_team(
    bot: Bot, service: FakeBotService, kind: str | None, told: str
) -> None:
    """People of other tenants may read along in any other, whatever it is called and however it is spelt."""
    assert bot.send(in_another_channel(service, type=kind)) == 200
    assert told in text(service.replies[-1].card)


@pytest.mark.parametrize("channel_data", [None, {"tenant": {"id": TENANT}}, {"channel": None}])
def test_a_channel_of_which_nothing_is_told_is_a_chat(
    bot: Bot, service: FakeBotService, channel_data: object
) -> None:
    """Unknown is not safe."""
    activity = {**in_another_channel(service), "channelData": channel_data}
    activity["conversation"]["tenantId"] = TENANT

    assert bot.send(activity) == 200
    assert strings.PRIVATE in text(service.replies[-1].card)


@pytest.mark.parametrize("kind", ["shared", None, "standard"])
@pytest.mark.parametrize("spell", [str, str.upper])
def test_a_channel_that_the_settings_name_is_told_everything(
    bot: Bot, service: FakeBotService, kind: str | None, spell: Callable[[str], str]
) -> None:
    """Its cards go there anyway; whoever wrote the settings has decided that."""
    data = {"tenant": {"id": TENANT}, "channel": {"id": CHANNEL, "type": kind}}
    conversation = {"id": f"{spell(CHANNEL)};messageid=1", "conversationType": spell("channel")}

    assert bot.send(service.in_channel("help", conversation=conversation, channelData=data)) == 200
    assert strings.TEAM in text(service.replies[-1].card)


@pytest.mark.parametrize(
    "conversation, channel",
    [
        ({"id": "19:other@thread.tacv2"}, {"id": CHANNEL, "type": "standard"}),
        ({"id": CHANNEL}, {"id": "19:other@thread.tacv2", "type": "standard"}),
        ({"id": f"x;{CHANNEL}"}, {"type": "unknown"}),
        ({"id": CHANNEL, "conversationType": "groupChat"}, {"id": CHANNEL, "type": "standard"}),
        ({"id": CHANNEL, "conversationType": None}, {"id": CHANNEL, "type": "standard"}),
    ],
)
def test_the_answer_is_for_the_conversation_it_goes_to(
    bot: Bot, service: FakeBotService, conversation: dict[str, Any], channel: dict[str, Any]
) -> None:
    """What is told of one channel counts for no other, and what contradicts itself is a chat."""
    place = {"conversationType": "channel", **conversation}
    data = {"tenant": {"id": TENANT}, "channel": channel}

    assert bot.send(service.in_channel("help", conversation=place, channelData=data)) == 200
    assert strings.PRIVATE in text(service.replies[-1].card)


def test_a_state_store_that_fails_is_a_503(service: FakeBotService, clock: FakeClock) -> None:
    """And the question may be asked again."""

    class BrokenRows(MemoryRows):
        """A store that is down."""

        def read(self, first: str, end: str) -> Iterator[Row]:
            raise StateError("down")

    bot = Bot(service, StateStore(BrokenRows()), clock)

    assert bot.ask("pending") == 503
    assert service.replies == []


def test_a_memory_has_an_end() -> None:
    """Whoever writes without end does not fill the memory of the worker; the oldest goes first."""
    memory = ReplayCache(most=2)
    assert [memory.add(each) for each in ("a", "b", "a", "c", "a")] == [True, True, False, True, True]
