"""A fleet: many tenants in one deployment, each polled by itself when a message in a queue asks for it.

What a deployment for one tenant loads of it is this file alone.
"""

from collections.abc import Mapping

TENANTS = "MAA_TENANTS"


def is_fleet(environ: Mapping[str, str]) -> bool:
    """Whether this deployment is for many tenants."""
    return bool(environ.get(TENANTS, "").strip())
