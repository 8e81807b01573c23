"""Recognises people whom Graph names by an id in one request and only by an account in another. Pure."""

from maa_notify.cards.text import plain
from maa_notify.domain.request import Identity

Who = tuple[str, str]
"""What tells people and applications apart: what the second part is, and the id, account or name itself."""
NOBODY: Who = ("", "")

_APPLICATION = "application"
_ACCOUNT = " account"
_LONGEST = 256


class People:
    """Everybody who was met so far."""

    def __init__(self) -> None:
        """Has met nobody."""
        self._met: dict[Identity, Who] = {}
        self._ids: dict[str, str] = {}
        self._names: dict[Who, tuple[int, str]] = {}

    def meet(self, identity: Identity) -> Who:
        """The key of somebody by what Graph gave this time: the id, else the account, else the name."""
        if identity not in self._met:
            self._met[identity] = _who(identity)
            if identity.id and identity.upn:
                self._ids[identity.upn.casefold()] = identity.id.casefold()
        return self._met[identity]

    def known(self, who: Who) -> Who:
        """The key by everything that Graph ever gave: the id of an account, if one request had both."""
        kind, told = who
        if not kind.endswith(_ACCOUNT) or told not in self._ids:
            return who
        return f"{kind.removesuffix(_ACCOUNT)} id", self._ids[told]

    def name(self, who: Who) -> str:
        """The account, else the name or the id, of somebody as `known` tells them; "" for nobody."""
        if not self._names:
            self._names = self._best_names()
        return self._names.get(who, (0, ""))[1]

    def _best_names(self) -> dict[Who, tuple[int, str]]:
        found: dict[Who, tuple[int, str]] = {}
        for identity, who in self._met.items():
            told = (identity.upn.lower(), identity.name, identity.id)
            best = next((place for place, each in enumerate(told) if each), None)
            if best is not None:
                name = (best, plain(told[best], _LONGEST))
                found[self.known(who)] = min(name, found.get(self.known(who), name))
        return found


def is_application(who: Who) -> bool:
    """Whether it is an application and no person."""
    return who[0].startswith(_APPLICATION)


def _who(identity: Identity) -> Who:
    kind = _APPLICATION if identity.kind == _APPLICATION else "person"
    told = ((" id", identity.id), (_ACCOUNT, identity.upn), (" name", identity.name))
    return next(((kind + what, each.casefold()) for what, each in told if each), NOBODY)
