"""Seals tell rows of ours from rows of somebody else."""

import json

import pytest

from maa_notify.storage.seal import is_sealed, seal_in, sealed

KEY = "a key of this deployment"
SAID = '{"at":"2026-11-02T09:00:00Z","names":["ä","😀"],"nested":{"b":1,"a":0.5}}'


@pytest.mark.parametrize("data", ["{}", SAID, sealed("meta:a", SAID, "another key")])
def test_what_is_sealed_is_ours_and_says_what_it_said(data: str) -> None:
    """However it is spelt, and once though it is sealed again."""
    found = sealed("meta:a", data, KEY)
    told = json.loads(found)

    assert is_sealed("meta:a", found, KEY)
    assert is_sealed("meta:a", json.dumps(dict(reversed(told.items()))), KEY)
    assert sealed("meta:a", found, KEY) == found
    assert {**told, "seal": ""} == {**json.loads(data), "seal": ""}


@pytest.mark.parametrize(
    "row, data, key",
    [
        ("meta:b", sealed("meta:a", SAID, KEY), KEY),
        ("meta:a", sealed("meta:a", SAID, KEY), "another key"),
        ("meta:a", sealed("meta:a", SAID, KEY).replace("0.5", "0.6"), KEY),
        ("meta:a", SAID, KEY),
        ("meta:a", '{"seal":null}', KEY),
        ("meta:a", '{"seal":"ü"}', KEY),
        ("meta:a", "[]", KEY),
        ("meta:a", "{", KEY),
    ],
)
def test_what_somebody_else_wrote_is_not(row: str, data: str, key: str) -> None:
    """Copied, changed, sealed with another key, not sealed, or no row at all."""
    assert not is_sealed(row, data, key)


def test_a_seal_tells_nothing_of_its_key() -> None:
    """It is as long as a digest is."""
    assert KEY not in sealed("meta:a", SAID, KEY)
    assert len(seal_in(sealed("meta:a", SAID, KEY))) == 32
