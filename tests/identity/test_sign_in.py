"""Signing in with a secret, a certificate or Azure's own identity; whatever goes wrong has a type."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError

from maa_notify.demo.entra_api import SCOPE
from maa_notify.errors import GraphDenied, GraphError, GraphUnavailable
from maa_notify.identity.msal_http import MsalHttp
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import (
    AppRegistration,
    ManagedIdentity,
    StaticToken,
    StorageCredential,
    TokenSource,
    certificate_credential,
    federated_credential,
)
from maa_notify.net.client import Limits
from tests.support import wire as fake
from tests.support.entra import (
    CLIENT,
    DISCOVERY,
    IDENTITY_PATH,
    TENANT,
    TOKEN_PATH,
    Certificate,
    FakeEntra,
    FakeIdentityEndpoint,
    make_certificate,
    refusal,
)
from tests.support.wire import ScriptedServer, hang, reply

EXCHANGE = "api://AzureADTokenExchange"
SECRET = "s3cret~with&odd=characters"
CERTIFICATE = make_certificate()
IDENTITY_VARIABLES = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "MSI_ENDPOINT")


@pytest.fixture
def entra() -> Iterator[FakeEntra]:
    """Knows one application by its secret."""
    with FakeEntra(secret=SECRET) as serving:
        yield serving


@pytest.fixture
def certain() -> Iterator[FakeEntra]:
    """Knows one application by its certificate."""
    with FakeEntra(certificate=CERTIFICATE) as serving:
        yield serving


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIdentityEndpoint]:
    """Is what a Function finds in Azure: an endpoint that the environment names."""
    for name in (*IDENTITY_VARIABLES, "MSI_SECRET", "IMDS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with FakeIdentityEndpoint(CLIENT) as serving:
        for name, value in serving.environ.items():
            monkeypatch.setenv(name, value)
        yield serving


@pytest.fixture
def trustful(azure: FakeIdentityEndpoint) -> Iterator[FakeEntra]:
    """Knows one application by the identity that it trusts."""
    with FakeEntra(trusted=azure) as serving:
        yield serving


@pytest.fixture
def registration(entra: FakeEntra) -> Iterator[AppRegistration]:
    """Signs in with the secret."""
    made = AppRegistration(CLIENT, SECRET, entra.url, TENANT)
    yield made
    made.invalidate()


@pytest.fixture
def identity(azure: FakeIdentityEndpoint) -> Iterator[ManagedIdentity]:
    """Signs in with the user-assigned identity."""
    made = ManagedIdentity(CLIENT)
    yield made
    made.invalidate()


def test_a_ready_token_is_used_as_it_is() -> None:
    """There is no other, so forgetting it changes nothing."""
    source = StaticToken(Secret("ready"))
    source.invalidate()

    assert source.token(SCOPE).value.reveal() == "ready"
    assert source.token(SCOPE).expires_on > time.time() + 1e9


def test_a_secret_is_exchanged_for_a_token(entra: FakeEntra, registration: AppRegistration) -> None:
    """In a form, to the tenant's own endpoint, for the scope asked for."""
    token = registration.token(SCOPE)
    discovery, post = entra.calls

    assert token.value.reveal() == entra.issued[0]
    assert 3500 < token.expires_on - time.time() <= 3600
    assert (discovery.path, post.path) == (DISCOVERY, TOKEN_PATH)
    assert post.form()["client_secret"] == SECRET


@pytest.mark.parametrize("form", ["certificate first", "key first", "pfx"])
def test_a_certificate_signs_an_assertion(certain: FakeEntra, tmp_path: Path, form: str) -> None:
    """The service checks its signature; the key itself never travels."""
    path = tmp_path / ("it.pfx" if form == "pfx" else "it.pem")
    if form == "pfx":
        CERTIFICATE.write_pfx(path)
    else:
        CERTIFICATE.write_pem(path, key_first=form == "key first")
    source = AppRegistration(CLIENT, certificate_credential(path), certain.url, TENANT)
    token = source.token(SCOPE)
    source.invalidate()

    assert token.value.reveal() == certain.issued[0]
    assert set(certain.calls[-1].form()) >= {"client_assertion", "client_assertion_type"}
    assert b"PRIVATE" not in b"".join(call.body for call in certain.calls)


