"""What a refusal of the Bot Connector is about: the card, its place, a person, the bot itself, or the moment.

The statuses and codes are those of "Status codes from bot conversational APIs" in the Teams documentation.
It has few codes for many things, so the message counts where the code is as general as `BadSyntax`. An answer
is about a person only by a code of a closed list, or by a message that names the person and nothing else: all
messages to somebody who is given up are lost, so whatever may be about everybody is not about one of them.
"""

import re
from enum import StrEnum
from http import HTTPStatus

from maa_notify.net.client import HttpResponse
from maa_notify.teams.reasons import codes_of, messages_of, reasons_of


class Step(StrEnum):
    """What a call is for."""

    CREATE = "a new card in a channel"
    CHANGE = "another card in the place of one"
    SEND = "a card in a chat or a thread"
    OPEN = "to open a chat with a person"
    LIST = "the channels of a team"


class Fault(StrEnum):
    """What a refusal is about."""

    NOT_NOW = "not now"
    LOST = "not there, without a reason"
    GONE = "the card, the thread or the channel is not there"
    NOBODY = "no such person"
    BARRED = "the app is not there, or blocked"
    RIGHTS = "forbidden to the bot, or by somebody in the place of the service"
    FORBIDDEN = "forbidden, without a reason that is known"
    TOKEN = "the token"  # noqa: S105 - no password
    SETTINGS = "the ids or the address in the settings"
    CARD = "the card"
    OTHER_SERVICE = "answered in the place of the service"
    UNKNOWN = "anything else"


