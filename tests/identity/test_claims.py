"""What a token says of itself, as far as anything can be read in it."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.demo.entra_api import SCOPE, make_token
from maa_notify.errors import GraphDenied
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import claims_of, claims_problem, roles_of
from tests.support.entra import TENANT
from tests.support.graph import FakeGraph
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

JUNK = [
    "",
    "opaque",
    "a.b.c",
    "..",
    "a.é.c",
    "a.\ud800.c",
    f"a.{base64.urlsafe_b64encode(b'[1]').decode()}.c",
    f"a.{base64.urlsafe_b64encode(b'null').decode()}.c",
    f"a.{base64.urlsafe_b64encode(b'[' * 90_000).decode()}.c",
    f"a.{base64.urlsafe_b64encode(b'1' * 9_000).decode()}.c",
    f"a.{base64.urlsafe_b64encode(bytes(range(128, 256))).decode()}.c",
]


@pytest.mark.parametrize("token", JUNK)
def test_junk_says_nothing(token: str) -> None:
    """It may be an opaque token of a kind we do not know."""
    assert claims_of(Secret(token)) == {}
    assert roles_of(Secret(token)) is None


@given(st.text())
def test_no_token_is_too_odd(text: str) -> None:
    """Whatever was pasted into the setting."""
    assert isinstance(claims_of(Secret(f"x.{text}.y")), dict)


@pytest.mark.parametrize(
    "claims, roles",
    [
        ({"roles": ["A", "B"]}, ["A", "B"]),
        ({"roles": ["A", 1, None, ["B"]]}, ["A"]),
        ({"roles": "A"}, []),
        ({"roles": None, "scp": "C D"}, ["C", "D"]),
        ({"scp": ["C"]}, []),
        ({}, []),
    ],
)
def test_permissions_are_read(claims: dict[str, object], roles: list[str]) -> None:
    """Those of an application and those of a person; a readable token without any has none."""
    assert roles_of(Secret(make_token(**claims))) == roles


def test_claims_need_no_padding() -> None:
    """JWTs leave it out."""
    for name in ("a", "ab", "abc", "abcd"):
        assert claims_of(Secret(make_token(name=name)))["name"] == name


OTHER = "0b1d4f9a-9999-4000-8000-000000000009"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def problem(claims: dict[str, object], tenant_id: str = TENANT, scope: str = SCOPE) -> str:
    """What is wrong with a token that says this."""
    return claims_problem(Secret(make_token(**claims)), scope, tenant_id, NOW)


def at(span: timedelta) -> int:
    """A time of a claim."""
    return int((NOW + span).timestamp())


@pytest.mark.parametrize(
    "claims, words",
    [
        ({"tid": "0b1d4f9a-9999-4000-8000-000000000009"}, "is of another tenant than MAA_TENANT_ID names"),
        ({"aud": "https://management.azure.com"}, "is not for https://graph.microsoft.com: check MAA_CLOUD"),
        ({"aud": "https://graph.microsoft.com.evil.example"}, "is not for https://graph.microsoft.com"),
        ({"aud": "https://graph.microsoft.us"}, "is not for https://graph.microsoft.com: check MAA_CLOUD"),
        ({"exp": at(timedelta(hours=-1))}, "expired at 2026-11-02 08:00 UTC: renew MAA_ACCESS_TOKEN"),
        ({"exp": 0}, "expired at 1970-01-01 00:00 UTC"),
        ({"exp": str(at(timedelta(hours=-1)))}, "expired at 2026-11-02 08:00 UTC"),
        ({"exp": at(timedelta(hours=-1)) + 0.5}, "expired at 2026-11-02 08:00 UTC"),
        ({"tid": ["x"]}, "is of another tenant"),
        ({"tid": 7}, "is of another tenant"),
        ({"iss": f"https://sts.windows.net/{OTHER}/"}, "is of another tenant"),
        ({"tid": TENANT, "iss": f"https://login.microsoftonline.com/{OTHER}/v2.0"}, "is of another tenant"),
        ({"aud": ["https://management.azure.com"]}, "is not for https://graph.microsoft.com"),
        ({"aud": []}, "is not for https://graph.microsoft.com"),
        ({"aud": 7}, "is not for https://graph.microsoft.com"),
    ],
)
def test_a_token_that_cannot_serve_is_known_by_its_claims(claims: dict[str, object], words: str) -> None:
    """Another tenant's, another service's, or yesterday's: said in words, with the way out."""
    assert problem(claims).startswith(words)


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": TENANT, "exp": at(timedelta(hours=1))},
        {"tid": TENANT.upper()},
        {"aud": "https://graph.microsoft.com/"},
        {"aud": "https://GRAPH.microsoft.com"},
        {"aud": "00000003-0000-0000-c000-000000000000"},
        {"exp": at(timedelta(minutes=-4))},
        {"tid": None, "aud": None, "exp": None},
        {"exp": "soon", "nbf": "soon"},
        {"exp": 10**30},
        {"exp": True},
        {"nbf": at(timedelta(days=4))},
        {"tid": TENANT, "iss": f"https://sts.windows.net/{TENANT.upper()}/"},
        {"aud": ["https://graph.microsoft.com", "x"]},
    ],
    ids=str,
)
def test_a_token_in_order_has_no_problem(claims: dict[str, object]) -> None:
    """Nor has one whose claims say nothing, or a clock that is some minutes off."""
    assert problem(claims) == ""


@pytest.mark.parametrize("tenant_id", ["contoso.com", "contoso.onmicrosoft.com", ""])
def test_a_tenant_known_by_a_domain_name_is_not_compared(tenant_id: str) -> None:
    """The token knows its tenant by id alone."""
    assert problem({"tid": "0b1d4f9a-9999-4000-8000-000000000009"}, tenant_id) == ""


def test_the_audience_is_that_of_the_cloud() -> None:
    """A token of the global cloud is of no use in another."""
    china = "https://microsoftgraph.chinacloudapi.cn"

    assert problem({"aud": china}, scope=f"{china}/.default") == ""
    assert problem({}, scope=f"{china}/.default").startswith(f"is not for {china}")


@pytest.mark.parametrize("token", JUNK)
def test_a_token_that_cannot_be_read_is_for_graph_to_judge(token: str) -> None:
    """It may be of a kind that we do not know."""
    assert claims_problem(Secret(token), SCOPE, TENANT, NOW) == ""


def test_a_poll_refuses_a_token_of_another_tenant(graph: FakeGraph, teams: FakeTeams, tmp_path: Path) -> None:
    """The tenant is that of the settings, and Graph hears nothing of the token."""
    token = make_token(tid="0b1d4f9a-9999-4000-8000-000000000009")
    notifier = Notifier(graph, teams, tmp_path / "state.db", MAA_ACCESS_TOKEN=token)
    report = notifier.poll()
    notifier.close()

    assert isinstance(report.failure, GraphDenied)
    assert graph.calls == []
