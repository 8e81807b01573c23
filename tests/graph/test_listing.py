"""Reading pages again and again: what did not change costs little, and nothing that changed is missed."""

import gc
import json
from typing import Any

import pytest

from maa_notify.domain.request import ApprovalRequest
from maa_notify.errors import GraphUnavailable
from maa_notify.graph.listing import Page, PageReader, read_entries
from tests.support.graph import make_request


def body_of(*entries: object, link: object = None) -> bytes:
    """A page as it comes on the wire."""
    page: dict[str, object] = {"@odata.context": "…", "value": list(entries)}
    return json.dumps(page if link is None else {**page, "@odata.nextLink": link}).encode()


def read(reader: PageReader, *bodies: bytes) -> list[Page]:
    """One listing."""
    reader.begin()
    return [reader.read(body) for body in bodies]


def test_what_did_not_change_is_not_parsed_again() -> None:
    """Ten thousand requests must not keep a processor busy every minute: the very same objects come back."""
    first, second = make_request(), make_request()
    reader = PageReader()

    [before] = read(reader, body_of(first, second))
    one, other = read(reader, body_of(second, link="next"), body_of(first))

    assert one.requests[0] is before.requests[1]
    assert other.requests[0] is before.requests[0]


@pytest.mark.parametrize("field", ["status", "requestJustification", "payloadName", "expirationDateTime"])
def test_a_change_of_any_field_is_seen(field: str) -> None:
    """A request whose status moved between two polls is news."""
    raw = make_request(expirationDateTime="2026-11-05T09:00:00Z")
    changed = {**raw, field: {"status": "approved"}.get(field, "2026-11-06T09:00:00Z")}
    reader = PageReader()

    [before], [after] = read(reader, body_of(raw)), read(reader, body_of(changed))

    assert before.requests != after.requests
    assert after == PageReader().read(body_of(changed))


def test_a_malformed_entry_is_counted_in_every_listing() -> None:
    """One that stays broken stays reported."""
    reader = PageReader()

    counts = [
        len(page.malformed) for _ in range(3) for page in read(reader, body_of(make_request(status=None)))
    ]

    assert counts == [1, 1, 1]


def test_what_left_the_list_is_forgotten() -> None:
    """A worker that runs for months holds on to one listing and no more."""
    reader = PageReader()
    left = make_request()
    [before] = read(reader, body_of(left))

    read(reader, body_of())
    read(reader, body_of())
    [again] = read(reader, body_of(left))

    assert again.requests == before.requests
    assert again.requests[0] is not before.requests[0]


@pytest.mark.parametrize("odd", [r"\ud800", "NaN"])
def test_odd_text_somewhere_costs_only_time(odd: str) -> None:
    """A page that cannot be cut into pieces is read whole, link included."""
    raw = make_request(requestJustification="odd")
    body = body_of(raw, link="https://graph.microsoft.com/next")
    body = body.replace(b'"odd"', f'"{odd}"'.encode() if odd.startswith("\\") else odd.encode())
    reader = PageReader()

    pages = [page for _ in range(2) for page in read(reader, body)]

    assert [[each.id for each in page.requests] for page in pages] == [[raw["id"]]] * 2
    assert [page.next_link for page in pages] == ["https://graph.microsoft.com/next"] * 2


def test_nothing_of_a_payload_outlives_its_page() -> None:
    """Script bodies are none of our business, not even in memory."""
    reader = PageReader()
    read(reader, body_of(make_request(payload="script-body " * 1_000)))

    assert [each for each in _held_by(reader) if b"script-body" in each] == []


def _held_by(root: object) -> list[bytes]:
    """All text that an object leads to."""
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if id(each) not in seen and not isinstance(each, type):
            seen[id(each)] = each
            waiting += gc.get_referents(each)
    assert any(isinstance(each, ApprovalRequest) for each in seen.values())
    texts = (each.encode() if isinstance(each, str) else each for each in seen.values())
    return [each for each in texts if isinstance(each, bytes)]


def deep(levels: int, opening: str = "[", closing: str = "]", **fields: Any) -> bytes:
    """An entry that is nested so many levels deep, as it comes on the wire."""
    text = json.dumps(make_request(**fields))
    return f'{text[:-1]}, "payload": {opening * levels}{closing * levels}}}'.encode()


def page_of(*entries: bytes, extra: bytes = b"") -> bytes:
    """A page of entries that are written already."""
    return b'{"value": [' + b", ".join(entries) + b"]" + extra + b"}"


@pytest.mark.parametrize("levels", [999, 1_000, 5_000, 200_000])
@pytest.mark.parametrize(
    "opening, closing", [("[", "]"), ('{"a":[', "]}"), ("[1,[],", "]"), ('["]}{[\\"",', "]")]
)
def test_an_entry_nested_a_thousand_levels_deep_is_one_malformed_entry(
    levels: int, opening: str, closing: str
) -> None:
    """Whoever can file it must not be able to blind the list; it is named by its id."""
    entry = deep(levels, opening, closing, id="deep")
    first, last = make_request(payloadName="]}"), make_request(payloadName='[{"')
    reader = PageReader()

    body = page_of(
        json.dumps(first).encode(), entry, json.dumps(last).encode(), extra=b', "@odata.nextLink": "n"'
    )
    pages = [page for _ in range(2) for page in read(reader, body)]

    for page in pages:
        assert [each.id for each in page.requests] == [first["id"], last["id"]]
        assert [(each.request_id, str(each)) for each in page.malformed] == [
            ("deep", "it is nested too deep")
        ]
        assert page.next_link == "n"


def test_depth_in_odd_company_is_one_malformed_entry_too() -> None:
    """A page with text that only the tolerant parser takes: a lone surrogate, and a mark at its beginning."""
    sound = make_request(requestJustification="odd \ud800")

    [page] = read(PageReader(), b"\xef\xbb\xbf" + page_of(json.dumps(sound).encode(), deep(5_000, id="deep")))

    assert ([each.id for each in page.requests], len(page.malformed)) == ([sound["id"]], 1)


def test_what_is_nested_within_reason_is_read() -> None:
    """Payloads hold a few dozen levels at most."""
    [page] = read(PageReader(), page_of(deep(300, id="fine")))

    assert [each.id for each in page.requests] == ["fine"]


def test_depth_without_an_end_is_no_page() -> None:
    """Then something is missing, and nothing may be compared."""
    with pytest.raises(GraphUnavailable):
        read(PageReader(), b'{"value": [' + b"[" * 100_000)


def test_depth_hides_no_entry_of_another_collection() -> None:
    """Whoever can name an object in it must not be able to blind those who watch it."""
    page = read_entries(page_of(b'{"id": "1"}', deep(5_000, id="deep"), b'{"id": "2"}'))

    assert [each["id"] for each in page.entries] == ["1", "deep", "2"]
