"""`preview --route`: tells which destinations a request would go to, and why."""

import json
from collections.abc import Iterable

from maa_notify.cards.text import safe
from maa_notify.cli.exit_codes import OK
from maa_notify.cli.preview_options import PreviewOptions, UnusableError
from maa_notify.clock import SystemClock
from maa_notify.domain.event import Event, Notice
from maa_notify.domain.routing import Route, RoutingDecision, RoutingReason, explain
from maa_notify.settings.reader import read_settings

_WORD_LIMIT = 64
_SENTENCES = {
    RoutingReason.FALLBACK: "no other channel hears of it, and this one takes what is left",
    RoutingReason.ALREADY_ROUTED: "another channel hears of it, and this one takes only what is left",
    RoutingReason.BY_APPLICATION: "an application filed it, so there is nobody to chat with",
    RoutingReason.NO_REQUESTOR: "Graph does not tell who filed it, so there is nobody to chat with",
}


def show_route(wanted: PreviewOptions, *, as_json: bool) -> int:
    """Prints for each destination of the settings whether it gets an event, and why; sends nothing.

    Returns:
        The exit code.

    Raises:
        SettingsError: a setting is wrong.
        UnusableError: there is no such event, or it is none of a single request.
    """
    event = wanted.event(SystemClock().now())
    if isinstance(event, Notice) or wanted.word == "digest":
        raise UnusableError("only the news of one request has a route")
    routes = read_settings().routes
    decisions = explain(event, routes)
    texts = [sentence(decision, route, event) for decision, route in zip(decisions, routes, strict=True)]
    answers = list(zip(decisions, texts, strict=True))
    print(json.dumps([_as_object(*each) for each in answers], indent=2) if as_json else _as_lines(answers))
    return OK


def sentence(decision: RoutingDecision, route: Route, event: Event) -> str:
    """The reason of a decision, as a sentence for people."""
    if decision.reason is RoutingReason.OTHER_POLICY_TYPE:
        return f"listens only to {_list(route.policy_types)}; this is {_list(event.topics)}"
    if decision.reason is RoutingReason.OTHER_EVENT:
        return f"listens only to {_list(route.events)}; this is {_list(event.names)}"
    if decision.reason is not RoutingReason.WANTED:
        return _SENTENCES[decision.reason]
    matching = [
        *route.policy_types.intersection(event.topics),
        *route.events.intersection(event.names),
    ]
    asked = f"asks for {_list(matching)}" if matching else "hears everything"
    return f"{asked}; a chat with {decision.recipient}" if decision.recipient else asked


def _as_lines(answers: list[tuple[RoutingDecision, str]]) -> str:
    lines = [
        f"{'HEARS' if decision.delivers else 'SILENT':8}{decision.destination}: {text}"
        for decision, text in answers
    ]
    if not any(decision.delivers for decision, _ in answers):
        lines.append("Nobody hears of it: a poll would only log poll.unheard.")
    return "\n".join(lines)


def _as_object(decision: RoutingDecision, text: str) -> dict[str, object]:
    return {
        "destination": decision.destination,
        "hears": decision.delivers,
        "why": str(decision.reason),
        "recipient": decision.recipient,
        "text": text,
    }


def _list(words: Iterable[str]) -> str:
    return ", ".join(safe(word, _WORD_LIMIT) for word in sorted(words))
