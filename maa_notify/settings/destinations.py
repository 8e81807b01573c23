"""Reads the entries of `MAA_DESTINATIONS`, channels and chats, and finds every mistake."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.cards.mentions import APPROVERS, DECISION_WANTED, MOST, Mentions, is_person
from maa_notify.domain.event import SEVERITIES
from maa_notify.domain.notification import APPROVER_CHAT
from maa_notify.domain.request import POLICY_TYPES
from maa_notify.domain.routing import DEFAULT_SEVERITIES, EVENT_NAMES, EVENTS_FOR_REQUESTOR, Route
from maa_notify.identity.secret import Secret
from maa_notify.net.client import is_loopback
from maa_notify.settings.model import BotAddress, Destination
from maa_notify.settings.validation import Findings, did_you_mean, problem_of_webhook, redacted

DESTINATIONS = "MAA_DESTINATIONS"
MOST_DESTINATIONS = 35
"""Of one tenant, the default one and the chats included: one for each policy type, and two more.

A change is recorded with a notification for each of them in one transaction of the state store, which takes
as many of the longest texts that Graph may send, and not many more.
"""
DEFAULT_DESTINATION = "default"
REQUESTOR_CHAT = "requestor chat"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9:@._-]{1,200}")
_ENTRY_KEYS = frozenset(
    {"name", "webhook_url", "bot", "to", "policy_types", "events", "mentions", "severity"}
)
_BOT_KEYS = frozenset({"channel_id", "service_url"})
_RESERVED = frozenset({DEFAULT_DESTINATION, REQUESTOR_CHAT, APPROVER_CHAT})
_CHANNEL, _REQUESTOR = "channel", "requestor"


def read_destinations(
    entries: Sequence[object], findings: Findings, problem_of_service: Callable[[str], str]
) -> list[Destination]:
    """The destinations of the entries, those with mistakes included; `findings` gets every mistake.

    Args:
        entries: of the JSON list.
        findings: where mistakes and warnings go.
        problem_of_service: what keeps an address from being one of the bot's service; "" when nothing does.
    """
    found: list[Destination] = []
    for number, entry in enumerate(entries, 1):
        reader = _EntryReader(f"entry {number}", findings, problem_of_service)
        if not isinstance(entry, dict):
            findings.wrong(DESTINATIONS, f"{reader.where} must be an object")
            continue
        reader.check_keys(entry, _ENTRY_KEYS, "")
        name = reader.name(entry.get("name"))
        named = replace(reader, where=f"{reader.where} ({name})") if name else reader
        found.append(named.destination(name, entry))
    names = [each.route.name for each in found if each.route.name]
    for name in sorted({name for name in names if names.count(name) > 1}):
        findings.wrong(DESTINATIONS, f"the name {name!r} is given twice")
    return found


def warn_of_unsigned(url: str, setting: str, where: str, findings: Findings) -> None:
    """Warns of a webhook without a signature, which demands that its callers sign in."""
    if "sig=" not in url and not is_loopback(url):
        findings.warn(
            setting,
            f"{where}the URL has no 'sig=' part: such webhooks ask callers to sign in, which this"
            " notifier does not do",
        )


def check_number(destinations: Sequence[Destination], findings: Findings) -> None:
    """Refuses more destinations than one change can be recorded for."""
    if len(destinations) > MOST_DESTINATIONS:
        findings.wrong(
            DESTINATIONS,
            f"with the default one and the bot's chats these are {len(destinations)} destinations,"
            f" and one tenant may have up to {MOST_DESTINATIONS}: let one channel take more policy types",
        )


def warn_of_shared_endpoints(destinations: Iterable[Destination], findings: Findings) -> None:
    """Warns of destinations that post to the same place, where an event would be told more than once."""
    names: dict[Secret | BotAddress, list[str]] = {}
    for each in destinations:
        names.setdefault(each.address, []).append(each.route.name)
    for together in names.values():
        if len(together) > 1:
            findings.warn(
                DESTINATIONS,
                f"{' and '.join(map(repr, together))} have the same address: what more than one of them gets"
                " is posted there more than once",
            )


class _EntryReader(Struct, frozen=True):
    """Reads one entry; `where` names it in what it finds."""

    where: str
    findings: Findings
    problem_of_service: Callable[[str], str]

    def wrong(self, problem: str) -> None:
        self.findings.wrong(DESTINATIONS, f"{self.where}: {problem}")

    def check_keys(self, given: Mapping[str, Any], known: frozenset[str], within: str) -> None:
        for key in sorted(set(given) - known):
            self.wrong(f"{redacted(key)} is not known{within}{did_you_mean(key, known)}")

    def name(self, value: object) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value) and value.lower() not in _RESERVED:
            return value
        reserved = " and ".join(repr(each) for each in sorted(_RESERVED))
        self.wrong(f"'name' must be up to 40 letters, digits, spaces, - _ . ({reserved} are taken)")
        return ""

    def destination(self, name: str, entry: Mapping[str, Any]) -> Destination:
        endpoint = self._endpoint(entry)
        types = self._words("policy_types", entry.get("policy_types", []), POLICY_TYPES)
        events = self._words("events", entry.get("events", []), EVENT_NAMES)
        severities = self._words("severity", entry.get("severity", []), SEVERITIES) or DEFAULT_SEVERITIES
        mentions = self._mentions(entry.get("mentions", []))
        if not self._is_to_requestor(entry.get("to", _CHANNEL)):
            keeps = isinstance(endpoint, BotAddress)
            route = Route(name, types, events, severities=severities, keeps_cards=keeps)
            return Destination(route, endpoint, mentions)
        if isinstance(endpoint, BotAddress):
            self.wrong("a bot has channels here; MAA_REQUESTOR_CHAT has it write to requestors")
        if mentions:
            self.wrong("'mentions' are for channels; a chat notifies its one person anyway")
        return Destination(Route(name, types, events or EVENTS_FOR_REQUESTOR, to_requestor=True), endpoint)

    def _endpoint(self, entry: Mapping[str, Any]) -> Secret | BotAddress:
        if "bot" not in entry:
            return self._webhook(entry.get("webhook_url"))
        if "webhook_url" in entry:
            self.wrong("give 'webhook_url' or 'bot', not both")
        return self._bot(entry["bot"])

    def _webhook(self, value: object) -> Secret:
        url = value.strip() if isinstance(value, str) else ""
        problem = problem_of_webhook(url) if url else "'webhook_url' is required"
        if problem:
            self.wrong(problem)
        else:
            warn_of_unsigned(url, DESTINATIONS, f"{self.where}: ", self.findings)
        return Secret(url)

    def _bot(self, value: object) -> BotAddress:
        if not isinstance(value, dict):
            self.wrong("'bot' must be an object with 'channel_id' and 'service_url'")
            return BotAddress("")
        self.check_keys(value, _BOT_KEYS, " in 'bot'")
        channel, url = value.get("channel_id"), value.get("service_url")
        if not isinstance(channel, str) or not _CHANNEL_ID.fullmatch(channel):
            self.wrong("'channel_id' must be a channel's id such as 19:…@thread.tacv2, as it is")
        problem = self.problem_of_service(url.strip() if isinstance(url, str) else "")
        if problem:
            self.wrong(f"'service_url' {problem}")
        return BotAddress(str(url).strip().rstrip("/"), str(channel))

    def _is_to_requestor(self, value: object) -> bool:
        known = (_CHANNEL, _REQUESTOR)
        if value not in known:
            near = did_you_mean(value, known) if isinstance(value, str) else ""
            self.wrong(f"'to' must be 'channel' or 'requestor'{near}")
        return value == _REQUESTOR

    def _mentions(self, value: object) -> Mentions:
        """People by event; a plain list of people is for all events that ask for a decision."""
        by_word: Mapping[str, Any] = (
            value if isinstance(value, dict) else dict.fromkeys(DECISION_WANTED, value)
        )
        if not all(map(_are_people, by_word.values())):
            self.wrong(
                "'mentions' must be a list of user principal names, Entra object ids or @approvers, or an"
                " object with such a list for each event"
            )
            return {}
        if len({person for people in by_word.values() for person in people}) > MOST:
            self.wrong(f"'mentions' may name up to {MOST} people in all")
        mentions: dict[str, tuple[str, ...]] = {}
        for given, people in by_word.items():
            for word in self._words("mentions", [given], EVENT_NAMES):
                mentions[word] = (*mentions.get(word, ()), *people)
        return {word: people for word, people in mentions.items() if people}

    def _words(self, key: str, values: object, known: tuple[str, ...]) -> frozenset[str]:
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.wrong(f"{key!r} must be a list of words")
            return frozenset()
        by_lower = {word.lower(): word for word in known}
        for value in values:
            if value.lower() not in by_lower:
                self.wrong(f"{redacted(value)} is no word of {key!r}{did_you_mean(value, known)}")
        return frozenset(by_lower[value.lower()] for value in values if value.lower() in by_lower)


def _are_people(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, str) and (each == APPROVERS or is_person(each)) for each in value
    )
