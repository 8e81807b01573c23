"""What Graph's refusals and errors tell, without what was sent; and what a part of Graph takes to be read."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from maa_notify.errors import GraphDenied
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import (
    issued_at,
    missing_permission,
    permission_problem,
    roles_of,
    told_roles,
)
from maa_notify.net.client import HttpResponse

_CODE = re.compile(r"[A-Za-z0-9_.]{1,64}")


class Surface(Struct, frozen=True):
    """A part of Graph that is read, for what an error tells.

    Attributes:
        permissions: application permissions, any of which opens it or its twin that lets write; the first is
            the one to grant.
        licence: without which Graph refuses it.
        headers: to send along.
        pause: seconds between two pages, where Graph limits how often it may be asked.
    """

    permissions: tuple[str, ...]
    licence: str = "Intune"
    headers: Mapping[str, str] = {}
    pause: float = 0.0


def denied(response: HttpResponse, token: Secret, surface: Surface) -> GraphDenied:
    """The error for a refusal: what the token lacks, as far as it tells, and what to do."""
    return GraphDenied(
        f"Graph refused ({trace(response)}): {denial_reason(token, response.status, surface)}",
        missing_permission(token, surface.permissions),
        issued_at(token),
        told_roles(token),
        graph_code=code_of(response),
    )


def denial_reason(token: Secret, status: int, surface: Surface) -> str:
    """Why Graph refused a token and what to do, as far as the token itself tells."""
    needed = surface.permissions[0]
    if problem := permission_problem(token, surface.permissions):
        return f"the token {problem}"
    if status == HTTPStatus.UNAUTHORIZED:
        return (
            f"the token has expired or is not valid here (it needs {needed}): check MAA_TENANT_ID and"
            " MAA_CLOUD, and renew MAA_ACCESS_TOKEN where that is used"
        )
    if roles_of(token) is None:
        return f"grant the application permission {needed} with admin consent"
    return (
        "the token has the permission, so either that was taken away after the token was issued or the tenant"
        f" refuses for another reason: check the grant, then the {surface.licence} licence"
    )


def trace(response: HttpResponse) -> str:
    """Status, error code and request id of a response; never its message, which may repeat what was sent."""
    word = _error_in(response).get("code")
    code = code_of(response) or ("without a code" if word is None else "with an odd code")
    number = response.headers.get("request-id", "")
    request_id = number if _CODE.fullmatch(number.replace("-", "")) else "unknown"
    return f"{response.status} {code}, request-id {request_id}"


def code_of(response: HttpResponse) -> str:
    """The error code in a response, such as `Forbidden`; "" when there is none, or none of that form."""
    word = _error_in(response).get("code")
    return word if isinstance(word, str) and _CODE.fullmatch(word) else ""


def is_in_graphs_words(response: HttpResponse) -> bool:
    """Whether an error has the form of Graph's own, so that nothing on the way to it made it up."""
    return bool(_error_in(response))


def _error_in(response: HttpResponse) -> Mapping[str, Any]:
    error = (response.json_object() or {}).get("error")
    return error if isinstance(error, dict) else {}
