"""The calls to the Bot Connector: what each sends, and what each answer means."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote, unquote

import pytest

from maa_notify.domain.notification import CardLocation
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
    GraphDenied,
    GraphError,
    GraphUnavailable,
)
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import StaticToken, Token
from maa_notify.net.client import Limits
from maa_notify.teams.connector import SCOPE, BotForbidden, Channel, Connector, Gone, Lost, TokenSourceLike
from tests.support import wire as fake
from tests.support.connector import GENERAL, TEAM, FakeConnector, connector_error
from tests.support.wire import ScriptedServer, reply

CARD: dict[str, Any] = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": "Löschen 删除 🗑"}]}
NEWER: dict[str, Any] = {"type": "AdaptiveCard", "body": []}
PERSON = "5a5a5a5a-0000-4000-8000-00000000000a"
ATTACHMENT = {"contentType": "application/vnd.microsoft.card.adaptive", "content": CARD}


@pytest.fixture
def connector(service: FakeConnector) -> Iterator[Connector]:
    """Leads to the fake, with little patience."""
    made = to(service)
    yield made
    made.close()


def to(service: FakeConnector, tokens: TokenSourceLike | None = None, seconds: float = 1.5) -> Connector:
    """A client of the fake."""
    who = (service.bot_id, service.tenant_id, tokens or service.tokens)
    return Connector(service.url, *who, limits=Limits(seconds=seconds))


def created(connector: Connector) -> CardLocation:
    """Where a new card stands in the one channel."""
    place = connector.create(GENERAL, CARD)
    assert place
    return place


def refusal(connector: Connector) -> DeliveryError:
    """The error of a card that must not be taken, the last of this client."""
    with closing(connector), pytest.raises(DeliveryError) as caught:
        connector.create(GENERAL, CARD)
    return caught.value


def test_a_new_card_begins_a_thread(service: FakeConnector, connector: Connector) -> None:
    """Teams takes it for a group's conversation, and says where it stands."""
    place = connector.create(GENERAL, CARD, "Mira Holt asks.")
    (call,) = service.calls

    assert (call.method, call.path) == ("POST", "/teams/v3/conversations")
    assert call.json() == {
        "isGroup": True,
        "channelData": {"channel": {"id": GENERAL}},
        "activity": {"type": "message", "summary": "Mira Holt asks.", "attachments": [ATTACHMENT]},
    }
    assert call.headers["authorization"] == f"Bearer {service.token}"
    assert call.headers["content-type"] == "application/json; charset=utf-8"
    assert "删除".encode() in call.body
    assert place == CardLocation(
        f"{GENERAL};messageid={service.posts[0].activity_id}", service.posts[0].activity_id
    )
    assert set(service.tokens.scopes) == {SCOPE}


def test_a_card_is_changed_where_it_stands(service: FakeConnector, connector: Connector) -> None:
    """The channel shows the newer card alone, in the older one's place."""
    place = created(connector)
    connector.update(place, NEWER, "Approved.")

    assert service.cards_in(GENERAL) == [NEWER]
    assert service.versions_of(place.activity_id) == [CARD, NEWER]
    assert service.posts[-1].summary == "Approved."
    assert service.calls[-1].method == "PUT"
    assert unquote(service.calls[-1].path).endswith(f"/{GENERAL}/activities/{place.activity_id}")


def test_half_a_character_stops_no_card(service: FakeConnector, connector: Connector) -> None:
    """Graph may hand on text that is no valid Unicode."""
    connector.create(GENERAL, {"type": "AdaptiveCard", "fallbackText": "a\ud800b"})

    assert service.cards_in(GENERAL) == [{"type": "AdaptiveCard", "fallbackText": "a?b"}]


