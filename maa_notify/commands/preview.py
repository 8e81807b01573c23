"""`preview`: the card for a status or for a request of one's own, as JSON or as a picture."""

import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from maa_notify.cards.maker import TeamsCards
from maa_notify.checks import nearest
from maa_notify.clock import SystemClock
from maa_notify.commands.samples import sample_event
from maa_notify.core.event import Event, EventKind
from maa_notify.core.request import (
    APPROVED,
    NEEDS_APPROVAL,
    POLICY_TYPES,
    ApprovalRequest,
    canonical,
    parse_request,
)
from maa_notify.core.routing import EXPIRING
from maa_notify.graph.clouds import CLOUDS

_DIGEST_OF = ("needsApproval", "approved", "reminder", "rejected", "expired", "completed")


class UnusableError(ValueError):
    """What was asked for cannot be shown; says why."""


def preview(event: Event | None, *, png: str | None, theme: Literal["light", "dark"], width: int) -> int:
    """Prints a card's JSON, or writes its picture; without an event, a digest's. Returns the exit code."""
    card = _card(event, SystemClock().now())
    if png is None:
        print(json.dumps(card, indent=2, ensure_ascii=False))
        return 0
    # The demo's room is not deployed; nothing else needs it.
    from maa_notify.demo import renderer
    from maa_notify.demo.errors import DemoError

    try:
        renderer.screenshot(card, Path(png), theme, width)
    except DemoError as error:
        print(f"maa-notify: {error}", file=sys.stderr)
        return 1
    print(f"{png} written")
    return 0


def event_for(word: str, request_file: str | None, policy_type: str | None) -> Event | None:
    """The event of a sample for a word, or of the request in a file; None for a digest.

    Raises:
        UnusableError: the file holds no request, or there is no such policy type.
    """
    now = SystemClock().now()
    if request_file is None and word == "digest":
        return None
    event = _event_of(_read_request(request_file), now) if request_file else _sample(word, now)
    if policy_type is None:
        return event
    if canonical(policy_type) not in POLICY_TYPES:
        raise UnusableError(f"there is no policy type {policy_type!r}{nearest(policy_type, POLICY_TYPES)}")
    return replace(event, request=replace(event.request, policy_types=(canonical(policy_type),)))


def _sample(word: str, now: datetime) -> Event:
    if word == EXPIRING:
        return replace(sample_event("reminder", now), next_reminder=None)
    if word == EventKind.COMPLETE_REMINDER:
        approved = sample_event(APPROVED, now)
        return replace(approved, kind=EventKind.COMPLETE_REMINDER, previous=APPROVED, stage="4h")
    if word == EventKind.NO_LONGER_LISTED:
        return replace(sample_event(NEEDS_APPROVAL, now), kind=EventKind.NO_LONGER_LISTED)
    return sample_event(word, now)


def _event_of(request: ApprovalRequest, now: datetime) -> Event:
    """The news that brought a request into its status."""
    if request.status == NEEDS_APPROVAL:
        return Event(EventKind.CREATED, request, 1, now)
    return Event(EventKind.STATUS_CHANGED, request, 2, now, NEEDS_APPROVAL)


def _read_request(file: str) -> ApprovalRequest:
    """Reads the raw JSON of one request; as bytes, for PowerShell writes UTF-16."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return parse_request(json.loads(content))
    except OSError as error:
        raise UnusableError(f"--request: {file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UnusableError(
            f"--request: {file} holds no request as Graph gives it, one entry of 'value': {error}"
        ) from None


def _card(event: Event | None, now: datetime) -> dict[str, Any]:
    cards = TeamsCards(CLOUDS["global"].approvals_url)
    if event is None:
        return cards.digest([sample_event(each, now) for each in _DIGEST_OF], "preview", now)[0]
    return cards.card(event, "preview", now)
