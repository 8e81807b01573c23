"""What the fingerprint of the settings covers, and under which names a change is told."""

import json
from collections.abc import Mapping

import pytest

from maa_notify.domain.fingerprint import changed, digests, fingerprint
from maa_notify.settings.fields import SETTINGS
from maa_notify.settings.fingerprint import parts_of
from maa_notify.settings.reader import read_settings

BASE = {
    "MAA_TENANT_ID": "5f0f3c3e-0000-4000-8000-000000000001",
    "MAA_CLIENT_ID": "7b0c54be-0000-4000-8000-000000000002",
    "MAA_CLIENT_SECRET": "first-secret",
    "MAA_TEAMS_WEBHOOK_URL": "https://flows.example/hook?sig=one",
    "MAA_DESTINATIONS": '[{"name": "ops", "webhook_url": "https://flows.example/ops?sig=two"}]',
}
WHO_SIGNS_IN = {
    "MAA_CLIENT_SECRET",
    "MAA_CLIENT_CERTIFICATE_PATH",
    "MAA_ACCESS_TOKEN",
    "MAA_BOT_ACCESS_TOKEN",
}
BY_DESTINATION = {"MAA_TENANTS", "MAA_TEAMS_WEBHOOK_URL", "MAA_DESTINATIONS"}


def found(settings: Mapping[str, str], way: Mapping[str, str] | None = None) -> dict[str, str]:
    """The digests of settings on top of the base."""
    parts = parts_of(read_settings({**BASE, **settings}), way or {})
    return digests({name: part.reveal() for name, part in parts.items()}, "key")


def test_every_setting_is_covered_but_the_secrets_of_who_signs_in() -> None:
    """One that is added is covered by being added."""
    assert {row.name for row in SETTINGS} - set(found({})) == WHO_SIGNS_IN | BY_DESTINATION


@pytest.mark.parametrize(
    "settings, names",
    [
        ({"MAA_CLIENT_SECRET": "rotated"}, []),
        ({"MAA_HEARTBEAT_DAYS": "30"}, []),
        ({"MAA_HEARTBEAT_DAYS": "0"}, ["MAA_HEARTBEAT_DAYS"]),
        ({"MAA_REMINDERS": ""}, ["MAA_REMINDERS"]),
        ({"MAA_PING_URL": "https://monitor.example/x"}, ["MAA_PING_URL"]),
        (
            {"MAA_TEAMS_WEBHOOK_URL": "https://sink.example/hook?sig=one"},
            ["destination default: its address"],
        ),
        (
            {"MAA_DESTINATIONS": "[]"},
            [f"destination ops: {each}" for each in ("its address", "what it is told", "whom it mentions")],
        ),
        (
            {
                "MAA_DESTINATIONS": json.dumps(
                    [{**json.loads(BASE["MAA_DESTINATIONS"])[0], "events": ["expired"]}]
                )
            },
            ["destination ops: what it is told"],
        ),
        ({"MAA_CLOUD": "usgov"}, ["MAA_AUTHORITY_URL", "MAA_CLOUD", "MAA_GRAPH_URL"]),
    ],
)
def test_a_change_is_told_by_the_name_of_what_changed(settings: dict[str, str], names: list[str]) -> None:
    """And a default that is spelt out is none."""
    assert changed(found({}), found(settings), same_version=True) == names


def test_what_stands_on_the_way_of_every_connection_is_covered() -> None:
    """Whoever sets a proxy and its certificate reads along, and answers in Graph's place."""
    ways = [{"HTTPS_PROXY": "http://proxy.example:8080"}, {"https_proxy": "http://proxy.example:8080"}]

    assert [changed(found({}), found({}, way), same_version=True) for way in ways] == [["HTTPS_PROXY"]] * 2


def test_a_setting_that_one_version_alone_knows_has_not_changed() -> None:
    """Or each update would ring; a destination that came along did come."""
    before, now = {"MAA_A": "1", "MAA_OLD": "1"}, {"MAA_A": "1", "MAA_NEW": "1", "destination x: y": "1"}

    assert changed(before, now, same_version=False) == ["destination x: y"]
    assert changed(before, now, same_version=True) == ["MAA_NEW", "MAA_OLD", "destination x: y"]


def test_a_fingerprint_is_short_and_of_its_key() -> None:
    """Sixteen digits, which the same settings have under no other key."""
    marks = {fingerprint(digests({"MAA_A": "secret"}, key), key) for key in ("one", "two")}

    assert len(marks) == 2
    assert {len(each) for each in marks} == {16}
