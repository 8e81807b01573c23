"""The simulated Teams channel, over real HTTP."""

import copy
import json
from typing import Any

import httpx
import pytest

from maa_notify.demo.channels import MOST_BYTES, stored_size
from maa_notify.demo.server import DemoServer
from tests.demo.support import START

HOOK = "/hook/demo"
CARD: dict[str, Any] = {
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [{"type": "TextBlock", "text": "Größe: 中文", "wrap": True}],
}


def _envelope(*cards: dict[str, Any]) -> dict[str, Any]:
    attachments = [
        {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        for card in cards
    ]
    return {"type": "message", "attachments": attachments}


def _without(path: list[str | int]) -> dict[str, Any]:
    """Return a sound envelope that lacks one member."""
    envelope: Any = copy.deepcopy(_envelope(CARD))
    inner = envelope
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return dict(envelope)


def test_a_card_is_accepted_and_kept(client: httpx.Client, server: DemoServer) -> None:
    """A sound message is answered with 202, no body and the id of a run; the card is in the channel.

    What the notifier says beside the attachments does no harm, as in the template of Workflows.
    """
    answer = client.post(HOOK, json={**_envelope(CARD), "summary": "told", "recipient": "a@contoso.com"})
    (posted,) = server.channels.cards()

    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["x-ms-workflow-run-id"]
    assert (posted.number, posted.arrived, posted.card) == (1, START, CARD)


def test_each_attachment_is_a_message(client: httpx.Client, server: DemoServer) -> None:
    """Two cards in one call are two messages, in order."""
    client.post(HOOK, json=_envelope(CARD, {**CARD, "version": "1.2"}))

    assert [posted.card["version"] for posted in server.channels.cards()] == ["1.4", "1.2"]
    assert [posted.number for posted in server.channels.cards(after=1)] == [2]


@pytest.mark.parametrize(
    "envelope",
    [
        _without(["type"]),
        _without(["attachments"]),
        _without(["attachments", 0, "contentType"]),
        _without(["attachments", 0, "contentUrl"]),
        _without(["attachments", 0, "content"]),
        _without(["attachments", 0, "content", "type"]),
        {"type": "message", "attachments": []},
        {"type": "message", "attachments": [None]},
        {"text": "hello"},
        CARD,
        [],
        None,
    ],
)
def test_a_wrong_envelope_is_refused(client: httpx.Client, server: DemoServer, envelope: object) -> None:
    """Whatever the envelope lacks: 400, the trigger's own code, and nothing in the channel."""
    answer = client.post(HOOK, json=envelope)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "TriggerInputSchemaMismatch"
    assert server.channels.cards() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"nonsense"])
def test_what_is_no_json_is_refused(client: httpx.Client, body: bytes) -> None:
    """A body that cannot be read is answered like a wrong envelope."""
    answer = client.post(HOOK, content=body, headers={"Content-Type": "application/json"})

    assert answer.json()["error"]["code"] == "TriggerInputSchemaMismatch"


def test_a_body_that_does_not_say_json_is_refused(client: httpx.Client) -> None:
    """The content type has to be JSON, which a page of another site cannot send unasked."""
    answer = client.post(HOOK, content=json.dumps(_envelope(CARD)), headers={"Content-Type": "text/plain"})

    assert answer.status_code == 400


def test_a_card_too_large_is_refused(client: httpx.Client, server: DemoServer) -> None:
    """What counts is the card as a text inside JSON: one byte above the limit is too much."""
    room = MOST_BYTES - stored_size({**CARD, "fallbackText": ""})
    fits, too_large = ({**CARD, "fallbackText": "x" * size} for size in (room, room + 1))

    assert [client.post(HOOK, json=_envelope(card)).status_code for card in (fits, too_large)] == [202, 413]
    assert len(server.channels.cards()) == 1


def test_a_token_makes_the_call_fail(client: httpx.Client) -> None:
    """The webhook is for anyone who knows it; a call with a token is refused."""
    answer = client.post(HOOK, json=_envelope(CARD), headers={"Authorization": "Bearer demo"})

    assert answer.status_code == 401


def test_the_webhook_takes_post_only(client: httpx.Client) -> None:
    """A GET is not a message."""
    assert client.get(HOOK).status_code == 405