def test_a_reply_goes_into_the_thread(service: FakeConnector, connector: Connector) -> None:
    """Every separator in an id is encoded, else a proxy on the way reads the path otherwise."""
    place = created(connector)
    connector.send(place.conversation_id, NEWER)
    path = service.calls[-1].path

    assert not set(":@;=") & set(path)
    assert place.conversation_id in unquote(path)
    assert service.replies_to(place.activity_id) == [NEWER]
    assert service.cards_in(GENERAL) == [CARD]


def test_no_id_changes_the_path(service: FakeConnector, connector: Connector) -> None:
    """An id is only ever one part of the address, whatever stands in it."""
    with pytest.raises(Gone):
        connector.update(CardLocation("a/b", "c/d?e"), CARD)
    with pytest.raises(Gone):
        connector.send("a/b", CARD, reply_to="c/d?e")
    with pytest.raises(Lost):
        connector.channels("a/b?c")

    assert [call.path.removeprefix("/teams/v3/") for call in service.calls] == [
        "conversations/a%2Fb/activities/c%2Fd%3Fe",
        "conversations/a%2Fb/activities/c%2Fd%3Fe",
        "teams/a%2Fb%3Fc/conversations",
    ]


def test_an_answer_names_the_message_it_answers(service: FakeConnector, connector: Connector) -> None:
    """A command and its answer stand together."""
    place = created(connector)
    sent = connector.send(place.conversation_id, NEWER, reply_to=place.activity_id)
    call = service.calls[-1]

    assert call.path.endswith(f"/activities/{place.activity_id}")
    assert call.json()["replyToId"] == place.activity_id
    assert service.versions_of(sent) == [NEWER]


def test_a_chat_is_opened_and_written_to(service: FakeConnector, connector: Connector) -> None:
    """The bot names itself, the person and the tenant, as Teams insists."""
    chat = connector.open_chat(PERSON)
    connector.send(chat, CARD)

    assert service.calls[0].json() == {
        "isGroup": False,
        "bot": {"id": f"28:{service.bot_id}"},
        "members": [{"id": PERSON}],
        "tenantId": service.tenant_id,
        "channelData": {"tenant": {"id": service.tenant_id}},
    }
    assert service.chat_with(PERSON) == [CARD]


def test_the_channels_of_a_team(service: FakeConnector, connector: Connector) -> None:
    """A channel's id is hard to find by hand; the first channel comes without a name."""
    service.add_channel("19:wipes@thread.tacv2", "Wipes")
    service.add_channel("19:other@thread.tacv2", "Other", team="another")

    assert connector.channels(TEAM) == [
        Channel(GENERAL, "General"),
        Channel("19:wipes@thread.tacv2", "Wipes"),
    ]


def test_the_channels_of_a_large_team(service: FakeConnector) -> None:
    """The larger the team, the more the list is needed."""
    for number in range(1_000):
        service.add_channel(f"19:{number:032}@thread.tacv2", f"Channel {number} " + "x" * 35)

    with closing(Connector(service.url, service.bot_id, service.tenant_id, service.tokens)) as connector:
        assert len(connector.channels(TEAM)) == 1_001


def test_what_is_no_channel_is_left_out(service: FakeConnector, connector: Connector) -> None:
    """Nobody copies an id from the list that leads nowhere or spoils the screen."""
    odd = [7, {}, {"id": None}, {"id": 7}, {"id": "a b"}, {"id": "\x1b[2J"}, {"id": GENERAL, "name": "Ops"}]
    service.fail_next(reply(200, json={"conversations": odd}))

    assert connector.channels(TEAM) == [Channel(GENERAL, "Ops")]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"conversations":7}', b"[" * 50_000, b"\xff"])
def test_a_malformed_list(service: FakeConnector, connector: Connector, body: bytes) -> None:
    """A proxy's page is no list of channels."""
    service.fail_next(reply(200, body=body))

    with pytest.raises(DestinationUnavailable, match="no sense"):
        connector.channels(TEAM)


