"""What one check of `doctor` found."""

from typing import Any

import msgspec
from msgspec import Struct

from maa_notify.cli.exit_codes import OK
from maa_notify.domain.visibility import FamilySight


class Finding(Struct, frozen=True):
    """One check: `result` is `ok`, `warning`, `failed` or `skipped`.

    `visibility` says which kinds of requests can be seen, for the one check that is about that.
    """

    check: str
    result: str
    text: str
    exit_code: int = OK
    visibility: tuple[FamilySight, ...] = ()

    def as_object(self) -> dict[str, Any]:
        """The finding for `--json`; only that of the visibility has a list of families."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        if not self.visibility:
            del found["visibility"]
        return found
