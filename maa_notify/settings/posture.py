"""Parsers of the settings about the defence around approval."""

import re
from datetime import date
from typing import Any

from maa_notify.insight.posture.rules import CHECK_IDS, Acceptance, Limits
from maa_notify.settings.validation import did_you_mean, read_json_list

_EXAMPLE = '[{"check": "P12", "reason": "no consent at all", "until": "2026-12-31"}]'
_KEYS = frozenset({"check", "reason", "until"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_REASON = 200
_ADMINS = re.compile(r"([0-9]{1,3})\s*-\s*([0-9]{1,3})")


def limits(text: str) -> Limits:
    """How many accounts may be Global Administrator for good: `2-4`."""
    found = _ADMINS.fullmatch(text)
    numbers = [int(each) for each in found.groups()] if found else [0, 0]
    if not 1 <= numbers[0] <= numbers[1]:
        raise ValueError("must be two whole numbers such as 2-4, the fewest and the most, from 1 on")
    return Limits(*numbers)


def acceptances(text: str) -> tuple[Acceptance, ...]:
    """The faults that are known and borne."""
    entries = read_json_list(text, example=_EXAMPLE)
    found = tuple(_acceptance(number, entry) for number, entry in enumerate(entries, 1))
    checks = [each.check for each in found]
    for check in checks:
        if checks.count(check) > 1:
            raise ValueError(f"names {check} twice")
    return found


def _acceptance(number: int, entry: Any) -> Acceptance:  # noqa: ANN401 - any JSON
    where = f"entry {number}"
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise ValueError(f"{where} must be an object with check, reason and until, as in {_EXAMPLE}")
    check, reason, until = entry["check"], entry["reason"], entry["until"]
    known = {each.lower(): each for each in CHECK_IDS}
    if not isinstance(check, str) or check.lower() not in known:
        near = did_you_mean(check, CHECK_IDS) if isinstance(check, str) else ""
        raise ValueError(f"{where}: 'check' must be one of P1 to P15{near}")
    is_reason = isinstance(reason, str) and reason.strip() and reason.isprintable()
    if not is_reason or len(reason) > _LONGEST_REASON:
        raise ValueError(f"{where}: 'reason' must say why, in up to {_LONGEST_REASON} characters in one line")
    return Acceptance(known[check.lower()], reason.strip(), _day(where, until))


def _day(where: str, until: object) -> date:
    problem = f"{where}: 'until' must be a day such as 2026-12-31, the last on which it counts"
    if not isinstance(until, str) or not _DAY.fullmatch(until):
        raise ValueError(problem)
    try:
        return date.fromisoformat(until)
    except ValueError:
        raise ValueError(problem) from None
