"""Which requests a question is about: by object, verb, person, policy type and time. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from maa_notify.cards.text import visible
from maa_notify.domain.event import key_typed, short_key
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import Identity
from maa_notify.insight.span import ALWAYS, Span
from maa_notify.insight.verbs import is_verb_of

_KEY = re.compile(r"[0-9a-z]{6}(-[0-9]{1,5})?", re.IGNORECASE | re.ASCII)


class Query(Struct, frozen=True):
    """What is asked for; "" for anything.

    Attributes:
        text: part of the object's name, of a device's name or of its serial number, in any case.
        verb: what was done, as `is_verb_of` takes it.
        person: part of the name or the account, or the id, of whoever asked or decided.
        policy_type: as Graph spells it, in any case.
        span: when it was filed, decided or closed.
        key: the short key of the request, in any case.
    """

    text: str = ""
    verb: str = ""
    person: str = ""
    policy_type: str = ""
    span: Span = ALWAYS
    key: str = ""

    @property
    def needle(self) -> str:
        """Words that all that fits holds somewhere in this order, as `folded` reads it; "" for none."""
        return folded(self.text) or folded(self.person)

    @property
    def is_of_something(self) -> bool:
        """Whether it asks for more than a time."""
        return bool(
            folded(self.text) or folded(self.person) or self.verb.strip() or self.policy_type or self.key
        )

    def fits(self, record: RequestRecord) -> bool:
        """Whether a request is asked for."""
        request = record.request
        return (
            (self.span == ALWAYS or self.span.holds_any(record.moments))
            and (not folded(self.text) or holds_any(self.text, names_of(record)))
            and (not folded(self.person) or any(is_called(self.person, each) for each in people_of(record)))
            and (not self.key or key_in(self.key) == short_key(request.id))
            and (not self.policy_type or self.policy_type.lower() in map(str.lower, request.policy_types))
            and (not self.verb or is_verb_of(self.verb, request))
        )


def is_like_key(text: str) -> bool:
    """Whether a text has the form of a short key, with a revision or without."""
    return _KEY.fullmatch(text.strip()) is not None


def key_in(text: str) -> str:
    """The short key that a text stands for, without its revision."""
    return key_typed(text.strip().partition("-")[0])


def names_of(record: RequestRecord) -> list[str]:
    """All names by which people may know the object of a request, also those that it had before."""
    target = record.request.target
    devices = (name for each in target.first_devices for name in (each.name, each.serial_number))
    names = (target.name, target.serial_number, *devices, *record.state.former_names)
    return [each for each in names if each]


def people_of(record: RequestRecord) -> tuple[Identity, ...]:
    """Whoever asked or decided."""
    return record.request.requestor, record.approver, *(step.by for step in record.state.steps)


def is_called(person: str, identity: Identity) -> bool:
    """Whether people may mean somebody by this part of a name or account, or by the whole id."""
    is_id = bool(identity.id) and person.strip().lower() == identity.id.lower()
    return is_id or holds_any(person, (identity.name, identity.upn))


def holds_any(part: str, texts: Iterable[str]) -> bool:
    """Whether one of the texts holds this part, as `folded` reads both."""
    wanted = folded(part)
    return any(wanted in folded(each) for each in texts if each)


@lru_cache(maxsize=4_096)  # a tenant's people are few, and a search looks at their names in all requests
def folded(text: str) -> str:
    """A text as it is compared: as people see it, without case, with one spelling of each letter.

    Names are copied from cards, which hold invisible breaks, and may hold such characters themselves so that
    nobody finds them. The two letters i of Turkish count as one.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    seen = unicodedata.normalize("NFKC", visible(text)).casefold()
    return unicodedata.normalize("NFKC", seen.replace("i\u0307", "i").replace("\u0131", "i"))
