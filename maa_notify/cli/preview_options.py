"""Arguments of `preview`: a card of the catalogue or of any status, or a request in a file."""

import json
import sys
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.elements import Element
from maa_notify.cards.samples import CATALOGUE, full, sample_for
from maa_notify.cli.keys import is_request_meant
from maa_notify.cli.text import complain
from maa_notify.domain.event import Event, EventKind, Notice, RequestEvent
from maa_notify.domain.request import NEEDS_APPROVAL, POLICY_TYPES, STATUSES, ApprovalRequest, canonical
from maa_notify.graph.requests import MalformedRequestError, parse_request
from maa_notify.settings.validation import did_you_mean

_MOST_BYTES = 64 * 1024 * 1024
"""More than any list of Graph; a device or a pipe may have no end."""

_NO_REQUEST = "holds no request as Graph gives it, an answer with 'value', a list or one entry of it"


class UnusableError(ValueError):
    """What was asked for cannot be shown; the text says why."""


def problem_of_word(word: str) -> str:
    """What is said of a word that is neither a status nor a card known here; "" for one that is."""
    if sample_for(word).name in {each.name for each in CATALOGUE} or canonical(word) in STATUSES:
        return ""
    near = did_you_mean(word, [*STATUSES, *(each.name for each in CATALOGUE)])
    return f"no status or card is called {word!r}{near}; this is the card of a status that is new"


class PreviewOptions(Struct, frozen=True):
    """The events that cards or routes are wanted for.

    Attributes:
        word: a name of the catalogue, a word of `EVENT_NAMES`, or any status.
        request_file: raw JSON of requests, `-` for standard input; goes before `word`.
        policy_type: as if the requests were of this type.
        key: of the requests in the file only this one.
    """

    word: str
    request_file: str | None = None
    policy_type: str | None = None
    key: str | None = None

    def events(self, now: datetime) -> list[Event]:
        """The events, at least one.

        Raises:
            UnusableError: the file holds no such request, or there is no such policy type.
        """
        if self.request_file is not None:
            found: list[Event] = [
                _event_of(each, now) for each in _read_requests(self.request_file, self.key)
            ]
        else:
            found = [sample_for(self.word).event(now)]
        if self.policy_type is None:
            return found
        known = canonical(self.policy_type)
        if known not in POLICY_TYPES:
            near = did_you_mean(self.policy_type, POLICY_TYPES)
            raise UnusableError(f"there is no policy type {self.policy_type!r}{near}")
        return [
            each
            if isinstance(each, Notice)
            else replace(each, request=replace(each.request, policy_types=(known,)))
            for each in found
        ]

    def cards(self, cards: TeamsCards, now: datetime) -> list[Element]:
        """The cards of the events, in the form that the catalogue gives them.

        Raises:
            UnusableError: as for `events`.
        """
        draw = sample_for(self.word).draw if self.request_file is None else full
        return [draw(cards, event, now) for event in self.events(now)]


def _event_of(request: ApprovalRequest, now: datetime) -> Event:
    """The event that brought a request into its status."""
    if request.status == NEEDS_APPROVAL:
        return RequestEvent(EventKind.CREATED, request, 1, now)
    return RequestEvent(EventKind.STATUS_CHANGED, request, 2, now, NEEDS_APPROVAL)


def _read_requests(file: str, key: str | None) -> list[ApprovalRequest]:
    """The requests in a file; a malformed entry is named and left out, if there are others."""
    entries, wrong = _entries_in(file), []
    found: list[ApprovalRequest] = []
    for number, entry in enumerate(entries, 1):
        try:
            found.append(parse_request(entry))
        except MalformedRequestError as error:
            wrong.append(f"entry {number} is no request: {error}")
    chosen = [each for each in found if key is None or is_request_meant(key, each.id)]
    if not found:
        raise UnusableError(f"--request: {file} {_NO_REQUEST}: {wrong[0] if wrong else 'it is empty'}")
    if not chosen:
        raise UnusableError(f"--request: {file} holds no request with the key {key}")
    for each in wrong:
        complain(f"--request: {file}: {each}")
    return chosen


def _entries_in(file: str) -> list[object]:
    """What should be requests in Graph's whole answer, in a list or by itself.

    Read as bytes, since PowerShell writes UTF-16.
    """
    if file == "-" and sys.stdin is None:
        raise UnusableError("--request: - cannot be read: there is no standard input")
    try:
        if file == "-":
            content = sys.stdin.buffer.read(_MOST_BYTES)
        else:
            with Path(file).open("rb") as stream:
                content = stream.read(_MOST_BYTES)
        raw: object = json.loads(content)
    except OSError as error:
        raise UnusableError(f"--request: {file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UnusableError(f"--request: {file} {_NO_REQUEST}: {error}") from None
    if isinstance(raw, dict) and isinstance(raw.get("value"), list):
        raw = raw["value"]
    return raw if isinstance(raw, list) else [raw]
