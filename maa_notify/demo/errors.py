"""What can go wrong in the demo.

```
DemoError
├── UnknownRequestError     no request with that id
├── UnknownSampleError      no sample of that kind
├── UnknownPersonError      nobody of that name in the tenant
├── UnknownFamilyError      no requests of that family
├── UnknownSituationError   not something that can befall the tenant
├── StepOutOfTurnError      not the attacker's next step
├── UnknownActionError      not something one can do to a request
├── IllegalTransitionError  the request's status does not allow the action
├── OwnRequestError         a requestor tried to decide their own request
├── TenantFullError         more requests than a demo should hold
├── EnvelopeError           a webhook call that is no message with cards
├── PlaygroundError         Microsoft's Agents Playground is not installed, or does not start
└── PortTakenError          the address to listen on is in use
```

Each message is one sentence that may be shown to the person at the keyboard.
"""

from maa_notify.errors import MaaNotifyError


class DemoError(MaaNotifyError):
    """Root of everything the demo raises on purpose."""

    code = "demo"


class UnknownRequestError(DemoError):
    """An id that the tenant does not list."""

    def __init__(self, request_id: str) -> None:
        """Name the id that was asked for."""
        super().__init__(f"There is no request {request_id}.")


class UnknownSampleError(DemoError):
    """A kind of sample that does not exist."""

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        """Name the kind and those that exist."""
        super().__init__(f"There is no sample {kind!r}; choose one of {', '.join(known)}.")


class UnknownPersonError(DemoError):
    """A key that belongs to nobody in the tenant, or to somebody without that role."""

    def __init__(self, key: str, known: tuple[str, ...]) -> None:
        """Name the key and those that would do."""
        super().__init__(f"{key!r} cannot do that here; choose one of {', '.join(known)}.")


class UnknownFamilyError(DemoError):
    """A kind of requests that no permission is about."""

    def __init__(self, key: str, known: tuple[str, ...]) -> None:
        """Name the key and those that exist."""
        super().__init__(f"There are no requests of {key!r}; choose one of {', '.join(known)}.")


class UnknownSituationError(DemoError):
    """A situation that does not exist, or that cannot be undone."""

    def __init__(self, key: str, known: tuple[str, ...]) -> None:
        """Name the key and those that exist."""
        super().__init__(f"There is no situation {key!r} to change; choose one of {', '.join(known)}.")


class StepOutOfTurnError(DemoError):
    """A step of the attack whose turn it is not, or that does not exist."""

    def __init__(self, key: str, due: str) -> None:
        """Name the step and the one whose turn it is; "" where all were taken."""
        super().__init__(f"The attacker cannot take the step {key!r} now; next is {due or 'none'}.")


class UnknownActionError(DemoError):
    """A verb that the tenant does not know."""

    def __init__(self, action: str) -> None:
        """Name the verb."""
        super().__init__(f"{action!r} is no action on a request.")


class IllegalTransitionError(DemoError):
    """A step that the status of a request does not allow."""

    def __init__(self, action: str, status: str) -> None:
        """Name the step and the status that forbids it."""
        super().__init__(f"Cannot {action} this request: its status is {status}.")


class OwnRequestError(DemoError):
    """A requestor deciding their own request, which Multi Admin Approval exists to prevent."""

    def __init__(self, name: str) -> None:
        """Name the person who is both."""
        super().__init__(f"{name} made this request, so somebody else has to decide it.")


class TenantFullError(DemoError):
    """More requests than the demo keeps."""

    def __init__(self, limit: int) -> None:
        """Say where the limit lies."""
        super().__init__(f"The simulated tenant has {limit} requests, the most it takes. Restart the demo.")


class EnvelopeError(DemoError):
    """A webhook call whose body is not a message with Adaptive Cards."""

    def __init__(self, fault: str) -> None:
        """Say what is wrong with it."""
        super().__init__(f"The body does not match the trigger's schema: {fault}.")


class PlaygroundError(DemoError):
    """The Agents Playground cannot be had."""


class PortTakenError(DemoError):
    """The port asked for cannot be listened on."""

    def __init__(self, port: int, reason: str) -> None:
        """Name the port and what the system said."""
        super().__init__(f"Cannot listen on 127.0.0.1 port {port}: {reason}.")
