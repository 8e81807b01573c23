"""The news in one breath: what a lock screen shows of a card, and what stands where cards cannot be shown.

It is plain text, and older clients read it as Markdown. So other people's words in it are made safe as on a
card, stand in quotation marks, and lose what Markdown makes links, pictures, code and HTML of.
"""

from datetime import datetime

from maa_notify.cards import strings
from maa_notify.cards.names import quoted
from maa_notify.cards.subject import subject_of
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.event import EventKind, Notice, NoticeKind, RequestEvent
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL, Identity

_PERSON_LIMIT = 32
_OBJECT_LIMIT = 48
_FACTS_OF_AN_ALERT = 2
_PLAIN = str.maketrans("[]<>`|", "()()'/")
"""What Markdown makes links, pictures, HTML and code of, and what stands for it."""


def toast(event: RequestEvent, now: datetime, times: TimeFormat) -> str:
    """Who asks for what, the state and the risk, and by when somebody has to act."""
    who, subject = person(event.request.requestor), subject_of(event.request, _OBJECT_LIMIT)
    what = " ".join(filter(None, [subject.lead, plainly(quoted(subject.name, _OBJECT_LIMIT))]))
    state, until = strings.headline(event, event.risk), _until(event, now, times)
    if event.request.status == NEEDS_APPROVAL and event.kind is EventKind.CREATED:
        nobody = [who] if who == strings.REQUESTOR_NOT_TOLD else []
        told = [strings.asks(who, what), state, *nobody, until]
    else:
        told = [f"{state}: {what}", strings.asked_by(who), until]
    return strings.spoken(told, event.short_key)


def notice_toast(notice: Notice) -> str:
    """What was found; of an alert how bad it is, about what, and by whom."""
    if notice.kind is not NoticeKind.ALERT:
        return strings.spoken([notice.title], notice.short_key)
    lines = [each for each in notice.facts[:_FACTS_OF_AN_ALERT] if each.is_name]
    told = [f"{each.label.lower()} {plainly(quoted(each.value, _OBJECT_LIMIT))}" for each in lines]
    return strings.spoken([f"{notice.severity.capitalize()}: {notice.title}", *told], notice.short_key)


def person(identity: Identity) -> str:
    """A person or application as short as can be, in quotation marks."""
    name = next(
        (
            found
            for each in (identity.name, identity.upn, identity.id)
            if (found := quoted(each, _PERSON_LIMIT))
        ),
        "",
    )
    told = plainly(name) if name else strings.REQUESTOR_NOT_TOLD
    return f"{strings.APPLICATION} {told}" if identity.kind == "application" and name else told


def plainly(text: str) -> str:
    """Safe text without the characters that Markdown knows."""
    return text.translate(_PLAIN)


def _until(event: RequestEvent, now: datetime, times: TimeFormat) -> str:
    """By when somebody has to act, or had to; "" where nobody has to."""
    request = event.request
    is_asked = request.status in {NEEDS_APPROVAL, APPROVED} and event.kind is not EventKind.NO_LONGER_LISTED
    if not is_asked or request.expires_at is None:
        return ""
    return strings.until(event, times.format(request.expires_at), is_past=request.expires_at <= now)
