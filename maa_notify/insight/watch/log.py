"""Entries of the audit logs of Entra and Intune, as far as the watch needs them. Pure.

Only what a closed list names is kept of what changed: values can hold secrets, scripts and whole policies.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct, field

from maa_notify.domain.alert import Actor

_BLANKS = re.compile(r"\s+")


class Modified(Struct, frozen=True):
    """A value that changed; "" where there was none."""

    old: str = ""
    new: str = ""

    @property
    def either(self) -> str:
        """The new value, or where there is none the old one, as in what was removed."""
        return self.new or self.old


class Target(Struct, frozen=True):
    """Something that was acted on.

    Attributes:
        id: of the object, in lower case.
        kind: as the log spells it, such as `User` or `ManagedDevice`.
        name: anybody's text.
        account: the user principal name of a person.
        modified: what changed, by name in lower case.
    """

    id: str = ""
    kind: str = ""
    name: str = ""
    account: str = ""
    modified: Mapping[str, Modified] = field(default_factory=dict)


class LogEntry(Struct, frozen=True):
    """One entry of an audit log.

    Attributes:
        id: of the entry.
        activity: what was done, by `activity_name`.
        at: when (UTC).
        service: that logged it, in lower case: `core directory`, `pim`; "" in Intune's log.
        succeeded: whether it was done; refused attempts are logged, too.
        correlation_id: the same in all entries of one act.
        actor: who did it.
        targets: what it was done to; their order means nothing.
        details: what else is told, by name in lower case.
    """

    id: str
    activity: str
    at: datetime
    service: str = ""
    succeeded: bool = True
    correlation_id: str = ""
    actor: Actor = Actor()
    targets: tuple[Target, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> Iterator[Target]:
        """The targets of these kinds, given in lower case."""
        return (each for each in self.targets if each.kind.lower() in kinds)

    def modified(self, name: str) -> Modified:
        """What changed under a name, given in lower case, in whichever target it stands."""
        return next((each.modified[name] for each in self.targets if name in each.modified), Modified())

    def names(self) -> Iterator[str]:
        """Every id that the entry names: of its targets, and among the values that changed."""
        for target in self.targets:
            yield target.id
            for value in target.modified.values():
                yield value.old
                yield value.new


def activity_name(text: str) -> str:
    """An activity's name, spelled for comparing: small letters, plain dashes, single blanks, no last dot.

    The logs differ in all of these from Microsoft's list, and from each other.
    """
    plain = "".join("-" if unicodedata.category(each) == "Pd" else each for each in text)
    return _BLANKS.sub(" ", plain).strip().rstrip(".").casefold()
