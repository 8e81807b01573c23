"""Whom a client trusts, and which way it takes."""

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from maa_notify.net.client import HttpClient, Limits, NoResponseError
from tests.support.wire import HttpResponse, Line, ScriptedServer, drip, garbage, hang, reply, reset

SHORT = Limits(seconds=1.0)
AUTHORITY = trustme.CA()
NAME = "graph.invalid"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """An answer to CONNECT: from here on, every byte goes to a port of this machine and back."""

    port: int

    def play(self, line: Line) -> bool:
        line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inside = line._socket
        with socket.create_connection(("127.0.0.1", self.port)) as outside:
            back = threading.Thread(target=pump, args=(outside, inside))
            back.start()
            pump(inside, outside)
            back.join()
        return False


def pump(source: socket.socket, target: socket.socket) -> None:
    """Carries bytes one way until either side has enough."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        target.close()


def identity(name: str) -> ssl.SSLContext:
    """A server's certificate for a name or address, by the tests' own authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def secure(request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
    """Serves with TLS, as 127.0.0.1 unless a test names somebody else."""
    with ScriptedServer(
        reply(200, text="fine"), tls=identity(getattr(request, "param", "127.0.0.1"))
    ) as serving:
        yield serving


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes SSL_CERT_FILE name the tests' own authority."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts from an environment without a proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def ask(url: str, *, direct: bool = False, limits: Limits = SHORT) -> str:
    """The body of a GET, or the reason why there is none, with `!` when nothing was sent."""
    client = HttpClient(url, direct=direct)
    try:
        answer = client.request("GET", f"{url}/path?sig=secret", headers={}, limits=limits)
    except NoResponseError as error:
        return f"{'!' if error.before_sending else '?'}{error}"
    finally:
        client.close()
    return answer.fault or answer.body.decode()


def test_a_certificate_of_an_unknown_authority_is_refused(secure: ScriptedServer) -> None:
    """Not even the request line is sent."""
    assert ask(secure.url) == "!its TLS certificate is not accepted"
    assert not secure.requests


@pytest.mark.usefixtures("trusted")
def test_ssl_cert_file_adds_an_authority(secure: ScriptedServer) -> None:
    """As a company that inspects its traffic needs it."""
    assert ask(secure.url) == "fine"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("secure", ["elsewhere.example"], indirect=True)
def test_a_certificate_of_another_host_is_refused(secure: ScriptedServer) -> None:
    """A trusted authority alone is not enough."""
    assert ask(secure.url) == "!its TLS certificate is not accepted"


@pytest.mark.usefixtures("trusted")
def test_a_drip_within_tls_ends_with_the_exchange(secure: ScriptedServer) -> None:
    """The end holds below the encryption."""
    secure.script(drip(b"x" * 100, pause=0.05, head=True), drip(b"x" * 100, pause=0.05))

    assert ask(secure.url) == "?no answer in time"
    assert ask(secure.url) == "the answer took longer than 1 s"


def test_a_server_without_tls_is_an_error_before_sending(server: ScriptedServer) -> None:
    """The request is not sent in the clear instead."""
    server.script(reply(400))
    url = server.url.replace("http://", "https://")

    assert ask(url, limits=Limits(seconds=1)).startswith("!")


def test_an_unusable_ssl_cert_file_is_named(
    monkeypatch: pytest.MonkeyPatch, secure: ScriptedServer, tmp_path: Path
) -> None:
    """A wrong setting is an error of ours, not a crash."""
    monkeypatch.setenv("SSL_CERT_FILE", "/there/is/no/such.pem")
    missing = ask(secure.url)
    (tmp_path / "notes.txt").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "notes.txt"))

    assert missing == "!the file that SSL_CERT_FILE names is missing"
    assert ask(secure.url) == "!the file that SSL_CERT_FILE names holds no certificates"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It gets what is meant for a host that only it can reach; its scheme may be left out."""
    monkeypatch.setenv(name, server.url.removeprefix("http://"))

    assert ask(f"http://{NAME}") == "fine"
    assert server.requests[0].path == f"http://{NAME}/path"


def test_proxies_are_ignored_for_this_machine(
    server: ScriptedServer, stranger: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests, emulators and the identity endpoint are nobody else's business."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, stranger.url)

    assert ask(server.url) == "fine"
    assert ask(server.url.replace("127.0.0.1", "localhost")) == "fine"
    assert not stranger.requests


def test_no_proxy_and_direct_clients_do_without(
    stranger: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the name has to resolve here."""
    monkeypatch.setenv("HTTP_PROXY", stranger.url)
    direct = ask(f"http://{NAME}", direct=True)
    monkeypatch.setenv("NO_PROXY", "elsewhere.example, .invalid")

    assert (direct, ask(f"http://{NAME}")) == ("!its name cannot be resolved",) * 2
    assert not stranger.requests


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("secure", [NAME], indirect=True)
def test_https_goes_through_a_tunnel(
    server: ScriptedServer, secure: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy sees a name and encrypted bytes; its password is sent to it alone."""
    server.script(Tunnel(int(secure.url.rsplit(":", 1)[1])), path=NAME)
    monkeypatch.setenv("HTTPS_PROXY", server.url.replace("http://", "http://user:p%40ss@"))

    assert ask(f"https://{NAME}", limits=Limits(seconds=5)) == "fine"
    (connect,) = server.requests
    assert (connect.method, connect.path) == ("CONNECT", f"{NAME}:443")
    assert connect.headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"
    assert secure.requests[0].query == "sig=secret"
    assert "proxy-authorization" not in secure.requests[0].headers


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("secure", [NAME], indirect=True)
def test_a_drip_through_a_tunnel_ends_with_the_exchange(
    server: ScriptedServer, secure: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither proxy nor encryption stretch it."""
    server.script(Tunnel(int(secure.url.rsplit(":", 1)[1])), path=NAME)
    secure.script(drip(b"x" * 100, pause=0.05, head=True))
    monkeypatch.setenv("HTTPS_PROXY", server.url)

    assert ask(f"https://{NAME}") == "?no answer in time"


@pytest.mark.parametrize(
    "answer, reason",
    [
        (reply(407), "!the proxy refused (407): it wants a name and a password in HTTPS_PROXY"),
        (reply(503), "!the proxy refused (503)"),
        (reset(), "!the proxy: the exchange broke off (ReadError)"),
        (garbage(), "!the proxy: the exchange broke off (RemoteProtocolError)"),
        (garbage(b"HTTP/1.1 200 Fine\r\nodd line\r\n\r\n"), "!the proxy: the exchange broke off"),
        (hang(), "!the proxy: no answer in time"),
    ],
    ids=["password", "busy", "reset", "garbage", "loose", "hang"],
)
def test_a_proxy_that_fails_is_called_the_proxy(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, answer: HttpResponse, reason: str
) -> None:
    """The service itself heard nothing, and whatever the proxy says is not the service's answer."""
    server.script(answer, path=NAME)
    monkeypatch.setenv("HTTPS_PROXY", server.url)

    assert ask(f"https://{NAME}").startswith(reason)


@pytest.mark.parametrize(
    "address, reason",
    [
        ("http://proxy.invalid:8080", "!the proxy: its name cannot be resolved"),
        ("http://127.0.0.1:1", "!the proxy: it refuses connections"),
    ],
)
def test_a_proxy_that_is_not_there_is_called_the_proxy(
    monkeypatch: pytest.MonkeyPatch, address: str, reason: str
) -> None:
    """Or somebody would look for the fault at Microsoft."""
    monkeypatch.setenv("HTTPS_PROXY", address)

    assert ask(f"https://{NAME}") == reason


@pytest.mark.usefixtures("trusted")
def test_a_proxy_with_tls_is_used(secure: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE counts for its certificate as for any other."""
    monkeypatch.setenv("HTTP_PROXY", secure.url)

    assert ask(f"http://{NAME}") == "fine"
    assert secure.requests[0].path == f"http://{NAME}/path"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("secure", ["proxy.example"], indirect=True)
def test_a_proxy_with_tls_is_checked_too(secure: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate is another's here; the password is not sent to it."""
    monkeypatch.setenv("HTTPS_PROXY", secure.url.replace("https://", "https://user:word@"))

    assert ask(f"https://{NAME}") == "!the proxy: its TLS certificate is not accepted"
    assert not secure.requests


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("secure", ["elsewhere.example"], indirect=True)
def test_what_fails_behind_a_proxy_is_not_called_the_proxy(
    server: ScriptedServer, secure: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the tunnel stands, the certificate is the service's own."""
    server.script(Tunnel(int(secure.url.rsplit(":", 1)[1])), path=NAME)
    monkeypatch.setenv("HTTPS_PROXY", server.url)

    assert ask(f"https://{NAME}") == "!its TLS certificate is not accepted"


@pytest.mark.parametrize(
    "address", ["socks5://127.0.0.1:1080", "ftp://127.0.0.1", "http://[::1", "http://a:b:c", "http://"]
)
def test_an_invalid_proxy_is_an_error_before_sending(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """A wrong setting is an error of ours, not a crash, and its value is not shown."""
    monkeypatch.setenv("HTTPS_PROXY", address)

    assert ask(f"https://{NAME}") == (
        "!the proxy's address in HTTPS_PROXY or ALL_PROXY cannot be used: give http://HOST:PORT"
    )
