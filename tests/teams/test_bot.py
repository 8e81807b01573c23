"""The bot as a sender: one card for a request, changed in place, and chats with single people."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from maa_notify.delivery.sender import Message, Receipt, Sender
from maa_notify.domain.notification import CardLocation
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
    GraphUnavailable,
    RecipientUnreachable,
)
from maa_notify.identity.tokens import AppRegistration
from maa_notify.net.client import Limits
from maa_notify.net.deadline import time_left, time_limit
from maa_notify.teams import bot
from maa_notify.teams.bot import BotChannel, BotChat
from maa_notify.teams.connector import Connector, TokenLike, TokenSourceLike
from tests.support import wire as fake
from tests.support.clock import FakeClock
from tests.support.connector import GENERAL, FakeConnector, connector_error
from tests.support.entra import CLIENT, TENANT, FakeEntra
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
def clock() -> FakeClock:
    """Writes down how long the channel waits before a second look."""
    return FakeClock()


@pytest.fixture
def channel(connector: Connector, clock: FakeClock) -> BotChannel:
    """The one channel, as a destination."""
    return BotChannel("ops", GENERAL, connector, clock.sleep)


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


PASSING = {
    "bare": reply(404),
    "page": reply(404, text="<html>not found"),
    "card": connector_error(404, "ActivityNotFoundInConversation", "Conversation not found."),
    "channel": connector_error(404, "ConversationNotFound"),
    "400": connector_error(400, "BadSyntax", "Unknown activity"),
    "410": reply(410),
    "store": connector_error(404, "NotFound", "The message store could not be found."),
    "service": connector_error(404, "TeamsServiceUnknownError"),
}
SAID = ("card", "channel", "400")
"""Those in which the service itself says that the card is not there."""


@pytest.mark.parametrize("answer", PASSING.values(), ids=list(PASSING))
def test_a_card_that_is_not_found_once_is_changed_at_the_second_look(
    service: FakeConnector,
    channel: BotChannel,
    location: CardLocation,
    clock: FakeClock,
    answer: fake.HttpResponse,
) -> None:
    """No newer card beside one that stays on its older state."""
    service.fail_next(answer, on="update")
    receipt = channel.post(Message(DECIDED, location=location, reply=SHORT))

    assert kinds(service) == ["create", "update", "reply"]
    assert service.cards_in(GENERAL) == [DECIDED]
    assert receipt.location == location
    assert clock.sleeps == [2.0]


@pytest.mark.parametrize("where", ["deleted", "another channel"])
def test_a_card_whose_news_a_digest_told_is_not_posted_anew(
    service: FakeConnector, connector: Connector, channel: BotChannel, where: str
) -> None:
    """It is not there to be changed, and everybody was rung: a new one would ring them again."""
    location = channel.post(Message(ASKED)).location
    assert location is not None
    silent = Message(DECIDED, location=location, only_changes=True)
    if where == "deleted":
        service.remove_card(location.activity_id)
    else:
        service.add_channel("19:other@thread.tacv2")
        channel = BotChannel("ops", "19:other@thread.tacv2", connector)

    assert channel.post(silent) == Receipt()
    assert [each.kind for each in service.posts] == ["create"]


@pytest.mark.parametrize(
    "first, second",
    [
        *((each, each) for each in ("bare", "page", "410", "store", "service")),
        ("bare", "card"),
        ("card", "page"),
    ],
)
def test_a_404_without_a_reason_makes_no_second_card(
    service: FakeConnector, channel: BotChannel, location: CardLocation, first: str, second: str
) -> None:
    """The older card may stand there still, and would stay on its older state: the next poll tries again."""
    service.fail_next(PASSING[first], PASSING[second], on="update")

    with pytest.raises(DestinationUnavailable) as caught:
        channel.post(Message(DECIDED, location=location, reply=SHORT))
    channel.post(Message(DECIDED, location=location, reply=SHORT))

    assert not caught.value.in_doubt
    assert kinds(service) == ["create", "update", "reply"]
    assert service.cards_in(GENERAL) == [DECIDED]


@pytest.mark.parametrize("case", SAID)
def test_a_card_that_is_not_found_twice_comes_anew_once(
    service: FakeConnector, channel: BotChannel, location: CardLocation, case: str
) -> None:
    """The news must be told somewhere, whatever the service calls it; later news change the new card."""
    service.answer_all(PASSING[case], on="update")
    receipt = channel.post(Message(DECIDED, location=location, reply=SHORT))
    service.answer_all(None, on="update")

    assert kinds(service) == ["create", "create"]
    assert receipt.location is not None
    channel.post(Message(ASKED, location=receipt.location))
    assert kinds(service) == ["create", "create", "update"]
    assert service.versions_of(receipt.location.activity_id) == [DECIDED, ASKED]


@pytest.mark.parametrize(
    "code, message",
    [
        ("BadSyntax", ""),
        ("Bad Argument", "Unknown activity type"),
        ("BadSyntax", "Invalid activity: attachment"),
        ("BadSyntax", "Unexpected token in card"),
    ],
)
def test_a_400_to_a_change_is_about_the_card_unless_it_says_otherwise(
    service: FakeConnector, channel: BotChannel, location: CardLocation, code: str, message: str
) -> None:
    """It is changed in its plain form then, and not posted a second time."""
    service.fail_next(connector_error(400, code, message), on="update")

    with pytest.raises(CardRefused):
        channel.post(Message(DECIDED, location=location))
    assert kinds(service) == ["create"]


@pytest.mark.parametrize("answer", [GONE, reply(404), connector_error(400, "BadSyntax", "Unknown activity")])
def test_a_card_that_was_changed_is_not_posted_a_second_time(
    service: FakeConnector, channel: BotChannel, location: CardLocation, answer: fake.HttpResponse
) -> None:
    """Its thread is gone, but the card tells the news: the receipt says success, and where it stands."""
    service.answer_all(answer, on="reply")
    receipt = channel.post(Message(DECIDED, location=location, reply=SHORT))

    assert kinds(service) == ["create", "update"]
    assert receipt == Receipt(message_id=location.activity_id, location=location)


def test_a_thread_that_is_not_found_once_rings_at_the_second_look(
    service: FakeConnector, channel: BotChannel, location: CardLocation
) -> None:
    """A 404 that passes costs nobody the bell."""
    service.fail_next(reply(404), on="reply")
    channel.post(Message(DECIDED, location=location, reply=SHORT))

    assert service.replies_to(location.activity_id) == [SHORT]


def test_older_news_ring_in_the_thread_and_leave_the_card_alone(
    service: FakeConnector, channel: BotChannel, location: CardLocation
) -> None:
    """The card stays on the newer state that it tells."""
    channel.post(Message(DECIDED, location=location))
    receipt = channel.post(Message(ASKED, location=location, reply=SHORT, changes_card=False))

    assert kinds(service) == ["create", "update", "reply"]
    assert service.cards_in(GENERAL) == [DECIDED]
    assert receipt == Receipt(message_id=location.activity_id, location=location)


def test_older_news_without_a_thread_are_told_already(
    service: FakeConnector, channel: BotChannel, location: CardLocation, connector: Connector
) -> None:
    """A card of their own would look current, whether the thread is gone or the destination moved."""
    service.remove_card(location.activity_id)
    late = Message(ASKED, location=location, reply=SHORT, changes_card=False)
    service.add_channel("19:elsewhere@thread.tacv2", "Elsewhere")
    moved = BotChannel("ops", "19:elsewhere@thread.tacv2", connector)

    assert {channel.post(late).location, moved.post(late).location} == {location}
    assert kinds(service) == ["create"]


def test_a_channel_that_is_gone_is_said(
    service: FakeConnector, channel: BotChannel, location: CardLocation
) -> None:
    """After the second look a person has to give another one; the error names the destination."""
    service.remove_channel(GENERAL)

    with pytest.raises(DestinationRefused, match=r"^destination 'ops': .*Copy its id"):
        channel.post(Message(DECIDED, location=location, reply=SHORT))
    assert [call.method for call in service.calls[1:]] == ["PUT", "PUT", "POST"]


class Watched:
    """A token source that notes how much time is left at each call."""

    def __init__(self, tokens: TokenSourceLike) -> None:
        self._tokens = tokens
        self.left: list[float] = []

    def token(self, scope: str) -> TokenLike:
        self.left.append(time_left())
        return self._tokens.token(scope)

    def invalidate(self) -> None:
        self._tokens.invalidate()


@pytest.mark.parametrize("kind", ["channel", "chat"])
def test_all_calls_of_a_post_and_the_sign_in_end_together(service: FakeConnector, kind: str) -> None:
    """The lease of a destination outlasts one time limit, not one for each call."""
    tokens = Watched(service.tokens)
    connector = Connector(service.url, service.bot_id, service.tenant_id, tokens)
    channel, chat = BotChannel("ops", GENERAL, connector), BotChat("people", connector)
    place = channel.post(Message(ASKED)).location
    service.fail_next(
        fake.hang(0.3, reply(200, json={"id": "a:1"})), on="update" if kind == "channel" else "open"
    )
    service.answer_all(fake.hang(), on="reply")
    service.answer_all(fake.hang(), on="create")
    message = Message(DECIDED, recipient=PERSON, location=place, reply=SHORT, seconds=1.0)
    began = time.monotonic()
    with pytest.raises(DestinationUnavailable, match="no answer in time"):
        (channel if kind == "channel" else chat).post(message)
    service.release()
    connector.close()

    first, second = tokens.left[-2:]
    assert (first <= 1.0, second <= first - 0.3) == (True, True)
    assert time.monotonic() - began < 20


def test_a_sign_in_that_hangs_ends_with_the_post(service: FakeConnector) -> None:
    """MSAL knows nothing of the limit, and keeps to it."""
    with FakeEntra(secret="s3cret") as entra:
        entra.answer_all(fake.hang())
        tokens = AppRegistration(CLIENT, "s3cret", entra.url, TENANT)
        connector = Connector(service.url, service.bot_id, service.tenant_id, tokens)
        began = time.monotonic()
        with pytest.raises(DestinationUnavailable, match="cannot sign in"):
            BotChannel("ops", GENERAL, connector).post(Message(ASKED, seconds=0.3))
        spent = time.monotonic() - began
        tokens.invalidate()

    assert spent < 15
    assert service.calls == []


def test_a_post_that_waits_for_another_sign_in_ends_in_time(service: FakeConnector) -> None:
    """Two threads share a token source, and the other one may wait for long."""
    with FakeEntra(secret="s3cret") as entra:
        entra.answer_all(fake.hang())
        tokens = AppRegistration(CLIENT, "s3cret", entra.url, TENANT)

        def sign_in() -> None:
            with pytest.raises(GraphUnavailable):
                tokens.token("https://other.invalid/.default")

        other = threading.Thread(target=sign_in)
        other.start()
        entra.wait_for_calls(1)
        connector = Connector(service.url, service.bot_id, service.tenant_id, tokens)
        began = time.monotonic()
        with pytest.raises(DestinationUnavailable, match="cannot sign in"):
            BotChannel("ops", GENERAL, connector).post(Message(ASKED, seconds=0.3))
        with time_limit(0.3), pytest.raises(GraphUnavailable):
            tokens.invalidate()
        spent = time.monotonic() - began
        entra.release()
        other.join()

    assert spent < 15


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


@pytest.mark.parametrize("changes", [True, False], ids=["changed", "only replied"])
@pytest.mark.parametrize("status", [400, 403, 409, 429, 502, 503])
def test_a_reply_that_is_refused_says_what_the_card_shows(
    service: FakeConnector, channel: BotChannel, location: CardLocation, status: int, changes: bool
) -> None:
    """The change before it was taken, if there was one."""
    service.answer_all(connector_error(status, "BadSyntax"), on="reply")

    with pytest.raises(DeliveryError, match=r"^destination 'ops'") as caught:
        channel.post(Message(DECIDED, location=location, reply=SHORT, changes_card=changes))
    assert caught.value.may_show == changes
    assert service.cards_in(GENERAL) == [DECIDED if changes else ASKED]


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


NOT_ABOUT_THE_PERSON = {
    "404 bare": (reply(404), DestinationUnavailable),
    "404 page": (reply(404, text="<html>"), DestinationUnavailable),
    "404 generic": (connector_error(404, "NotFound"), DestinationUnavailable),
    "412": (connector_error(412, "PreconditionFailed"), DestinationUnavailable),
    "429": (reply(429), DestinationUnavailable),
    "502": (reply(502), DestinationUnavailable),
    "400 tenant": (connector_error(400, "BadSyntax", "Could not parse tenant id"), DestinationRefused),
    "400 bot": (connector_error(400, "BadArgument", "Invalid bot id"), DestinationRefused),
    "400 alone": (connector_error(400, "BadSyntax"), DestinationRefused),
    "400 bare": (reply(400), DestinationRefused),
    "401": (connector_error(401, "BotNotRegistered"), DestinationRefused),
    "403 bot": (connector_error(403, "BotNotRegistered"), DestinationRefused),
    "403 host": (connector_error(403, "InvalidBotApiHost"), DestinationRefused),
    "403 rights": (connector_error(403, "NotEnoughPermissions"), DestinationRefused),
    "403 pairwise": (
        connector_error(403, "BadArgument", "Failed to decrypt pairwise id"),
        DestinationRefused,
    ),
    "403 bare": (reply(403), DestinationRefused),
    "403 page": (reply(403, text="<html>blocked by a firewall"), DestinationRefused),
    "404 bot": (connector_error(404, "BotNotFound"), DestinationRefused),
    "404 tenant": (connector_error(404, "TenantNotFound"), DestinationRefused),
    "403 own form": (connector_error(403, "Forbidden"), DestinationUnavailable),
    "403 no code": (connector_error(403, ""), DestinationUnavailable),
    "403 unknown": (connector_error(403, "NeverHeardOf"), DestinationUnavailable),
    "403 firewall": (
        connector_error(403, "Forbidden", "Web Application Firewall blocked this request"),
        DestinationUnavailable,
    ),
    "403 address": (
        connector_error(403, "IpBlocked", "The source IP is not allowed"),
        DestinationUnavailable,
    ),
    "403 request": (
        connector_error(403, "RequestBlocked", "The request is blocked."),
        DestinationUnavailable,
    ),
    "403 throttled": (connector_error(403, "Throttled", "Too many requests"), DestinationUnavailable),
    "403 quota": (connector_error(403, "QuotaExceeded", "bot quota exceeded"), DestinationUnavailable),
    "403 rate": (connector_error(403, "RateLimited"), DestinationUnavailable),
    "403 app": (connector_error(403, "Forbidden", "The app is blocked."), DestinationUnavailable),
    "403 token": (connector_error(403, "TokenExpired", "the token has ended"), DestinationUnavailable),
    "403 suspended": (connector_error(403, "ServiceSuspended"), DestinationUnavailable),
    "403 licence": (connector_error(403, "UserBlocked", "a licence rule"), DestinationUnavailable),
    "403 administrator": (
        connector_error(403, "BotDisabledByAdmin", "The tenant admin disabled this bot"),
        DestinationRefused,
    ),
    "403 flat": (reply(403, json={"message": "Your IP address is blocked"}), DestinationRefused),
    "404 route": (connector_error(404, "RouteNotFound", "user route not found"), DestinationUnavailable),
    "404 team": (connector_error(404, "404", "Team not found"), DestinationUnavailable),
    "404 busy": (connector_error(404, "Throttled", "User not found"), DestinationUnavailable),
    "400 agent": (connector_error(400, "InvalidUserAgent", "The user agent is invalid"), DestinationRefused),
    "400 two": (
        connector_error(400, "BadArgument", "user id is not valid; tenant id mismatch"),
        DestinationRefused,
    ),
    "400 page": (reply(400, text="<html>bad"), DestinationRefused),
    "410 bare": (reply(410), DestinationRefused),
}


@pytest.mark.parametrize("answer, kind", NOT_ABOUT_THE_PERSON.values(), ids=list(NOT_ABOUT_THE_PERSON))
@pytest.mark.parametrize("step", ["open", "chat"])
def test_no_message_is_dropped_for_what_is_not_about_the_person(
    service: FakeConnector,
    chat: BotChat,
    answer: fake.HttpResponse,
    kind: type[DeliveryError],
    step: str,
) -> None:
    """Not now keeps it, and what is set up wrong keeps it and is said; afterwards it arrives."""
    service.answer_all(answer, on=step)
    expected = kind if step == "open" else DeliveryError  # a 400 to a card may be about the card
    with pytest.raises(expected, match=r"^destination 'people': ") as caught:
        chat.post(Message(ASKED, recipient=PERSON))
    service.answer_all(None, on=step)
    chat.post(Message(ASKED, recipient=PERSON))

    assert not isinstance(caught.value, RecipientUnreachable)
    assert service.chat_with(PERSON) == [ASKED]


@pytest.mark.parametrize(
    "answer",
    [
        connector_error(400, "BadSyntax", "Invalid user identity in provided tenant"),
        connector_error(400, "MemberNotFoundInConversation"),
        connector_error(404, "UserNotFound"),
        connector_error(404, "NotFound", "The user could not be found."),
        connector_error(404, "NotFound", f"User with id {PERSON} was not found in the tenant."),
        connector_error(404, "NotFound", "No such member"),
        connector_error(410, "UserGone"),
        reply(404, json=[{"code": "UserNotFound"}]),
        connector_error(403, "ConversationBlockedByUser"),
        connector_error(400, "ConversationBlockedByUser", "User blocked the conversation with the bot."),
        connector_error(403, "BotNotInConversationRoster"),
        connector_error(403, "Forbidden", "The bot is not part of the conversation roster."),
        connector_error(403, "Forbidden", "Bot not installed in user's personal scope"),
        reply(403, json={"errorCode": 209, "message": '{"subCode": "MessageWritesBlocked"}'}),
        reply(403, json={"message": '{\r\n "subCode": "MessageWritesBlocked"}'}),
    ],
)
def test_nobody_is_there_or_lets_the_app_write(
    service: FakeConnector, chat: BotChat, answer: fake.HttpResponse
) -> None:
    """Somebody who left the company, or blocked the app, stops no card to others."""
    service.fail_next(answer, on="open")

    with pytest.raises(RecipientUnreachable, match=r"^destination 'people'"):
        chat.post(Message(ASKED, recipient=PERSON))
    chat.post(Message(ASKED, recipient=OTHER))
    assert service.chat_with(OTHER) == [ASKED]


def test_a_missing_conversation_is_not_said_of_a_person(service: FakeConnector, chat: BotChat) -> None:
    """Whoever opens a chat names no conversation, so an answer that misses one makes no sense: not now."""
    service.fail_next(GONE, on="open")

    with pytest.raises(DestinationUnavailable):
        chat.post(Message(ASKED, recipient=PERSON))
    chat.post(Message(ASKED, recipient=PERSON))
    assert service.chat_with(PERSON) == [ASKED]


def test_a_chat_that_is_not_found_is_opened_anew_once(service: FakeConnector, chat: BotChat) -> None:
    """Even when the 404 gives no reason; if that stands, it may still pass."""
    chat.post(Message(ASKED, recipient=PERSON))
    service.fail_next(reply(404), on="chat")
    chat.post(Message(DECIDED, recipient=PERSON))
    service.fail_next(reply(404), reply(404), on="chat")
    calls = len(service.calls)

    with pytest.raises(DestinationUnavailable):
        chat.post(Message(DECIDED, recipient=PERSON))
    assert service.chat_with(PERSON) == [ASKED, DECIDED]
    assert len(service.calls) == calls + 3


@pytest.mark.parametrize(
    "code", ["ForbiddenOperationException", "MessageWritesBlocked", "BotNotInConversationRoster"]
)
@pytest.mark.parametrize("is_known", [False, True])
def test_a_person_who_may_not_be_written_to(
    service: FakeConnector, chat: BotChat, code: str, is_known: bool
) -> None:
    """The app is not there or is blocked, before the first card or after; others still get theirs."""
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
