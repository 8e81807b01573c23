"""A Teams channel, or a chat, behind a Workflows (Power Automate) webhook.

`pymsteams` has the shape of a webhook message and its `send()`. Its own `send()` is not safe for this job: it
follows redirects (which hands the card to another host), hides status and `Retry-After`, reads an answer of
any size, and its errors hold the URL, whose signature is the only credential there is. So the message class
below sends itself over our own bounded exchange and keeps the rest.

An answer of 202 means that a run of the flow has started, not that the card was posted. Nothing better can be
had from a webhook (connector reference "Microsoft Teams", Power Automate).
"""

import json
import re
from http import HTTPStatus

import pymsteams

from maa_notify.delivery.sender import Message, Receipt
from maa_notify.errors import CardRefused, DeliveryError, DestinationRefused, DestinationUnavailable
from maa_notify.identity.secret import Secret
from maa_notify.net.client import HttpClient, HttpResponse, Limits, NoResponseError

_CARD_TYPE = "application/vnd.microsoft.card.adaptive"
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "maa-notify"}
_LIMITS = Limits()
_PROBE_SECONDS = 5.0
_MESSAGE_ID = re.compile(r"[A-Za-z0-9:@._;=-]{1,200}")
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCEPTED = frozenset({200, 202})
_CARD_REFUSED = frozenset({400, 413, 422})
_NOT_NOW = frozenset({408, 425, 429})
_ADVICE = {
    401: "the flow wants a sign-in or the URL lost its signature: copy the webhook URL again",
    403: "the flow does not accept callers without a sign-in: set its trigger to 'Anyone'",
    404: "the flow was deleted, turned off, or its URL was renewed",
    410: "the flow is gone",
}
_FLOW_OFF = "WorkflowTriggerIsNotEnabled"
"""Comes with 400, as an unfit card does, for a flow that is turned off or deleted."""


class WebhookMessage(pymsteams.connectorcard):  # type: ignore[misc] # pymsteams has no types
    """One message for a webhook; it is sent without following redirects, and errors do not show the URL."""

    def __init__(self, url: str, message: Message, client: HttpClient, limits: Limits) -> None:
        """Wraps a card in the envelope that the Workflows trigger insists on, empty fields included.

        What stands beside the attachments goes into the flow as it is; the standard template ignores it.
        """
        super().__init__(url)
        self._client = client
        self._limits = limits
        extras = {"summary": message.summary, "recipient": message.recipient}
        self.payload = {
            "type": "message",
            **{key: value for key, value in extras.items() if value},
            "attachments": [{"contentType": _CARD_TYPE, "contentUrl": None, "content": message.card}],
        }

    def send(self) -> bool:
        """Posts the message; the response is in `last_http_response`.

        Raises:
            NoResponseError: no complete answer came.
        """
        text = json.dumps(self.payload, ensure_ascii=False, separators=(",", ":"))
        content = text.encode("utf-8", "replace")
        self.last_http_response = self._client.request(
            "POST", self.hookurl, headers=_HEADERS, content=content, limits=self._limits
        )
        return bool(self.last_http_response.status in _ACCEPTED)


class WorkflowsWebhook:
    """A sender for one webhook, which can only add cards, not update them."""

    updates_cards = False

    def __init__(self, name: str, url: Secret, limits: Limits = _LIMITS) -> None:
        """`name` is what errors call it; the URL is a credential and appears nowhere."""
        self._name = name
        self._url = url
        self._limits = limits
        self._client = HttpClient(url.reveal())

    def post(self, message: Message) -> Receipt:
        """Posts a message."""
        webhook = WebhookMessage(self._url.reveal(), message, self._client, self._limits)
        try:
            accepted = webhook.send()
        except NoResponseError as error:
            if error.before_sending:
                raise DestinationRefused(f"destination {self._name!r} cannot be reached: {error}") from None
            raise DestinationUnavailable(f"destination {self._name!r}: {error}", in_doubt=True) from None
        response: HttpResponse = webhook.last_http_response
        if not accepted:
            raise self._refusal(response)
        run_id = response.headers.get("x-ms-workflow-run-id", "")
        return Receipt(run_id if _RUN_ID.fullmatch(run_id) else "", _message_id(response))

    def answers(self) -> bool:
        """Whether anything is answered at the webhook's address; asks with GET, which starts no flow."""
        limits = Limits(seconds=min(_PROBE_SECONDS, self._limits.seconds))
        try:
            response = self._client.request("GET", self._url.reveal(), headers={}, limits=limits)
        except NoResponseError:
            return False
        return response.status < HTTPStatus.INTERNAL_SERVER_ERROR and response.status not in _NOT_NOW

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _refusal(self, response: HttpResponse) -> DeliveryError:
        status = response.status
        who = f"destination {self._name!r} answered {status}"
        if _code_of(response) == _FLOW_OFF:
            return DestinationRefused(f"{who}: {_ADVICE[404]}")
        if status in _CARD_REFUSED:
            return CardRefused(f"{who}: it does not take this card")
        if status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return DestinationUnavailable(who, response.retry_after)
        advice = _ADVICE.get(status, "this is no Workflows webhook: check its URL in the settings")
        return DestinationRefused(f"{who}: {advice}")


def _message_id(response: HttpResponse) -> str:
    """The message id in a flow's response, if its owner added a Response step after the post; else ""."""
    message_id = (response.json_object() or {}).get("messageId")
    text = str(message_id) if isinstance(message_id, str | int) else ""
    return text if _MESSAGE_ID.fullmatch(text) else ""


def _code_of(response: HttpResponse) -> object:
    """The service's error code, to compare; it is never shown."""
    error = (response.json_object() or {}).get("error")
    return error.get("code") if isinstance(error, dict) else None
