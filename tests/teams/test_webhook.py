"""Posting to a webhook: the envelope to the byte, and what each answer means."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from maa_notify.delivery.sender import Message
from maa_notify.errors import CardRefused, DeliveryError, DestinationRefused, DestinationUnavailable
from maa_notify.identity.secret import Secret
from maa_notify.net.client import Limits
from maa_notify.teams.webhook import WorkflowsWebhook
from tests.support import wire as fake
from tests.support.teams import FakeTeams, flow_error
from tests.support.wire import ScriptedServer, reply

CARD = {
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [{"type": "TextBlock", "text": 'Löschen 删除 🗑 "x"'}],
}
MESSAGE = Message(CARD)
OFF = "WorkflowTriggerIsNotEnabled"


@pytest.fixture
def webhook(teams: FakeTeams) -> Iterator[WorkflowsWebhook]:
    """Leads to the fake channel, with little patience."""
    made = WorkflowsWebhook("ops", Secret(teams.url), Limits(seconds=1.5))
    yield made
    made.close()


def refusal(webhook: WorkflowsWebhook) -> DeliveryError:
    """The error of a post that must fail."""
    with pytest.raises(DeliveryError) as caught:
        webhook.post(MESSAGE)
    return caught.value


def test_a_card_arrives_in_its_envelope(teams: FakeTeams, webhook: WorkflowsWebhook) -> None:
    """Byte for byte: compact UTF-8, and every field that the trigger insists on."""
    webhook.post(MESSAGE)
    (call,) = teams.calls
    content = json.dumps(CARD, ensure_ascii=False, separators=(",", ":"))

    assert teams.cards == [CARD]
    assert call.body.decode() == (
        '{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive",'
        f'"contentUrl":null,"content":{content}}}]}}'
    )
    assert call.method == "POST"
    assert call.headers["content-type"] == "application/json; charset=utf-8"
    assert int(call.headers["content-length"]) == len(call.body)
    assert "authorization" not in call.headers
    assert "transfer-encoding" not in call.headers


def test_what_a_flow_may_use_stands_beside_the_card(teams: FakeTeams, webhook: WorkflowsWebhook) -> None:
    """A flow of one's own reads aloud, or chats with a person; the attachments stay as they are."""
    webhook.post(Message(CARD, "A request was approved.", "mira.holt@contoso.com"))
    envelope = teams.calls[0].json()

    assert list(envelope) == ["type", "summary", "recipient", "attachments"]
    assert (envelope["summary"], envelope["recipient"]) == (
        "A request was approved.",
        "mira.holt@contoso.com",
    )
    assert teams.cards == [CARD]


def test_no_error_names_the_recipient(teams: FakeTeams, webhook: WorkflowsWebhook) -> None:
    """Errors end in logs and in the outbox's list; who is told what is nobody's business there."""
    for answer in (reply(400), reply(404), reply(503), fake.reset()):
        teams.fail_next(answer)
        with pytest.raises(DeliveryError) as caught:
            webhook.post(Message(CARD, "told", "mira.holt@contoso.com"))

        assert "mira" not in f"{caught.value} {caught.value!r} {caught.value.__context__!r}"


def test_the_run_is_told(teams: FakeTeams, webhook: WorkflowsWebhook) -> None:
    """Its id is the only way into the flow's own history."""
    assert webhook.post(MESSAGE).run_id.startswith("0858")


@pytest.mark.parametrize("run_id", ["", "x" * 81, "a b", "<script>", "ä"])
def test_an_odd_run_id_is_left_out(teams: FakeTeams, webhook: WorkflowsWebhook, run_id: str) -> None:
    """It is shown to people and kept in the journal."""
    teams.fail_next(reply(202, headers={"x-ms-workflow-run-id": run_id}))

    assert webhook.post(MESSAGE).run_id == ""


