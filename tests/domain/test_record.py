"""What is known of one request, with all its times, from whatever version wrote it down."""

from datetime import timedelta

import pytest
from msgspec import json

from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Step
from maa_notify.domain.record import NOT_LISTED, RequestRecord
from maa_notify.domain.request import APPROVED, COMPLETED, NEEDS_APPROVAL, REJECTED, Identity
from tests.support.approval import FILED, approval

NOOR = Identity("user", "Noor Haddad", "noor.haddad@contoso.com")
HOUR = timedelta(hours=1)


def record(status: str, *steps: Step, **changes: object) -> RequestRecord:
    """A request that was seen to reach these statuses."""
    return RequestRecord(RequestState(approval(status, **changes), steps=steps))


def test_each_step_has_its_time_and_its_length() -> None:
    """From filing to decision, from there to completion, and from filing to the end."""
    found = record(
        COMPLETED, Step(APPROVED, FILED + HOUR, NOOR), Step(COMPLETED, FILED + 3 * HOUR, Identity())
    )

    assert (found.approved_at, found.rejected_at) == (FILED + HOUR, None)
    assert found.completed_at == found.closed_at == FILED + 3 * HOUR
    assert (found.decision_s, found.completion_s, found.total_s) == (3_600, 7_200, 10_800)
    assert found.moments == (FILED, FILED + HOUR, FILED + 3 * HOUR)


def test_the_last_of_several_decisions_counts() -> None:
    """An approval may be taken back and given again."""
    found = record(
        APPROVED,
        Step(APPROVED, FILED + HOUR, NOOR),
        Step(NEEDS_APPROVAL, FILED + 2 * HOUR, Identity()),
        Step(APPROVED, FILED + 3 * HOUR, NOOR),
    )

    assert found.decided_at == FILED + 3 * HOUR


def test_whoever_decided_is_known_though_graph_tells_no_more() -> None:
    """What it told at the decision was kept."""
    assert record(COMPLETED, Step(APPROVED, FILED + HOUR, NOOR)).approver == NOOR
    assert record(REJECTED, approver=NOOR).approver == NOOR
    assert record(NEEDS_APPROVAL).approver == Identity()


@pytest.mark.parametrize(
    "status,named,is_decided",
    [
        (COMPLETED, False, True),
        (REJECTED, False, True),
        ("expired", True, True),
        ("expired", False, False),
        (NEEDS_APPROVAL, True, False),
        ("cancelled", False, False),
    ],
)
def test_a_decision_is_known_though_no_poll_saw_it(status: str, named: bool, is_decided: bool) -> None:
    """By what came after it, or by whom Graph names."""
    found = record(status, Step(status, FILED, Identity()), approver=NOOR if named else Identity())

    assert found.is_decided == is_decided


def test_everybody_who_decided_is_known() -> None:
    """Also whoever Graph names no more."""
    first = Identity("user", "Jonas Beck")
    found = record(COMPLETED, Step(APPROVED, FILED, first), Step(REJECTED, FILED + HOUR, NOOR), approver=NOOR)

    assert found.deciders == (first, NOOR)


def test_a_state_without_steps_tells_the_time_of_its_present_status_alone() -> None:
    """As a version before wrote it."""
    old = json.decode(
        b'{"request": {"id": "1", "status": "completed", "requested_at": "2026-08-18T11:00:00Z",'
        b' "modified_at": "2026-08-18T12:00:00Z"}}',
        type=RequestState,
    )
    found = RequestRecord(old, is_listed=False)

    assert (found.approved_at, found.completed_at) == (None, FILED + HOUR)
    assert found.total_s == 3_600
    assert FILED + HOUR in found.moments


def test_times_that_run_backwards_have_no_length() -> None:
    """Clocks differ; nobody decides before he is asked."""
    assert record(APPROVED, Step(APPROVED, FILED - HOUR, NOOR)).decision_s is None
    assert record(APPROVED, Step(APPROVED, FILED, NOOR), requested_at=None).decision_s is None


@pytest.mark.parametrize(
    "status,is_listed,outcome",
    [
        (NEEDS_APPROVAL, True, NEEDS_APPROVAL),
        (NEEDS_APPROVAL, False, NOT_LISTED),
        (COMPLETED, False, COMPLETED),
        ("somethingNew", True, "somethingNew"),
    ],
)
def test_what_left_the_list_open_has_no_outcome(status: str, is_listed: bool, outcome: str) -> None:
    """Vanishing is not cancellation."""
    assert RequestRecord(RequestState(approval(status)), is_listed).outcome == outcome
