"""The bot as a sender: one card for a request, changed in place, and chats with single people."""

from collections.abc import Iterator
from typing import Any

import pytest

from maa_notify.delivery.sender import Message, Receipt, Sender
from maa_notify.domain.notification import CardLocation
from maa_notify.errors import (
    CardRefused,
    DestinationRefused,
    DestinationUnavailable,
    RecipientUnreachable,
)
from maa_notify.net.client import Limits
from maa_notify.teams import bot
from maa_notify.teams.bot import BotChannel, BotChat
from maa_notify.teams.connector import Connector
from tests.support import wire as fake
from tests.support.connector import GENERAL, FakeConnector, connector_error
from tests.support.wire import reply

PERSON = "5a5a5a5a-0000-4000-8000-00000000000a"
OTHER = "5a5a5a5a-0000-4000-8000-00000000000b"
GONE = connector_error(404, "ConversationNotFound")


def card(text: str) -> dict[str, Any]:
    """A card of one line."""
    return {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": text}]}


ASKED, DECIDED, SHORT = card("Needs approval"), card("Approved"), card("Approved, in short")


@pytest.fixture
def connector(service: FakeConnector) -> Iterator[Connector]:
    """Leads to the fake, with little patience."""
    limits = Limits(seconds=1.5)
    made = Connector(service.url, service.bot_id, service.tenant_id, service.tokens, limits=limits)
    yield made
    made.close()


@pytest.fixture
def channel(connector: Connector) -> BotChannel:
    """The one channel, as a destination."""
    return BotChannel("ops", GENERAL, connector)


@pytest.fixture
def chat(connector: Connector) -> BotChat:
    """The chats, as a destination."""
    return BotChat("people", connector)


@pytest.fixture
def location(channel: BotChannel) -> CardLocation:
    """Where the first card of a request stands."""
    receipt = channel.post(Message(ASKED))
    assert receipt.location
    return receipt.location


def kinds(service: FakeConnector) -> list[str]:
    """What was brought about, in order."""
    return [post.kind for post in service.posts]


def test_a_new_request_gets_a_card(service: FakeConnector, channel: BotChannel) -> None:
    """The receipt proves that it stands there, and where."""
    receipt = channel.post(Message(ASKED, "Mira Holt asks."))
    (post,) = service.posts

    assert (post.kind, post.where, post.card, post.summary) == ("create", GENERAL, ASKED, "Mira Holt asks.")
    assert receipt.message_id == post.activity_id
    assert receipt.location == CardLocation(f"{GENERAL};messageid={post.activity_id}", post.activity_id)


def test_news_changes_the_card_and_rings_in_its_thread(
    service: FakeConnector, channel: BotChannel, location: CardLocation
) -> None:
    """First the card, then the reply: who follows the bell finds the card as it is now."""
    receipt = channel.post(Message(DECIDED, "Approved.", location=location, reply=SHORT))

    assert kinds(service) == ["create", "update", "reply"]
    assert service.cards_in(GENERAL) == [DECIDED]
    assert service.replies_to(location.activity_id) == [SHORT]
    assert [post.summary for post in service.posts[1:]] == ["Approved.", "Approved."]
    assert receipt == Receipt(message_id=location.activity_id, location=location)


def test_a_quiet_change(service: FakeConnector, channel: BotChannel, location: CardLocation) -> None:
    """Without a reply nothing rings."""
    channel.post(Message(DECIDED, location=location))

    assert kinds(service) == ["create", "update"]


def test_a_card_that_was_deleted_comes_anew(
    service: FakeConnector, channel: BotChannel, location: CardLocation
) -> None:
    """A new card rings by itself, so no reply follows it; later news finds the new location."""
    service.remove_card(location.activity_id)
    receipt = channel.post(Message(DECIDED, location=location, reply=SHORT))

    assert kinds(service) == ["create", "create"]
    assert service.cards_in(GENERAL) == [DECIDED]
    assert receipt.location
    assert receipt.location != location
    channel.post(Message(ASKED, location=receipt.location))
    assert service.cards_in(GENERAL) == [ASKED]


def test_a_destination_that_moved_hears_the_news_in_its_new_channel(
    service: FakeConnector, connector: Connector, location: CardLocation
) -> None:
    """The card in the former channel is left as it was: nobody looks for news there."""
    elsewhere = "19:elsewhere@thread.tacv2"
    service.add_channel(elsewhere, "Elsewhere")
    receipt = BotChannel("ops", elsewhere, connector).post(Message(DECIDED, location=location, reply=SHORT))

    assert service.cards_in(elsewhere) == [DECIDED]
    assert service.cards_in(GENERAL) == [ASKED]
    assert receipt.location is not None
    assert receipt.location.conversation_id.startswith(elsewhere)


def test_a_thread_that_is_gone_comes_anew(
    service: FakeConnector, channel: BotChannel, location: CardLocation
) -> None:
    """The news must ring somewhere."""
    service.fail_next(GONE, on="reply")
    receipt = channel.post(Message(DECIDED, location=location, reply=SHORT))

    assert kinds(service) == ["create", "update", "create"]
    assert receipt.location
    assert receipt.location != location


def test_a_channel_that_is_gone_is_tried_once(
    service: FakeConnector, channel: BotChannel, location: CardLocation
) -> None:
    """Then a person has to give another one; the error names the destination."""
    service.remove_channel(GENERAL)

    with pytest.raises(DestinationRefused, match=r"^destination 'ops': .*copy its id"):
        channel.post(Message(DECIDED, location=location, reply=SHORT))
    assert [call.method for call in service.calls[1:]] == ["PUT", "POST"]


def test_a_change_that_fails_for_now_is_simply_repeated(
    service: FakeConnector, channel: BotChannel, location: CardLocation
) -> None:
    """A second try shows one card and one reply; nothing was in doubt."""
    news = Message(DECIDED, location=location, reply=SHORT)
    service.fail_next(reply(429, headers={"Retry-After": "3"}), fake.reset(), on="update", posted=True)
    for wait in (3.0, None):
        with pytest.raises(DestinationUnavailable, match=r"^destination 'ops'") as caught:
            channel.post(news)
        assert (caught.value.retry_after, caught.value.in_doubt) == (wait, False)
    channel.post(news)

    assert service.cards_in(GENERAL) == [DECIDED]
    assert service.replies_to(location.activity_id) == [SHORT]


@pytest.mark.parametrize("kind", ["create", "reply"])
def test_a_lost_answer_is_in_doubt(
    service: FakeConnector, channel: BotChannel, location: CardLocation, kind: str
) -> None:
    """The error keeps its type and its doubt under the destination's name."""
    service.fail_next(fake.reset(), on=kind, posted=True)

    with pytest.raises(DestinationUnavailable, match=r"^destination 'ops'") as caught:
        channel.post(Message(DECIDED, location=location if kind == "reply" else None, reply=SHORT))
    assert caught.value.in_doubt


def test_a_card_of_unknown_place(service: FakeConnector, channel: BotChannel) -> None:
    """It was taken, so it is not posted again; the next news of its request begins a card of its own."""
    service.fail_next(fake.truncated(b"{", 9, status=201), posted=True)

    assert channel.post(Message(ASKED)) == Receipt()


def test_a_person_is_written_to(service: FakeConnector, chat: BotChat) -> None:
    """The chat is opened once, however the id is spelt, and kept."""
    receipt = chat.post(Message(ASKED, "You asked.", recipient=PERSON))
    chat.post(Message(DECIDED, recipient=PERSON.upper()))

    assert service.chat_with(PERSON) == [ASKED, DECIDED]
    assert len(service.calls) == 3
    assert receipt == Receipt(message_id=service.posts[0].activity_id)
    assert service.posts[0].summary == "You asked."


def test_each_person_has_a_chat(service: FakeConnector, chat: BotChat) -> None:
    """Nobody reads what is meant for another."""
    chat.post(Message(ASKED, recipient=PERSON))
    chat.post(Message(DECIDED, recipient=OTHER))

    assert (service.chat_with(PERSON), service.chat_with(OTHER)) == ([ASKED], [DECIDED])


def test_a_chat_that_is_gone_is_opened_anew(service: FakeConnector, chat: BotChat) -> None:
    """Whoever installs the app again gets another chat; the card is not lost in between."""
    chat.post(Message(ASKED, recipient=PERSON))
    service.end_chat(PERSON)
    chat.post(Message(DECIDED, recipient=PERSON))

    assert service.chat_with(PERSON) == [ASKED, DECIDED]


def test_few_chats_are_remembered(
    service: FakeConnector, chat: BotChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that lives long does not grow; the least used is opened again when needed."""
    monkeypatch.setattr(bot, "_MOST_CHATS", 2)
    people = [f"5a5a5a5a-0000-4000-8000-00000000000{number}" for number in range(3)]
    for person in (*people[:2], people[0], people[2], people[0], people[1]):
        chat.post(Message(ASKED, recipient=person))
    opened = [call for call in service.calls if call.path.endswith("/conversations")]

    assert [call.json()["members"][0]["id"] for call in opened] == [*people, people[1]]


@pytest.mark.parametrize("recipient", ["mira.holt@contoso.com", "x", PERSON + "0", f" {PERSON}", "../x"])
def test_nobody_is_written_to_by_name(service: FakeConnector, chat: BotChat, recipient: str) -> None:
    """Teams knows people by their object id alone."""
    with pytest.raises(RecipientUnreachable, match="Graph gave no object id") as caught:
        chat.post(Message(ASKED, recipient=recipient))
    assert recipient not in str(caught.value).replace("people", "")
    assert service.calls == []


def test_a_chat_that_stays_gone(service: FakeConnector, chat: BotChat) -> None:
    """Teams names a chat and then knows none: this person cannot be written to, others still are."""
    chat.post(Message(ASKED, recipient=PERSON))
    service.fail_next(GONE, GONE, on="chat")

    with pytest.raises(RecipientUnreachable, match=r"^destination 'people'"):
        chat.post(Message(DECIDED, recipient=PERSON))
    chat.post(Message(DECIDED, recipient=OTHER))
    assert service.chat_with(OTHER) == [DECIDED]


@pytest.mark.parametrize(
    "code", ["ForbiddenOperationException", "MessageWritesBlocked", "BotDisabledByAdmin", ""]
)
@pytest.mark.parametrize("is_known", [False, True])
def test_a_person_who_may_not_be_written_to(
    service: FakeConnector, chat: BotChat, code: str, is_known: bool
) -> None:
    """Nothing but the status tells, before the first card or after; others still get theirs.

    An administrator's policy can forbid an app to some people only, so even that is said of one person.
    """
    if is_known:
        chat.post(Message(ASKED, recipient=PERSON))
    service.bar(PERSON, code)

    with pytest.raises(RecipientUnreachable, match=r"^destination 'people': .*not installed"):
        chat.post(Message(DECIDED, recipient=PERSON))
    chat.post(Message(DECIDED, recipient=OTHER))
    assert service.chat_with(OTHER) == [DECIDED]


def test_a_card_too_large_for_a_chat(service: FakeConnector, chat: BotChat) -> None:
    """It is the card, not the person."""
    with pytest.raises(CardRefused):
        chat.post(Message(card("x" * 120_000), recipient=PERSON))


def test_a_card_for_nobody(service: FakeConnector, chat: BotChat) -> None:
    """A heartbeat is for channels: no person is bothered with it."""
    assert chat.post(Message(ASKED)) == Receipt()
    assert service.calls == []


@pytest.mark.parametrize("kind", ["channel", "chat"])
def test_closing_does_no_harm(service: FakeConnector, channel: BotChannel, chat: BotChat, kind: str) -> None:
    """Destinations share one connector; the next card opens it again."""
    sender: Sender = channel if kind == "channel" else chat
    sender.close()
    sender.post(Message(ASKED, recipient=PERSON))

    assert len(service.posts) == 1