@pytest.mark.parametrize(
    "answer",
    [
        reply(202),
        reply(200),
        reply(200, text="1"),
        reply(200, json={"id": "by a Response action of the flow"}),
        reply(200, text="Webhook message delivery failed with error: HTTP error 413"),
        fake.endless(status=202),
        fake.truncated(b"x", 99, status=202),
        fake.drip(b"x" * 99, pause=0.1, status=202),
        fake.gzip_bomb(1 << 24, status=202),
        reply(202, body=b"\xff\xfe"),
        reply(201),
        reply(203, text="passed on"),
        reply(204),
        reply(206, json={}),
        reply(299),
        reply(200, body=b"1", headers={"Content-Type": "text/html"}),
        reply(200, body=b"\x00\x01", headers={"Content-Type": "application/octet-stream"}),
        reply(200, json={}, headers={"Content-Type": "application/problem+json"}),
        reply(200, json={}, headers={"Content-Type": "application/json, application/json"}),
        reply(200, json={}, headers={"Content-Type": "application/json charset=utf-8"}),
        reply(200, body=b"*posted*", headers={"Content-Type": "text/markdown"}),
        reply(200, body=b"<ok/>", headers={"Content-Type": "text/xml"}),
        reply(200, body=b"<?xml version='1.0'?><ok/>", headers={"Content-Type": "application/xml"}),
        reply(200, body=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}),
        reply(200, body=b"x", headers={"Content-Type": "application/vnd.contoso.answer"}),
        reply(200, body=b"x", headers={"Content-Type": "nonsense"}),
        reply(200, body=b"<at>Mira</at> posted", headers={"Content-Type": "text/plain"}),
        reply(200, text="<b>posted</b>", headers={"x-ms-workflow-run-id": "08585"}),
        fake.garbage(b"HTTP/1.1 202 Accepted\r\nbare words\r\n\r\n"),
    ],
)
def test_every_success_of_a_flow_accepts(
    teams: FakeTeams, webhook: WorkflowsWebhook, answer: fake.HttpResponse
) -> None:
    """A run has started, so whatever the body does, posting again would only show the card twice."""
    teams.fail_next(answer)

    webhook.post(MESSAGE)

    assert len(teams.calls) == 1


PAGE = "<!DOCTYPE html><html><head><title>Sign in to the guest network</title></head></html>"


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, body=PAGE.encode(), headers={"Content-Type": "text/html; charset=utf-8"}),
        reply(200, body=b"Site not found", headers={"Content-Type": "text/html"}),
        reply(200, text=PAGE),
        reply(202, body=PAGE.encode()),
        reply(203, body=b"<?xml version='1.0'?><WISPAccessGatewayParam/>"),
        reply(200, body=PAGE.encode("utf-16"), headers={"Content-Type": "text/plain"}),
        reply(200, body=PAGE.encode("utf-16-le")),
        reply(200, body=b"sign in", headers={"Content-Type": "text/html, text/html"}),
        reply(200, body=b"<?xml version='1.0'?>\n<html xmlns='x'/>", headers={"Content-Type": "text/xml"}),
        reply(200, body=b"<!-- x --><head>", headers={"Content-Type": "application/x-unknown"}),
        reply(200, body=b"x", headers={"Content-Type": "Video/MP4"}),
        reply(200, body=b"x", headers={"Content-Type": "font/woff2"}),
        reply(200, body=b"a{}", headers={"Content-Type": "text/css; charset=utf-8"}),
        reply(200, body=b"1", headers={"Content-Type": "text/javascript"}),
        reply(200, body=b"GIF89a", headers={"Content-Type": "image/gif"}),
        reply(200, body=b"alert(1)", headers={"Content-Type": "application/javascript"}),
        fake.garbage(b"HTTP/1.1 200 OK\r\nbare words\r\n\r\n<html>"),
    ],
)
def test_what_no_flow_answers_accepts_nothing(
    teams: FakeTeams, webhook: WorkflowsWebhook, answer: fake.HttpResponse
) -> None:
    """A captive portal or a proxy stands in the flow's place: nothing was posted, and a person mends it."""
    teams.fail_next(answer)
    error = refusal(webhook)

    assert type(error) is DestinationRefused
    assert "which no flow does: a proxy" in str(error)
    assert "Sign in" not in str(error)


