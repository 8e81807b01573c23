"""Which alerts are muted, by whom and until when. Pure."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from maa_notify.domain.alert import Alert

ANY_ALERT = "*"
"""In place of a kind: all of them."""


class Allowed(Struct, frozen=True):
    """An entry of `MAA_WATCH_ALLOW`: alerts of one kind by or about one object are expected.

    Attributes:
        object_id: of the account, app or group, in lower case.
        alert: its kind, in lower case; `*` for all.
        reason: why, in the operator's words.
        until: when that ends (UTC).
    """

    object_id: str
    alert: str
    reason: str
    until: datetime

    def mutes(self, alert: Alert, now: datetime) -> bool:
        """Whether the alert is expected."""
        if now >= self.until or self.alert not in {ANY_ALERT, alert.kind.lower()}:
            return False
        ids = {alert.actor.id, alert.object_id, *alert.concerns}
        return self.object_id in {each.lower() for each in ids}


def muting(alert: Alert, allowed: Sequence[Allowed], now: datetime) -> Allowed | None:
    """The entry that mutes an alert; None for one that is told."""
    return next((each for each in allowed if each.mutes(alert, now)), None)
