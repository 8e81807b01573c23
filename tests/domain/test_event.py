"""Keys: derived from what they name, distinct, and fit for Table Storage."""

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from maa_notify.domain.event import Event, short_key, storage_key
from maa_notify.domain.notification import Notification
from maa_notify.graph.requests import MalformedRequestError, parse_request
from tests.support.approval import NOW, approval, changed, created, no_longer_listed, reminder
from tests.support.hostile import texts

FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")


def notified(event: Event, destination: str = "default", recorded_at: datetime = NOW) -> Notification:
    """An event on its way."""
    return replace(Notification(event, destination, NOW), recorded_at=recorded_at)


def test_recording_the_same_twice_gives_the_same_key() -> None:
    """A poll that is repeated after a crash does not put a second copy into the outbox."""
    again = replace(created(), at=NOW + timedelta(minutes=5))

    assert notified(created()).key == notified(again, recorded_at=NOW + timedelta(minutes=5)).key


def test_different_news_have_different_keys() -> None:
    """Nothing is overwritten in the outbox: every event, stage, request and destination stands by itself."""
    other = approval(id="another")
    news = [
        notified(created()),
        notified(created(other)),
        notified(created(), "second"),
        notified(changed(approval("approved"))),
        notified(reminder(stage="50%")),
        notified(reminder(stage="24h")),
        notified(reminder(stage="4h")),
        notified(no_longer_listed()),
    ]

    assert len({each.key for each in news}) == len(news)


def test_keys_of_one_request_sort_by_revision() -> None:
    """Read back in the order of keys, revision 10 comes after revision 9."""
    keys = [notified(replace(created(), revision=number)).key for number in (1, 9, 10, 11, 100)]

    assert keys == sorted(keys)


@pytest.mark.parametrize(
    "request_id",
    [
        "a/b",
        "a\\b",
        "a#b",
        "a?b",
        "a\tb",
        "a:b",
        "a\x7fb",
        "é",
        "---",
        "~",
        "x" * 65,
        "x" * 256,
        "id with blank",
        "١٢",
    ],
    ids=ascii,
)
def test_an_odd_id_becomes_a_digest(request_id: str) -> None:
    """An id that a row key cannot hold, or that could pass for another part of one, is stored anyway."""
    assert re.fullmatch(r"~[0-9a-f]{64}", storage_key(request_id))


def test_a_guid_stays_readable_in_keys() -> None:
    """Whoever looks into the table finds a request by its id."""
    assert storage_key("6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01") == "6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01"


@settings(max_examples=200)
@given(
    texts,
    st.sampled_from(["50%", "24h", ""]),
    st.integers(1, 99_999),
    st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}\Z"),
)
def test_every_key_can_be_stored(request_id: str, stage: str, revision: int, destination: str) -> None:
    """Whatever Graph calls a request, Azure Tables takes its rows: no slashes, # or controls, and short."""
    try:
        request = parse_request({"id": request_id, "status": "needsApproval"})
    except MalformedRequestError:
        return
    event = replace(reminder(request, stage=stage), revision=revision)

    key = f"outbox:{notified(event, destination).key}"

    assert not FORBIDDEN.search(key)
    assert len(key) < 512
    assert key.isascii()


@settings(max_examples=200)
@given(st.lists(st.text(max_size=70), unique=True, max_size=10))
def test_two_requests_never_share_a_row(request_ids: list[str]) -> None:
    """Ids that differ in one odd character keep rows of their own."""
    clean = {each.encode("utf-8", "replace").decode() for each in request_ids}

    assert len({storage_key(each) for each in clean}) == len(clean)


def test_a_short_key_can_be_read_out() -> None:
    """Six letters and digits of which none looks like another, and the revision."""
    event = changed(approval("approved"))

    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{6}-2", event.short_key)
    assert event.short_key == changed(approval("approved")).short_key


def test_short_keys_tell_requests_apart() -> None:
    """Among a thousand requests no two are called the same."""
    assert len({short_key(f"request-{number}") for number in range(1_000)}) == 1_000


def test_a_card_told_again_has_the_key_it_had() -> None:
    """A duplicate after a crash is recognised by its key; a later status has another."""
    assert created().short_key != changed(approval("approved")).short_key
    assert reminder().short_key == created().short_key