@pytest.mark.parametrize(
    "code, advice",
    [
        ("MissingApiVersionParameter", "lost its api-version"),
        ("InvalidApiVersionParameter", "lost its api-version"),
        ("UnsupportedApiVersion", "lost its api-version"),
        ("NoRegisteredProviderFound", "lost its api-version"),
        ("InvalidSasToken", "lost its signature"),
        ("SasTokenExpired", "lost its signature"),
        ("InvalidRequestUri", "not whole"),
        ("InvalidRequestPath", "not whole"),
        ("InvalidWorkflowTriggerName", "not whole"),
        ("IncorrectTriggerType", "not whole"),
        ("MissingRequiredQueryParameter", "not whole"),
        ("InvalidQueryString", "not whole"),
        ("DirectApiAuthorizationRequired", "copy the webhook URL again"),
        ("DirectApiInvalidAuthorizationScheme", "copy the webhook URL again"),
        ("InvalidSignature", "copy the webhook URL again"),
        ("WorkflowTriggerIsNotEnabled", "turned off"),
        ("WorkflowNotFound", "turned off"),
        ("WorkflowDisabled", "turned off"),
        ("FlowSuspended", "turned off"),
        ("SubscriptionDisabled", "environment was moved, disabled"),
        ("SubscriptionNotFound", "environment was moved, disabled"),
        ("TenantNotFound", "environment was moved, disabled"),
        ("EnvironmentNotFound", "environment was moved, disabled"),
        ("FlowMoved", "environment was moved, disabled"),
    ],
)
def test_a_400_that_blames_the_address_refuses_the_destination(
    teams: FakeTeams, webhook: WorkflowsWebhook, code: str, advice: str
) -> None:
    """Every card would be refused, so none is made plain because of it, and a person reads what to mend."""
    teams.fail_next(flow_error(400, code, "no"))
    error = refusal(webhook)

    assert type(error) is DestinationRefused
    assert advice in str(error)
    assert code not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        {"code": OFF, "message": "no"},
        {"statusCode": "400", "error": OFF, "message": "no"},
        {"error": {"code": "BadRequest", "innererror": {"code": OFF}}},
        {"error": {"code": "BadRequest", "details": [{"code": OFF}]}},
        {"message": json.dumps({"Code": OFF})},
        [{"code": OFF}],
        {"errors": [{"code": OFF}]},
        {"odata.error": {"code": OFF}},
    ],
    ids=["top", "text", "inner", "details", "in the message", "list", "errors", "odata"],
)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_code_is_found_wherever_it_stands(
    teams: FakeTeams, webhook: WorkflowsWebhook, body: Any, status: int
) -> None:
    """Each service in front of a flow has its own form of an error."""
    teams.fail_next(reply(status, json=body))

    assert "turned off" in str(refusal(webhook))


@pytest.mark.parametrize(
    "answer",
    [
        reply(400, headers={"x-ms-error-code": OFF}),
        reply(400, body=f"<Error><Code>{OFF}</Code><Message>no</Message></Error>".encode()),
        reply(400, body=f'<?xml version="1.0"?><m:error><m:code>{OFF}</m:code></m:error>'.encode()),
        reply(400, body=json.dumps({"error": {"code": OFF}}).encode("utf-8-sig")),
        reply(400, body=json.dumps({"error": {"code": OFF}}).encode("utf-16")),
    ],
    ids=["header", "XML", "XML with a name space", "byte order mark", "UTF-16"],
)
def test_a_code_is_found_in_any_form(
    teams: FakeTeams, webhook: WorkflowsWebhook, answer: fake.HttpResponse
) -> None:
    """Azure's own services write codes into a header or XML, too, and some in other encodings."""
    teams.fail_next(answer)

    assert "turned off" in str(refusal(webhook))


