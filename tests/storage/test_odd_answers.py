"""A table whose answers make no sense: a proxy's page, half an answer, rows of somebody else."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from maa_notify.errors import StateError
from maa_notify.storage.rows import ConflictError, Insert, Put, Update
from maa_notify.storage.table import TableRows, connect_with_string
from tests.support.graph import FakeGraph
from tests.support.notifier import TENANT
from tests.support.process import environment, run
from tests.support.teams import FakeTeams
from tests.support.wire import (
    HttpResponse,
    ScriptedServer,
    close_without_answer,
    garbage,
    handler,
    redirect,
    reply,
    reset,
    truncated,
)

KEY = "d3Jvbmcta2V5LXdyb25nLWtleS13cm9uZy1rZXk="
PAGE = b"<html><body>Sign in to the network<br></body></html>"
HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
ROW = {"PartitionKey": TENANT, "RowKey": "live:1", "Data": "{}", "odata.etag": 'W/"1"'}
DONE = 'HTTP/1.1 204 No Content\r\nETag: W/"1"\r\n\r\n'

Ask = Callable[[TableRows], object]


def read(rows: TableRows) -> object:
    """Reads a range."""
    return list(rows.read("live:", "live;"))


def get(rows: TableRows) -> object:
    """Reads one row."""
    return rows.get("live:1")


def commit(rows: TableRows) -> object:
    """Writes two rows."""
    return rows.commit([Put("live:1", "{}"), Insert("live:2", "{}")])


def listed(*entities: object) -> HttpResponse:
    """The rows of a range."""
    return reply(json={"value": list(entities)})


def refused(status: int, code: str) -> HttpResponse:
    """An error as Table Storage words it."""
    return reply(status, json={"odata.error": {"code": code, "message": {"lang": "en-US", "value": code}}})


def parts(*answers: str) -> HttpResponse:
    """The answer to a transaction, with one part for each write."""
    top = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary"
    inner = "".join(f"--c\r\n{top}\r\n\r\n{answer}\r\n" for answer in answers)
    body = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--c--\r\n--b--\r\n"
    return reply(202, body=body.encode(), headers={"Content-Type": "multipart/mixed; boundary=b"})


def state_at(url: str) -> str:
    """The setting that leads to a table there."""
    return f"AccountName=a;AccountKey={KEY};TableEndpoint={url}/a;"


def asked(answer: HttpResponse, ask: Ask) -> object:
    """What comes of asking a table that answers so; whatever it raises passes."""
    with ScriptedServer(answer) as service:
        rows = TableRows(
            connect_with_string(state_at(service.url)), "MaaNotify", TENANT, pause=lambda _: None
        )
        try:
            return ask(rows)
        finally:
            rows.close()


ANYWHERE = {
    "page": reply(200, body=PAGE, headers=HTML),
    "page-called-json": reply(200, body=PAGE, headers=JSON),
    "xml": reply(200, body=b"<a/>", headers={"Content-Type": "application/xml"}),
    "nothing": reply(200),
    "null": reply(200, json=None),
    "list": reply(200, json=[]),
    "number": reply(200, json=5),
    "object": reply(200, json={}),
    "half": reply(200, body=b'{"value": [', headers=JSON),
    "no-utf-8": reply(200, body=b'{"value": ["\xff"]}', headers=JSON),
    "bottomless": reply(200, body=b"[" * 100_000, headers=JSON),
    "truncated": truncated(b'{"value": [', 500),
    "garbage": garbage(),
    "accepted": reply(202),
    "redirect": redirect(302, "http://127.0.0.1:1/"),
    "401-page": reply(401, body=PAGE, headers=HTML),
    "403-page": reply(403, body=PAGE, headers=HTML),
    "404": reply(404),
    "404-page": reply(404, body=PAGE, headers=HTML),
    "404-without-code": reply(404, json={"odata.error": "x"}),
    "404-odd-code": reply(404, json={"odata.error": {"code": 5, "message": "x"}}),
    "404-other-code": refused(404, "InvalidUri"),
    "407-page": reply(407, body=PAGE, headers=HTML),
    "409": reply(409),
    "409-page": reply(409, body=PAGE, headers=HTML),
    "409-other-code": refused(409, "AccountBeingCreated"),
    "412": reply(412),
    "413": reply(413),
}
READS = {
    "entities-that-are-numbers": reply(200, json={"value": [5]}),
    "no-keys": listed({"Data": "{}", "odata.etag": "x"}),
    "no-etag": listed({**ROW, "odata.etag": None}),
    "odd-time": listed({**ROW, "Timestamp": "x"}),
    "odd-type": listed({**ROW, "Data@odata.type": "Edm.Guid"}),
    "another-tenant": listed({**ROW, "PartitionKey": "somebody"}),
    "another-kind": listed({**ROW, "RowKey": "sent:1"}),
    "a-row-twice": listed(ROW, ROW),
    "404-no-such-row": refused(404, "ResourceNotFound"),
    "list-without-end": reply(200, json={"value": []}, headers={"x-ms-continuation-NextRowKey": "a", **JSON}),
}
GETS = {
    "no-keys": reply(200, json={"Data": "{}", "odata.etag": "x"}),
    "no-etag": reply(200, json={**ROW, "odata.etag": None}),
    "another-row": reply(200, json={**ROW, "RowKey": "live:2"}),
}
COMMITS = {
    "no-parts": reply(202, body=PAGE, headers=HTML),
    "no-boundary": reply(202, body=b"x", headers={"Content-Type": "multipart/mixed"}),
    "none": parts(),
    "fewer": parts(DONE),
    "more": parts(DONE, DONE, DONE),
    "no-etags": parts("HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"),
    "no-http": parts("hello", "hello"),
    "part-without-code": parts("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<html>"),
    "whole-not-found": refused(404, "ResourceNotFound"),
}
CASES = [
    pytest.param(ask, answer, id=f"{ask.__name__}-{name}")
    for ask, answers in ((read, READS), (get, GETS), (commit, COMMITS))
    for name, answer in {**ANYWHERE, **answers}.items()
]


@pytest.mark.parametrize("ask, answer", CASES)
def test_an_answer_that_makes_no_sense_is_a_failure_of_the_store(ask: Ask, answer: HttpResponse) -> None:
    """Never a fault of our own, never "no row" or "somebody was faster", and never an empty store."""
    with pytest.raises(StateError, match="the table MaaNotify") as caught:
        asked(answer, ask)

    assert KEY not in str(caught.value)
    assert "()" not in str(caught.value)


@pytest.mark.parametrize("code", ["ResourceNotFound", "EntityNotFound"])
def test_a_row_is_missing_if_the_service_says_so(code: str) -> None:
    """By its own code, beside the status."""
    assert asked(refused(404, code), get) is None


@pytest.mark.parametrize(
    "status, code",
    [
        (404, "ResourceNotFound"),
        (404, "EntityNotFound"),
        (409, "EntityAlreadyExists"),
        (412, "UpdateConditionNotSatisfied"),
        (412, "ConditionNotMet"),
    ],
)
def test_somebody_was_faster_if_the_service_says_so(status: int, code: str) -> None:
    """By the code in the part of the answer that is about a row."""
    error = f'{{"odata.error": {{"code": "{code}", "message": {{"value": "0:{code}"}}}}}}'
    answer = parts(f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\n\r\n{error}")

    with pytest.raises(ConflictError):
        asked(answer, lambda rows: rows.commit([Update("live:1", "{}", 'W/"0"'), Put("live:2", "{}")]))


def test_a_write_that_was_done_behind_an_odd_answer_is_no_conflict() -> None:
    """Nobody was faster: the write before it was taken, and the next poll reads what stands."""
    error = '{"odata.error": {"code": "EntityAlreadyExists", "message": {"value": "x"}}}'
    taken = parts(f"HTTP/1.1 409 No\r\nContent-Type: application/json\r\n\r\n{error}")
    answers = iter([reply(200, body=PAGE, headers=HTML), taken])

    with pytest.raises(StateError, match="an answer that was lost"):
        asked(handler(lambda _: next(answers)), commit)


def test_a_firewall_of_the_account_is_thought_of() -> None:
    """Table Storage has one code for it and for a missing right."""
    with pytest.raises(StateError, match=r"403 AuthorizationFailure.*firewall may keep this network out"):
        asked(refused(403, "AuthorizationFailure"), get)


@pytest.mark.parametrize(
    "code",
    ["CallThisNumberToUnlockYourAccount", "AuthenticationFailedCallUs", "authenticationfailed", "X" * 64],
)
def test_a_code_that_the_service_does_not_have_is_not_repeated(code: str) -> None:
    """Whoever answers in its place could have us tell people what to do."""
    with pytest.raises(StateError, match="403 with a code that is not known") as caught:
        asked(refused(403, code), get)

    assert code not in str(caught.value)


@pytest.mark.parametrize("code", ["AuthorizationPermissionMismatch", "KeyBasedAuthenticationNotPermitted"])
def test_a_code_of_the_service_is_repeated(code: str) -> None:
    """It says what to look for."""
    with pytest.raises(StateError, match=f"refused the request \\(403 {code}\\)"):
        asked(refused(403, code), get)


def test_what_the_service_itself_refuses_is_not_tried_again() -> None:
    """A wrong key stays wrong, and an answer that never comes right ends after a few tries."""
    for answer, most in ((refused(403, "AuthenticationFailed"), 1), (reply(413, body=PAGE, headers=HTML), 4)):
        with ScriptedServer(answer) as service:
            state = connect_with_string(state_at(service.url))
            rows = TableRows(state, "MaaNotify", TENANT, pause=lambda _: None)
            with pytest.raises(StateError, match="refused the request"):
                commit(rows)
            rows.close()
            assert len(service.requests) == most


def test_a_table_that_cannot_be_made_is_said() -> None:
    """Only the service's own word that the table is there already counts as success."""
    answers = {"POST": reply(409, body=PAGE, headers=HTML), "GET": refused(404, "TableNotFound")}

    with pytest.raises(StateError, match=r"409.*no code of Table Storage"):
        asked(handler(lambda seen: answers[seen.method]), read)


