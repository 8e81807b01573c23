"""Which way connections take, and whom they trust: one rule, for those of `requests` too."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.errors import StateError
from maa_notify.net.environment import is_exempt, proxy_for
from maa_notify.net.requests_session import EnvironmentSession
from maa_notify.storage.table import TableRows, connect_with_string
from tests.support.wire import HttpResponse, ScriptedServer, close_without_answer, garbage, reply, reset

AUTHORITY = trustme.CA()
ACCOUNT = "AccountName=fabrikam;AccountKey=bm8ga2V5;TableEndpoint=http://tables.invalid/fabrikam"
SECURE_ACCOUNT = ACCOUNT.replace("http://", "https://")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts from an environment without a proxy or certificates of its own."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "no_proxy, exempt",
    [
        ("contoso.com", True),
        (".contoso.com", True),
        ("*.contoso.com", True),
        ("*.CONTOSO.com", True),
        ("graph.contoso.com", True),
        ("elsewhere.example, .contoso.com", True),
        ("elsewhere.example contoso.com", True),
        ("*", True),
        ("graph.*", True),
        ("*contoso.com", True),
        ("contoso.com:443", True),
        ("*.contoso.com:443", True),
        ("contoso.com.", True),
        ('"contoso.com"', True),
        ("elsewhere.example;contoso.com", True),
        ("\ufeffcontoso.com\u200b", True),
        ("“contoso.com”", True),
        ("contoso.com:8443", False),
        ("toso.com", False),
        (".graph.contoso.com.example", False),
        ("*.fabrikam.com", False),
        ("*.", False),
        (".", False),
        (",, ,", False),
        ("10.0.0.0/8", False),
        ("[", False),
        ("", False),
    ],
)
def test_no_proxy_names_domains(no_proxy: str, exempt: bool) -> None:
    """A domain stands for its hosts, however it is written, and a port limits it."""
    assert is_exempt("Graph.Contoso.com", 443, no_proxy) is exempt


@pytest.mark.parametrize(
    "host, no_proxy, exempt",
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "10.1.2.3:80", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.7/24", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.*", True),
        ("10.1.2.3", "2.3", False),
        ("10.1.2.3", "10.0.0.0/99", False),
        ("fd00::7", "fd00::7", True),
        ("fd00::7", "[fd00::7]:443", True),
        ("fd00::7", "[fd00::7]:80", False),
        ("fd00::7", "fd00::/8", True),
        ("fd00::7", "10.0.0.0/8", False),
        ("fd00::7", "*", True),
    ],
)
def test_no_proxy_names_addresses(host: str, no_proxy: str, exempt: bool) -> None:
    """One by one or as a network; parts of an address are no domain."""
    assert is_exempt(host, 443, no_proxy) is exempt


@given(st.text(), st.text())
def test_no_entry_is_too_odd(host: str, no_proxy: str) -> None:
    """Whatever stands in the environment, it is an answer and no crash."""
    assert is_exempt(host, 443, no_proxy) in {True, False}


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1",
        "https://localhost./",
        "https://127.0.0.9/x",
        "http://[::1]:10002",
        "https://127.1/",
        "https://[::ffff:127.0.0.1]/",
    ],
)
def test_this_machine_has_no_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Whatever the environment says: emulators and the identity endpoint are nobody else's business."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")

    assert proxy_for(url) == ""
    assert proxy_for("https://graph.example") == "http://proxy.example:3128"


@pytest.fixture
def session() -> Iterator[EnvironmentSession]:
    """Connections as the state store has them."""
    with EnvironmentSession(4) as made:
        yield made


def test_a_requests_session_takes_the_same_proxy(
    server: ScriptedServer, session: EnvironmentSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With wildcards, which `requests` alone does not know; and never for this machine."""
    monkeypatch.setenv("HTTP_PROXY", server.url)
    through = session.get("http://tables.invalid/x", timeout=10)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")
    direct = session.get(f"{server.url.replace('127.0.0.1', 'localhost')}/direct", timeout=10)
    monkeypatch.setenv("NO_PROXY", "*.invalid")
    with pytest.raises(requests.ConnectionError, match=r"tables\.invalid") as caught:
        session.get("http://tables.invalid/x", timeout=10)

    assert (through.text, direct.text) == ("fine", "fine")
    assert [seen.path for seen in server.requests] == ["http://tables.invalid/x", "/direct"]
    assert not isinstance(caught.value, requests.exceptions.ProxyError)


