"""Reads the parts of a tenant one by one: what cannot be read leaves a gap in its place, which says why."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from maa_notify.clock import Clock
from maa_notify.errors import GraphDenied, GraphError
from maa_notify.graph.refusals import Surface
from maa_notify.insight.posture.facts import Gap

_NO_P2 = "AadPremiumLicenseRequired"
_TRIES = 3
_PAUSE = 2.0
"""Seconds after a refusal for no known reason, which comes now and then in tenants that have the licence."""
_MOST_PAUSES = 6
"""In one look: a tenant that refuses everything is not asked three times for each part."""

_Read = TypeVar("_Read")


class Parts:
    """Reads the parts that one look is made of."""

    def __init__(
        self, clock: Clock, roles: Iterable[str] | None, end: float, on_part: Callable[[str], None]
    ) -> None:
        """Begins a look.

        Args:
            clock: the time.
            roles: the permissions in the token; None where it does not tell.
            end: when nothing more is asked for, on the monotonic clock.
            on_part: is told what is read next.
        """
        self._clock = clock
        self._roles = None if roles is None else frozenset(map(str.lower, roles))
        self._end = end
        self._on_part = on_part
        self._unlicensed: list[Surface] = []
        self._pauses = 0

    def __call__(self, name: str, read: Callable[[], _Read], *surfaces: Surface) -> _Read | Gap:
        """What `read` returns, or why it could not: a refusal without a known reason is tried again."""
        closed = self._closed(name, surfaces)
        if closed is not None:
            return closed
        self._on_part(name)
        for attempt in range(1, _TRIES + 1):
            try:
                return read()
            except (GraphError, msgspec.ValidationError) as error:
                if attempt == _TRIES or not self._may_pass(error):
                    return self._gap(name, error, surfaces[0])
            self._pauses += 1
            self._clock.sleep(_PAUSE)
        raise AssertionError("the last attempt returns")

    def _may_pass(self, error: Exception) -> bool:
        """Whether a refusal may be one of those that come now and then, and not one that is always there."""
        if not isinstance(error, GraphDenied) or error.missing_permission or self._pauses >= _MOST_PAUSES:
            return False
        # Without a code and permissions it was the token, for which Graph was not asked at all.
        return bool(error.graph_code) or error.roles is not None

    def _closed(self, name: str, surfaces: Sequence[Surface]) -> Gap | None:
        """Why a part need not be asked for; None where it has to be."""
        for surface in surfaces:
            if not self.opens(surface):
                permission = surface.permissions[0]
                return Gap(f"{name}: {permission} is missing", permission=permission)
            if any(each is surface for each in self._unlicensed):
                return _unlicensed(name, surface)
        is_late = self._clock.monotonic() >= self._end
        return Gap(f"{name}: there was no time left") if is_late else None

    def _gap(self, name: str, error: Exception, surface: Surface) -> Gap:
        """What stands in the place of a part that could not be read."""
        if not isinstance(error, GraphError):
            return Gap(f"{name}: Graph's answer makes no sense")
        if error.missing_permission:
            return Gap(f"{name}: {error.missing_permission} is missing", permission=error.missing_permission)
        if error.graph_code == _NO_P2:
            self._unlicensed.append(surface)
            return _unlicensed(name, surface)
        return Gap(f"{name}: {str(error).removesuffix('; nothing was compared')}")

    def opens(self, surface: Surface) -> bool:
        """Whether the token opens a part of Graph, or does not tell."""
        if self._roles is None:
            return True
        names = {each.lower() for each in surface.permissions}
        twins = {each.replace(".read.", ".readwrite.") for each in names}
        return not self._roles.isdisjoint(names | twins)


def _unlicensed(name: str, surface: Surface) -> Gap:
    return Gap(f"{name}: the tenant has no {surface.licence} licence", licence=surface.licence)
