"""The keys by which people name a request or a notification: those on cards, in logs and in the outbox."""

import re

from maa_notify.domain.event import key_typed, short_key
from maa_notify.domain.notification import Notification

_SHORT = re.compile(r"([0-9A-Z]{6})(?:-([0-9]{1,9}))?", re.ASCII)
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D], "-")
"""What word processors and chats make of a hyphen."""
_AROUND = " #.,;:!?()[]{}<>\"'`“”„‘’«»"  # noqa: RUF001 - what text has around a key
_BARE_ID = re.compile(r"[0-9A-F]{32}", re.ASCII)


def is_request_meant(key: str, request_id: str) -> bool:
    """Whether a key means this request: its id, or its short key with any revision or none, in any case."""
    short = _SHORT.fullmatch(_typed(key))
    named = short is not None and key_typed(short[1]) == short_key(request_id)
    return named or _id_in(_typed(key)) == _id_in(request_id.upper())


def is_meant(key: str, notification: Notification) -> bool:
    """Whether a key means this notification, in upper or lower case.

    It may be the long key, which names one notification; the short key with its revision, as on the card; the
    short key alone or the request's id, which mean all news of that request.
    """
    if notification.key.upper() in {key.strip().upper(), _typed(key)}:
        return True
    short = _SHORT.fullmatch(_typed(key))
    if short is not None and short[2] is not None and int(short[2]) != notification.event.revision:
        return False
    return is_request_meant(key, notification.event.subject_id)


def _typed(key: str) -> str:
    """A key in upper case, without what stands around it in a text or cannot be seen in it."""
    visible = "".join(each for each in key.translate(_DASHES) if each.isprintable())
    return visible.strip(_AROUND).upper()


def _id_in(text: str) -> str:
    """An id in upper case, without the hyphens if it is a GUID."""
    bare = text.replace("-", "")
    return bare if _BARE_ID.fullmatch(bare) else text
