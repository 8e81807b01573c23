"""The webhook's address is the credential: it shows up in no log, error or printed object, whatever fails."""

from urllib.parse import urlsplit

import pytest

from maa_notify.delivery.sender import Message
from maa_notify.errors import DeliveryError
from maa_notify.identity.secret import Secret
from maa_notify.net.client import HttpClient, Limits, silence_third_parties
from maa_notify.teams.webhook import WebhookMessage, WorkflowsWebhook
from tests.support import wire as fake
from tests.support.leaks import FAULTS, everything_logged, fault_that_says, said_by
from tests.support.teams import FakeTeams
from tests.support.wire import ScriptedServer

LIMITS = Limits(seconds=0.2)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_the_address_is_never_said(teams: FakeTeams, fault: fake.HttpResponse | int | None) -> None:
    """Neither its signature nor its path, even when the answer repeats it."""
    if fault is not None:
        teams.fail_next(fault_that_says(teams.url, fault, teams.url))

    assert said_while_posting(teams.url) == []


@pytest.mark.parametrize("change", ["closed", "unknown", "no TLS", "no header", "no port"])
def test_an_address_out_of_reach_is_never_said(teams: FakeTeams, change: str) -> None:
    """Libraries like to put it into such errors."""
    with ScriptedServer() as gone:
        closed = gone.url
    url = {
        "closed": teams.url.replace(teams.origin, closed),
        "unknown": teams.url.replace(teams.origin, "https://flow.invalid"),
        "no TLS": teams.url.replace("http://", "https://"),
        "no header": teams.url + "\r\nX: y",
        "no port": teams.url.replace(teams.origin, "http://127.0.0.1:99999"),
    }[change]

    assert said_while_posting(url) == []


def said_while_posting(url: str) -> list[str]:
    """Which parts of an address are said during one post."""
    webhook = WorkflowsWebhook("ops", Secret(url), LIMITS)
    message = WebhookMessage(url, Message({}), HttpClient(url), LIMITS)
    error: DeliveryError | None = None
    with everything_logged() as ear:
        silence_third_parties()
        try:
            webhook.post(Message({"type": "AdaptiveCard"}))
        except DeliveryError as caught:
            error = caught
        webhook.close()
    everything = "\n".join([*ear.heard, said_by(error), repr(webhook), repr(vars(webhook)), repr(message)])
    parts = (urlsplit(url).path, urlsplit(url).query, url.rsplit("sig=", 1)[1])
    return [part for part in parts if part in everything]
