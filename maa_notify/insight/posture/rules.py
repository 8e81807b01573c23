"""What the operator decides about the checks. Pure, and by itself, since every start reads the settings."""

from datetime import date

from msgspec import Struct

CHECK_IDS = tuple(f"P{number}" for number in range(1, 16))
"""The ids of all checks."""


class Limits(Struct, frozen=True):
    """How many is too few or too many.

    Attributes:
        fewest_admins: accounts that are Global Administrator for good, at least.
        most_admins: at most.
    """

    fewest_admins: int = 2
    most_admins: int = 4


class Acceptance(Struct, frozen=True):
    """Faults that the operator knows and bears: of which check, why, and until which day (UTC, included)."""

    check: str
    reason: str
    until: date