def test_a_message_that_misses_the_version_blames_the_address(
    teams: FakeTeams, webhook: WorkflowsWebhook
) -> None:
    """Azure says so under a general code as well; what quotes a card does not count."""
    words = "The api-version query parameter (?api-version=) is required for all requests."
    teams.fail_next(flow_error(400, "BadRequest", words))
    assert "lost its api-version" in str(refusal(webhook))

    teams.fail_next(flow_error(400, "InvalidRequestContent", words))
    assert type(refusal(webhook)) is CardRefused


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_web_page_blames_no_card(teams: FakeTeams, webhook: WorkflowsWebhook, status: int) -> None:
    """A proxy's "bad request" is about the connection: cards stay whole, and a person reads who answered."""
    page = b"<HTML><TITLE>Bad Request</TITLE><h2>Bad Request - Invalid Hostname</h2></HTML>"
    teams.fail_next(reply(status, body=page, headers={"Content-Type": "text/html"}))
    error = refusal(webhook)

    assert type(error) is DestinationRefused
    assert "which no flow does: a proxy" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        flow_error(400, "TriggerInputSchemaMismatch", "no"),
        flow_error(400, "InvalidTemplate", "no"),
        flow_error(400, "InvalidRequestContent", "the flow was disabled, says a card"),
        flow_error(413, "RequestEntityTooLarge", "no"),
        flow_error(400, "BadRequest", "no"),
        reply(400, body=b"[" * 50_000),
        reply(400),
        reply(400, body=b"<Error><Code>InvalidTemplate</Code></Error>"),
        flow_error(400, "AdaptiveCardUrlInvalid", "no"),
        flow_error(400, "InvalidImageUrl", "no"),
        flow_error(400, "BadRequest", "the text 'api-version' in a card"),
        reply(413),
        reply(422, json=[]),
    ],
)
def test_a_card_can_be_refused(
    teams: FakeTeams, webhook: WorkflowsWebhook, answer: fake.HttpResponse
) -> None:
    """Others may pass."""
    teams.fail_next(answer)

    assert isinstance(refusal(webhook), CardRefused)


@pytest.mark.parametrize(
    "answer, advice",
    [
        (flow_error(401, "DirectApiAuthorizationRequired", "no"), "copy the webhook URL again"),
        (flow_error(403, "MisMatchingOAuthClaims", "no"), "'Anyone'"),
        (flow_error(404, "WorkflowNotFound", "no"), "deleted, turned off"),
        (flow_error(400, OFF, "state 'Deleted'"), "deleted, turned off"),
        (flow_error(404, OFF, "state 'Disabled'"), "deleted, turned off"),
        (reply(410), "is gone"),
        (reply(405), "no Workflows webhook"),
        (reply(402), "no Workflows webhook"),
        (reply(403, body=PAGE.encode()), "a proxy, a firewall"),
        (reply(404, body=PAGE.encode()), "a proxy, a firewall"),
        (reply(304), "no Workflows webhook"),
        (fake.endless(status=404), "deleted, turned off"),
    ],
)
def test_a_destination_can_be_refused(
    teams: FakeTeams, webhook: WorkflowsWebhook, answer: fake.HttpResponse, advice: str
) -> None:
    """A person has to mend it, and reads how."""
    teams.fail_next(answer)
    error = refusal(webhook)

    assert isinstance(error, DestinationRefused)
    assert str(error).startswith("destination 'ops' answered ")
    assert advice in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused(teams: FakeTeams, webhook: WorkflowsWebhook, status: int) -> None:
    """The card is not handed to another host, and its 200 would not count."""
    with ScriptedServer(reply(200)) as stranger:
        teams.fail_next(fake.redirect(status, f"{stranger.url}/steal"))

        assert isinstance(refusal(webhook), DestinationRefused)
        assert not stranger.requests


IN_DOUBT = [408, 500, 502, 504, 507, 520, 521, 522, 523, 524, 525, 526, 527, 530, 598, 599]


@pytest.mark.parametrize("status", [*IN_DOUBT, 409, 423, 425, 429, 501, 503, 505])
@pytest.mark.parametrize("wait", [None, 17.0])
def test_a_destination_can_be_busy(
    teams: FakeTeams, webhook: WorkflowsWebhook, status: int, wait: float | None
) -> None:
    """The wait that it asks for is told; what fails or gives up may have passed the card on before."""
    teams.fail_next(reply(status, headers={"Retry-After": "17"} if wait else {}))
    error = refusal(webhook)

    assert isinstance(error, DestinationUnavailable)
    assert (error.retry_after, error.in_doubt) == (wait, status in IN_DOUBT)
    assert str(error) == f"destination 'ops' answered {status}"


