"""Arguments of `preview`: a card of the catalogue or of any status, or a request in a file."""

import json
import sys
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.elements import Element
from maa_notify.cards.samples import full, sample_for
from maa_notify.domain.event import Event, EventKind, Notice, RequestEvent
from maa_notify.domain.request import NEEDS_APPROVAL, POLICY_TYPES, ApprovalRequest, canonical
from maa_notify.graph.requests import parse_request
from maa_notify.settings.validation import did_you_mean


class UnusableError(ValueError):
    """What was asked for cannot be shown; the text says why."""


class PreviewOptions(Struct, frozen=True):
    """The event that a card or a route is wanted for.

    Attributes:
        word: a name of the catalogue, a word of `EVENT_NAMES`, or any status.
        request_file: raw JSON of one request, `-` for standard input; goes before `word`.
        policy_type: as if the request were of this type.
    """

    word: str
    request_file: str | None = None
    policy_type: str | None = None

    def event(self, now: datetime) -> Event:
        """The event.

        Raises:
            UnusableError: the file holds no request, or there is no such policy type.
        """
        if self.request_file:
            event = _event_of(_read_request(self.request_file), now)
        else:
            event = sample_for(self.word).event(now)
        if self.policy_type is None or isinstance(event, Notice):
            return event
        known = canonical(self.policy_type)
        if known not in POLICY_TYPES:
            near = did_you_mean(self.policy_type, POLICY_TYPES)
            raise UnusableError(f"there is no policy type {self.policy_type!r}{near}")
        return replace(event, request=replace(event.request, policy_types=(known,)))

    def card(self, cards: TeamsCards, now: datetime) -> Element:
        """The card of the event, in the form that the catalogue gives it.

        Raises:
            UnusableError: as for `event`.
        """
        draw = full if self.request_file else sample_for(self.word).draw
        return draw(cards, self.event(now), now)


def _event_of(request: ApprovalRequest, now: datetime) -> Event:
    """The event that brought a request into its status."""
    if request.status == NEEDS_APPROVAL:
        return RequestEvent(EventKind.CREATED, request, 1, now)
    return RequestEvent(EventKind.STATUS_CHANGED, request, 2, now, NEEDS_APPROVAL)


def _read_request(file: str) -> ApprovalRequest:
    """Reads the raw JSON of one request; as bytes, since PowerShell writes UTF-16."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return parse_request(json.loads(content))
    except OSError as error:
        raise UnusableError(f"--request: {file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UnusableError(
            f"--request: {file} holds no request as Graph gives it, one entry of 'value': {error}"
        ) from None
