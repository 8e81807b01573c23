"""The fake Bot Connector keeps what it takes, refuses the rest and fails on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from maa_notify.demo.channels import CARD_TYPE
from tests.support.connector import GENERAL, TEAM
from tests.support.wire import reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.connector import FakeConnector


@pytest.fixture
def client(service: FakeConnector) -> Iterator[httpx.Client]:
    """Return a client that holds the token."""
    headers = {"Authorization": f"Bearer {service.token}"}
    with httpx.Client(trust_env=False, base_url=service.url, headers=headers) as made:
        yield made


def activity(text: str = "one", **replaced: object) -> dict[str, Any]:
    """Return a message of one card, with parts replaced."""
    content = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": text}]}
    return {
        "type": "message",
        "attachments": [{"contentType": CARD_TYPE, "content": content}],
        **replaced,
    }


def creation(content: object) -> dict[str, Any]:
    """Return the call that begins a thread with an activity."""
    return {"isGroup": True, "channelData": {"channel": {"id": GENERAL}}, "activity": content}


def create(client: httpx.Client, text: str = "one") -> dict[str, str]:
    """Begin a thread and return its ids."""
    answer = client.post("v3/conversations", json=creation(activity(text)))
    assert answer.status_code == 201
    ids: dict[str, str] = answer.json()
    return ids


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Basic x"])
def test_only_the_bearer_of_the_token_posts(service: FakeConnector, token: str) -> None:
    """Anything else is 401 and leaves no card."""
    headers = {"Authorization": token}
    answer = httpx.post(f"{service.url}v3/conversations", json=creation(activity()), headers=headers)

    assert (answer.status_code, service.posts) == (401, [])


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        activity(type="typing"),
        activity(attachments=[]),
        activity(attachments=activity()["attachments"] * 2),
        activity(attachments=[{"contentType": "text/html", "content": {}}]),
        activity(attachments=[{"contentType": CARD_TYPE, "content": "{}"}]),
    ],
)
def test_what_is_no_card_is_refused(service: FakeConnector, client: httpx.Client, content: object) -> None:
    """With 400, and nothing in the channel."""
    assert client.post("v3/conversations", json=creation(content)).status_code == 400
    assert service.cards_in(GENERAL) == []


def test_a_removed_card_takes_its_thread_along(service: FakeConnector, client: httpx.Client) -> None:
    """Neither change nor reply finds it, other cards stay."""
    first, second = create(client, "one"), create(client, "two")
    service.remove_card(first["activityId"])
    change = client.put(f"v3/conversations/{GENERAL}/activities/{first['activityId']}", json=activity())
    answer = client.post(f"v3/conversations/{first['id']}/activities", json=activity())

    assert (change.status_code, change.json()["error"]["code"]) == (404, "ActivityNotFoundInConversation")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ConversationNotFound")
    assert len(service.cards_in(GENERAL)) == 1
    assert client.post(f"v3/conversations/{second['id']}/activities", json=activity()).status_code == 201


def test_a_thread_is_an_address_for_changes_too(service: FakeConnector, client: httpx.Client) -> None:
    """As Microsoft's local client takes it."""
    ids = create(client)
    path = f"v3/conversations/{ids['id']}/activities/{ids['activityId']}"

    assert client.put(path, json=activity("two")).status_code == 200
    assert [card["body"][0]["text"] for card in service.cards_in(GENERAL)] == ["two"]


def test_faults_come_by_kind_and_once(service: FakeConnector, client: httpx.Client) -> None:
    """One may take the card all the same; an outage lasts until it is ended."""
    service.fail_next(reply(503), on="list")
    service.fail_next(reply(504), posted=True)
    statuses = [client.post("v3/conversations", json=creation(activity())).status_code for _ in range(2)]
    service.answer_all(reply(500), on="create")
    statuses.append(client.post("v3/conversations", json=creation(activity())).status_code)
    listed = [client.get(f"v3/teams/{TEAM}/conversations").status_code for _ in range(2)]
    service.answer_all(None, on="create")

    assert (statuses, listed) == ([504, 201, 500], [503, 200])
    assert create(client)
    assert len(service.wait_for(3)) == 3