@pytest.mark.parametrize("code", ["Throttled", "RateLimitExceeded", "QuotaExceeded", "OperationInProgress"])
@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_that_says_busy_is_not_now(
    teams: FakeTeams, webhook: WorkflowsWebhook, status: int, code: str
) -> None:
    """Whatever its status, it blames neither card nor address, and nothing ran."""
    teams.fail_next(flow_error(status, code, "later"))
    error = refusal(webhook)

    assert isinstance(error, DestinationUnavailable)
    assert not error.in_doubt


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 410, 413, 422, 429, 500, 501, 503, 505])
def test_a_run_that_fails_leaves_the_card_in_doubt(
    teams: FakeTeams, webhook: WorkflowsWebhook, status: int
) -> None:
    """A flow with a Response step may have posted the card before it failed; the id says that it ran."""
    teams.fail_next(reply(status, headers={"x-ms-workflow-run-id": "08585"}))
    error = refusal(webhook)

    assert isinstance(error, DestinationUnavailable)
    assert error.in_doubt


@pytest.mark.parametrize(
    "answer",
    [
        fake.hang(),
        fake.reset(),
        fake.close_without_answer(),
        fake.garbage(),
        fake.drip(b"x", pause=0.1, head=True),
    ],
    ids=["hang", "reset", "close", "garbage", "drip"],
)
def test_an_answer_that_never_comes_is_ambiguous(
    teams: FakeTeams, webhook: WorkflowsWebhook, answer: fake.HttpResponse
) -> None:
    """The card may be there; a second one is better than none."""
    teams.fail_next(answer)

    assert isinstance(refusal(webhook), DestinationUnavailable)


def test_a_message_says_how_long_its_post_may_take(teams: FakeTeams) -> None:
    """A flow that answers late is waited for, as long as the message says and no longer."""
    webhook = WorkflowsWebhook("ops", Secret(teams.url))
    teams.fail_next(fake.hang(0.6, reply(202)), fake.hang())
    webhook.post(Message(CARD, seconds=60))
    with pytest.raises(DestinationUnavailable, match="no answer in time") as caught:
        webhook.post(Message(CARD, seconds=0.3))
    webhook.close()

    assert caught.value.in_doubt


def closed(url: str) -> str:
    """Nobody listens there."""
    with FakeTeams() as gone:
        return gone.url


def unknown(url: str) -> str:
    """No name server knows it."""
    return "https://flow.invalid/workflows/x?sig=y"


def without_tls(url: str) -> str:
    """The other side does not speak TLS."""
    return url.replace("http://", "https://")


@pytest.mark.parametrize("where", [closed, unknown, without_tls])
def test_a_destination_out_of_reach_is_refused(teams: FakeTeams, where: Callable[[str], str]) -> None:
    """Nothing was sent, and a person should look at the address or the firewall."""
    webhook = WorkflowsWebhook("ops", Secret(where(teams.url)), Limits(seconds=2))
    error = refusal(webhook)
    webhook.close()

    assert isinstance(error, DestinationRefused)
    assert str(error).startswith("destination 'ops' cannot be reached: ")


def test_half_a_character_does_not_stop_a_card(teams: FakeTeams, webhook: WorkflowsWebhook) -> None:
    """Cards are clean by then; if one is not, it arrives all the same."""
    webhook.post(Message({**CARD, "fallbackText": "half \ud83d a pair"}))

    assert teams.cards[0]["fallbackText"] == "half ? a pair"


def test_posts_share_a_connection(teams: FakeTeams, webhook: WorkflowsWebhook) -> None:
    """TLS and TCP are set up once for a burst."""
    for _ in range(3):
        webhook.post(MESSAGE)

    assert len(teams.cards) == 3
    assert teams._server.connections == 1


def test_a_closed_webhook_opens_again(teams: FakeTeams, webhook: WorkflowsWebhook) -> None:
    """Closing only lets go of connections."""
    webhook.post(MESSAGE)
    webhook.close()
    webhook.post(MESSAGE)

    assert len(teams.cards) == 2


def test_the_card_is_not_changed(webhook: WorkflowsWebhook) -> None:
    """It may be posted again elsewhere."""
    card: dict[str, Any] = json.loads(json.dumps(CARD))
    webhook.post(Message(card))

    assert card == CARD
