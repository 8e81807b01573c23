"""A hundred thousand requests: a question costs little processor time, and little memory."""

import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import pytest

from maa_notify.cli.request_rows import request_row
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Step
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import ApprovalRequest, Identity, Target
from maa_notify.insight.figures import figures
from maa_notify.insight.query import Query
from maa_notify.insight.span import ALWAYS, period
from maa_notify.storage.archive import _chunks, _packed
from maa_notify.storage.records import ARCHIVE_MARK, ARCHIVE_PAGE, ArchiveMark, encode
from maa_notify.storage.rows import Put, Rows
from maa_notify.storage.store import StateStore

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1_800)]

COUNT = 100_000
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
MOST_SECONDS = 1.0
MOST_BYTES = 24 * 1024 * 1024
PAGES_AT_ONCE = 50


def state(number: int) -> RequestState:
    """A completed wipe with all that Graph tells."""
    filed = FIRST + number * STEP
    approver = Identity("user", "Noor Haddad", "noor.haddad@contoso.com", str(UUID(int=number % 50)))
    requestor = Identity("user", "Mira Holt", "mira.holt@contoso.com", str(UUID(int=number % 70)))
    request = ApprovalRequest(
        str(UUID(int=number * 2654435761 % 2**128)),
        "completed",
        ("deviceWipe",),
        filed,
        filed + timedelta(days=3),
        filed + timedelta(hours=2),
        requestor,
        approver,
        f"Lost in a taxi, CHG{number:07d}",
        "Confirmed by phone",
        Target(f"LAPTOP-{number:06d}", "Action", "ManagedDevice", action="wipe", device_count=1),
    )
    steps = (
        Step("approved", filed + timedelta(hours=1), approver),
        Step("completed", filed + timedelta(hours=2), Identity()),
    )
    return RequestState(request, 3, ("50%",), filed + timedelta(days=31), steps=steps)


@pytest.fixture
def long_store(rows: Rows) -> StateStore:
    """A store whose archive holds them all, written as filing writes it."""
    if type(rows).__name__ == "MemoryRows":
        pytest.skip("keeps everything in memory anyway")
    writes = [Put(ARCHIVE_MARK, encode(ArchiveMark(is_complete=True)))]
    for day, numbers in groupby(range(COUNT), key=lambda number: (FIRST + number * STEP).date()):
        for at, text in enumerate(_chunks([state(each) for each in numbers])):
            writes.append(Put(f"{ARCHIVE_PAGE}{day}:{at:04d}", _packed(text)))
    for start in range(0, len(writes), PAGES_AT_ONCE):
        rows.commit(writes[start : start + PAGES_AT_ONCE])
    return StateStore(rows)


def asked(store: StateStore, query: Query) -> list[RequestRecord]:
    """The requests that fit a question, as `who` looks for them."""
    found = store.history.read(query.span.start, query.span.end, query.needle)
    return [each for each in found if query.fits(each)]


@pytest.mark.parametrize(
    "query,count",
    [
        pytest.param(Query("laptop-077777"), 1, id="a name"),
        pytest.param(Query("LAPTOP-0777", span=period("2025-09")), 100, id="a part of names in a month"),
        pytest.param(Query("nowhere"), 0, id="nothing"),
        pytest.param(Query(person="nobody"), 0, id="a person"),
        pytest.param(Query(verb="delete", span=period("2025-Q3")), 0, id="a verb in a quarter"),
    ],
)
def test_a_question_costs_less_than_a_second(long_store: StateStore, query: Query, count: int) -> None:
    """Of processor time, the least of three tries: a busy machine counts other people's work now and then."""
    spent = []
    for _ in range(3):
        before = time.process_time()
        asked(long_store, query)
        spent.append(time.process_time() - before)

    tracemalloc.start()
    found = asked(long_store, query)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{min(spent):.2f} s of processor time, {peak / 2**20:.1f} MiB")  # noqa: T201 - for docs/performance.md
    assert len(found) == count
    assert min(spent) < MOST_SECONDS
    assert peak < MOST_BYTES


def test_the_export_needs_no_more_memory_than_a_few_requests(long_store: StateStore) -> None:
    """Rows go out while they are read, by the time of their filing."""
    tracemalloc.start()
    count, last = 0, ""
    for record in long_store.history.read():
        filed = request_row(record)["filed_at"]
        assert filed >= last
        count, last = count + 1, filed
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    print(f"{peak / 2**20:.1f} MiB")  # noqa: T201 - for docs/performance.md
    assert count == COUNT
    assert peak < MOST_BYTES


def test_a_report_of_everything_is_made_in_seconds(long_store: StateStore) -> None:
    """It looks at each request, however many there are."""
    before = time.process_time()

    found = figures(long_store.history.read(), ALWAYS, FIRST + COUNT * STEP, None)

    print(f"{time.process_time() - before:.1f} s of processor time")  # noqa: T201 - for docs/performance.md
    assert found.requests == COUNT
