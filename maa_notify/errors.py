"""All errors of the project, as types; callers branch on the type, never on the text.

    MaaNotifyError
    ├── SettingsError              the settings are wrong: nothing was started
    ├── PollUnderWay               this very process polls already
    ├── GraphError                 the requests could not be listed: nothing was compared
    │   ├── GraphDenied            a person has to grant or renew something
    │   ├── SourceFault            a fault of our own in one source of news
    │   ├── PermissionLost         requests that were listed may be hidden now: what disappeared is held
    │   └── GraphUnavailable       throttled, down, or an answer that makes no sense: try again
    ├── StateError                 the state store cannot be reached or read
    │   └── StateCorrupt           a row or a file is not ours or is damaged
    └── DeliveryError              a notification was not accepted; it stays in the outbox
        ├── DestinationRefused     the webhook itself is refused or cannot be reached at all
        ├── CardRefused            this one card is refused
        ├── DestinationUnavailable throttled or down for now
        └── RecipientUnreachable   this one person cannot be written to

No message holds a URL, a token or any other secret.
"""

# ruff: noqa: N818 - the names say what is so; "Error" ends those that only group others

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct


class MaaNotifyError(Exception):
    """The root of everything this project raises on purpose."""

    code = "error"


class Mistake(Struct, frozen=True):
    """One wrong setting: its name, what is wrong, and how to mend it. Never holds the value of a secret."""

    setting: str
    problem: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.problem}"


class SettingsError(MaaNotifyError):
    """One or more settings are wrong; `mistakes` names every one of them."""

    code = "settings"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        title = "1 setting is wrong" if count == 1 else f"{count} settings are wrong"
        super().__init__("\n".join([f"{title}:", *(f"  - {mistake}" for mistake in self.mistakes)]))


class PollUnderWay(MaaNotifyError):
    """Another poll of this process takes longer than the caller waits for it."""

    code = "busy"


class GraphError(MaaNotifyError):
    """Something could not be read; nothing was compared and the next poll catches up.

    `missing_permission` and `token_issued_at` (UTC) are what the refused token tells, if there was one;
    `graph_code` is the error code in Graph's answer, "" without one.
    """

    code = "graph"
    graph_code = ""
    missing_permission = ""
    token_issued_at: datetime | None = None


class GraphDenied(GraphError):
    """Graph or the sign-in service refused us: a person has to mend a permission or a credential."""

    code = "graph_denied"

    def __init__(
        self,
        message: str,
        missing_permission: str = "",
        token_issued_at: datetime | None = None,
        roles: tuple[str, ...] | None = None,
        graph_code: str = "",
    ) -> None:
        super().__init__(message)
        self.graph_code = graph_code
        self.missing_permission = missing_permission
        self.token_issued_at = token_issued_at
        self.roles = roles


class PermissionLost(GraphError):
    """Requests were listed with fewer permissions than before: those that are gone may only be hidden.

    What else is listed is told; what disappeared is held until the permission is back.
    """

    code = "permission_lost"

    def __init__(self, message: str, missing_permission: str) -> None:
        super().__init__(message)
        self.missing_permission = missing_permission


class SourceFault(GraphError):
    """A source of news met a fault of our own; the others were asked all the same."""

    code = "fault"


class GraphUnavailable(GraphError):
    """Graph is throttled, down, or answered with something else than was asked for.

    `retry_after` is the wait that the service asked for, in seconds.
    """

    code = "graph_unavailable"

    def __init__(self, message: str, retry_after: float | None = None, *, graph_code: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.graph_code = graph_code


class StateError(MaaNotifyError):
    """The state store cannot be reached or refused us; nothing is posted that cannot be recorded."""

    code = "state"


class StateCorrupt(StateError):
    """A row or a file in the place of the state store is not ours, or is damaged."""

    code = "state_corrupt"


class DeliveryError(MaaNotifyError):
    """A notification was not accepted; `code` and the text are safe to log and to keep.

    `may_show` says that the card that it changes in place shows it all the same, or may: the change was taken
    and its reply was not, or the answer to the change was lost.
    """

    code = "delivery"
    may_show = False


class DestinationRefused(DeliveryError):
    """The destination is refused or unreachable: a person has to mend it, and everything is kept.

    401, 403, 404, 410, dead DNS, a 400 that blames the address or the settings, a web page for an answer.
    """

    code = "destination_refused"


class CardRefused(DeliveryError):
    """The destination works but does not take this card (400, 413 or 422 that blame nothing else)."""

    code = "card_refused"


class DestinationUnavailable(DeliveryError):
    """The destination is throttled or down, or its answer never came.

    `retry_after` is the wait it asked for, in seconds; `in_doubt` says that the card may have arrived, and
    `is_limit` that a limit was reached, which may be that of a single chat.
    """

    code = "destination_unavailable"

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        *,
        in_doubt: bool = False,
        is_limit: bool = False,
        may_show: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.in_doubt = in_doubt
        self.may_show = may_show
        self.is_limit = is_limit


class RecipientUnreachable(DeliveryError):
    """One person cannot be reached: nobody of this id, or the app is not installed for them or blocked.

    Never for what may pass, or is set up wrong.
    """

    code = "recipient_unreachable"


class PollFailedError(Exception):
    """Makes the host count the Function's run as failed; its text is free of secrets."""