def test_an_identity_stands_for_an_app_registration(
    azure: FakeIdentityEndpoint, identity: ManagedIdentity, trustful: FakeEntra
) -> None:
    """Without a secret: its token for the exchange is the proof, and is asked for when one is needed."""
    source = AppRegistration(CLIENT, federated_credential(identity, EXCHANGE), trustful.url, TENANT)
    tokens = [source.token(SCOPE).value.reveal() for _ in range(2)]
    source.invalidate()
    [asked] = azure.calls
    form = trustful.calls[-1].form()

    assert tokens == [trustful.issued[0]] * 2
    assert asked.params["resource"] == EXCHANGE
    assert (form["client_assertion"], "client_secret" in form) == (azure.issued[0], False)


def test_an_identity_that_is_not_to_be_had_is_said_of_the_identity(
    azure: FakeIdentityEndpoint, identity: ManagedIdentity, trustful: FakeEntra
) -> None:
    """The app registration may be as right as it likes."""
    azure.fail_next(*[reply(500)] * 9)
    source = AppRegistration(CLIENT, federated_credential(identity, EXCHANGE), trustful.url, TENANT)

    with pytest.raises(GraphUnavailable, match="managed identity"):
        source.token(SCOPE)
    source.invalidate()
    assert not any(call.method == "POST" for call in trustful.calls)


def test_an_identity_that_is_not_trusted_is_refused(identity: ManagedIdentity, entra: FakeEntra) -> None:
    """The advice names the trust."""
    source = AppRegistration(CLIENT, federated_credential(identity, EXCHANGE), entra.url, TENANT)

    with pytest.raises(
        GraphDenied, match="does not trust the managed identity: give it a federated credential"
    ):
        source.token(SCOPE)
    source.invalidate()


def test_the_managed_identity_is_asked_for_by_its_client_id(
    azure: FakeIdentityEndpoint, identity: ManagedIdentity
) -> None:
    """At the endpoint of the environment, with the header that proves to be on this machine."""
    token = identity.token(SCOPE)
    (call,) = azure.calls

    assert token.value.reveal() == azure.issued[0]
    assert 3500 < token.expires_on - time.time() <= 3601
    assert (call.method, call.path) == ("GET", IDENTITY_PATH)
    assert call.params["client_id"] == CLIENT
    assert call.params["resource"] == "https://graph.microsoft.com"


def test_who_drops_a_token_waits_for_who_asks_for_one(
    azure: FakeIdentityEndpoint, identity: ManagedIdentity
) -> None:
    """A poll that Graph refused throws its token away while health signs in to storage: that goes on."""
    azure.fail_next(hang(then=reply(json={"access_token": "fresh", "expires_on": str(2**31)})))
    with ThreadPoolExecutor(2) as threads:
        asking = threads.submit(identity.token, SCOPE)
        azure.wait_for_calls(1)
        dropping = threads.submit(identity.invalidate)
        with pytest.raises(TimeoutError):
            dropping.result(0.3)
        azure.release()

        assert asking.result(10).value.reveal() == "fresh"
        dropping.result(10)


def test_without_a_client_id_it_is_the_system_assigned_one(azure: FakeIdentityEndpoint) -> None:
    """Then none is named."""
    azure.client_id = ""
    source = ManagedIdentity(None)
    source.token(SCOPE)
    source.invalidate()

    assert "client_id" not in azure.calls[0].params


