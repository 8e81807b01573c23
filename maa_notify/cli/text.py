"""What commands print in common."""

import sys


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 tenant`, `2 tenants`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def complain(text: str) -> None:
    """Tells a person on standard error what is wrong."""
    print(f"maa-notify: {text}", file=sys.stderr)
