"""The simulated Teams: channels behind Workflows webhooks, and the messages that were put into them."""

import json
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from maa_notify.demo.errors import EnvelopeError
from maa_notify.demo.samples import Json
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer

ROOT: Final = "/hook/"

CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"

MOST_BYTES: Final = 28_672
"""Above this, as the workflow stores a card (JSON as a text inside JSON), posting it is refused."""

KEPT_CARDS: Final = 200


@dataclass(frozen=True, slots=True)
class PostedCard:
    """One message of a channel."""

    number: int
    """Counts from 1 in the order of arrival."""
    arrived: datetime
    card: Json
    channel: str
    """The path of the webhook that it came by."""
    recipient: str = ""
    """Whom a flow writes to in a chat; empty for a message in a channel."""


class Channels:
    """Channels that take Adaptive Cards through webhooks; the latest cards of all are kept."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        on_change: Callable[[], None] = lambda: None,
        kept: int | None = KEPT_CARDS,
    ) -> None:
        """Start empty; `on_change` is called after each call that brought cards; `kept` of None keeps all."""
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._cards: deque[PostedCard] = deque(maxlen=kept)
        self._count = 0

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one call of a webhook as Workflows does: accepted at once, with the id of a run."""
        if request.method != "POST":
            return refusal(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", "The trigger takes POST only.")
        if request.header("Authorization"):
            return unauthorized()
        try:
            cards, recipient = cards_of(request), recipient_of(request)
        except (EnvelopeError, ValueError) as wrong:
            return refusal(HTTPStatus.BAD_REQUEST, "TriggerInputSchemaMismatch", str(wrong))
        if any(stored_size(card) > MOST_BYTES for card in cards):
            return refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", "The card is too large."
            )
        with self._lock:
            for card in cards:
                self._count += 1
                self._cards.append(PostedCard(self._count, self._clock(), card, request.path, recipient))
        self._on_change()
        run_id = f"0858{secrets.randbelow(10**16):016}CU00"
        return HttpAnswer(HTTPStatus.ACCEPTED, headers={"x-ms-workflow-run-id": run_id})

    def cards(self, *, after: int = 0) -> list[PostedCard]:
        """Return the messages that came after that number, oldest first."""
        with self._lock:
            return [posted for posted in self._cards if posted.number > after]


def stored_size(card: Json) -> int:
    """Return how many bytes the card takes once it is a text inside another JSON document."""
    text = json.dumps(card, ensure_ascii=False)
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def cards_of(request: HttpRequest) -> list[Json]:
    """Return the cards of a webhook call, or say what its envelope lacks."""
    if not request.is_json:
        raise EnvelopeError("the content type is not application/json")
    envelope = request.json()
    if not isinstance(envelope, dict) or envelope.get("type") != "message":
        raise EnvelopeError("'type' is not 'message'")
    attachments = envelope.get("attachments")
    if not isinstance(attachments, list) or not attachments:
        raise EnvelopeError("'attachments' is not a list of cards")
    return [_card_of(attachment) for attachment in attachments]


def recipient_of(request: HttpRequest) -> str:
    """Return whom a flow is to write to, from a webhook call that is a message; empty for a channel."""
    recipient = request.json().get("recipient")
    return recipient if isinstance(recipient, str) else ""


def _card_of(attachment: object) -> Json:
    if not isinstance(attachment, dict) or attachment.get("contentType") != CARD_TYPE:
        raise EnvelopeError(f"an attachment's 'contentType' is not '{CARD_TYPE}'")
    if attachment.get("contentUrl", "") is not None:
        raise EnvelopeError("an attachment's 'contentUrl' is not there, or not null")
    card = attachment.get("content")
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard":
        raise EnvelopeError("an attachment's 'content' is not an AdaptiveCard")
    return card


def unauthorized() -> HttpAnswer:
    """Refuse a call that sends a token, or lacks the signature of the address."""
    text = "Anyone who knows the address may call; send no token."
    return refusal(HTTPStatus.UNAUTHORIZED, "DirectApiAuthorizationRequired", text)


def refusal(status: int, code: str, message: str) -> HttpAnswer:
    """Answer with an error in the shape that Power Automate uses."""
    return json_answer(status, {"error": {"code": code, "message": message}})
