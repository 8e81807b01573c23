"""What a token says of itself, as far as anything can be read in it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.demo.entra_api import make_token
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import claims_of, roles_of

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
