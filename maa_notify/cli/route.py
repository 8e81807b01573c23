"""`preview --route`: where a request would go, and why."""

import json
from collections.abc import Iterable

from maa_notify.cards.text import safe
from maa_notify.cli.preview import PreviewOptions, UnusableError
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


def show_route(wish: PreviewOptions, *, as_json: bool) -> int:
    """Prints for each destination of the settings whether it hears of an event; sends nothing.

    Raises:
        SettingsError: a setting is wrong.
        UnusableError: there is no such event, or it is none of a single request.
    """
    event = wish.event(SystemClock().now())
    if isinstance(event, Notice) or wish.word == "digest":
        raise UnusableError("only the news of one request has a route")
    routes = read_settings().routes
    verdicts = explain(event, routes)
    texts = [sentence(verdict, route, event) for verdict, route in zip(verdicts, routes, strict=True)]
    told = list(zip(verdicts, texts, strict=True))
    print(json.dumps([_as_object(*each) for each in told], indent=2) if as_json else _as_lines(told))
    return 0


def sentence(verdict: RoutingDecision, route: Route, event: Event) -> str:
    """The reason of a verdict in words."""
    if verdict.reason is RoutingReason.OTHER_POLICY_TYPE:
        return f"listens only to {_list(route.policy_types)}; this is {_list(event.topics)}"
    if verdict.reason is RoutingReason.OTHER_EVENT:
        return f"listens only to {_list(route.events)}; this is {_list(event.names)}"
    if verdict.reason is not RoutingReason.WANTED:
        return _SENTENCES[verdict.reason]
    wishes = [*route.policy_types.intersection(event.topics), *route.events.intersection(event.names)]
    asked = f"asks for {_list(wishes)}" if wishes else "hears everything"
    return f"{asked}; a chat with {verdict.recipient}" if verdict.recipient else asked


def _as_lines(told: list[tuple[RoutingDecision, str]]) -> str:
    lines = [
        f"{'HEARS' if verdict.delivers else 'SILENT':8}{verdict.destination}: {text}"
        for verdict, text in told
    ]
    if not any(verdict.delivers for verdict, _ in told):
        lines.append("Nobody hears of it: a poll would only log poll.unheard.")
    return "\n".join(lines)


def _as_object(verdict: RoutingDecision, text: str) -> dict[str, object]:
    return {
        "destination": verdict.destination,
        "hears": verdict.delivers,
        "why": str(verdict.reason),
        "recipient": verdict.recipient,
        "text": text,
    }


def _list(words: Iterable[str]) -> str:
    return ", ".join(safe(word, _WORD_LIMIT) for word in sorted(words))