def test_a_requests_session_trusts_the_same_authorities(
    session: EnvironmentSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSL_CERT_FILE counts, and the variables of `requests` do not."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer(reply(200, text="fine"), tls=context) as secure:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
        with pytest.raises(requests.exceptions.SSLError):
            session.get(secure.url, timeout=10)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/there/is/no/such.pem")

        assert session.get(secure.url, timeout=10).text == "fine"


def test_a_requests_session_sends_no_password_of_a_netrc_file(
    server: ScriptedServer, session: EnvironmentSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take the place of the signature that the state store asks for."""
    (tmp_path / "netrc").write_text("default login someone password theirs\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session.get(server.url, headers={"Authorization": "SharedKeyLite ours"}, timeout=10)

    assert server.requests[0].headers["authorization"] == "SharedKeyLite ours"


def table() -> TableRows:
    """The rows of a tenant in an account that only a proxy can reach."""
    return TableRows(connect_with_string(ACCOUNT), "maa", "tenant")


def test_the_state_store_goes_through_the_proxy(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing else leads out of the network."""
    server.script(reply(403, headers={"x-ms-error-code": "AuthenticationFailed"}), path="http://")
    monkeypatch.setenv("HTTP_PROXY", server.url)

    with pytest.raises(StateError, match="refused the request"):
        table().get("meta:poll")

    assert server.requests[0].path.startswith("http://tables.invalid/fabrikam/maa(")


@pytest.mark.parametrize(
    "variable, value, reason",
    [
        (
            "HTTP_PROXY",
            "socks5://127.0.0.1:1",
            "the proxy's address in HTTPS_PROXY or ALL_PROXY cannot be used",
        ),
        ("SSL_CERT_FILE", "/there/is/no/such.pem", "the file that SSL_CERT_FILE names is missing"),
    ],
)
def test_the_state_store_names_a_variable_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    """As a typed error, which a command and a poll know how to report."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(StateError, match=reason):
        table().get("meta:poll")


@pytest.mark.parametrize(
    "answer, words",
    [
        (reply(407), "the proxy refused (407): it wants a name and a password in HTTPS_PROXY"),
        (reply(502), "the proxy refused (502)"),
        (reply(403, body=b"<html>"), "the proxy refused (403)"),
        (garbage(b"xx\r\n\r\n"), "the proxy: the exchange broke off"),
        (close_without_answer(), "the proxy: the exchange broke off"),
        (reset(), "the proxy: the exchange broke off"),
    ],
)
def test_a_proxy_that_fails_the_state_store_is_called_the_proxy(
    monkeypatch: pytest.MonkeyPatch, answer: HttpResponse, words: str
) -> None:
    """In the words that Graph and Teams have for it."""
    with ScriptedServer(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(StateError) as caught:
            TableRows(connect_with_string(SECURE_ACCOUNT), "maa", "tenant").get("meta:poll")

    assert f"cannot be reached ({words}" in str(caught.value)


@pytest.mark.parametrize(
    "proxy, words",
    [
        ("http://proxy.invalid:8080", "the proxy: its name cannot be resolved"),
        ("http://127.0.0.1:1", "the proxy: it refuses connections"),
    ],
)
def test_a_proxy_of_the_state_store_that_is_not_there_is_called_the_proxy(
    monkeypatch: pytest.MonkeyPatch, proxy: str, words: str
) -> None:
    """Not the store."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(StateError, match=words):
        TableRows(connect_with_string(SECURE_ACCOUNT), "maa", "tenant").get("meta:poll")


def test_a_proxy_of_plain_http_that_wants_a_password_is_called_the_proxy(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer comes in the place of the store's."""
    server.script(reply(407), path="http://")
    monkeypatch.setenv("HTTP_PROXY", server.url)

    with pytest.raises(StateError, match=r"the proxy refused \(407\): it wants a name and a password"):
        table().get("meta:poll")


def test_a_store_that_does_not_answer_is_not_called_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is said in words."""
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(StateError, match="its name cannot be resolved"):
        table().get("meta:poll")