@pytest.mark.parametrize(
    "answer",
    [
        reply(201, json=[]),
        reply(201, json={"id": "8", "activityId": 7}),  # no time in milliseconds
        reply(201, json={"id": "8", "activityId": "a b"}),
        reply(201, body=b"<html>"),
        fake.truncated(b'{"id"', 99, status=201),
        fake.endless(status=201),
        fake.gzip_bomb(1 << 24, status=201),
    ],
    ids=["list", "number", "odd", "page", "truncated", "endless", "gzip bomb"],
)
def test_the_status_alone_accepts(
    service: FakeConnector, connector: Connector, answer: fake.HttpResponse
) -> None:
    """The card stands there: posting again would only show it twice, even if nobody knows its place."""
    service.fail_next(answer, posted=True)

    assert connector.create(GENERAL, CARD) is None
    assert service.cards_in(GENERAL) == [CARD]


@pytest.mark.parametrize("status", [200, 202, 203, 204, 206, 299])
def test_every_success_accepts(service: FakeConnector, connector: Connector, status: int) -> None:
    """The card stands there, though nobody says where."""
    service.fail_next(reply(status), posted=True)

    assert connector.create(GENERAL, CARD) is None


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, text="<html>sign in"),
        reply(202, body=b"Site not found", headers={"Content-Type": "text/html"}),
        fake.garbage(b"HTTP/1.1 200 OK\r\nbare words\r\n\r\n<!doctype html>"),
    ],
)
def test_a_web_page_accepts_nothing(
    service: FakeConnector, connector: Connector, answer: fake.HttpResponse
) -> None:
    """A captive portal or a proxy stands in the service's place."""
    service.fail_next(answer)
    error = refusal(connector)

    assert type(error) is DestinationRefused
    assert "with a web page" in str(error)


PLACES = [
    ({"id": f"{GENERAL};messageid=1776390257332", "activityId": "1776390257332"}, ""),
    ({"activityId": "1776390257332"}, ""),
    ({"id": f"{GENERAL};messageid=1776390257332"}, ""),
    ({"id": f"{GENERAL};messageId=1776390257332"}, ""),
    ({"id": "1776390257332"}, ""),
    ({"messageId": "1776390257332"}, ""),
    ({"ActivityId": "1776390257332"}, ""),
    ({"id": GENERAL, "activity": {"id": "7", "activityId": "1776390257332"}}, ""),
    ({"id": GENERAL}, f"https://x.invalid/v3/conversations/{GENERAL}%3Bmessageid%3D1776390257332"),
    ({}, f"/teams/v3/conversations/{quote(GENERAL, safe='')}/activities/1776390257332?x=y"),
    ({"id": 1776390257332}, ""),
    ({"activityId": 1776390257332}, ""),
    ({"activity_id": "1776390257332"}, ""),
    ({"resourceId": "1776390257332"}, ""),
    ([{"id": "1776390257332"}], ""),
    ({"value": [{"id": "1776390257332"}]}, ""),
    ({"bot": {"id": "28:bot"}, "from": {"id": "29:x"}, "activity": {"id": "1776390257332"}}, ""),
    ({"id": GENERAL, "data": {"id": "1776390257332"}}, ""),
    ({"id": GENERAL, "conversation": {"id": f"{GENERAL};messageid=1776390257332"}}, ""),
    ({"id": GENERAL, "channelData": {"channel": {"id": "7"}, "messageId": "1776390257332"}}, ""),
]


@pytest.mark.parametrize("body, place", PLACES)
def test_the_place_of_a_new_card_is_found(
    service: FakeConnector, connector: Connector, body: Any, place: str
) -> None:
    """Later news change it, whichever part of the answer tells where it stands."""
    headers = [{"Location": place}, {"Content-Location": place}] if place else [{}]
    service.fail_next(*(reply(201, json=body, headers=each) for each in headers), posted=True)

    for _ in headers:
        assert connector.create(GENERAL, CARD) == CardLocation(
            f"{GENERAL};messageid=1776390257332", "1776390257332"
        )