@pytest.fixture
def settings(graph: FakeGraph, teams: FakeTeams) -> dict[str, str]:
    """Everything but the state store."""
    return {
        "MAA_TENANT_ID": TENANT,
        "MAA_ACCESS_TOKEN": "x",
        "MAA_GRAPH_URL": graph.url,
        "MAA_TEAMS_WEBHOOK_URL": teams.url,
    }


@pytest.mark.parametrize("answer", ["404-page", "409-page", "page", "xml", "nothing", "half"])
def test_a_poll_on_an_odd_store_fails_in_words(
    settings: dict[str, str], teams: FakeTeams, tmp_path: Path, answer: str
) -> None:
    """Exit code 1 and a sentence; nobody is asked to report a fault, and nothing is posted."""
    with ScriptedServer(ANYWHERE[answer]) as service:
        done = run("poll", settings={**settings, "MAA_STATE": state_at(service.url)}, cwd=tmp_path)

    assert (done.code, "report it" in done.err, "Traceback" in done.err) == (1, False, False)
    assert "the table MaaNotify" in done.err
    assert teams.cards == []


def test_watch_goes_on_over_an_odd_store(settings: dict[str, str], tmp_path: Path) -> None:
    """It asks again with the next poll, as after an outage."""
    with ScriptedServer(ANYWHERE["page"]) as service:
        watch = subprocess.Popen(
            [sys.executable, "-m", "maa_notify", "watch", "--every", "1"],
            env=environment({**settings, "MAA_STATE": state_at(service.url)}),
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
        )
        try:
            service.wait_for(3, timeout=50)
            still_runs = watch.poll() is None
        finally:
            watch.send_signal(signal.SIGTERM)
            watch.wait(50)

    assert still_runs


