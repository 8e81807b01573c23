"""How requests were seen: outdated answers of Graph, and what is remembered of look-ups by id."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState, annotated, stale_ids
from maa_notify.domain.request import ApprovalRequest
from tests.support.approval import NOW, approval

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
ID = approval().id


@pytest.mark.parametrize(
    "known_at,listed_at,is_stale",
    [
        (NOW, NOW - SECOND, True),
        (NOW, NOW, False),
        (NOW, NOW + SECOND, False),
        (NOW, None, False),
        (None, NOW, False),
        (NOW + HOUR, NOW, False),
    ],
    ids=["older", "as old", "newer", "no time", "none known", "a time ahead"],
)
def test_an_older_version_than_is_known_is_an_outdated_answer(
    known_at: datetime | None, listed_at: datetime | None, is_stale: bool
) -> None:
    """It is no news; where times tell nothing, the answer counts as of now."""
    known = {ID: RequestState(approval("approved", modified_at=known_at))}

    found = stale_ids(known, [approval(modified_at=listed_at), approval(id="new")], NOW)

    assert found == (frozenset({ID}) if is_stale else frozenset())


@pytest.mark.parametrize(
    "status,listed_at,is_stale",
    [
        ("approved", NOW, True),
        ("approved", None, True),
        ("approved", NOW + SECOND, False),
        ("cancelled", NOW, False),
        ("rejected", NOW, False),
    ],
    ids=["as old", "no time", "newer", "another status", "the present one"],
)
def test_a_status_that_counts_no_more_is_no_news_for_the_same_moment(
    status: str, listed_at: datetime | None, is_stale: bool
) -> None:
    """Graph may tell both in turn; what it tells for a later moment is news again."""
    present = approval("rejected", modified_at=NOW)
    known = {ID: RequestState(present, overruled=("approved", "rejected"))}

    assert bool(stale_ids(known, [approval(status, modified_at=listed_at)], NOW)) is is_stale


BEFORE = RequestState(approval(), looked_up_at=NOW - HOUR, overruled=("approved",))
OTHER = RequestState(approval(id="other"))
MOVED = Change(ID, BEFORE, replace(BEFORE, revision=2))
GONE = Change(ID, BEFORE, None)


def noted(
    *changes: Change[RequestState], looked_up: tuple[str, ...] = (), **overruled: tuple[str, ...]
) -> list[Change[RequestState]]:
    """The changes with how `ID` and others were seen; `own` stands for `ID`."""
    named = {ID if name == "own" else name: statuses for name, statuses in overruled.items()}
    return annotated(changes, {ID: BEFORE, "other": OTHER}, looked_up, named, NOW)


@pytest.mark.parametrize(
    "how,expected",
    [
        ({"looked_up": (ID,)}, {"looked_up_at": NOW}),
        ({"own": ("cancelled",)}, {"overruled": ("cancelled",)}),
        ({"own": ()}, {"overruled": ()}),
        ({"looked_up": (ID,), "own": ("cancelled",)}, {"looked_up_at": NOW, "overruled": ("cancelled",)}),
    ],
)
def test_what_was_seen_is_remembered_with_or_without_news(
    how: dict[str, Any], expected: dict[str, Any]
) -> None:
    """All else of the request stays as it was known, or as the news say."""
    assert noted(**how) == [Change(ID, BEFORE, replace(BEFORE, **expected))]
    assert noted(MOVED, **how) == [replace(MOVED, after=replace(BEFORE, revision=2, **expected))]


@pytest.mark.parametrize(
    "how", [{}, {"own": ("approved",)}, {"looked_up": ("unknown",)}], ids=["nothing", "known", "somebody"]
)
def test_what_is_known_already_costs_no_write(how: dict[str, Any]) -> None:
    """Nor is anything remembered of a request that is not known."""
    assert noted(**how) == []
    assert noted(MOVED, **how) == [MOVED]


def test_of_a_request_that_leaves_nothing_more_is_noted() -> None:
    """Other changes keep their order."""
    new = Change("new", None, RequestState(ApprovalRequest("new", "needsApproval")))
    seen = Change("other", OTHER, replace(OTHER, looked_up_at=NOW))

    assert noted(GONE, new, looked_up=(ID, "other"), own=()) == [GONE, new, seen]
