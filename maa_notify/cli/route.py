"""`preview --route`: tells which destinations a request would go to, and why."""

from collections.abc import Iterable, Sequence

from maa_notify.cards.text import plain
from maa_notify.cli.exit_codes import OK
from maa_notify.cli.preview_options import PreviewOptions, UnusableError
from maa_notify.cli.text import print_json, subject_line
from maa_notify.clock import SystemClock
from maa_notify.domain.event import Event, RequestEvent
from maa_notify.domain.routing import Route, RoutingDecision, RoutingReason, explain
from maa_notify.settings.reader import read_settings

_WORD_LIMIT = 64
_SENTENCES = {
    RoutingReason.FALLBACK: "no other channel gets it, and this one takes the rest",
    RoutingReason.ALREADY_ROUTED: "another channel gets it, and this one takes only the rest",
    RoutingReason.BY_APPLICATION: "an application filed it, so there is nobody to chat with",
    RoutingReason.NO_REQUESTOR: "Graph does not tell who filed it, so there is nobody to chat with",
    RoutingReason.NO_REQUEST: "only news of requests go to approvers' chats",
    RoutingReason.CARDS_THERE: "changes the cards of the request that stand there",
    RoutingReason.CARDS_STAY: "only changes cards, and those there are never changed",
}


def show_route(wanted: PreviewOptions, *, as_json: bool) -> int:
    """Prints for each destination of the settings whether it gets an event, and why; sends nothing.

    Returns:
        The exit code.

    Raises:
        SettingsError: a setting is wrong.
        UnusableError: there is no such event, or it is none of a single request.
    """
    events = wanted.events(SystemClock().now())
    if wanted.word == "digest" or not all(isinstance(each, RequestEvent) for each in events):
        raise UnusableError("only the news of one request has a route")
    routes = read_settings().routes
    told = [(event, _answers(event, routes)) for event in events]
    if as_json:
        objects = [_as_object(event, *each) for event, answers in told for each in answers]
        print_json(objects)
    else:
        print("\n".join(_as_lines(answers, _title(event, len(told))) for event, answers in told))
    return OK


def _answers(event: Event, routes: Sequence[Route]) -> list[tuple[RoutingDecision, str]]:
    """What each destination does with an event, and the sentence that says why."""
    decisions = explain(event, routes)
    return [
        (decision, sentence(decision, route, event))
        for decision, route in zip(decisions, routes, strict=True)
    ]


def _title(event: Event, of: int) -> str:
    """Which request the lines below are about, where there are several; "" for a single one."""
    return f"{event.short_key}  {subject_line(event)}" if of > 1 else ""


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


def _as_lines(answers: list[tuple[RoutingDecision, str]], title: str) -> str:
    lines = [title] if title else []
    lines += [
        f"{'HEARS' if decision.delivers else 'SILENT':8}{decision.destination}: {text}"
        for decision, text in answers
    ]
    if not any(decision.delivers for decision, _ in answers):
        lines.append("Nobody hears of it: a poll would only log poll.unheard.")
    return "\n".join(lines)


def _as_object(event: Event, decision: RoutingDecision, text: str) -> dict[str, object]:
    return {
        "key": event.short_key,
        "destination": decision.destination,
        "hears": decision.delivers,
        "why": str(decision.reason),
        "recipient": decision.recipient,
        "text": text,
    }


def _list(words: Iterable[str]) -> str:
    return ", ".join(plain(word, _WORD_LIMIT) for word in sorted(words))
