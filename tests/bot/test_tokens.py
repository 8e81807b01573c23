"""Who is answered: Teams itself, for this bot and this tenant, once; others hear no word of why."""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maa_notify.bot.activity import parse_activity
from maa_notify.bot.auth import Caller, CallerVerifier, RefusedError
from maa_notify.bot.config import BOT_CLOUDS, BotSetup
from maa_notify.bot.keys import SigningKeys
from tests.support.bot import BOT, TENANT, Bot, FakeBotService, announced, encoded, rsa_key
from tests.support.clock import FakeClock
from tests.support.leaks import everything_logged
from tests.support.wire import reply, reset

Forge = Callable[[FakeBotService], str]


def hs256_with_the_public_key(service: FakeBotService) -> str:
    """The public key, which everybody has, used as a shared secret; made by hand, as PyJWT refuses to."""
    claims = jwt.decode(service.token(), options={"verify_signature": False})
    head = encoded({"alg": "HS256", "typ": "JWT", "kid": "sound"}, claims).rstrip(".")
    pem = rsa_key("sound").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = hmac.new(pem, head.encode(), hashlib.sha256).digest()
    return f"{head}.{jwt.utils.base64url_encode(signature).decode()}"


def unsigned(service: FakeBotService) -> str:
    """A token that says it needs no signature."""
    claims = jwt.decode(service.token(), options={"verify_signature": False})
    return encoded({"alg": "none", "typ": "JWT", "kid": "sound"}, claims)


def tampered(service: FakeBotService) -> str:
    """A sound token with a claim changed after it was signed."""
    head, _, signature = service.token().split(".")
    claims = jwt.decode(service.token(), options={"verify_signature": False})
    return f"{head}.{encoded({**claims, 'nbf': 0}).rstrip('.')}.{signature}"


FORGED: dict[str, Forge] = {
    "no token": lambda _: "",
    "no JWT": lambda _: "a.b.c",
    "another key": lambda service: service.token("stranger", kid="sound"),
    "tampered": tampered,
    "alg none": unsigned,
    "HS256 with the public key": hs256_with_the_public_key,
    "RS512": lambda service: service.token(algorithm="RS512"),
    "unknown key": lambda service: service.token("stranger"),
    "expired": lambda service: service.token(exp=int(time.time()) - 301),
    "not yet valid": lambda service: service.token(nbf=int(time.time()) + 330),
    "without an end": lambda service: service.token(exp=None),
    "without a beginning": lambda service: service.token(nbf=None),
    "for another bot": lambda service: service.token(aud="9d1e0c52-0000-4000-8000-00000000beef"),
    "for several bots": lambda service: service.token(aud=[BOT, "another"]),
    "for nobody": lambda service: service.token(aud=None),
    "of another issuer": lambda service: service.token(iss="https://sts.windows.net/"),
    "of a lookalike issuer": lambda service: service.token(iss="https://api.botframework.com/"),
    "of nobody": lambda service: service.token(iss=None),
    "without a service": lambda service: service.token(serviceurl=None),
    "longer than any of Microsoft's": lambda service: service.token(padding="x" * 20_000),
    "with a service of an odd type": lambda service: service.token(serviceurl=["x"]),
}


def test_a_sound_call_is_answered(bot: Bot, service: FakeBotService) -> None:
    """The whole of the check lets Teams itself pass: without this, the refusals below would prove nothing."""
    assert bot.ask("help") == 200
    assert len(service.replies) == 1


@pytest.mark.parametrize("name", FORGED)
def test_a_token_that_is_not_sound_is_refused(bot: Bot, service: FakeBotService, name: str) -> None:
    """401, and nobody is written to."""
    assert bot.send(service.activity(), FORGED[name](service)) == 401
    assert service.replies == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "Bearer x" + "y" * 20_000,
        "bearer\udc80 x",
        "Bearer \udc80.e30.eA",
    ],
)
def test_a_header_that_holds_no_token_is_refused(bot: Bot, service: FakeBotService, header: str) -> None:
    """However odd it is."""
    body = json.dumps(service.activity()).encode()

    assert bot.messages.handle({"authorization": header}, body) == (401, "")
    assert bot.messages.handle({}, body) == (401, "")