@pytest.mark.parametrize(
    "body",
    [
        {"id": GENERAL},
        {"id": ""},
        {"id": f"{GENERAL};messageid=../x"},
        {"id": None},
        {"id": True},
        {"bot": {"id": "28:bot"}},
        {"user": {"id": "29:abc"}, "from": {"id": "7"}, "recipient": {"id": "8"}},
        {"tenant": {"id": "5f0f3c3e"}, "conversation": {"id": GENERAL}},
        [],
        [7],
    ],
)
def test_no_place_is_made_up(service: FakeConnector, connector: Connector, body: Any) -> None:
    """A wrong one, as that of the bot or a user, would change another message, or lead to another address."""
    service.fail_next(reply(201, json=body), posted=True)

    assert connector.create(GENERAL, CARD) is None


@pytest.mark.parametrize("chat", ["", ".", "..", "a b"])
def test_a_chat_without_a_usable_id_is_not_written_to(
    service: FakeConnector, connector: Connector, chat: str
) -> None:
    """Nothing was shown to anybody, so it can be tried again; dots would lead to another address."""
    service.fail_next(reply(201, json={"id": chat}))

    with pytest.raises(DestinationUnavailable) as caught:
        connector.open_chat(PERSON)
    assert not caught.value.in_doubt


IN_DOUBT = [408, 500, 502, 504, 507, 520, 521, 522, 523, 524, 525, 526, 527, 530, 598, 599]
NOT_DONE = [409, 412, 423, 425, 429, 501, 503, 505]


@pytest.mark.parametrize("status", [*IN_DOUBT, *NOT_DONE])
def test_not_now(service: FakeConnector, connector: Connector, status: int) -> None:
    """Such an answer passes, after the wait that it asks for; what fails may have shown the card before."""
    service.fail_next(reply(status, headers={"Retry-After": "7"}))
    error = refusal(connector)

    assert isinstance(error, DestinationUnavailable)
    assert (error.retry_after, error.in_doubt) == (7.0, status in IN_DOUBT)
    assert error.is_limit == (status == 429)


@pytest.mark.parametrize("status", IN_DOUBT)
def test_a_change_that_fails_is_never_in_doubt(
    service: FakeConnector, connector: Connector, status: int
) -> None:
    """The same change again shows the same card; so does the opening of a chat again.

    But the card may show it, which older news must not undo.
    """
    place = created(connector)
    service.fail_next(reply(status), reply(status))

    with pytest.raises(DestinationUnavailable) as changing:
        connector.update(place, NEWER)
    with pytest.raises(DestinationUnavailable) as opening:
        connector.open_chat(PERSON)
    assert (changing.value.in_doubt, changing.value.may_show) == (False, True)
    assert (opening.value.in_doubt, opening.value.may_show) == (False, False)


@pytest.mark.parametrize("status", [409, 429, 503])
def test_a_change_that_was_not_taken_is_not_shown(
    service: FakeConnector, connector: Connector, status: int
) -> None:
    """Whoever is busy has done nothing: older news may still change the card."""
    place = created(connector)
    service.fail_next(reply(status))

    with pytest.raises(DestinationUnavailable) as caught:
        connector.update(place, NEWER)
    assert not caught.value.may_show


@pytest.mark.parametrize("code", ["Throttled", "RateLimited", "BotQuotaExceeded", "TooManyRequests"])
@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_that_says_busy_is_not_now(
    service: FakeConnector, connector: Connector, status: int, code: str
) -> None:
    """Whatever its status, it blames neither card nor channel."""
    service.fail_next(connector_error(status, code, "Slow down."))

    assert type(refusal(connector)) is DestinationUnavailable


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_web_page_blames_no_card(service: FakeConnector, connector: Connector, status: int) -> None:
    """A proxy's page says nothing of the card, which is kept whole."""
    service.fail_next(reply(status, text="<html>Bad Request"))
    error = refusal(connector)

    assert type(error) is DestinationRefused
    assert "with a web page" in str(error)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_this_card_is_refused(service: FakeConnector, connector: Connector, status: int) -> None:
    """Others may still be taken."""
    service.fail_next(reply(status))

    assert isinstance(refusal(connector), CardRefused)


