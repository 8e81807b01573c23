"""What a person does with a notification while polls write it, too."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify.domain.notification import Notification
from maa_notify.errors import StateError
from maa_notify.storage.by_hand import Fate, discard, retry
from maa_notify.storage.outbox import Outcome
from maa_notify.storage.records import DestinationState, JournalEntry, Versioned
from maa_notify.storage.rows import ConflictError, Write
from maa_notify.storage.store import StateStore
from tests.storage.changes import created, tracked
from tests.support.clock import START
from tests.support.memory import MemoryRows

LATER = START + timedelta(hours=1)


class Meddled(MemoryRows):
    """Rows in which somebody else writes just before what is to be written, so many times."""

    def __init__(self) -> None:
        """Nobody meddles yet."""
        super().__init__()
        self.meddle: Callable[[], object] = lambda: None
        self.times = 0

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Lets somebody else write first."""
        if self.times:
            times, self.times = self.times, 0
            self.meddle()
            self.times = times - 1
        return super().commit(writes)


@pytest.fixture
def meddled() -> Meddled:
    """The rows of a store in which polls are at work."""
    return Meddled()


@pytest.fixture
def store(meddled: Meddled) -> StateStore:
    """A store with one notification that waits."""
    store = StateStore(meddled)
    store.requests.record([created(tracked())])
    return store


def waiting(store: StateStore) -> Notification:
    """The one notification that waits."""
    [held] = store.outbox.read_pending()
    return held.value


def fail(store: StateStore) -> None:
    """What a poll does whose post failed."""
    [held] = store.outbox.read_pending()
    kept = replace(held.value, attempts=held.value.attempts + 1, not_before=LATER)
    store.outbox.commit_outcomes("default", store.outbox.read_destination("default"), [Outcome(held, kept)])


def settle(store: StateStore, *, dead: bool = False, unreached: bool = False) -> None:
    """What a poll does whose post was taken, or that gives it up."""
    [held] = store.outbox.read_pending()
    outcome = Outcome(held, entry=JournalEntry(held.value, LATER, unreached=unreached), dead=dead)
    store.outbox.commit_outcomes("default", store.outbox.read_destination("default"), [outcome])


def test_a_retry_is_done_although_a_poll_writes_at_the_same_time(store: StateStore, meddled: Meddled) -> None:
    """What the poll has counted is kept, and it is due now."""
    meddled.meddle, meddled.times = lambda: fail(store), 3

    fate = retry(store, waiting(store).key, START, LATER)

    assert (fate, waiting(store).attempts, waiting(store).not_before) == (Fate.DONE, 0, None)


def test_a_discard_is_done_although_a_poll_writes_at_the_same_time(
    store: StateStore, meddled: Meddled
) -> None:
    """The notification is gone, whatever the poll made of it."""
    meddled.meddle, meddled.times = lambda: fail(store), 3

    assert discard(store, waiting(store).key, START) is Fate.DONE
    assert store.outbox.read_pending() == []


def test_what_a_poll_gives_up_meanwhile_is_retried_from_there(store: StateStore, meddled: Meddled) -> None:
    """It waits again, and is not listed as given up any more."""
    meddled.meddle, meddled.times = lambda: settle(store, dead=True), 1

    assert retry(store, waiting(store).key, START, LATER) is Fate.DONE
    assert waiting(store).recorded_at == LATER
    assert store.journal.read_dead() == []


def test_what_a_poll_gives_up_meanwhile_is_discarded_there(store: StateStore, meddled: Meddled) -> None:
    """Nothing of it is left."""
    meddled.meddle, meddled.times = lambda: settle(store, dead=True), 1

    assert discard(store, waiting(store).key, START) is Fate.DONE
    assert (store.outbox.read_pending(), store.journal.read_dead()) == ([], [])


@pytest.mark.parametrize("is_retry", [True, False], ids=["retry", "discard"])
@pytest.mark.parametrize("unreached", [True, False])
def test_what_became_of_it_meanwhile_is_said(
    store: StateStore, meddled: Meddled, is_retry: bool, unreached: bool
) -> None:
    """Delivered, or gone; it does not come back."""
    key = waiting(store).key
    meddled.meddle, meddled.times = lambda: settle(store, unreached=unreached), 1

    fate = retry(store, key, START, LATER) if is_retry else discard(store, key, START)

    assert fate is (Fate.GONE if unreached else Fate.DELIVERED)
    assert store.outbox.read_pending() == []


@pytest.mark.parametrize("is_retry", [True, False], ids=["retry", "discard"])
def test_a_person_who_is_never_first_is_told_so(store: StateStore, meddled: Meddled, is_retry: bool) -> None:
    """After a bounded number of tries."""
    key = waiting(store).key
    meddled.meddle, meddled.times = lambda: fail(store), 10_000

    fate = retry(store, key, START, LATER) if is_retry else discard(store, key, START)

    assert (fate, waiting(store).attempts < 50) == (Fate.CONTENDED, True)


def test_a_destination_is_let_go_although_a_poll_writes_it(store: StateStore, meddled: Meddled) -> None:
    """What the poll noted stays, and `Retry-After` is forgotten; against endless writers it ends."""
    asked = DestinationState(retry_after_until=LATER)
    store.outbox.write_destination("default", Versioned(asked, ""))
    meddled.meddle, meddled.times = lambda: fail(store), 1

    store.outbox.clear_retry_after()

    assert store.outbox.read_destination("default").value.retry_after_until is None
    store.outbox.write_destination("default", Versioned(asked, store.outbox.read_destination("default").etag))
    meddled.times = 10_000
    with pytest.raises(StateError, match="'default' changed at each of 20 tries"):
        store.outbox.clear_retry_after()


def test_polls_that_read_the_outbox_before_have_to_read_it_again(store: StateStore) -> None:
    """Whoever wants to lease the destination with what it knew is refused, also before there was a row."""
    for _ in range(2):
        known = store.outbox.read_destination("default")
        store.outbox.call_polls_back("default")

        with pytest.raises(ConflictError):
            store.outbox.write_destination("default", known)
