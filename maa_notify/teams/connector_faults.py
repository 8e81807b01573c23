"""What a refusal of the Bot Connector is about: the card, its place, a person, the bot itself, or the moment.

The statuses and codes are those of "Status codes from bot conversational APIs" in the Teams documentation.
It has few codes for many things, so the message counts where the code is as general as `BadSyntax`. An answer
that says nothing of its reason is never about a person.
"""

import re
from enum import StrEnum
from http import HTTPStatus

from maa_notify.net.client import HttpResponse
from maa_notify.teams.reasons import reasons_of


class Fault(StrEnum):
    """What a refusal is about."""

    NOT_NOW = "not now"
    LOST = "not there, without a reason"
    GONE = "the card, the thread or the channel is not there"
    NOBODY = "no such person"
    BARRED = "the app is not there, or blocked"
    FORBIDDEN = "forbidden for another reason"
    TOKEN = "the token"  # noqa: S105 - no password
    SETTINGS = "the ids or the address in the settings"
    CARD = "the card"
    OTHER_SERVICE = "answered in the place of the service"
    UNKNOWN = "anything else"


_NOT_NOW = frozenset({408, 409, 412, 423, 425, 429})
_UNFIT = frozenset({400, 413, 422})
_REFUSED = frozenset({*_UNFIT, 403, 404, 410})
_ABSENT = "notfound|unknown|notexist|nolonger|deleted|gone|couldnotbefound|isinvalid|notvalid|notintenant"
_NO_SUCH = "unknown|invalid|nosuch|deleted|cannotfind|couldnotfind|failedtofind|no"
_PLACE = re.compile(
    rf"(activity|message|conversation|channel|thread|chat|team|topic)(?!type)\w{{0,24}}({_ABSENT})"
)
_MESSAGE = re.compile(
    rf"(activity|message)(?!type)\w{{0,24}}({_ABSENT})"
    rf"|({_NO_SUCH})(activity|message)(id|with|$)|unknown(activity|message)(?!type)"
)
_NOBODY = re.compile(
    rf"(user|member|recipient|person|identity)\w{{0,24}}({_ABSENT}|disabled)"
    rf"|({_NO_SUCH})(user|member|recipient|person|identity)"
)
_BARRED = re.compile(
    "forbiddenoperation|writesblocked|blocked|notinstalled|uninstalled|roster|disabledbyadmin|disabledthisbot"
)
_BLOCKED_NUMBER = "209"
"""`errorCode` of `MessageWritesBlocked`."""
_TOKEN = re.compile("botnotregistered|registrationforthisbot|botisnotregistered|botregistration")
_SETTINGS = re.compile(
    r"(parse|invalid|unknown|missing|bad|wrong|malformed)\w{0,12}tenant"
    r"|tenant\w{0,12}(notfound|unknown|invalid|notvalid|missing|mismatch|required|notparsed|couldnot|disabled)"
    r"|bot(id|appid)?(is|was)?(notfound|unknown|invalid|notvalid)|(invalid|unknown|unregistered|bad)\w{0,8}bot"
    r"|apihost|serviceurl|appid|conversation(id|creation)|channelid|threadid"
)
_RIGHTS = re.compile("permission|authori|authenticat|pairwise|tenant")


def fault_of(response: HttpResponse, *, creates: bool = False) -> Fault:
    """What a refusal is about, of which a success with a web page is one.

    `creates` says that the call was to open a conversation, so that it named no message.
    """
    status = response.status
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return Fault.OTHER_SERVICE
    if status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Fault.NOT_NOW
    named = _fault_in_words(status, reasons_of(response), creates=creates) if status in _REFUSED else None
    if named is not None:
        return named
    if response.is_web_page and status not in _UNFIT | {HTTPStatus.NOT_FOUND}:
        return Fault.OTHER_SERVICE
    by_status = {
        HTTPStatus.UNAUTHORIZED: Fault.TOKEN,
        HTTPStatus.FORBIDDEN: _fault_of_403(response),
        HTTPStatus.NOT_FOUND: Fault.LOST,
        HTTPStatus.GONE: Fault.UNKNOWN if creates else Fault.GONE,
        **dict.fromkeys(_UNFIT, Fault.CARD),
    }
    return by_status.get(status, Fault.UNKNOWN)


def _fault_in_words(status: int, reasons: list[str], *, creates: bool) -> Fault | None:
    """What the codes and messages of a refusal name; None when they name nothing that is known."""
    place = _PLACE if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} else _MESSAGE
    kinds = [
        (_BARRED, Fault.BARRED, status not in _UNFIT),
        (_TOKEN, Fault.TOKEN, True),
        (_NOBODY, Fault.NOBODY, True),
        (place, Fault.GONE, status != HTTPStatus.FORBIDDEN and (status not in _UNFIT or not creates)),
        (_SETTINGS, Fault.SETTINGS, True),
    ]
    if _BLOCKED_NUMBER in reasons and status == HTTPStatus.FORBIDDEN:
        return Fault.BARRED
    found = (fault for kind, fault, fits in kinds if fits and any(map(kind.search, reasons)))
    return next(found, None)


def _fault_of_403(response: HttpResponse) -> Fault:
    """The app, for an error in the service's own form, unless that names the bot's rights or tenant.

    The service has more codes for an app that is missing or blocked than its documentation.
    """
    is_its_own = isinstance((response.json_object() or {}).get("error"), dict)
    blames_the_bot = any(map(_RIGHTS.search, reasons_of(response)))
    return Fault.BARRED if is_its_own and not blames_the_bot else Fault.FORBIDDEN