@pytest.mark.parametrize(
    "code, message",
    [
        ("BadSyntax", "Could not parse tenant id"),
        ("TenantIdNotParsed", ""),
        ("BadSyntax", "Bad format of conversation ID"),
        ("BadSyntax", "Incorrect conversation creation parameters"),
        ("BotNotRegistered", ""),
        ("BadArgument", "Unknown bot"),
    ],
)
def test_a_400_that_blames_the_settings_refuses_the_destination(
    service: FakeConnector, connector: Connector, code: str, message: str
) -> None:
    """Every card would be refused: a person reads which settings to check, and nothing of the answer."""
    service.fail_next(connector_error(400, code, message))
    error = refusal(connector)

    assert type(error) is DestinationRefused
    assert "MAA_BOT_CLIENT_ID" in str(error)
    assert code not in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        connector_error(400, "BadSyntax"),
        connector_error(400, "Bad Argument", "Unexpected token in the card"),
        connector_error(400, "BadArgument", "Unknown user in a mention"),
        connector_error(413, "MessageSizeTooBig"),
    ],
)
def test_a_card_at_fault_is_refused_alone(
    service: FakeConnector, connector: Connector, answer: fake.HttpResponse
) -> None:
    """Also when it names somebody whom nobody knows: a channel is no person that could be given up."""
    service.fail_next(answer)

    assert type(refusal(connector)) is CardRefused


@pytest.mark.parametrize("status", [302, 307, 402, 405, 410, 418])
def test_a_person_has_to_mend_it(service: FakeConnector, connector: Connector, status: int) -> None:
    """Whatever is not known to pass is said at once, and no redirect is followed."""
    with ScriptedServer() as elsewhere:
        service.fail_next(reply(status, headers={"Location": elsewhere.url}))
        error = refusal(connector)

        assert elsewhere.requests == []
    assert type(error) is DestinationRefused
    assert str(status) in str(error)


@pytest.mark.parametrize("code", ["BotNotInConversationRoster", "BotDisabledByAdmin", "NeverHeardOf", ""])
def test_a_bot_that_may_not_post_there(service: FakeConnector, connector: Connector, code: str) -> None:
    """Whatever the service calls it, the ways out are to install the app and to allow it."""
    service.bar(GENERAL, code)
    error = refusal(connector)

    assert isinstance(error, BotForbidden)
    assert "install the bot's app in the team" in str(error)
    assert "admin centre" in str(error)


def test_a_404_without_a_reason(service: FakeConnector, connector: Connector) -> None:
    """A gateway's blames no channel: it may pass, or the address is wrong."""
    service.fail_next(reply(404, text="<html>"))

    assert type(refusal(connector)) is Lost


def test_a_channel_that_is_not_there(service: FakeConnector, connector: Connector) -> None:
    """The way out is the list that doctor prints."""
    service.remove_channel(GENERAL)
    error = refusal(connector)

    assert isinstance(error, Gone)
    assert "'doctor' lists them" in str(error)


def test_a_token_that_is_not_taken_is_renewed_once(service: FakeConnector, connector: Connector) -> None:
    """Keys are rolled; no card waits for the next poll because of it."""
    service.tokens.token(SCOPE)
    service.renew_token()

    assert connector.create(GENERAL, CARD)
    assert (len(service.calls), service.tokens.forgotten) == (2, 1)


def test_a_bot_that_is_unknown(service: FakeConnector, connector: Connector) -> None:
    """After the second refusal the settings are named; nothing is hammered."""
    service.answer_all(reply(401))
    error = refusal(connector)

    assert type(error) is DestinationRefused
    assert "MAA_BOT_CLIENT_ID" in str(error)
    assert len(service.calls) == 2


