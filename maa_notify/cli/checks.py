"""The checks of `doctor`, one after the other, each with what to mend."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from maa_notify import app
from maa_notify.cards.samples import sample_event
from maa_notify.cards.text import safe
from maa_notify.cards.times import TimeFormat, span
from maa_notify.cli.exit_codes import FAILED, OK, REFUSED
from maa_notify.cli.text import counted
from maa_notify.delivery.sender import Message, Receipt
from maa_notify.domain.request import NEEDS_APPROVAL
from maa_notify.domain.visibility import RECOMMENDED, FamilySight, Sight, family_sights
from maa_notify.errors import DeliveryError, DestinationUnavailable, MaaNotifyError
from maa_notify.identity.tokens import (
    SUFFICIENT_PERMISSIONS,
    issued_at,
    permission_problem,
    roles_of,
    told_roles,
)
from maa_notify.polling.health import Health
from maa_notify.settings.model import Settings
from maa_notify.storage.records import APPROVALS
from maa_notify.storage.store import check_writable
from maa_notify.teams.bot import BotChannel

_CHANNEL_NAME_LIMIT = 60
_GRANT = (
    "grant what is missing with admin consent, as infra/graph/grant.sh does, or accept that these requests"
    " may not be told (that Graph hides them was measured once and is not documented: docs/security.md)"
)
_MAYBE_THERE = (
    "; the card may have been posted all the same: look for it in Teams. A flow with a Response step answers"
    " only when it gets there, which may take minutes"
)
_SIGHT = {
    "visible": "{0} can be seen",
    "hidden": "{0} may be hidden: {1} is missing",
    "unknown": "{0} not known: the token does not show its permissions",
}


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


def findings_of(notifier: app.App, *, send: bool) -> Iterator[Finding]:
    """Runs all checks; after one that fails the others still run.

    Args:
        notifier: wired up from the settings to check.
        send: post a sample card to each destination.
    """
    yield from _check_settings(notifier.settings)
    yield _attempt("token", lambda: _check_token(notifier))
    yield _attempt("graph", lambda: _check_graph(notifier))
    yield _attempt("state", lambda: _check_state(notifier))
    yield _attempt("polls", lambda: _check_polls(notifier))
    yield _attempt("visibility", lambda: _check_visibility(notifier))
    yield _attempt("outbox", lambda: _check_outbox(notifier.health()))
    for name in notifier.senders:
        yield _attempt(f"destination {name}", partial(_check_destination, notifier, name, send=send))
    for name, sender in notifier.senders.items():
        if isinstance(sender, BotChannel):
            yield _list_channels(name, sender)


def _attempt(check: str, action: Callable[[], Finding]) -> Finding:
    try:
        return action()
    except MaaNotifyError as error:
        return Finding(check, "failed", str(error), FAILED)


def _check_settings(settings: Settings) -> Iterator[Finding]:
    names = ", ".join(destination.route.name for destination in settings.destinations)
    yield Finding(
        "settings", "ok", f"tenant {settings.tenant_id}, cloud {settings.cloud.name}, destinations: {names}"
    )
    for warning in settings.warnings:
        yield Finding("settings", "warning", warning)


def _check_token(notifier: app.App) -> Finding:
    token = notifier.tokens.token(app.graph_scope(notifier.settings)).value
    roles = roles_of(token)
    if roles is None:
        return Finding("token", "warning", "it does not show its permissions; Graph will tell")
    if problem := permission_problem(token):
        return Finding("token", "failed", f"it {problem}", FAILED)
    issued = issued_at(token)
    age = f", issued {span(notifier.clock.now() - issued)} ago" if issued else ""
    more = sorted(set(roles) - SUFFICIENT_PERMISSIONS - RECOMMENDED)
    if more:
        return Finding("token", "warning", f"it has more than it needs: {', '.join(more)}{age}")
    return Finding("token", "ok", f"it has {', '.join(roles)}{age}")


def _check_visibility(notifier: app.App) -> Finding:
    """Which kinds of requests the present token shows, and what was ever listed."""
    roles = told_roles(notifier.tokens.token(app.graph_scope(notifier.settings)).value)
    known = notifier.health()
    listed = {each.family: each.last_listed for each in known.visibility if each.last_listed}
    families = family_sights(roles, listed)
    told = [_SIGHT[each.state].format(each.family.replace("_", " "), each.permission) for each in families]
    ever = [each.family.replace("_", " ") for each in families if each.last_listed]
    told.append(f"listed so far: {', '.join(ever) or 'none of them'}")
    told.append(f"last request {_last_request(known)}")
    states = {each.state for each in families}
    if str(Sight.HIDDEN) in states:
        told.append(_GRANT)
    result = "ok" if states == {str(Sight.VISIBLE)} else "warning"
    return Finding("visibility", result, "; ".join(told), visibility=families)


def _last_request(known: Health) -> str:
    if known.last_request_at is not None:
        return f"listed: {TimeFormat().format(known.last_request_at)}"
    since = known.installed_at
    return f"listed: none since installation on {since:%Y-%m-%d}" if since else "listed: none yet"


def _check_graph(notifier: app.App) -> Finding:
    listing = notifier.graph.list_requests()
    waiting = sum(request.status == NEEDS_APPROVAL for request in listing.requests)
    need = "needs" if waiting == 1 else "need"
    text = f"{counted(len(listing.requests), 'request')} listed, {waiting} {need} approval"
    if listing.malformed:
        return Finding("graph", "warning", f"{text}, {listing.malformed} could not be read")
    return Finding("graph", "ok", text)


def _check_state(notifier: app.App) -> Finding:
    notifier.store.requests.read_mark(APPROVALS)
    check_writable(notifier.store.rows)
    return Finding("state", "ok", "readable and writable")


def _check_polls(notifier: app.App) -> Finding:
    """How the last polls went, by the state store: another process may be the one that polls."""
    health = notifier.health()
    at = health.last_good_poll
    last = f"the last good one: {TimeFormat().format(at)}" if at else "none was good"
    match health.status:
        case "starting":
            return Finding("polls", "warning", f"{last} yet")
        case "failing":
            return Finding("polls", "failed", f"the last one failed ({_why(health)}); {last}", FAILED)
        case "stale":
            text = f"overdue; {last}; poll by hand, then see why nothing polls by MAA_POLL_SCHEDULE"
            return Finding("polls", "failed", text, FAILED)
        case _:
            return Finding("polls", "ok", last)


def _why(health: Health) -> str:
    """The reason of a failed poll, and what its token lacked; ours may be another token."""
    lacking, age = health.missing_permission, health.token_age_minutes
    if not lacking:
        return health.reason
    old = "" if age is None else f", it is {span(timedelta(minutes=age))} old"
    return f"{health.reason}: the token lacks {lacking}{old}"


def _check_outbox(health: Health) -> Finding:
    text = f"{health.pending} pending, {health.overdue} overdue, {health.dead} given up"
    if health.overdue or health.dead:
        return Finding("outbox", "failed", f"{text}: see 'maa-notify outbox list'", REFUSED)
    return Finding("outbox", "ok", text)


def _check_destination(notifier: app.App, name: str, *, send: bool) -> Finding:
    check = f"destination {name}"
    state = notifier.store.outbox.read_destination(name).value if not send else None
    if state is not None and state.failing_since is not None:
        text = f"failing since {TimeFormat().format(state.failing_since)}: {state.last_error}"
        return Finding(check, "failed", text, REFUSED)
    if not send:
        return Finding(check, "skipped", "not tried; 'maa-notify doctor --send' posts a sample card")
    now = notifier.clock.now()
    try:
        card = notifier.cards.sample(sample_event(NEEDS_APPROVAL, now), name, now)
        receipt = notifier.senders[name].post(Message(card, str(card["fallbackText"])))
    except DeliveryError as error:
        in_doubt = isinstance(error, DestinationUnavailable) and error.in_doubt
        return Finding(check, "failed", f"{error}{_MAYBE_THERE if in_doubt else ''}", REFUSED)
    run = f" (run {receipt.run_id})" if receipt.run_id else ""
    return Finding(check, "ok", f"accepted{run}; {_after_accepted(notifier.settings, name, receipt)}")


def _list_channels(name: str, channel: BotChannel) -> Finding:
    """The channels of a bot's team with their ids, to copy one from."""
    check = f"channels near {name}"
    try:
        found = channel.channels()
    except DeliveryError:
        return Finding(check, "skipped", "Teams lists them where the channel is the team's General one")
    listed = "; ".join(f"{safe(each.name, _CHANNEL_NAME_LIMIT)} {each.id}" for each in found)
    return Finding(check, "ok", listed)


def _after_accepted(settings: Settings, name: str, receipt: Receipt) -> str:
    if any(route.to_requestor for route in settings.routes if route.name == name):
        return "it names no recipient, so the flow ends there and nobody gets a card"
    if receipt.message_id:
        return "the card is in the channel"
    return "a flow answers before it posts, so look for the card in Teams"
