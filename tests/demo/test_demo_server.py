"""The demo's server: the page's API, the stream behind the page, and who is kept out."""

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from maa_notify.demo.errors import PortTakenError
from maa_notify.demo.server import DemoServer
from tests.demo.support import StillClock, blank_assets


def _events(client: httpx.Client) -> Iterator[tuple[str, Any]]:
    with client.stream("GET", "/api/stream") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        name = ""
        for line in answer.iter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                yield name, json.loads(value)


def test_the_page_may_load_its_own_files_only(client: httpx.Client) -> None:
    """The page is served with a policy that admits no inline script and no other site."""
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]

    assert answer.status_code == 200
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert " style=" not in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "path", ["/page.css", "/page.js", "/teams-card.js", "/icon.svg", "/assets/teams-dark.json"]
)
def test_every_file_of_the_page_is_served(client: httpx.Client, path: str) -> None:
    """What the page refers to is there; what it does not refer to is not."""
    assert client.get(path).status_code == 200
    assert client.head(path).content == b""
    assert client.get(f"{path}x").status_code == 404
    assert client.post(path, json={}).status_code == 405


@pytest.mark.parametrize("path", ["/api/requests", "/hook/demo", "/api/scenario/start"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1"},
    ],
)
def test_other_sites_are_kept_out(
    client: httpx.Client, server: DemoServer, path: str, headers: dict[str, str]
) -> None:
    """A foreign Origin or Host is refused before anything is read or changed."""
    answer = client.post(path, json={"kind": "wipe"}, headers=headers)

    assert answer.status_code == 403
    assert server.tenant.requests() == []
    assert not server.scenario.running


def test_the_page_itself_may_post(client: httpx.Client, server: DemoServer) -> None:
    """The server's own origin is let through."""
    answer = client.post("/api/requests", json={"kind": "wipe"}, headers={"Origin": server.url})

    assert answer.status_code == 201


def test_a_form_of_another_site_cannot_submit(client: httpx.Client) -> None:
    """What a plain form can send, which is anything but JSON, is refused."""
    assert client.post("/api/requests", data={"kind": "wipe"}).status_code == 415


def test_a_visitor_submits_and_decides(client: httpx.Client) -> None:
    """A request goes from the form to the list, and from there to a decision with notes."""
    request_id = client.post(
        "/api/requests", json={"kind": "app", "requestor": "priya", "justification": "because"}
    ).json()["id"]
    client.post(f"/api/requests/{request_id}/approve", json={"by": "oskar", "notes": "fine"})
    (shown,) = client.get("/api/state").json()["requests"]

    assert (shown["statusLabel"], shown["requestor"], shown["approver"]) == (
        "Approved - Needs completion",
        "Priya Nandan",
        "Oskar Weiss",
    )
    assert (shown["justification"], shown["notes"], shown["actions"]) == (
        "because",
        "fine",
        ["complete", "expire"],
    )


def test_the_requestor_is_not_offered_as_approver(client: httpx.Client) -> None:
    """Mira is in the approver group, and yet not offered on her own request."""
    client.post("/api/requests", json={"kind": "wipe", "requestor": "mira"})
    client.post("/api/requests", json={"kind": "wipe", "requestor": "jonas"})
    offered = [shown["approvers"] for shown in client.get("/api/state").json()["requests"]]

    assert offered == [["mira", "aiko", "oskar"], ["aiko", "oskar"]]


@pytest.mark.parametrize(
    "path, body, status",
    [
        ("/api/requests", {"kind": "explode"}, 409),
        ("/api/requests", {"kind": "wipe", "requestor": "aiko"}, 409),
        ("/api/requests", {"kind": "wipe", "justification": "x" * 1025}, 400),
        ("/api/requests", {"kind": 7}, 400),
        ("/api/requests", [], 400),
        ("/api/requests/none/approve", {"by": "aiko"}, 404),
        ("/api/scenario/rewind", {}, 404),
        ("/api/nothing", {}, 404),
    ],
)
def test_a_refusal_is_a_sentence(client: httpx.Client, path: str, body: object, status: int) -> None:
    """Whatever is refused is answered with one sentence for the visitor."""
    answer = client.post(path, json=body)

    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")


def test_the_stream_tells_cards_and_changes(
    client: httpx.Client, server: DemoServer, clock: StillClock
) -> None:
    """The stream begins with what is there and goes on with what changes."""
    server.tenant.submit("wipe")
    events = _events(client)
    kind, state = next(events)
    server.log.say("poll.finished listed=1")
    _, told = next(events)
    clock.pass_by(timedelta(days=3))
    server.tenant.requests()
    _, late = next(events)

    assert (kind, state["requests"][0]["statusLabel"]) == ("state", "Needs approval")
    assert told["notifier"]["log"] == ["poll.finished listed=1"]
    assert late["requests"][0]["statusLabel"] == "Expired"


def test_the_stream_ends_with_the_server(server: DemoServer) -> None:
    """Stopping the server ends open streams, and the port is free again."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        events = _events(client)
        next(events)
        server.__exit__(None, None, None)
        rest = list(events)

    assert all(name == "state" for name, _ in rest)
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False)


@pytest.mark.parametrize(
    "head, status",
    [
        ("Content-Length: x", 411),
        ("Content-Length: -1", 411),
        ("Transfer-Encoding: chunked", 411),
        ("Content-Length: 1000001", 413),
    ],
)
def test_a_body_of_unknown_or_huge_size_is_not_read(server: DemoServer, head: str, status: int) -> None:
    """What cannot be measured, or is too much, is refused at once and the connection closed."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(f"POST /hook/demo HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_a_taken_port_is_said_plainly() -> None:
    """Where something listens already, the demo says which port and why."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortTakenError, match=f"127.0.0.1 port {port}"):
            DemoServer(port, assets=blank_assets())