class Failing:
    """A token source whose sign-in fails."""

    def __init__(self, error: GraphError) -> None:
        self._error = error

    def token(self, scope: str) -> Token:
        raise self._error

    def invalidate(self) -> None:
        raise AssertionError


def test_a_sign_in_that_is_refused(service: FakeConnector) -> None:
    """Its own advice is passed on, and the bot's settings are named."""
    error = refusal(to(service, Failing(GraphDenied("the sign-in was refused (AADSTS7000215)"))))

    assert type(error) is DestinationRefused
    assert "AADSTS7000215" in str(error)
    assert "MAA_BOT_CLIENT_ID" in str(error)
    assert service.calls == []


class Busy:
    """A token source that another thread keeps busy."""

    def token(self, scope: str) -> Token:
        return Token(Secret("an old one"), 0)

    def invalidate(self) -> None:
        raise GraphUnavailable("busy")


def test_a_token_that_cannot_be_renewed_now(service: FakeConnector) -> None:
    """It passes; the bot is not said to be unknown."""
    error = refusal(to(service, Busy()))

    assert isinstance(error, DestinationUnavailable)
    assert not error.in_doubt


def test_a_sign_in_that_is_down(service: FakeConnector) -> None:
    """It passes, after the wait it asks for, and no card is in doubt."""
    error = refusal(to(service, Failing(GraphUnavailable("busy", 30.0))))

    assert isinstance(error, DestinationUnavailable)
    assert (error.retry_after, error.in_doubt) == (30.0, False)


def test_the_token_sources_of_the_house_fit(service: FakeConnector) -> None:
    """The bot signs in by the same code as the poll, though neither package imports the other."""
    with closing(to(service, StaticToken(Secret(service.token)))) as connector:
        assert connector.create(GENERAL, CARD)


BROKEN = {
    "reset": fake.reset(),
    "closed": fake.close_without_answer(),
    "hang": fake.hang(),
    "garbage": fake.garbage(),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=list(BROKEN))
def test_a_lost_answer_leaves_a_new_card_in_doubt(service: FakeConnector, answer: fake.HttpResponse) -> None:
    """It may stand there or not; whoever repeats must know."""
    service.fail_next(answer, posted=True)
    error = refusal(to(service, seconds=0.3))

    assert isinstance(error, DestinationUnavailable)
    assert error.in_doubt
    assert service.cards_in(GENERAL) == [CARD]


@pytest.mark.parametrize("answer", BROKEN.values(), ids=list(BROKEN))
def test_a_lost_answer_to_a_change_is_no_matter(service: FakeConnector, answer: fake.HttpResponse) -> None:
    """The same change again shows the same card, so it is simply repeated; so is the opening of a chat."""
    with closing(to(service, seconds=0.3)) as connector:
        place = created(connector)
        service.fail_next(answer, answer, posted=True)
        with pytest.raises(DestinationUnavailable) as changing:
            connector.update(place, NEWER)
        with pytest.raises(DestinationUnavailable) as opening:
            connector.open_chat(PERSON)

    assert (changing.value.in_doubt, changing.value.may_show) == (False, True)
    assert (opening.value.in_doubt, opening.value.may_show) == (False, False)


def test_a_lost_answer_to_a_reply_is_in_doubt(service: FakeConnector, connector: Connector) -> None:
    """A second reply would ring a second time."""
    place = created(connector)
    service.fail_next(fake.reset(), on="reply", posted=True)

    with pytest.raises(DestinationUnavailable) as caught:
        connector.send(place.conversation_id, NEWER)
    assert caught.value.in_doubt


def test_an_address_where_nobody_listens(service: FakeConnector) -> None:
    """Nothing was sent, so nothing is in doubt, and somebody has to look at the address."""
    with ScriptedServer() as gone:
        closed = gone.url
    connector = Connector(closed, service.bot_id, service.tenant_id, service.tokens)

    assert type(refusal(connector)) is DestinationRefused