_NOT_NOW = frozenset({408, 409, 412, 423, 425, 429})
_UNFIT = frozenset({400, 413, 422})
_REFUSED = frozenset({*_UNFIT, 403, 404, 410})
_THROTTLED = re.compile(
    "throttl|(?<!size)quota|ratelimit|toomanyrequests|slowdown|tryagain|retrylater|serverbusy|servicebusy|overload"
    "|unavailable|temporar"
)
_ABSENT = "notfound|unknown|notexist|nolonger|deleted|gone|couldnotbefound|isinvalid|notvalid"
_ITSELF = r"(?!type|\w{0,24}(service|server|endpoint|route|host|store|handler))"
"""Behind a noun: neither its type nor the machine that keeps it, which may be missing for a while."""
_PLACE = re.compile(
    rf"(activity|message|conversation|channel|thread|chat|team|topic){_ITSELF}\w{{0,24}}({_ABSENT})"
)
_CONVERSATION = re.compile(rf"(conversation|chat|thread){_ITSELF}\w{{0,24}}({_ABSENT})")
_MESSAGE = re.compile(
    rf"(activity|message){_ITSELF}\w{{0,24}}({_ABSENT})"
    r"|(unknown|invalid|nosuch|deleted|cannotfind|couldnotfind|failedtofind|no)(activity|message)(id|with|$)"
    r"|unknown(activity|message)(?!type)"
)
_PERSON = "(user|member|recipient|person)"
_NO_PERSON = "(no|nosuch|unknown|invalid|deleted|cannotfind|couldnotfind|failedtofind|couldnotresolve)"
_IS_ABSENT = (
    "(was|is|are|has|does|do|could|can|been|be)*"
    "(notfound|notbefound|cannotbefound|unknown|notexist|doesntexist|notvalid|invalid|deleted|disabled|removed|gone"
    "|nolongerexists|nolongervalid|nolongerthere)"
)
_THE_PERSON = (
    rf"(the|this|that|a|given|specified|provided|requested|target)*{_PERSON}(object|account|identity|id)*"
    "(with)?(the)?(given|specified|provided|requested)?(object|id|identity)*[0-9a-f]{0,40}"
)
_WHERE = (
    "((in|of|for|from)(the|this|given|specified|provided|a)*(tenant|organi[sz]ation|directory|conversation))?"
)
_NOBODY_CODE = re.compile(
    rf"{_PERSON}(account|identity|id)?{_IS_ABSENT}{_WHERE}"
    rf"|{_NO_PERSON}{_PERSON}(account|identity|id)?{_WHERE}"
)
_NOBODY = re.compile(rf"{_THE_PERSON}{_IS_ABSENT}{_WHERE}|{_NO_PERSON}{_THE_PERSON}{_WHERE}")
_BARRED_CODE = re.compile(
    "forbiddenoperation(exception)?|messagewritesblocked|conversationblockedbyuser|botblockedbyuser|userblockedbot"
    "|botnotinconversationroster|(bot|app)(is)?notinstalled(foruser)?"
)
_THE_APP = "(the|this)?(bot|app|application)"
_BARRED = re.compile(
    rf"{_THE_APP}(is|was)?not(a)?(part|member)of(the|this)?conversation(roster)?"
    rf"|{_THE_APP}(is|was|has)?(not(been)?installed|uninstalled|blocked(?=bythe|byuser|byperson))"
    "((for|by|in|from)(the|this)?(user|person|recipient|conversation|chat)(s)?(personalscope)?)?"
    rf"|(the|this)?(user|person|recipient)(has)?(blocked|uninstalled)(the|this)?(conversationwith)?{_THE_APP}"
)
_GENERIC = re.compile(
    r"\d*|error|gone|badsyntax|badargument|badrequest|invalidrequest|notfound|resourcenotfound|forbidden|unknown"
    "|unknownerror|serviceerror|generalexception|accessdenied"
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
_DISABLED = re.compile("disabledbyadmin|disabledthisbot")
"""By the tenant's administrator: documented without a word of the person, so it may be for everybody."""
_RIGHTS = re.compile("permission|authori|authenticat|pairwise|tenant")


def fault_of(response: HttpResponse, step: Step) -> Fault:
    """What a refusal is about, of which a success with a web page is one."""
    status = response.status
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return Fault.OTHER_SERVICE
    if status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Fault.NOT_NOW
    named = _fault_in_words(response, step) if status in _REFUSED else None
    if named is not None:
        return named
    if response.is_web_page and status != HTTPStatus.NOT_FOUND:
        return Fault.OTHER_SERVICE
    by_status = {
        HTTPStatus.UNAUTHORIZED: Fault.TOKEN,
        HTTPStatus.FORBIDDEN: _fault_of_403(response),
        HTTPStatus.NOT_FOUND: Fault.LOST,
        HTTPStatus.GONE: Fault.LOST if step in {Step.CHANGE, Step.SEND} else Fault.UNKNOWN,
        **dict.fromkeys(_UNFIT, Fault.CARD),
    }
    return by_status.get(status, Fault.UNKNOWN)


def _fault_in_words(response: HttpResponse, step: Step) -> Fault | None:
    """What the codes and messages of a refusal name; None when they name nothing that is known."""
    status, reasons = response.status, reasons_of(response)
    is_open, is_unfit = step is Step.OPEN, status in _UNFIT
    place = _place(status, step)
    is_there = place is None or not any(map(place.search, reasons))
    found = (
        # A message about a card may quote any word of it.
        (any(map(_THROTTLED.search, codes_of(response) if is_unfit else reasons)), Fault.NOT_NOW),
        (_is_said(response, _BARRED_CODE, _BARRED), Fault.BARRED),
        (status == HTTPStatus.FORBIDDEN and _BLOCKED_NUMBER in reasons, Fault.BARRED),
        (status == HTTPStatus.FORBIDDEN and any(map(_DISABLED.search, reasons)), Fault.RIGHTS),
        (any(map(_TOKEN.search, reasons)), Fault.TOKEN),
        (is_open and _is_said(response, _NOBODY_CODE, _NOBODY), Fault.NOBODY),
        (not is_there, Fault.GONE),
        # In a card, people are mentioned by their ids.
        (is_unfit and not is_open and _is_said(response, _NOBODY_CODE, _NOBODY), Fault.CARD),
        (any(map(_SETTINGS.search, reasons)), Fault.SETTINGS),
    )
    return next((fault for is_it, fault in found if is_it), None)


def _place(status: int, step: Step) -> re.Pattern[str] | None:
    """What a refusal with this status can say to be gone; None for nothing.

    Whoever opens a chat names no place, so that an answer that misses one makes no sense.
    """
    if step is Step.OPEN or status == HTTPStatus.FORBIDDEN:
        return None
    if status in _UNFIT:
        return _MESSAGE if step in {Step.CHANGE, Step.SEND} else None
    return _CONVERSATION if step is Step.SEND else _PLACE


def _is_said(response: HttpResponse, code: re.Pattern[str], message: re.Pattern[str]) -> bool:
    """Whether a refusal says one thing and nothing else: by a code, or by a message beside general codes."""
    codes = codes_of(response)
    if not all(code.fullmatch(each) or _GENERIC.fullmatch(each) for each in codes):
        return False
    return any(map(code.fullmatch, codes)) or any(map(message.fullmatch, messages_of(response)))


def _fault_of_403(response: HttpResponse) -> Fault:
    """Who is forbidden what: the bot, by what is said or by a gateway, or perhaps one person's chat.

    The service has more codes for an app that is missing or blocked than its documentation, and some 403 in
    its own form have none, so that these are about this conversation only, as far as anybody knows.
    """
    is_its_own = isinstance((response.json_object() or {}).get("error"), dict)
    blames_the_bot = any(map(_RIGHTS.search, reasons_of(response)))
    return Fault.FORBIDDEN if is_its_own and not blames_the_bot else Fault.RIGHTS
