"""Every sentence that an answer can show; those about a request itself are in `cards/strings.py`."""

from maa_notify.cards.names import quoted
from maa_notify.cards.strings import ALL_REQUESTS

PRODUCT = "Multi Admin Approval"
HELLO = "MAA Notify is here"
HELP_TITLE = "What you can ask"
ONLY_READS = (
    "I read what the last poll knew of Intune and never decide: requests are approved, rejected and completed"
    " in Intune alone."
)
PRIVATE = "Here you are told of requests of your own only."
TEAM = "Everybody in this channel can read the answers."

COMMANDS = {
    "pending": "the requests that wait for a decision",
    "mine": "the requests that you filed",
    "status KEY": "one request, by the key on its card",
    "who approved NAME": "who asked for and who decided a change, also long ago: who deleted NAME in march",
    "help": "this list",
}
"""What can be asked, and what it answers; also in the manifest of the Teams app."""

NOTHING_PENDING = "No request waits for a decision."
NOTHING_PENDING_OF_YOURS = "No request of yours waits for a decision."
NOTHING_OF_YOURS = "No request of yours is listed."
NOT_FOUND = "No request that you can see here has this key."
NEVER_POLLED = "No poll has succeeded yet, so nothing is known."
NOTHING_REMEMBERED = "No request that you can see here fits the question."
REMEMBERED = "As polls saw it: Intune itself forgets a request 30 days after its last change."
LOOK_NOTED = "Noted: you are looking at it. Its cards say so within a poll or two, for half an hour."
LOOK_TAKEN_OVER = "Noted: you have taken it over. Its cards say so within a poll or two, for half an hour."
LOOK_KNOWN = "You are looking at it already; the cards say so."
LOOK_NOT_YOURS = "Only somebody who can decide this request can say that they are looking at it."
LOOK_SETTLED = "This request waits for no decision any more."
_NAME_LIMIT = 120
_MORE = f"Look in Intune under {ALL_REQUESTS}."


def pending(count: int) -> str:
    """The title of a list of all open requests of the tenant."""
    return "1 request waits for a decision" if count == 1 else f"{count} requests wait for a decision"


def pending_of_yours(count: int) -> str:
    """The title of a list of the asker's own open requests."""
    return (
        "1 request of yours waits for a decision"
        if count == 1
        else f"{count} requests of yours wait for a decision"
    )


def of_yours(count: int) -> str:
    """The title of a list of all requests that the asker filed."""
    return "1 request of yours" if count == 1 else f"{count} requests of yours"


def with_this_key(count: int) -> str:
    """The title when one key means several requests, which is rare."""
    return f"{count} requests have this key"


def remembered(count: int) -> str:
    """The title of a list of requests that fit a question, of any age."""
    return f"{count} requests fit the question"


def looked_for(name: str, verb: str, time: str) -> str:
    """How a question was understood: a name as the asker wrote it, a verb, a time; "" for any."""
    told = f"Looked for {quoted(name, _NAME_LIMIT)}" + (f" and {verb}" if verb else "")
    return f"{told}, {time or 'at any time'}."


def days(first: str, last: str) -> str:
    """From one day to another, both included; "" for none."""
    if first == last:
        return first and f"on {first}"
    return " ".join(filter(None, (first and f"from {first}", last and f"until {last}")))


def asked_by(name: str) -> str:
    """Who filed a request."""
    return f"asked by {name}"


def decided_by(name: str) -> str:
    """Who approved or rejected a request."""
    return f"decided by {name}"


def left_unsaid(count: int) -> str:
    """How many earlier requests a list leaves out."""
    return (
        "1 earlier one is not shown: name a time."
        if count == 1
        else f"{count} earlier ones are not shown: name a time."
    )


def left_out(count: int) -> str:
    """How many requests a list leaves out."""
    return f"1 more is not shown. {_MORE}" if count == 1 else f"{count} more are not shown. {_MORE}"


def as_of(moment: str) -> str:
    """The time of the last good poll, from which an answer is made."""
    return f"As Intune listed it at {moment}."
