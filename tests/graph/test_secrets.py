"""No token, client secret or key shows up in a log, an error or a printed object, whatever fails."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import quote_plus

import pytest

from maa_notify.demo.entra_api import SCOPE, make_token
from maa_notify.errors import MaaNotifyError
from maa_notify.graph.client import GraphClient
from maa_notify.graph.reader import Bounds, GraphReader
from maa_notify.identity.msal_http import MsalResponse
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import (
    AppRegistration,
    ManagedIdentity,
    StaticToken,
    TokenSource,
    certificate_credential,
)
from maa_notify.net.client import Limits, silence_third_parties
from tests.support import wire as fake
from tests.support.clock import FakeClock
from tests.support.entra import (
    CLIENT,
    TENANT,
    TOKEN_PATH,
    Certificate,
    FakeEntra,
    FakeIdentityEndpoint,
    make_certificate,
    refusal,
)
from tests.support.graph import FakeGraph, make_request
from tests.support.leaks import everything_logged, said_by
from tests.support.wire import reply

PASSWORD = "pass~word&of=the+application"
CERTIFICATE = make_certificate()
HASTY = Bounds(page=Limits(seconds=0.2, max_bytes=1 << 16), tries=1)
ECHO = make_token(echoed="in an answer that is broken")


@dataclass(frozen=True, slots=True)
class Scene:
    """An adapter, the service behind its sign-in, and what must stay hidden."""

    source: TokenSource
    service: FakeEntra | FakeIdentityEndpoint | None
    hidden: tuple[str, ...]


def is_entra(scene: Scene) -> bool:
    """Whether there is a discovery before the sign-in."""
    return isinstance(scene.service, FakeEntra)


def key_lines(certificate: Certificate) -> tuple[str, ...]:
    """The private key as it stands in a file, line by line."""
    return tuple(certificate.private_pem().decode().splitlines()[1:-1])


@pytest.fixture(params=["ready token", "client secret", "certificate", "managed identity"])
def scene(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """One way to sign in after the other."""
    with ExitStack() as stack:
        if request.param == "ready token":
            ready = make_token(roles=["x"])
            yield Scene(StaticToken(Secret(ready)), None, (ready,))
        elif request.param == "client secret":
            entra = stack.enter_context(FakeEntra(secret=PASSWORD))
            source = AppRegistration(CLIENT, PASSWORD, entra.url, TENANT)
            yield Scene(source, entra, (PASSWORD, quote_plus(PASSWORD)))
        elif request.param == "certificate":
            path = CERTIFICATE.write_pem(tmp_path_factory.mktemp("certificate") / "it.pem")
            entra = stack.enter_context(FakeEntra(certificate=CERTIFICATE))
            source = AppRegistration(CLIENT, certificate_credential(path), entra.url, TENANT)
            yield Scene(source, entra, key_lines(CERTIFICATE))
        else:
            azure = stack.enter_context(FakeIdentityEndpoint(CLIENT))
            for name, value in azure.environ.items():
                monkeypatch.setenv(name, value)
            yield Scene(ManagedIdentity(CLIENT), azure, (azure.header,))


FAULTS = {
    "none": None,
    "401": reply(401, json={"error": {"code": "InvalidAuthenticationToken", "message": ECHO}}),
    "403": reply(403, text=ECHO),
    "429": reply(429, text=ECHO),
    "500": reply(500, text=ECHO),
    "redirect": fake.redirect(307, f"http://127.0.0.1:9/?token={ECHO}"),
    "not whole": reply(text=f'{{"access_token": "{ECHO}'),
    "a list": reply(json=[ECHO]),
    "odd numbers": reply(json={"access_token": ECHO, "expires_in": "soon", "expires_on": "soon"}),
    "refused": refusal(7000215, "invalid_client", 401),
    "refused in odd words": reply(
        400, json={"error": ECHO, "error_description": ECHO, "error_codes": [ECHO]}
    ),
    "next page elsewhere": reply(json={"value": [], "@odata.nextLink": f"http://127.0.0.1:9/?t={ECHO}"}),
    "malformed": reply(json={"value": [{"id": "x" * 300, "status": 1}]}),
    "reset": fake.reset(),
    "garbage": fake.garbage(ECHO.encode()),
    "hang": fake.hang(),
    "truncated": fake.truncated(f'{{"access_token": "{ECHO}"}}'.encode(), 9999),
    "gzip bomb": fake.gzip_bomb(1 << 24),
}


@pytest.mark.parametrize("at", ["discovery", "sign-in", "Graph"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_nothing_secret_is_said(
    scene: Scene, graph: FakeGraph, fault: fake.HttpResponse | None, at: str
) -> None:
    """Not in any log record, error, chain of errors or printed object; nor what an answer echoes."""
    graph.requests = [make_request()]
    reader = GraphReader(graph.url, SCOPE, scene.source, FakeClock(), HASTY)
    client = GraphClient(reader)
    if fault is not None and (at == "Graph" or scene.service is None):
        graph.fail_next(fault, fault)
    elif fault is not None and scene.service is not None:
        fault = fake.close_without_answer() if fault is FAULTS["hang"] else fault
        scene.service.fail_next(fault, on=TOKEN_PATH if at == "sign-in" and is_entra(scene) else "")
    with everything_logged() as ear:
        silence_third_parties()
        error: MaaNotifyError | None = None
        try:
            client.list_requests()
        except MaaNotifyError as caught:
            error = caught
        printed = [repr(each) for each in (client, vars(client), scene.source, said_by(error))]
        reader.close()
    issued = scene.service.issued if scene.service else []
    everything = "\n".join([*ear.heard, *printed])

    assert [word for word in (*scene.hidden, *issued, ECHO) if word in everything] == []


def test_an_answer_for_msal_prints_without_its_text() -> None:
    """It is a token more often than not."""
    assert ECHO not in repr(MsalResponse(200, {}, ECHO))


def test_a_secret_prints_as_stars() -> None:
    """In every way of printing it, and inside whatever holds it."""
    secret = Secret("hush")
    printed = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", f"{[secret]}", "%s" % secret]  # noqa: UP031

    assert not any("hush" in text for text in printed)
    assert secret.reveal() == "hush"
    assert secret == Secret("hush") != Secret("other")
    assert len(secret.fingerprint()) == 6
    assert secret.fingerprint() == Secret("hush").fingerprint() != Secret("other").fingerprint()
