"""The token is the bot's credential, ids and people are nobody's business: none shows up, whatever fails."""

import pytest

from maa_notify.delivery.sender import Message, Sender
from maa_notify.domain.notification import CardLocation
from maa_notify.errors import DeliveryError
from maa_notify.net.client import Limits, silence_third_parties
from maa_notify.teams.bot import BotChannel, BotChat
from maa_notify.teams.connector import Connector
from tests.support import wire as fake
from tests.support.connector import GENERAL, FakeConnector
from tests.support.leaks import FAULTS, everything_logged, fault_that_says, said_by
from tests.support.wire import ScriptedServer

LIMITS = Limits(seconds=0.2)
PERSON = "5a5a5a5a-0000-4000-8000-00000000000a"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
@pytest.mark.parametrize("kind", ["new", "changed", "chat"])
def test_nothing_private_is_said(
    service: FakeConnector, kind: str, fault: fake.HttpResponse | int | None
) -> None:
    """Neither token nor address, channel, card or person, even when the answer repeats them."""
    if fault is not None:
        service.answer_all(fault_that_says(" ".join(private(service)), fault, service.url))

    assert said_while_posting(service, service.url, kind) == []


@pytest.mark.parametrize("change", ["closed", "unknown", "no TLS", "no header", "no port"])
def test_an_address_out_of_reach_is_never_said(service: FakeConnector, change: str) -> None:
    """Libraries like to put it into such errors."""
    with ScriptedServer() as gone:
        closed = gone.url
    url = {
        "closed": f"{closed}/teams/",
        "unknown": "https://smba.invalid/teams/",
        "no TLS": service.url.replace("http://", "https://"),
        "no header": service.url + "\r\nX: y",
        "no port": "http://127.0.0.1:99999/teams/",
    }[change]

    assert said_while_posting(service, url, "chat") == []


def test_a_token_that_cannot_be_sent_is_never_said(service: FakeConnector) -> None:
    """A mistyped token ends in an error of the encoder, which likes to show it."""
    service.token = "tökén\r\nX: y"

    assert said_while_posting(service, service.url, "new") == []


def private(service: FakeConnector) -> list[str]:
    """All that must not be said."""
    return [service.token, GENERAL, PERSON, "1790000000009", "/v3/conversations", "127.0.0.1", "smba.invalid"]


def said_while_posting(service: FakeConnector, url: str, kind: str) -> list[str]:
    """What of it is said during one post."""
    connector = Connector(url, service.bot_id, service.tenant_id, service.tokens, limits=LIMITS)
    sender: Sender = BotChat("ops", connector) if kind == "chat" else BotChannel("ops", GENERAL, connector)
    location = (
        CardLocation(f"{GENERAL};messageid=1790000000009", "1790000000009") if kind == "changed" else None
    )
    error: DeliveryError | None = None
    with everything_logged() as ear:
        silence_third_parties()
        try:
            sender.post(Message({"type": "AdaptiveCard"}, recipient=PERSON, location=location, reply={}))
        except DeliveryError as caught:
            error = caught
        sender.close()
    everything = "\n".join([*ear.heard, said_by(error), repr(sender), repr(connector)])
    tokens = [service.token] if service.token in repr(vars(connector)) else []
    return tokens + [each for each in private(service) if each in everything]
