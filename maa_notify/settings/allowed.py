"""Reads the entries of `MAA_WATCH_ALLOW`."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from maa_notify.domain.event import ALERT_KINDS
from maa_notify.domain.request import GUID
from maa_notify.insight.watch.allow import ANY_ALERT, Allowed
from maa_notify.settings.validation import did_you_mean, read_json_list, redacted

_EXAMPLE = '[{"object_id": "GUID", "alert": "B5", "reason": "our pipeline", "until": "2027-01-31"}]'
_KEYS = ("object_id", "alert", "reason", "until")
_LONGEST_REASON = 200
_KINDS = {kind.lower(): kind for kind in (*ALERT_KINDS, ANY_ALERT)}

_entries = partial(read_json_list, example=_EXAMPLE)


def watch_allow(text: str) -> tuple[Allowed, ...]:
    """The alerts that are muted, by object, until a day that is included (UTC).

    Raises:
        ValueError: what is wrong with the first entry that is wrong, as the rest of a sentence.
    """
    return tuple(_allowed(entry, number) for number, entry in enumerate(_entries(text), 1))


def _allowed(entry: object, number: int) -> Allowed:
    if not isinstance(entry, dict):
        raise ValueError(f"entry {number}: must be an object")  # noqa: TRY004 - of JSON, as the rest
    for key in entry:
        if key not in _KEYS:
            raise ValueError(f"entry {number}: {redacted(key)} is not known{did_you_mean(key, _KEYS)}")
    texts = {key: entry.get(key) for key in _KEYS}
    for key, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"entry {number}: {key!r} is required")
    object_id, alert, reason, until = (str(texts[key]).strip() for key in _KEYS)
    if not GUID.fullmatch(object_id):
        raise ValueError(f"entry {number}: 'object_id' must be the GUID of an account, app or group")
    if alert.lower() not in _KINDS:
        raise ValueError(
            f"entry {number}: {redacted(alert)} is not an alert{did_you_mean(alert, _KINDS.values())}"
        )
    if len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise ValueError(f"entry {number}: 'reason' must be one line of up to {_LONGEST_REASON} characters")
    return Allowed(object_id.lower(), alert.lower(), reason, _end(until, number))


def _end(text: str, number: int) -> datetime:
    try:
        last = date.fromisoformat(text)
        return datetime.combine(last, time(), UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise ValueError(f"entry {number}: 'until' must be a day such as 2027-01-31") from None


def expired(allowed: Iterable[Allowed], now: datetime) -> list[Allowed]:
    """The entries that mute nothing any more."""
    return [each for each in allowed if each.until <= now]
