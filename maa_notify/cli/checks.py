"""The checks of `doctor`, one after the other, each with what to mend."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from msgspec import Struct

from maa_notify import app
from maa_notify.cards.samples import sample_event
from maa_notify.cards.text import plain
from maa_notify.cards.times import TimeFormat, span
from maa_notify.cli.approvers import check_approvers
from maa_notify.cli.exit_codes import FAILED, REFUSED, WRONG_SETTINGS
from maa_notify.cli.finding import Finding
from maa_notify.cli.patient import GRAPH, SIGN_IN, Patient
from maa_notify.cli.text import counted, fault_of, reason_of
from maa_notify.cli.watch_check import check_watch
from maa_notify.delivery.sender import Message, Receipt
from maa_notify.domain.request import NEEDS_APPROVAL
from maa_notify.domain.visibility import Sight, family_sights
from maa_notify.errors import DeliveryError, DestinationUnavailable, MaaNotifyError, SettingsError
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import (
    AppRegistration,
    claims_problem,
    is_tenant_unchecked,
    issued_at,
    more_than_needed,
    permission_problem,
    roles_of,
    told_roles,
)
from maa_notify.net.client import origin_of
from maa_notify.polling.health import Health
from maa_notify.polling.pulse import Pulse
from maa_notify.settings.model import Destination, Settings
from maa_notify.storage.records import APPROVALS
from maa_notify.storage.store import check_writable
from maa_notify.teams.bot import BotChannel

_CHANNEL_NAME_LIMIT = 60
_GRANT = (
    "grant what is missing with admin consent, as infra/graph/grant.sh does, or accept that these requests"
    " may never be announced (that Graph hides them was measured once, and is not documented:"
    " docs/security.md)"
)
_MAYBE_THERE = (
    "; the card may have been posted all the same: look for it in Teams. A flow with a Response step answers"
    " only when it gets there, which may take minutes"
)
_SIGHT = {
    "visible": "{0} can be seen",
    "hidden": "{0} may be hidden: {1} is missing",
}
_UNCHECKED = (
    "whether it is for the tenant of MAA_TENANT_ID cannot be checked, because that is a domain name: give the"
    " tenant's id (a GUID)"
)
_ADVICE = "; recommended against whoever administers this tenant (docs/security.md): {0}"
_NO_PULSE = "a monitor outside it that raises an alarm when polls stop (MAA_PING_URL)"
_NO_MIRROR = (
    "a second destination at another host, in another tenant, that gets everything (MAA_DESTINATIONS)"
)
_UNKNOWN = "which kinds of requests can be seen is not known: the token does not show its permissions"


class Check(Struct, frozen=True):
    """One check that is still to be made: `run` returns what it finds, also where it fails."""

    name: str
    run: Callable[[], Finding]


def checks_of(patient: Patient, *, send: bool) -> Iterator[Check]:
    """All checks in the order in which they are to be run; after one that fails the others still run.

    One that has nothing to look at, since what it needs is missing, is skipped and says so.

    Args:
        patient: the notifier, as far as its settings allow.
        send: post a sample card to each destination.
    """
    notifier, state, known = patient.notifier, patient.state, _Known(not patient.wrong_of(patient.state))
    yield from _settings_checks(patient)
    for name, action, needs in (
        ("token", lambda: _check_token(notifier, known), _Needs(SIGN_IN)),
        ("graph", lambda: _check_graph(notifier), _Needs(GRAPH, token=True)),
        ("state", lambda: _check_state(notifier, known), _Needs(state)),
        ("polls", lambda: _check_polls(notifier), _Needs((*state, "MAA_POLL_SCHEDULE"), store=True)),
        ("visibility", lambda: _check_visibility(notifier, known), _Needs(SIGN_IN, token=True)),
        ("approvers", lambda: check_approvers(notifier), _Needs(GRAPH, token=True)),
        ("watch", lambda: check_watch(notifier), _Needs(SIGN_IN, token=True)),
        ("outbox", lambda: _check_outbox(notifier.health()), _Needs(state, store=True)),
    ):
        yield Check(name, partial(_run, name, action, partial(needs.missing, patient, known)))
    pulse = notifier.pulse
    if pulse is not None:
        yield Check("pulse", partial(_attempt, "pulse", partial(_check_pulse, pulse, send=send)))
    for name in notifier.senders:
        check, needs = f"destination {name}", _Needs() if send else _Needs(state, store=True)
        action = partial(_check_destination, notifier, name, send=send)
        yield Check(check, partial(_run, check, action, partial(needs.missing, patient, known)))
    for name, sender in notifier.senders.items():
        if isinstance(sender, BotChannel):
            yield Check(f"channels near {name}", partial(_list_channels, name, sender))


@dataclass(slots=True)
class _Known:
    """What the checks found that later ones build on."""

    has_store: bool
    has_token: bool = False


class _Needs(Struct, frozen=True):
    """What a check needs: right settings, a state store that works, a token."""

    settings: tuple[str, ...] = ()
    store: bool = False
    token: bool = False

    def missing(self, patient: Patient, known: _Known) -> str:
        """Why the check has nothing to look at; "" when it has."""
        if wrong := patient.wrong_of(self.settings):
            return f"{', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong"
        if self.store and not known.has_store:
            return "the state store cannot be used"
        return "there is no token" if self.token and not known.has_token else ""


def _run(check: str, action: Callable[[], Finding], missing: Callable[[], str]) -> Finding:
    why = missing()
    return Finding(check, "skipped", f"not checked, since {why}") if why else _attempt(check, action)


def _attempt(check: str, action: Callable[[], Finding]) -> Finding:
    try:
        return action()
    except SettingsError as error:
        return Finding(check, "failed", str(error), WRONG_SETTINGS)
    except MaaNotifyError as error:
        return Finding(check, "failed", str(error), FAILED)
    except OSError as error:
        return Finding(check, "failed", reason_of(error), FAILED)
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
        return Finding(check, "failed", fault_of(error), FAILED)


def _settings_checks(patient: Patient) -> Iterator[Check]:
    mistakes = [Finding("settings", "failed", str(each), WRONG_SETTINGS) for each in patient.mistakes]
    found = mistakes or [_told_settings(patient.notifier.settings)]
    worth_a_look = (*patient.notifier.settings.warnings, *patient.doubts)
    found += [Finding("settings", "warning", each) for each in worth_a_look]
    for finding in found:
        yield Check("settings", partial(lambda same: same, finding))
    if patient.notifier.settings.quiet_hours.spans:
        yield Check("quiet hours", partial(_attempt, "quiet hours", partial(_check_quiet, patient.notifier)))


def _told_settings(settings: Settings) -> Finding:
    names = ", ".join(destination.route.name for destination in settings.destinations)
    text = f"tenant {settings.tenant_id}, cloud {settings.cloud.name}, destinations: {names}"
    advice = [*([] if settings.ping_url else [_NO_PULSE]), *([] if _has_mirror(settings) else [_NO_MIRROR])]
    return Finding("settings", "ok", text + (_ADVICE.format(" and ".join(advice)) if advice else ""))


def _has_mirror(settings: Settings) -> bool:
    """Whether two destinations at different hosts hear everything, so that no one flow silences all."""
    whole = [each for each in settings.destinations if not (each.route.policy_types or each.route.events)]
    return len({_host(each) for each in whole if not each.route.is_chat}) > 1


def _host(destination: Destination) -> str:
    """The host that takes a destination's cards; a webhook's is that of its Power Platform environment."""
    endpoint = destination.endpoint
    return origin_of(endpoint.reveal() if isinstance(endpoint, Secret) else endpoint.service_url)


def _check_quiet(notifier: app.App) -> Finding:
    """What the quiet hours mean now: nobody has to reckon with spans and zones in the head."""
    quiet, now = notifier.settings.quiet_hours, notifier.clock.now()
    times = TimeFormat(quiet.zone)
    end, start = quiet.until(now), quiet.next_start(now)
    if end is not None:
        text = f"quiet now, until {times.format(end)}; reminders and heartbeats wait until then"
    elif start is not None:
        text = f"not quiet now; next from {times.format(start)} until {times.format(quiet.until(start))}"
    else:
        text = "not quiet now"
    return Finding("quiet hours", "ok", text)


def _check_token(notifier: app.App, known: _Known) -> Finding:
    scope, now = app.graph_scope(notifier.settings), notifier.clock.now()
    token = notifier.tokens.token(scope).value
    known.has_token = True
    # As the polls look at it: Graph is not asked with a token of which this is known.
    if problem := claims_problem(token, scope, notifier.settings.tenant_id, now):
        return Finding("token", "failed", f"it {problem}", FAILED)
    roles = roles_of(token)
    if roles is None:
        return Finding("token", "warning", "it does not show its permissions; the next check asks Graph")
    if problem := permission_problem(token):
        return Finding("token", "failed", f"it {problem}", FAILED)
    issued = issued_at(token)
    age = f", issued {span(now - issued)} ago" if issued else ""
    if is_tenant_unchecked(token, notifier.settings.tenant_id) and not isinstance(
        notifier.tokens, AppRegistration
    ):  # that one signs in to the domain itself
        return Finding("token", "warning", f"it has {', '.join(roles)}{age}; {_UNCHECKED}")
    wanted = {each.name for capability in notifier.settings.capabilities for each in capability.permissions}
    if more := more_than_needed(roles, wanted):
        return Finding("token", "warning", f"it has more than it needs: {', '.join(more)}{age}")
    return Finding("token", "ok", f"it has {', '.join(roles)}{age}")


def _check_visibility(notifier: app.App, so_far: _Known) -> Finding:
    """Which kinds of requests the present token shows, and what was ever listed, if the store tells."""
    roles = told_roles(notifier.tokens.token(app.graph_scope(notifier.settings)).value)
    known = notifier.health() if so_far.has_store else None
    listed = {each.family: each.last_listed for each in known.visibility if each.last_listed} if known else {}
    families = family_sights(roles, listed)
    told = [_UNKNOWN]
    if roles is not None:
        told = [
            _SIGHT[each.state].format(each.family.replace("_", " "), each.permission) for each in families
        ]
    if known:
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


def _check_state(notifier: app.App, known: _Known) -> Finding:
    known.has_store = False
    notifier.store.requests.read_mark(APPROVALS)
    known.has_store = True  # the checks to come only read
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
            text = f"overdue; {last}; poll by hand, then find out why nothing polls by MAA_POLL_SCHEDULE"
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


def _check_pulse(pulse: Pulse, *, send: bool) -> Finding:
    """Whether the monitor outside the tenant can be reached."""
    if not send:
        return Finding("pulse", "skipped", "not tried; 'maa-notify doctor --send' sends one")
    problem = pulse.send()
    if problem:
        text = f"{problem}: see MAA_PING_URL; polls go on, but the monitor will raise its alarm"
        return Finding("pulse", "failed", text, REFUSED)
    return Finding("pulse", "ok", "the monitor of MAA_PING_URL took it")


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
        return Finding(check, "skipped", "Teams lists them only if the channel is the team's General channel")
    listed = "; ".join(f"{plain(each.name, _CHANNEL_NAME_LIMIT)} {each.id}" for each in found)
    return Finding(check, "ok", listed)


def _after_accepted(settings: Settings, name: str, receipt: Receipt) -> str:
    if any(route.is_chat for route in settings.routes if route.name == name):
        return "the sample has no recipient, so the flow ends there and nobody gets a card"
    if receipt.message_id:
        return "the card is in the channel"
    return "a flow answers before it posts, so look for the card in Teams"
