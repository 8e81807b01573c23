"""A Teams channel, or a chat, behind a Workflows (Power Automate) webhook.

`pymsteams` has the shape of a webhook message and its `send()`. Its own `send()` is not safe for this job: it
follows redirects (which hands the card to another host), hides status and `Retry-After`, reads an answer of
any size, and its errors hold the URL, whose signature is the only credential there is. So the message class
below sends itself over our own bounded exchange and keeps the rest.

An answer of 202 means that a run of the flow has started, not that the card was posted. Nothing better can be
had from a webhook (connector reference "Microsoft Teams", Power Automate). A flow with a step "Response" may
answer any status, with JSON, plain text or nothing; a web page comes from somebody who stands in its place.
"""

import json
import re
from http import HTTPStatus

import pymsteams

from maa_notify.delivery.sender import Message, Receipt
from maa_notify.errors import CardRefused, DeliveryError, DestinationRefused, DestinationUnavailable
from maa_notify.identity.secret import Secret
from maa_notify.net.client import HttpClient, HttpResponse, Limits, NoResponseError
from maa_notify.net.deadline import time_limit
from maa_notify.teams.reasons import codes_of, may_have_arrived, messages_of

_CARD_TYPE = "application/vnd.microsoft.card.adaptive"
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "maa-notify"}
_LIMITS = Limits(seconds=300.0)  # the message itself says when its post has to be over
_PROBE_SECONDS = 5.0
_MESSAGE_ID = re.compile(r"[A-Za-z0-9:@._;=-]{1,200}")
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FOR_BROWSERS = re.compile(
    r"(image|video|audio|font)/.*|(text|application)/((x-)?(java|ecma)script|css|wasm|pdf)"
)
"""The media types of what no flow answers; any other, and none, may be that of a flow's step "Response"."""
_CARD_REFUSED = frozenset({400, 413, 422})
_NOT_NOW = frozenset({408, 409, 423, 425, 429})
_COPY = "copy the webhook URL again"
_ADVICE = {
    401: f"the flow wants a sign-in or the URL lost its signature: {_COPY}",
    403: "the flow does not accept callers without a sign-in: set its trigger to 'Anyone'",
    404: "the flow was deleted, turned off, or its URL was renewed",
    410: "the flow is gone",
}
_PAGE = (
    "with a web page, which no flow does: a proxy, a firewall or a sign-in page of the network stands in its"
    " place, or the URL is not that of a flow; the card is kept"
)
_NO_VERSION = f"the URL lost its api-version: {_COPY}"
_ABOUT_THE_ADDRESS = (
    (re.compile("apiversion|noregisteredprovider"), _NO_VERSION),
    (
        re.compile(
            "authori|authenticat|oauth|signature|sharedaccess|accesskey|sas(token|key|expired)|invalidsas"
        ),
        _ADVICE[401],
    ),
    (
        re.compile(
            "requesturi|requesturl|requestpath|requestquery|query(string|param)|callbackurl|invalid(uri|url|path)"
            "|(missing|required)param|trigger(name|type|kind)|(invalid|incorrect|unknown)(workflow)?trigger$"
        ),
        f"the URL is not whole, or not that of this flow: {_COPY}",
    ),
    (
        re.compile("subscription|tenant|environment|moved|migrated|policy|route|invalidur[il]|host"),
        f"the flow's environment was moved, disabled or forbids the call: see Power Automate, and {_COPY}",
    ),
    (re.compile("notenabled|disabled|suspended|stopped|notfound|deleted|expired|gone"), _ADVICE[404]),
)
"""Codes of Logic Apps and Azure that come with 400, as an unfit card does, but blame the address or flow."""
_ABOUT_THE_CARD = re.compile(
    "schema|template|card|content|payload|json|attachment|body|expression|toolarge|sizelimit|toobig|toolong"
)
_BUSY = re.compile("throttl|(?<!size)quota|ratelimit|toomanyrequests|serverbusy|serverunavailable|inprogress")
_NAMES_THE_VERSION = re.compile(
    r"apiversion(?=.*(parameter|required|missing|supported|invalid|query|specified))"
)


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
        return _is_accepted(self.last_http_response)


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
            with time_limit(message.seconds):
                accepted = webhook.send()
        except NoResponseError as error:
            if error.before_sending:
                raise DestinationRefused(f"destination {self._name!r} cannot be reached: {error}") from None
            raise DestinationUnavailable(f"destination {self._name!r}: {error}", in_doubt=True) from None
        response: HttpResponse = webhook.last_http_response
        if not accepted:
            raise self._refusal(response)
        return Receipt(_run_id(response), _message_id(response))

    def answers(self) -> bool:
        """Whether anything is answered at the webhook's address; asks with GET, which starts no flow."""
        limits = Limits(seconds=min(_PROBE_SECONDS, self._limits.seconds))
        try:
            with time_limit(_PROBE_SECONDS):
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
        if _is_success(response):
            return DestinationRefused(f"{who} {_PAGE}")
        has_run = bool(_run_id(response))
        is_busy = status in _NOT_NOW or any(map(_BUSY.search, codes_of(response)))
        if has_run or is_busy or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            in_doubt = has_run or may_have_arrived(status)
            return DestinationUnavailable(who, response.retry_after, in_doubt=in_doubt)
        blamed = "" if status in _ADVICE else _advice_of_codes(response)
        is_page = response.is_web_page and not any(map(_ABOUT_THE_CARD.search, codes_of(response)))
        if status in _CARD_REFUSED and not blamed and not is_page:
            return CardRefused(f"{who}: it does not take this card")
        if response.is_web_page:
            return DestinationRefused(f"{who} {_PAGE}")
        advice = blamed or _ADVICE.get(status, "this is no Workflows webhook: check its URL in the settings")
        return DestinationRefused(f"{who}: {advice}")


def _is_success(response: HttpResponse) -> bool:
    return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES


def _is_accepted(response: HttpResponse) -> bool:
    """Whether a flow took the card: any success that can be a flow's, which the id of a run proves."""
    if not _is_success(response) or _run_id(response):
        return _is_success(response)
    is_for_browsers = bool(response.body and _FOR_BROWSERS.fullmatch(response.media_type))
    return not response.is_web_page and not is_for_browsers


def _run_id(response: HttpResponse) -> str:
    run_id = response.headers.get("x-ms-workflow-run-id", "")
    return run_id if _RUN_ID.fullmatch(run_id) else ""


def _message_id(response: HttpResponse) -> str:
    """The message id in a flow's response, if its owner added a Response step after the post; else ""."""
    message_id = (response.json_object() or {}).get("messageId")
    text = str(message_id) if isinstance(message_id, str | int) else ""
    return text if _MESSAGE_ID.fullmatch(text) else ""


def _advice_of_codes(response: HttpResponse) -> str:
    """What to do about a refusal whose codes blame the address or the flow; "" when they do not."""
    codes = codes_of(response)
    blaming = [code for code in codes if not _ABOUT_THE_CARD.search(code)]
    if len(blaming) == len(codes) and any(map(_NAMES_THE_VERSION.search, messages_of(response))):
        return _NO_VERSION
    return next((advice for kind, advice in _ABOUT_THE_ADDRESS if any(map(kind.search, blaming))), "")
