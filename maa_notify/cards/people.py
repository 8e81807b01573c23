"""Names of people and applications, as far as Graph tells them, made safe to show."""

from maa_notify.cards import strings
from maa_notify.cards.text import safe, safe_account
from maa_notify.domain.request import Identity


def display_name(identity: Identity, limit: int = 120) -> str:
    """The name of a person or an application, with the account where both are known."""
    name = safe(identity.name, limit)
    account = safe_account(identity.upn, limit) or safe(identity.id, limit)
    if identity.kind == "application":
        return f"{name or account or strings.NOT_TOLD} ({strings.APPLICATION})"
    if name and identity.upn:
        return f"{name} ({account})"
    return name or account or strings.NOT_TOLD
