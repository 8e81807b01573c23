"""What the tests' Teams adds to the simulated one: any number of channels, a signature, and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from maa_notify.demo.channels import CARD_TYPE
from tests.support.wire import close_without_answer, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.teams import FakeTeams


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Return a client."""
    with httpx.Client(trust_env=False) as made:
        yield made


def card(text: str) -> dict[str, Any]:
    """Return a card of one line."""
    line = {"type": "TextBlock", "text": text, "wrap": True}
    return {"type": "AdaptiveCard", "version": "1.4", "body": [line]}


def attachment(**replaced: object) -> dict[str, Any]:
    """Return a sound attachment, with parts replaced."""
    return {"contentType": CARD_TYPE, "contentUrl": None, "content": card("one"), **replaced}


def envelope(*attachments: object) -> dict[str, Any]:
    """Return the message around attachments."""
    return {"type": "message", "attachments": list(attachments)}


def test_a_sound_card_is_taken(teams: FakeTeams, client: httpx.Client) -> None:
    """The answer is a 202 with a run id and no body; every attachment is a card in the channel."""
    answer = client.post(teams.url, json=envelope(attachment(), attachment(content=card("two"))))

    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["x-ms-workflow-run-id"].endswith("CU00")
    assert teams.cards == [card("one"), card("two")]


def test_the_signature_opens_the_flow_and_nothing_else_does(teams: FakeTeams, client: httpx.Client) -> None:
    """Without the signature, or with a header that this mode does not take, nothing is posted."""
    parts = urlsplit(teams.url)
    body = envelope(attachment())

    assert f"sig={teams.secret}" in parts.query
    assert client.post(teams.url.replace(teams.secret, "x"), json=body).status_code == 401
    assert client.post(teams.url, json=body, headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get(teams.url).status_code == 405
    assert client.post(teams.url.replace(parts.path, "/other"), json=body).status_code == 404
    assert teams.cards == []


def test_channels_have_addresses_of_their_own(teams: FakeTeams, client: httpx.Client) -> None:
    """Each card lies in the channel it was sent to, and one order of arrival spans them all."""
    for channel, text in (("wipes", "1"), ("general", "2"), ("wipes", "3")):
        client.post(teams.url_for(channel), json=envelope(attachment(content=card(text))))

    assert teams.cards_in("wipes") == [card("1"), card("3")]
    assert teams.cards_in("general") == [card("2")]
    assert teams.cards == [card("1"), card("2"), card("3")]
    assert teams.wait_for(3) == teams.cards


def test_scripted_faults_come_once(teams: FakeTeams, client: httpx.Client) -> None:
    """The next posts fail as told, in the named channel only; a lost answer can leave its card behind."""
    teams.fail_next(reply(429, headers={"Retry-After": "3"}), on="general")
    teams.fail_next(close_without_answer(), on="general", posted=True)
    body = envelope(attachment())

    assert client.post(teams.url_for("other"), json=body).status_code == 202
    assert client.post(teams.url, json=body).status_code == 429
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(teams.url, json=body)
    assert teams.cards_in("general") == [card("one")]
    assert client.post(teams.url, json=body).status_code == 202


def test_an_outage_lasts_until_it_is_ended(teams: FakeTeams, client: httpx.Client) -> None:
    """All posts to the channel get the one answer; other channels go on."""
    teams.answer_all(reply(503), on="general")
    body = envelope(attachment())

    assert [client.post(teams.url, json=body).status_code for _ in range(3)] == [503] * 3
    assert client.post(teams.url_for("other"), json=body).status_code == 202
    teams.answer_all(None, on="general")
    assert client.post(teams.url, json=body).status_code == 202
    assert len(teams.cards) == 2


def test_waiting_in_vain_is_a_failure(teams: FakeTeams) -> None:
    """A wait that runs out says how far it got."""
    with pytest.raises(AssertionError, match="0 of 1 cards"):
        teams.wait_for(1, timeout=0.01)
