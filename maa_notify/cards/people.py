"""Names of people and applications, as far as Graph tells them, made safe to show."""

from maa_notify.cards import strings
from maa_notify.cards.names import quoted
from maa_notify.cards.text import safe_account
from maa_notify.domain.request import ACCOUNT, GUID, Identity


def display_name(identity: Identity, limit: int = 120) -> str:
    """The name of a person or an application in quotation marks; for a person with the account, told or not.

    The name is the person's to choose, the account is the directory's.
    """
    name, account = quoted(identity.name, limit, brackets="[]"), _account(identity.upn, limit)
    somebody = name or account or _account(identity.id, limit) or strings.NOT_TOLD
    if identity.kind == "application":
        return f"{somebody} ({strings.APPLICATION})"
    return f"{name} ({account or strings.ACCOUNT_NOT_TOLD})" if name else somebody


def _account(text: str, limit: int) -> str:
    """An account or an id as it is; what has the form of neither in quotation marks, as any name."""
    if GUID.fullmatch(text):
        return text
    is_account = len(text) <= limit and ACCOUNT.fullmatch(text)
    return safe_account(text, limit) if is_account else quoted(text, limit, brackets="[]")
