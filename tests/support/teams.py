"""Channels behind Workflows webhooks, on a real socket.

A test hands out the address and looks at the cards that came::

    with FakeTeams() as teams:
        teams.fail_next(reply(429, headers={"Retry-After": "3"}))
        ...
        assert [card["type"] for card in teams.cards] == ["AdaptiveCard"]
        assert teams.secret not in caplog.text
"""

from __future__ import annotations

import secrets
import threading
import uuid
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from tests.support.wire import Fake, Fault, Faults, HttpResponse, Seen, reply

if TYPE_CHECKING:
    import ssl

CARD_TYPE = "application/vnd.microsoft.card.adaptive"
GENERAL = "general"


class FakeTeams(Fake):
    """Any number of channels, each behind the webhook address of its own flow."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        """Open the channel ``general``."""
        super().__init__(tls=tls)
        self.secret = secrets.token_urlsafe(32)
        """The signature inside every address: it must show up nowhere else."""
        self._changed = threading.Condition()
        self._channels: dict[str, str] = {}
        self._cards: list[tuple[str, dict[str, Any]]] = []
        self._faults = Faults()

    @property
    def url(self) -> str:
        """The webhook address of the channel ``general``."""
        return self.url_for(GENERAL)

    def url_for(self, channel: str) -> str:
        """Return the webhook address of a channel, which is opened by asking."""
        workflow = uuid.uuid5(uuid.NAMESPACE_OID, channel).hex
        path = f"/powerautomate/automations/direct/workflows/{workflow}/triggers/manual/paths/invoke"
        with self._changed:
            self._channels[path] = channel
        query = f"api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={self.secret}"
        return f"{self._server.url}{path}?{query}"

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards of all channels in order of arrival, none that was refused."""
        with self._changed:
            return [card for _, card in self._cards]

    def cards_in(self, channel: str) -> list[dict[str, Any]]:
        """Return the cards of one channel in order of arrival."""
        with self._changed:
            return [card for where, card in self._cards if where == channel]

    def wait_for(self, count: int, timeout: float = 10.0) -> list[dict[str, Any]]:
        """Return the cards as soon as there are that many; fail when time runs out."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._cards) >= count, timeout):
                message = f"{len(self._cards)} of {count} cards arrived within {timeout} s"
                raise AssertionError(message)
        return self.cards

    def fail_next(self, *answers: HttpResponse, channel: str = GENERAL, posted: bool = False) -> None:
        """Give these answers to the channel's next posts; with ``posted`` the card shows up all the same."""
        self._faults.add(channel, *answers, posted=posted)

    def answer_all(self, answer: HttpResponse | None, channel: str = GENERAL) -> None:
        """Give one answer to all posts of a channel until told otherwise; None ends the outage."""
        self._faults.answer_all(channel, answer)

    def _serve(self, seen: Seen) -> HttpResponse:
        """Answer one post as the flow's trigger would, or as scripted."""
        with self._changed:
            channel = self._channels.get(seen.path)
            if channel is None:
                return flow_error(404, "WorkflowNotFound", "The workflow could not be found.")
            answer, posted = self._faults.take(channel) or self._decision(seen)
            if posted:
                self._post(channel, seen)
            return answer

    def _post(self, channel: str, seen: Seen) -> None:
        """Show every attachment as a card of its own."""
        self._cards.extend((channel, attachment["content"]) for attachment in seen.json()["attachments"])
        self._changed.notify_all()

    def _decision(self, seen: Seen) -> Fault:
        """Judge a post: who sends it, then what is in it."""
        if seen.method != "POST":
            return flow_error(405, "MethodNotAllowed", "Only POST starts this workflow."), False
        if seen.params.get("sig") != self.secret or "authorization" in seen.headers:
            return flow_error(401, "DirectApiAuthorizationRequired", "The request is not authorized."), False
        flaw = envelope_flaw(seen)
        if flaw:
            message = f"The input body for trigger 'manual' did not match its schema definition: {flaw}"
            return flow_error(400, "TriggerInputSchemaMismatch", message), False
        return reply(202, headers={"x-ms-workflow-run-id": f"0858{secrets.randbelow(10**16):016}CU00"}), True


def flow_error(status: int, code: str, message: str) -> HttpResponse:
    """Return an error in the shape Power Automate uses."""
    return reply(status, json={"error": {"code": code, "message": message}})


def envelope_flaw(seen: Seen) -> str | None:
    """Say what keeps a post from matching the schema of the trigger, if anything does."""
    if not seen.headers.get("content-type", "").startswith("application/json"):
        return "the content type is not JSON"
    try:
        envelope = seen.json()
    except (JSONDecodeError, UnicodeDecodeError):
        return "the body is not JSON"
    if not isinstance(envelope, dict) or envelope.get("type") != "message":
        return "type is not 'message'"
    attachments = envelope.get("attachments")
    if not isinstance(attachments, list) or not attachments:
        return "attachments is not a filled list"
    return next(filter(None, map(_attachment_flaw, attachments)), None)


def _attachment_flaw(attachment: object) -> str | None:
    """Say what is wrong with one attachment, if anything is."""
    if not isinstance(attachment, dict):
        return "an attachment is not an object"
    if attachment.get("contentType") != CARD_TYPE:
        return "contentType is not that of an Adaptive Card"
    if "contentUrl" not in attachment or attachment["contentUrl"] is not None:
        return "contentUrl is not there as null"
    if not isinstance(attachment.get("content"), dict):
        return "content is not an object"
    return None
