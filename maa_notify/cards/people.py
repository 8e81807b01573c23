"""People and applications as far as Graph tells who they are, made safe to show."""

from maa_notify.cards import strings
from maa_notify.cards.text import safe, safe_account
from maa_notify.domain.request import Identity


def display_name(identity: Identity, limit: int = 120) -> str:
    """A person or an application: the name with the account where both are known, the next best otherwise."""
    name = safe(identity.name, limit)
    account = safe_account(identity.upn, limit) or safe(identity.id, limit)
    if identity.kind == "application":
        return f"{name or account or strings.NOT_TOLD} ({strings.APPLICATION})"
    if name and identity.upn:
        return f"{name} ({account})"
    return name or account or strings.NOT_TOLD
