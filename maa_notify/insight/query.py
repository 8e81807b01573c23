"""Which requests a question is about: by object, verb, person, policy type and time. Pure."""

import unicodedata
from collections.abc import Iterable

from msgspec import Struct

from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import ApprovalRequest, Identity
from maa_notify.insight.span import ALWAYS, Span
from maa_notify.insight.verbs import is_verb_of


class Query(Struct, frozen=True):
    """What is asked for; "" for anything.

    Attributes:
        text: part of the object's name, of a device's name or of its serial number, in any case.
        verb: what was done, as `is_verb_of` takes it.
        person: part of the name or the account, or the id, of whoever asked or decided.
        policy_type: as Graph spells it, in any case.
        span: when it was filed, decided or closed.
    """

    text: str = ""
    verb: str = ""
    person: str = ""
    policy_type: str = ""
    span: Span = ALWAYS

    @property
    def needle(self) -> str:
        """A text that everything that fits holds somewhere; "" for none."""
        return self.text.strip() or self.person.strip()

    def fits(self, record: RequestRecord) -> bool:
        """Whether a request is asked for."""
        request = record.request
        return (
            self.span.holds_any(record.moments)
            and (not self.text or holds_any(self.text, names_of(request)))
            and (not self.person or any(is_called(self.person, each) for each in people_of(record)))
            and (not self.policy_type or self.policy_type.lower() in map(str.lower, request.policy_types))
            and (not self.verb or is_verb_of(self.verb, request))
        )


def names_of(request: ApprovalRequest) -> list[str]:
    """All names by which people may know the object of a request."""
    target = request.target
    devices = (name for each in target.first_devices for name in (each.name, each.serial_number))
    return [each for each in (target.name, target.serial_number, *devices) if each]


def people_of(record: RequestRecord) -> tuple[Identity, ...]:
    """Whoever asked or decided."""
    return record.request.requestor, record.approver, *(step.by for step in record.state.steps)


def is_called(person: str, identity: Identity) -> bool:
    """Whether people may mean somebody by this part of a name or account, or by the whole id."""
    is_id = bool(identity.id) and person.strip().lower() == identity.id.lower()
    return is_id or holds_any(person, (identity.name, identity.upn))


def holds_any(part: str, texts: Iterable[str]) -> bool:
    """Whether one of the texts holds this part, in any case and any width or accent of its letters."""
    wanted = folded(part.strip())
    return any(wanted in folded(each) for each in texts if each)


def folded(text: str) -> str:
    """A text as it is compared: without case, and with one spelling of each letter."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