def test_clocks_may_differ_by_five_minutes(bot: Bot, service: FakeBotService) -> None:
    """A call is not refused because a clock is a little off."""
    now = int(time.time())

    assert bot.send(service.activity(), service.token(exp=now - 270)) == 200
    assert bot.send(service.activity(), service.token(nbf=now + 270)) == 200


WRONG: dict[str, dict[str, Any]] = {
    "another tenant": {
        "channelData": {"tenant": {"id": "5f0f3c3e-0000-4000-8000-00000000beef"}},
        "conversation": {"id": "x", "tenantId": "5f0f3c3e-0000-4000-8000-00000000beef"},
    },
    "another tenant in one place": {
        "channelData": {"tenant": {"id": "5f0f3c3e-0000-4000-8000-00000000beef"}}
    },
    "no tenant": {"channelData": {}, "conversation": {"id": "x"}},
    "another channel": {"channelId": "webchat"},
    "a channel its key may speak for, but not Teams": {"channelId": "directline"},
    "another service than its token names": {"serviceUrl": "https://smba.trafficmanager.net/emea/"},
}


@pytest.mark.parametrize("name", WRONG)
def test_an_activity_that_is_not_ours_is_refused(bot: Bot, service: FakeBotService, name: str) -> None:
    """Signed by Microsoft, and still 403."""
    assert bot.send(service.activity(**WRONG[name])) == 403
    assert service.replies == []


def test_a_key_that_may_not_speak_for_teams_is_refused(bot: Bot, service: FakeBotService) -> None:
    """Another channel of the Bot Framework cannot pass for Teams."""
    service.keys.append(announced("webchat", "webchat"))

    assert bot.send(service.activity(), service.token("webchat")) == 403


def test_a_key_without_endorsements_speaks_for_nobody(bot: Bot, service: FakeBotService) -> None:
    """It is no key for everything."""
    service.keys = [{**announced("sound"), "endorsements": None}]

    assert bot.send(service.activity()) == 403


