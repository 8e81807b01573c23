"""Which requests a question means: by names as people see, copy and spell them."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from maa_notify.cards.text import safe
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import short_key
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import Target
from maa_notify.insight.query import Query
from maa_notify.storage.records import ARCHIVE_MARK, ARCHIVE_PAGE, ArchiveMark, encode
from maa_notify.storage.rows import Put
from maa_notify.storage.store import StateStore
from tests.support.approval import FILED, approval
from tests.support.memory import MemoryRows


def named(name: str, *former: str) -> RequestRecord:
    """A request about an object of this name."""
    return RequestRecord(RequestState(approval("completed", target=Target(name)), former_names=former))


@pytest.mark.parametrize(
    "name,asked",
    [
        ("LAPTOP-42", "laptop-4"),
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("İSTANBUL-1", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("cafe\u0301", "CAFÉ"),
        ("端末ＡＢＣ", "abc"),
        ("LAP\u200bTOP\u2060-99", "laptop-99"),
        ("kiosk.corp", "kiosk.\u200bcorp"),
        ("Set  Proxy\u00a0Defaults", "set proxy defaults"),
        ("Set Proxy", " set \t proxy "),
        ("\u202eevil", "evil"),
        ("שלום", "\u2068שלום\u2069"),
    ],
)
def test_a_name_is_found_as_people_see_it(name: str, asked: str) -> None:
    """In any case and script, typed or copied from a card, whatever invisible characters stand in it."""
    assert Query(asked).fits(named(name))


@pytest.mark.parametrize("name,asked", [("LAPTOP-42", "laptop-43"), ("Müller", "miller"), ("a b", "ab")])
def test_another_name_is_not_meant(name: str, asked: str) -> None:
    """What people see as two names are two."""
    assert not Query(asked).fits(named(name))


def test_a_former_name_is_one_too() -> None:
    """Auditors ask by the name that an object had then."""
    assert Query("old baseline").fits(named("Baseline", "Old Baseline"))


def test_a_question_of_nothing_is_one_about_everything() -> None:
    """Blanks and invisible characters ask for no name."""
    assert all(Query(text, person=text).fits(named("LAPTOP-42")) for text in ("", "  ", "\u200b"))


def test_a_key_is_the_one_on_the_card() -> None:
    """In any case, with the revision or without, and with the letters that no key has read as digits."""
    request = named("LAPTOP-42")
    key = short_key(request.request.id)

    assert all(Query(key=each).fits(request) for each in (key, key.lower(), f"{key}-2"))
    assert not Query(key="000000").fits(request)


@given(st.text(min_size=1, max_size=20), st.data())
def test_no_row_is_passed_over_that_holds_an_answer(name: str, data: st.DataObject) -> None:
    """Rows are looked through before they are decoded: that may spare work, and never an answer."""
    start = data.draw(st.integers(0, len(name) - 1))
    asked = data.draw(st.sampled_from([name[start:], name[start:].swapcase(), safe(name[start:], 50)]))
    state = named(name.encode("utf-8", "ignore").decode()).state
    rows, query = MemoryRows(), Query(asked)
    page = encode(base64.b64encode(zlib.compress(json.encode([state]))).decode())
    mark = Put(ARCHIVE_MARK, encode(ArchiveMark(is_complete=True)))
    rows.commit([mark, Put(f"{ARCHIVE_PAGE}{FILED.date()}:0000", page)])

    found = StateStore(rows).history.read(holding=query.needle)

    assert any(map(query.fits, found)) == query.fits(RequestRecord(state))