@pytest.mark.parametrize("odd", ["reset", "closed", *(each for each in ANYWHERE if "other-code" not in each)])
def test_a_write_outlives_odd_answers(odd: str) -> None:
    """Else one answer of a gateway to what became of a post would have the card posted once more."""
    answer = {"reset": reset(), "closed": close_without_answer(), **ANYWHERE}[odd]
    answers = iter([answer, answer, answer, parts(DONE, DONE)])

    assert asked(handler(lambda _: next(answers)), commit) == ['W/"1"', 'W/"1"']


ODD_WAITS = [
    *((503, "Retry-After", wait) for wait in ("40", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 400)),
    *((503, "Retry-After", wait) for wait in ("-1", "nan", "inf", "1e9", "²", "0")),
    *((429, "Retry-After", wait) for wait in ("3600", "soon")),
    *((503, "retry-after-ms", wait) for wait in ("3600000", "soon")),
    *((503, "x-ms-retry-after-ms", wait) for wait in ("3600000", "soon")),
]


@pytest.mark.parametrize("status, header, wait", ODD_WAITS)
def test_no_wait_that_the_service_asks_for_holds_up_a_poll(status: int, header: str, wait: str) -> None:
    """One of an hour is cut to two seconds, and one that makes no sense is none; nothing breaks on it."""
    busy = reply(status, headers={header: wait})
    answers = iter([busy, refused(404, "ResourceNotFound")])
    began = time.monotonic()

    assert asked(handler(lambda _: next(answers)), get) is None
    assert time.monotonic() - began < 20


def test_a_service_that_asks_for_an_hour_again_and_again_is_said_to_be_busy() -> None:
    """After a few tries, in words."""
    with pytest.raises(StateError, match="refused the request \\(503"):
        asked(reply(503, headers={"Retry-After": "3600"}), get)
