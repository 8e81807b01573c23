"""What can befall the tenant at a press, through the page's API."""

from datetime import timedelta

import httpx
import pytest

from maa_notify.demo.moving_clock import FURTHEST, MovingClock
from maa_notify.demo.server import DemoServer
from maa_notify.demo.situations import SITUATIONS
from tests.demo.support import START, StillClock

ENVELOPE = {
    "type": "message",
    "attachments": [
        {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": {"type": "AdaptiveCard"},
        }
    ],
}


def _let(client: httpx.Client, key: str, verb: str = "begin") -> httpx.Response:
    return client.post(f"/api/situations/{key}/{verb}", json={})


@pytest.mark.parametrize("key", SITUATIONS)
def test_every_situation_can_begin(client: httpx.Client, key: str) -> None:
    """Each entry of the table works from a new demo on, and says what to look out for."""
    assert _let(client, key).status_code == 200
    assert SITUATIONS[key].about.endswith(".")


def test_twelve_hours_go_by(client: httpx.Client, server: DemoServer) -> None:
    """The tenant, the page and whoever follows the clock all learn of it; the machine's clock stays."""
    moves: list[timedelta] = []
    server.clock.follow(moves.append)
    server.tenant.submit("wipe")
    for _ in range(6):
        _let(client, "later")
    state = client.get("/api/state").json()

    assert (state["ahead"], moves) == (259_200, [timedelta(hours=12)] * 6)
    assert state["requests"][0]["statusLabel"] == "Expired"


def test_time_goes_on_for_a_year_at_most(clock: StillClock) -> None:
    """A visitor who never stops pressing stays within what every part can write."""
    moving = MovingClock(clock)
    for _ in range(3):
        moving.move(timedelta(days=200))

    assert moving.now() == START + FURTHEST


def test_tokens_are_dated_by_the_time_of_the_demo(server: DemoServer) -> None:
    """Else a notifier with the same clock would take every token for one that has ended."""
    server.clock.move(timedelta(hours=12))

    assert server.entra.clock() == (START + timedelta(hours=12)).timestamp()


@pytest.mark.parametrize(
    "key, method, path", [("teams-down", "POST", "/hook/channel"), ("graph-down", "GET", "/beta/anything")]
)
def test_a_service_is_down_until_it_is_up_again(
    client: httpx.Client, key: str, method: str, path: str
) -> None:
    """It answers 503 and asks for patience; the other one and the page go on."""
    ask = {"headers": {"Authorization": "Bearer x"}} if method == "GET" else {"json": ENVELOPE}
    _let(client, key)
    during = client.request(method, path, **ask)
    shown = {each["key"]: each["on"] for each in client.get("/api/state").json()["situations"]}
    _let(client, key, "end")
    after = client.request(method, path, **ask)

    assert (during.status_code, during.headers["Retry-After"]) == (503, "2")
    assert [name for name, on in shown.items() if on] == [key]
    assert after.status_code in (202, 404)


def test_what_happens_once_cannot_be_undone(client: httpx.Client) -> None:
    """The refusal names what can."""
    answer = _let(client, "flood", "end")

    assert answer.status_code == 409
    assert "choose one of group-emptied, teams-down, graph-down" in answer.json()["error"]


def test_a_flood_is_about_as_many_devices(client: httpx.Client) -> None:
    """Twelve requests, each about another device."""
    _let(client, "flood")

    assert len({each["title"] for each in client.get("/api/state").json()["requests"]}) == 12


def test_a_message_of_a_flow_says_whom_it_is_for(client: httpx.Client) -> None:
    """A chat's card carries its recipient to the page; a channel's has none."""
    client.post("/hook/chat", json={**ENVELOPE, "recipient": "mira.holt@contoso.com"})
    client.post("/hook/channel", json=ENVELOPE)

    assert [card["recipient"] for card in client.get("/api/state").json()["cards"]] == [
        "mira.holt@contoso.com",
        "",
    ]


@pytest.mark.parametrize(
    "activity, is_watched",
    [
        ({"type": "installationUpdate", "conversation": {"id": "channel-announcements-id"}}, True),
        ({"type": "installationUpdate", "conversation": {"id": "somebody"}}, False),
        ({"type": "message", "conversation": {"id": "channel-announcements-id"}}, False),
        ({"type": "installationUpdate"}, False),
        ([], False),
    ],
)
def test_the_playground_is_watched_once_its_channel_is_open(
    client: httpx.Client, server: DemoServer, activity: object, is_watched: bool
) -> None:
    """The Playground opens with a chat; the tour waits until the visitor is where the cards are."""
    server.show_playground("http://127.0.0.1:9/")
    with client.stream("GET", "/api/stream") as stream:
        next(stream.iter_lines())
        client.post("/api/messages", json=activity)

        assert server.is_watched.is_set() is is_watched