@pytest.mark.parametrize(
    "url, admitted",
    [
        ("https://smba.trafficmanager.net/emea/", True),
        ("https://smba.trafficmanager.net/emea", True),
        ("https://smba.infra.gcc.teams.microsoft.com/teams", True),
        ("http://smba.trafficmanager.net/emea/", False),
        ("https://smba.trafficmanager.net:8443/emea/", False),
        ("https://x@smba.trafficmanager.net/emea/", False),
        ("https://smba.trafficmanager.net.evil.example/", False),
        ("https://evil.example/smba.trafficmanager.net", False),
        ("https://xsmba.trafficmanager.net/", False),
        ("https://xinfra.gcc.teams.microsoft.com/", False),
        ("https://smba.infra.gov.teams.microsoft.us/teams", False),
        ("http://127.0.0.1:9/", False),
        ("http://localhost:9/", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_answers_go_to_teams_only(service: FakeBotService, url: str, *, admitted: bool) -> None:
    """Even a signed call cannot send a card, and the bot's token with it, to another host."""
    tokens = CallerVerifier(
        BotSetup(BOT, TENANT), SigningKeys(BOT_CLOUDS["global"].metadata_url, FakeClock())
    )
    activity = parse_activity(json.dumps(service.activity(serviceUrl=url)).encode())
    caller = Caller(url, frozenset({"msteams"}))

    with nullcontext() if admitted else pytest.raises(RefusedError, match="service_host"):
        tokens.authorize(caller, activity)


def test_a_call_that_comes_again_is_refused(bot: Bot, service: FakeBotService) -> None:
    """Whoever recorded a call cannot make the bot talk with it, not even with another token."""
    activity = service.activity()

    assert bot.send(activity) == 200
    assert bot.send(activity, service.token(nbf=int(time.time()) - 50)) == 403
    assert len(service.replies) == 1


def test_the_same_number_in_another_conversation_is_another_call(bot: Bot, service: FakeBotService) -> None:
    """Numbers of messages count in each conversation."""
    one, other = service.activity(id="7"), service.in_channel("help", id="7")

    assert [bot.send(one), bot.send(other)] == [200, 200]


def test_a_call_whose_answer_failed_may_come_again(bot: Bot, service: FakeBotService) -> None:
    """Else one stumble of the connector would leave a question without an answer."""
    activity = service.activity()
    service.fail_next(reply(502), on="/emea")

    assert [bot.send(activity), bot.send(activity)] == [503, 200]


def test_keys_are_fetched_once(bot: Bot, service: FakeBotService, clock: FakeClock) -> None:
    """And again after a day, not for each call."""
    for _ in range(3):
        assert bot.ask("help") == 200
    assert service.fetches == 1

    clock.advance(24 * 3600)
    assert bot.ask("help") == 200
    assert service.fetches == 2


def test_a_new_key_is_found(bot: Bot, service: FakeBotService, clock: FakeClock) -> None:
    """When Microsoft changes keys, five minutes after the last look at the latest."""
    assert bot.ask("help") == 200
    service.keys.append(announced("newer", "msteams"))
    assert bot.send(service.activity(), service.token("newer")) == 401

    clock.advance(300)
    assert bot.send(service.activity(), service.token("newer")) == 200


def test_made_up_keys_cause_no_traffic(bot: Bot, service: FakeBotService, clock: FakeClock) -> None:
    """Strangers cannot make the bot fetch keys again and again."""
    for number in range(5):
        assert bot.send(service.activity(), service.token("stranger", kid=f"made-up-{number}")) == 401
    assert service.fetches == 1

    clock.advance(300)
    for number in range(5):
        bot.send(service.activity(), service.token("stranger", kid=f"made-up-{number}"))
    assert service.fetches == 2


def test_known_keys_outlive_a_look_for_new_ones_that_fails(
    bot: Bot, service: FakeBotService, clock: FakeClock
) -> None:
    """A made-up key during an outage of Microsoft's key service locks nobody out."""
    assert bot.ask("help") == 200
    clock.advance(300)
    service.fail_next(reply(500), on="/v1")

    assert bot.send(service.activity(), service.token("stranger")) == 401
    assert bot.ask("help") == 200


def test_without_keys_nobody_is_believed(bot: Bot, service: FakeBotService, clock: FakeClock) -> None:
    """503 and not 401: the caller may come again. After ten seconds the keys are asked for again."""
    service.fail_next(reset(), reset(), on="/v1")

    assert bot.ask("help") == 503
    assert bot.ask("help") == 503
    clock.advance(10)
    assert bot.ask("help") == 503
    clock.advance(10)
    assert bot.ask("help") == 200


def test_old_keys_are_not_believed_for_ever(bot: Bot, service: FakeBotService, clock: FakeClock) -> None:
    """A key that Microsoft withdrew is worth nothing after a day, even if its key service is cut off."""
    assert bot.ask("help") == 200
    clock.advance(24 * 3600)
    service.fail_next(reply(500), on="/v1")

    assert bot.ask("help") == 503


def test_keys_come_from_the_host_of_the_metadata_only(bot: Bot, service: FakeBotService) -> None:
    """A metadata document that was tampered with cannot bring in keys from elsewhere."""
    with FakeBotService() as stranger:
        address = stranger.metadata_url.replace("openidconfiguration", "keys")
        service.fail_next(reply(200, json={"jwks_uri": address}), on="/v1")

        assert bot.ask("help") == 503
        assert stranger.fetches == 0


UNUSABLE: dict[str, Any] = {
    "no list": {"keys": "x"},
    "an empty list": {"keys": []},
    "no objects": {"keys": [1, None, "x"]},
    "no numbers": {"keys": [{**announced("sound", "msteams"), "n": "!"}]},
    "a private key": {
        "keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key("sound"))), "kid": "sound"}]
    },
    "a short key": {"keys": [announced("short", "msteams")]},
    "a shared secret": {"keys": [{"kty": "oct", "k": "eA", "kid": "sound", "endorsements": ["msteams"]}]},
    "a key for encryption": {"keys": [{**announced("sound", "msteams"), "use": "enc"}]},
    "no object": [],
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_keys_that_cannot_be_used_are_none(bot: Bot, service: FakeBotService, name: str) -> None:
    """Whatever stands there, nobody is believed for it."""
    service.fail_next(reply(200, json=UNUSABLE[name]), on="/v1/.well-known/keys")

    assert bot.ask("help") == 503


def test_one_odd_key_spoils_no_other(bot: Bot, service: FakeBotService) -> None:
    """Microsoft may announce kinds of keys that are new to us."""
    service.keys = [{"kty": "OKP"}, {"kty": "RSA"}, *service.keys]

    assert bot.ask("help") == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.sampled_from([b'{"type":"message"}', b"null", b""]))
def test_a_body_of_any_kind_ends_in_a_status(bot: Bot, body: bytes) -> None:
    """Nothing that a signed caller sends brings the bot down."""
    assert bot.send_raw(body) == 400


@pytest.mark.parametrize(
    "changes", [{"id": ""}, {"conversation": {"id": ""}}, {"id": None}, {"serviceUrl": None}]
)
def test_an_activity_without_what_every_activity_has_is_refused(
    bot: Bot, service: FakeBotService, changes: dict[str, Any]
) -> None:
    """Without an id nobody could tell it from the next one."""
    assert bot.send(service.activity(**changes)) == 400


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"text":[', '{"entities":[{"a":'])
def test_a_body_that_is_nested_too_deeply_ends_in_a_status(bot: Bot, opening: str) -> None:
    """However deep."""
    assert bot.send_raw(opening.encode() * 14_000) == 400


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text() | st.sampled_from([encoded("[" * 6_000, {}), "..", "e30..", "W10.e30.eA"]))
def test_a_token_of_any_kind_ends_in_a_status(bot: Bot, service: FakeBotService, token: str) -> None:
    """Nor what anybody sends."""
    assert bot.send(service.activity(), token) == 401


def test_a_token_that_is_nested_too_deeply_is_refused(bot: Bot, service: FakeBotService) -> None:
    """Its header is read before anybody is known."""
    deep = jwt.utils.base64url_encode(b"[" * 9_000).decode()

    assert bot.send(service.activity(), f"{deep}.e30.eA") == 401


def test_a_large_body_is_not_read(bot: Bot, service: FakeBotService) -> None:
    """Whoever sends it."""
    assert bot.send(service.activity("x" * 300_000)) == 413


def test_nobody_reads_tokens_people_or_texts_in_the_log(bot: Bot, service: FakeBotService) -> None:
    """Refusals are logged as one word each."""
    token = service.token()
    with everything_logged() as ear:
        bot.send(service.activity("status 7QK2MD please"), token)
        bot.send(service.activity("status 7QK2MD please"), service.token(aud="x"))
        bot.send(service.activity(channelData={"tenant": {"id": "x"}}), token)
        bot.send_raw(b"{}", token)
    told = "\n".join(ear.heard)

    assert "bot.refused reason=audience" in told
    assert "bot.refused reason=tenant" in told
    assert "bot.answered command=help" in told
    for secret in (token, token.split(".")[2], "7QK2MD", "Mira", "29:mira", service.url):
        assert secret not in told
    assert not [each for each in ear.heard if "Traceback" in each]


def test_noise_is_logged_more_quietly_than_what_microsoft_signed(
    bot: Bot, service: FakeBotService, caplog: pytest.LogCaptureFixture
) -> None:
    """Strangers cannot fill the log with warnings; a call of another tenant is one."""
    caplog.set_level(logging.INFO, "maa_notify")
    bot.send(service.activity(), "x")
    bot.send(service.activity(channelData={"tenant": {"id": "x"}}))

    assert [each.levelname for each in caplog.records] == ["INFO", "WARNING"]