def test_the_environment_is_read_when_a_token_is_needed(
    azure: FakeIdentityEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when the source is made: App Service renews header and endpoint."""
    header = azure.header
    monkeypatch.setenv("IDENTITY_HEADER", "stale")
    source = ManagedIdentity(CLIENT)
    monkeypatch.setenv("IDENTITY_HEADER", header)

    assert source.token(SCOPE).value.reveal() == azure.issued[0]
    source.invalidate()


def test_the_identity_header_takes_no_proxy(
    azure: FakeIdentityEndpoint, identity: ManagedIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint is on this machine or its own link, whatever its address looks like."""
    monkeypatch.setenv("HTTP_PROXY", azure.url)
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://identity.invalid/msi/token")

    with pytest.raises(GraphUnavailable, match="its name cannot be resolved"):
        identity.token(SCOPE)

    assert not azure.calls


Served = FakeEntra | FakeIdentityEndpoint


@pytest.fixture(params=["registration", "identity"])
def signed_in(request: pytest.FixtureRequest) -> tuple[Served, TokenSource]:
    """Both ways to sign in, with their service."""
    if request.param == "registration":
        return request.getfixturevalue("entra"), request.getfixturevalue("registration")
    return request.getfixturevalue("azure"), request.getfixturevalue("identity")


def test_a_token_is_asked_for_once(signed_in: tuple[Served, TokenSource]) -> None:
    """And used until it is about to end; one for another scope is another one."""
    service, source = signed_in
    tokens = {source.token(SCOPE).value.reveal() for _ in range(3)}

    assert tokens == {service.issued[0]}
    assert len(service.issued) == 1


def test_a_token_about_to_end_is_renewed(signed_in: tuple[Served, TokenSource]) -> None:
    """Within its last five minutes it is not relied on."""
    service, source = signed_in
    service.lifetime = 240
    source.token(SCOPE)
    service.lifetime = 3600

    assert source.token(SCOPE).value.reveal() == source.token(SCOPE).value.reveal() == service.issued[1]
    assert len(service.issued) == 2


def test_a_forgotten_token_is_replaced(signed_in: tuple[Served, TokenSource]) -> None:
    """When Graph did not take it."""
    service, source = signed_in
    source.token(SCOPE)
    source.invalidate()

    assert source.token(SCOPE).value.reveal() == service.issued[1]


def test_a_failed_sign_in_is_tried_afresh(signed_in: tuple[Served, TokenSource]) -> None:
    """Nothing of the failure is kept, however it failed."""
    service, source = signed_in
    service.fail_next(reply(503), reply(429), fake.reset(), reply(text="{"))
    for _ in range(4):
        with pytest.raises(GraphUnavailable):
            source.token(SCOPE)

    assert source.token(SCOPE).value.reveal() == service.issued[0]


FAULTS = {
    "500": reply(500, json={"statusCode": 500, "message": "x"}),
    "503 without a body": reply(503),
    "429": reply(429, json={"error": "too_many"}),
    "a portal": reply(200, text="<html>"),
    "a proxy": reply(403, text="<html>"),
    "redirect": fake.redirect(302, "http://127.0.0.1:9/"),
    "nothing": reply(200),
    "a list": reply(json=[]),
    "null": reply(json=None),
    "a word": reply(json="access_token"),
    "deep": reply(text='{"x":' + "[" * 100_000),
    "cut": reply(text='{"access_token": "e'),
    "truncated": fake.truncated(b'{"access_token": "', 99),
    "too large": reply(json={"x": "x" * 600_000}),
    "gzip bomb": fake.gzip_bomb(1 << 28),
    "reset": fake.reset(),
    "garbage": fake.garbage(),
    "no answer": fake.close_without_answer(),
}


@pytest.mark.parametrize("where", [DISCOVERY, TOKEN_PATH], ids=["discovery", "token"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_sign_in_service_in_trouble_is_unavailable(
    entra: FakeEntra, registration: AppRegistration, where: str, fault: fake.HttpResponse
) -> None:
    """The next poll tries again, and nobody is sent to mend a permission."""
    entra.fail_next(fault, on=where)
    with pytest.raises(GraphUnavailable):
        registration.token(SCOPE)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_an_identity_endpoint_in_trouble_is_an_error(
    azure: FakeIdentityEndpoint, identity: ManagedIdentity, fault: fake.HttpResponse
) -> None:
    """Of a type, never a crash."""
    azure.fail_next(fault)

    with pytest.raises(GraphError):
        identity.token(SCOPE)


def test_a_service_that_calls_itself_busy_is_unavailable(
    entra: FakeEntra, registration: AppRegistration
) -> None:
    """Entra says so with a 400, too."""
    entra.fail_next(refusal(90033, "temporarily_unavailable"), on=TOKEN_PATH)

    with pytest.raises(GraphUnavailable, match="temporarily_unavailable"):
        registration.token(SCOPE)


def test_the_wait_that_the_service_asks_for_is_told(entra: FakeEntra, registration: AppRegistration) -> None:
    """So that the poll waits or gives up."""
    entra.fail_next(reply(429, headers={"Retry-After": "33"}), on=TOKEN_PATH)

    with pytest.raises(GraphUnavailable, match="answered 429") as caught:
        registration.token(SCOPE)

    assert caught.value.retry_after == 33


@pytest.mark.parametrize("where", [DISCOVERY, TOKEN_PATH])
def test_a_sign_in_has_an_end(entra: FakeEntra, where: str) -> None:
    """Even when the service says nothing, or little by little."""
    http = MsalHttp(entra.url, Limits(seconds=0.2))
    entra.fail_next(hang(), fake.drip(b"{}", pause=0.05, head=True), on=where)
    for _ in range(2):
        with pytest.raises(GraphUnavailable, match="no answer in time"):
            http.get(f"https{entra.url[4:]}{where}")
    http.close()


def test_nobody_there_is_unavailable() -> None:
    """A closed port, as while a network is down."""
    with ScriptedServer() as gone:
        url = gone.url

    with pytest.raises(GraphUnavailable, match="it refuses connections"):
        AppRegistration(CLIENT, SECRET, url, TENANT).token(SCOPE)


def test_no_managed_identity_here_is_said(
    azure: FakeIdentityEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual mistake outside Azure."""
    with ScriptedServer() as gone:
        monkeypatch.setenv("IDENTITY_ENDPOINT", gone.url)

    with pytest.raises(GraphUnavailable, match="inside Azure only"):
        ManagedIdentity(CLIENT).token(SCOPE)


@pytest.mark.parametrize(
    "answer, words",
    [
        (refusal(4711, "invalid_client", 401), "(invalid_client, AADSTS4711)"),
        (reply(400, json={"error": "a b\nc", "error_codes": "x"}), "(unknown)"),
        (reply(400, json={"error": ["x"], "error_codes": [1, "x", None]}), "(unknown, AADSTS1)"),
        (reply(400, json={}), "(unknown)"),
        (reply(200, json={"access_token": ""}), "(unknown)"),
        (reply(200, json={"access_token": None}), "(unknown)"),
    ],
)
def test_a_refused_sign_in_needs_a_person(
    entra: FakeEntra, registration: AppRegistration, answer: fake.HttpResponse, words: str
) -> None:
    """Entra's number is what one searches for; its description repeats the request and stays away."""
    entra.fail_next(answer, on=TOKEN_PATH)

    with pytest.raises(GraphDenied) as caught:
        registration.token(SCOPE)

    assert words in str(caught.value)
    assert "MAA_CLIENT_ID" in str(caught.value)
    assert "this and that" not in str(caught.value)


@pytest.mark.parametrize("number", [90033, 90055, 90006, 50196])
def test_a_fault_of_entra_that_passes_needs_nobody(
    entra: FakeEntra, registration: AppRegistration, number: int
) -> None:
    """The next poll tries again, and nobody is sent to mend the settings."""
    entra.fail_next(refusal(number, "invalid_request"), on=TOKEN_PATH)

    with pytest.raises(GraphUnavailable, match=f"the sign-in service is busy \\(AADSTS{number}\\)"):
        registration.token(SCOPE)


@pytest.mark.parametrize(
    "number, advice",
    [
        (7000215, "MAA_CLIENT_SECRET takes the secret's value"),
        (7000222, "the client secret has expired: make a new one"),
        (700016, "check the client id and MAA_TENANT_ID"),
        (7000229, "check the client id and MAA_TENANT_ID"),
        (700024, "set the clock of this machine"),
        (700027, "MAA_CLIENT_CERTIFICATE_PATH"),
        (700213, "a federated credential whose subject is the identity's object id"),
        (90002, "no such tenant: check MAA_TENANT_ID, and MAA_CLOUD"),
        (50034, "check MAA_TENANT_ID"),
        (53003, "a Conditional Access policy blocks the sign-in"),
        (500011, "check MAA_CLOUD and MAA_TENANT_ID"),
        (7000218, "give MAA_CLIENT_SECRET or MAA_CLIENT_CERTIFICATE_PATH"),
        (1000502, "the certificate is not known or has expired"),
        (700021, "the signed proof is of another application"),
        (900021, "neither the id of a tenant nor one of its domain names"),
        (90038, "the tenant is in another cloud"),
        (50020, "the account is not known in this tenant"),
        (530032, "a Conditional Access policy blocks the sign-in"),
        (65001, "admin consent"),
        (500021, "tenant restrictions"),
        (70021, "a federated credential whose subject is the identity's object id"),
        (700223, "a federated credential whose subject is the identity's object id"),
        (50013, "the signed proof is not valid"),
        (500133, "set the clock of this machine"),
        (700022, "several services at once"),
        (90094, "admin consent"),
        (50105, "under Enterprise applications"),
        (50057, "the account is disabled"),
        (53004, "a Conditional Access policy blocks the sign-in"),
        (53011, "a Conditional Access policy blocks the sign-in"),
        (530035, "security defaults"),
        (900432, "check MAA_CLOUD"),
        (500208, "check MAA_TENANT_ID"),
        (90009, "check MAA_CLIENT_ID"),
    ],
)
def test_each_refusal_of_entra_has_its_own_way_out(
    entra: FakeEntra, registration: AppRegistration, number: int, advice: str
) -> None:
    """In one sentence beside the number, so that nobody has to look it up."""
    entra.fail_next(refusal(number, "invalid_client", 401), on=TOKEN_PATH)

    with pytest.raises(GraphDenied) as caught:
        registration.token(SCOPE)

    assert str(caught.value).startswith(f"the sign-in was refused (invalid_client, AADSTS{number}): ")
    assert advice in str(caught.value)
    assert "this and that" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        reply(json={"access_token": "x", "expires_in": "soon"}),
        reply(json={"access_token": "x", "expires_in": None}),
        reply(json={"access_token": "x", "expires_in": [1]}),
        reply(json={"access_token": ["x"], "expires_in": 3600}),
    ],
)
def test_an_odd_token_answer_is_an_error_or_a_token(
    entra: FakeEntra, registration: AppRegistration, answer: fake.HttpResponse
) -> None:
    """Never a crash."""
    entra.fail_next(answer, on=TOKEN_PATH)
    try:
        token = registration.token(SCOPE)
    except GraphError:
        return
    assert token.value.reveal()


def test_an_unknown_tenant_needs_a_person(entra: FakeEntra) -> None:
    """Discovery answers 400 for it."""
    source = AppRegistration(CLIENT, SECRET, entra.url, "another-tenant")

    with pytest.raises(GraphDenied, match="MAA_TENANT_ID"):
        source.token(SCOPE)

    source.invalidate()


def test_the_number_is_read_wherever_entra_puts_it(entra: FakeEntra) -> None:
    """An unknown tenant is refused before a token is asked for; the answer's text stays away all the same."""
    body = {
        "error": "invalid_tenant",
        "error_description": "AADSTS90002: Tenant 'x' not found. this and that",
    }
    source = AppRegistration(CLIENT, SECRET, entra.url, "another-tenant")
    entra.fail_next(reply(400, json=body), on="/another-tenant/v2.0/.well-known/openid-configuration")

    with pytest.raises(GraphDenied) as caught:
        source.token(SCOPE)
    source.invalidate()

    assert "AADSTS90002" in str(caught.value)
    assert "there is no such tenant: check MAA_TENANT_ID" in str(caught.value)
    assert "this and that" not in str(caught.value)


def test_no_way_to_sign_in_is_said_where_that_is_so(
    azure: FakeIdentityEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine of one's own with neither secret nor certificate: what to set, not what Azure lacks."""
    for name in azure.environ:
        monkeypatch.delenv(name, raising=False)
    with ScriptedServer() as gone:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", gone.url)

    with pytest.raises(GraphUnavailable) as caught:
        ManagedIdentity(None).token(SCOPE)

    assert "the settings have no sign-in but a managed identity" in str(caught.value)
    assert "MAA_CLIENT_SECRET or MAA_CLIENT_CERTIFICATE_PATH" in str(caught.value)


def test_an_identity_that_is_not_assigned_needs_a_person(azure: FakeIdentityEndpoint) -> None:
    """The advice is about the identity, not about secrets."""
    source = ManagedIdentity("11111111-0000-4000-8000-000000000009")

    with pytest.raises(GraphDenied, match="managed identity is assigned"):
        source.token(SCOPE)

    source.invalidate()


@pytest.mark.parametrize(
    "variables", [{"IDENTITY_SERVER_THUMBPRINT": "x"}, {"IDENTITY_SERVER_THUMBPRINT": "0" * 40}]
)
def test_an_environment_that_msal_refuses_needs_a_person(
    azure: FakeIdentityEndpoint,
    identity: ManagedIdentity,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
) -> None:
    """Service Fabric is none of the places where this runs."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IDENTITY_ENDPOINT", azure.url.replace("http://", "https://"))

    with pytest.raises(GraphDenied, match="ManagedIdentityError"):
        identity.token(SCOPE)


def test_a_secret_is_sent_to_no_other_host(entra: FakeEntra, registration: AppRegistration) -> None:
    """Whatever endpoint discovery names."""
    with ScriptedServer(reply(json={"access_token": "x", "expires_in": 3600})) as stranger:
        other = stranger.url.removeprefix("http://")
        for endpoint in (
            f"https://{other}/t/x",
            f"https://login.example/{TENANT}/x",
            f"{entra.url}@{other}/t/x",
        ):
            entra.token_endpoint = endpoint.replace("http://", "https://")
            with pytest.raises(GraphDenied, match=r"another host|ValueError"):
                registration.token(SCOPE)
            registration.invalidate()

        assert not stranger.requests


def test_a_redirect_does_not_carry_the_secret_away(entra: FakeEntra, registration: AppRegistration) -> None:
    """A 307 would repeat the form."""
    with ScriptedServer(reply(json={"access_token": "x", "expires_in": 3600})) as stranger:
        entra.fail_next(fake.redirect(307, f"{stranger.url}/"), on=TOKEN_PATH)
        with pytest.raises(GraphUnavailable):
            registration.token(SCOPE)

        assert not stranger.requests


def test_china_may_name_its_other_host() -> None:
    """Discovery there answers with endpoints at a second name of the same service."""
    http = MsalHttp("https://login.chinacloudapi.cn", Limits(seconds=0.0))

    with pytest.raises(GraphUnavailable):
        http.get("https://login.partner.microsoftonline.cn/x")
    with pytest.raises(GraphDenied):
        http.get("https://login.microsoftonline.com/x")


def write_key_only(path: Path) -> None:
    """A key without its certificate."""
    path.write_bytes(CERTIFICATE.private_pem())


def write_strangers(path: Path) -> None:
    """A key and somebody else's certificate."""
    Certificate(CERTIFICATE.key, make_certificate().public).write_pem(path)


@pytest.mark.parametrize(
    "write, problem",
    [
        (lambda path: path.write_bytes(b""), "PFX without a password, or PEM"),
        (lambda path: path.write_bytes(b"\x30\x82 no pfx"), "PFX without a password, or PEM"),
        (lambda path: path.write_text("-----BEGIN CERTIFICATE-----\nxx\n"), "PEM with both"),
        (write_key_only, "PEM with both"),
        (write_strangers, "not that of its certificate"),
        (lambda path: CERTIFICATE.write_pfx(path, b"password"), "PFX without a password"),
        (lambda path: path.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "must not be protected"),
    ],
    ids=["empty", "no pfx", "no certificate", "key only", "strangers", "password", "encrypted"],
)
def test_a_certificate_file_of_no_use_is_refused(
    tmp_path: Path, write: Callable[[Path], object], problem: str
) -> None:
    """At the start, saying what is wrong with it."""
    write(tmp_path / "it")

    with pytest.raises(ValueError, match=problem):
        certificate_credential(tmp_path / "it")


def test_storage_is_signed_in_to_with_the_same_source(
    entra: FakeEntra, registration: AppRegistration
) -> None:
    """In the shape that the Azure SDK asks for."""
    token = StorageCredential(registration).get_token(SCOPE, enable_cae=True)

    assert (token.token, token.expires_on > time.time()) == (entra.issued[0], True)


@pytest.mark.parametrize("answer", [refusal(7000215, "invalid_client", 401), reply(503)])
def test_storage_hears_of_a_failed_sign_in_in_its_own_words(
    entra: FakeEntra, registration: AppRegistration, answer: fake.HttpResponse
) -> None:
    """So the state store reports it like every other failure of storage."""
    entra.fail_next(answer, on=TOKEN_PATH)

    with pytest.raises(ClientAuthenticationError, match="sign-in"):
        StorageCredential(registration).get_token(SCOPE)
