"""The settings about the defence around approval: what they take, and what they say to a mistake."""

import json
from datetime import date, timedelta

import pytest

from maa_notify.errors import SettingsError
from maa_notify.insight.posture.checks import CHECKS
from maa_notify.insight.posture.rules import CHECK_IDS, Acceptance, Limits
from maa_notify.settings.reader import read_settings

ENOUGH = {
    "MAA_TENANT_ID": "5f0f3c3e-0000-4000-8000-000000000001",
    "MAA_TEAMS_WEBHOOK_URL": "https://example.com/hook?sig=0",
    "MAA_CLIENT_ID": "7b0c54be-0000-4000-8000-000000000002",
}
KNOWN = {"check": "P12", "reason": "no consent at all", "until": "2026-12-31"}


def problem_of(name: str, value: str) -> str:
    """What the reader says to a wrong value."""
    with pytest.raises(SettingsError) as caught:
        read_settings({**ENOUGH, name: value})
    [mistake] = caught.value.mistakes
    assert mistake.setting == name
    return mistake.problem


def test_by_default_nothing_is_checked_daily() -> None:
    """The rest of the defaults is what is documented."""
    settings = read_settings(ENOUGH)

    assert (settings.posture, settings.posture_every) == (False, timedelta(hours=24))
    assert (settings.posture_accept, settings.global_admins) == ((), Limits(2, 4))


def test_all_can_be_chosen() -> None:
    """In upper or lower case, with blanks."""
    chosen = {
        "MAA_POSTURE": "ON",
        "MAA_POSTURE_EVERY": "6h",
        "MAA_POSTURE_ACCEPT": json.dumps([{**KNOWN, "check": "p12"}]),
        "MAA_GLOBAL_ADMINS": "1 - 6",
    }
    settings = read_settings({**ENOUGH, **chosen})

    assert (settings.posture, settings.posture_every) == (True, timedelta(hours=6))
    assert settings.posture_accept == (Acceptance("P12", "no consent at all", date(2026, 12, 31)),)
    assert settings.global_admins == Limits(1, 6)


@pytest.mark.parametrize(
    "name, value, problem",
    [
        ("MAA_POSTURE", "yes", "must be one of on, off"),
        ("MAA_POSTURE_EVERY", "10m", "from 1h to 7d"),
        ("MAA_POSTURE_EVERY", "8d", "from 1h to 7d"),
        ("MAA_POSTURE_EVERY", "50%", "from 1h to 7d"),
        ("MAA_GLOBAL_ADMINS", "4", "such as 2-4"),
        ("MAA_GLOBAL_ADMINS", "4-2", "such as 2-4"),
        ("MAA_GLOBAL_ADMINS", "0-4", "such as 2-4"),
        ("MAA_POSTURE_ACCEPT", "P12", "must be a JSON list"),
        ("MAA_POSTURE_ACCEPT", "[7]", "entry 1 must be an object"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{"check": "P12"}]), "entry 1 must be an object"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{**KNOWN, "more": 1}]), "entry 1 must be an object"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{**KNOWN, "check": "P16"}]), "'check' must be one of P1 to P15"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{**KNOWN, "check": 1}]), "'check' must be one of P1 to P15"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{**KNOWN, "reason": " "}]), "'reason' must say why"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{**KNOWN, "reason": "x" * 201}]), "'reason' must say why"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{**KNOWN, "until": "never"}]), "'until' must be a day"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{**KNOWN, "until": "2026-02-30"}]), "'until' must be a day"),
        ("MAA_POSTURE_ACCEPT", json.dumps([{**KNOWN, "until": None}]), "'until' must be a day"),
        ("MAA_POSTURE_ACCEPT", json.dumps([KNOWN, KNOWN]), "names P12 twice"),
    ],
)
def test_a_mistake_says_what_is_wanted(name: str, value: str, problem: str) -> None:
    """With the setting's name, and the entry where there are several."""
    assert problem in problem_of(name, value)


def test_the_ids_that_settings_take_are_those_of_the_checks() -> None:
    """Settings are read without loading the checks."""
    assert tuple(each.id for each in CHECKS) == CHECK_IDS
