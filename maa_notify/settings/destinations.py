"""`MAA_DESTINATIONS`: a JSON list of channels and chats, read with every mistake named."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from maa_notify.cards.mentions import DECISION_WANTED, MOST, Mentions, is_person
from maa_notify.domain.request import POLICY_TYPES
from maa_notify.domain.routing import EVENT_NAMES, EVENTS_FOR_REQUESTOR, Route
from maa_notify.identity.secret import Secret
from maa_notify.net.client import is_loopback
from maa_notify.settings.validation import did_you_mean, problem_of_webhook, redacted

DEFAULT_DESTINATION = "default"
REQUESTOR_CHAT = "requestor chat"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9:@._-]{1,200}")
_DESTINATION_KEYS = frozenset({"name", "webhook_url", "bot", "to", "policy_types", "events", "mentions"})
_BOT_KEYS = frozenset({"channel_id", "service_url"})
_RESERVED = frozenset({DEFAULT_DESTINATION, REQUESTOR_CHAT})
_CHANNEL, _REQUESTOR = "channel", "requestor"


class BotAddress(Struct, frozen=True):
    """Where the bot writes: the service's origin and path, and the channel; "" for the requestors' chats."""

    service_url: str
    channel_id: str = ""


class Destination(Struct, frozen=True):
    """A Teams channel or the requestors' chats: what it wants to hear, and whom to mention.

    The way there is a webhook or the bot.
    """

    route: Route
    way: Secret | BotAddress
    mentions: Mentions = field(default_factory=dict)


class DestinationsReader(Struct, frozen=True):
    """Reads them all; what is wrong or doubtful goes to `wrong` and `warn`, and a default stands in.

    `problem_of_service` says what keeps an address from being one of the bot's service; "" when nothing does.
    """

    wrong: Callable[[str], None]
    warn: Callable[[str], None]
    problem_of_service: Callable[[str], str]

    def read(self, text: str) -> list[Destination]:
        """The destinations of a setting's value; those that can be told apart, when some are wrong."""
        try:
            entries = json.loads(text)
        except (ValueError, RecursionError):
            entries = None
        if not isinstance(entries, list):
            self.wrong('must be a JSON list, such as [{"name": "ops", "webhook_url": "https://…"}]')
            return []
        found = [self._destination(number, entry) for number, entry in enumerate(entries, 1)]
        destinations = [each for each in found if each is not None]
        self._check_unique([each.route.name for each in destinations])
        return destinations

    def check_webhook(self, url: str, where: str = "") -> None:
        """Judges a webhook's address, here or in a setting of its own."""
        problem = problem_of_webhook(url)
        if problem:
            self.wrong(where + problem)
        elif "sig=" not in url and not is_loopback(url):
            self.warn(
                f"{where}the URL has no 'sig=' part: such webhooks ask callers to sign in, which this"
                " notifier does not do"
            )

    def _destination(self, number: int, entry: object) -> Destination | None:
        if not isinstance(entry, dict):
            self.wrong(f"entry {number} must be an object")
            return None
        for key in sorted(set(entry) - _DESTINATION_KEYS):
            self.wrong(f"entry {number}: {redacted(key)} is not known{did_you_mean(key, _DESTINATION_KEYS)}")
        name = self._name(number, entry.get("name"))
        where = f"entry {number} ({name})" if name else f"entry {number}"
        way = self._way(where, entry)
        types = self._words(where, "policy_types", entry.get("policy_types", []), POLICY_TYPES)
        events = self._words(where, "events", entry.get("events", []), EVENT_NAMES)
        mentions = self._mentions(where, entry.get("mentions", []))
        if not self._is_to_requestor(where, entry.get("to", _CHANNEL)):
            return Destination(Route(name, types, events), way, mentions)
        if isinstance(way, BotAddress):
            self.wrong(f"{where}: a bot has channels here; MAA_REQUESTOR_CHAT has it write to requestors")
        if mentions:
            self.wrong(f"{where}: 'mentions' are for channels; a chat rings its one person")
        return Destination(Route(name, types, events or EVENTS_FOR_REQUESTOR, to_requestor=True), way)

    def _is_to_requestor(self, where: str, value: object) -> bool:
        known = (_CHANNEL, _REQUESTOR)
        if value not in known:
            near = did_you_mean(value, known) if isinstance(value, str) else ""
            self.wrong(f"{where}: 'to' must be 'channel' or 'requestor'{near}")
        return value == _REQUESTOR

    def _mentions(self, where: str, value: object) -> Mentions:
        """People by event; a plain list of people is for all events that ask for a decision."""
        by_word: Mapping[str, Any] = (
            value if isinstance(value, dict) else dict.fromkeys(DECISION_WANTED, value)
        )
        if not all(map(_are_people, by_word.values())):
            self.wrong(
                f"{where}: 'mentions' must be a list of user principal names or Entra object ids, or an"
                " object with such a list for each event"
            )
            return {}
        if len({person for people in by_word.values() for person in people}) > MOST:
            self.wrong(f"{where}: 'mentions' may name up to {MOST} people in all")
        mentions: dict[str, tuple[str, ...]] = {}
        for given, people in by_word.items():
            for word in self._words(where, "mentions", [given], EVENT_NAMES):
                mentions[word] = (*mentions.get(word, ()), *people)
        return {word: people for word, people in mentions.items() if people}

    def _name(self, number: int, value: object) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value) and value.lower() not in _RESERVED:
            return value
        reserved = " and ".join(repr(each) for each in sorted(_RESERVED))
        self.wrong(
            f"entry {number}: 'name' must be up to 40 letters, digits, spaces, - _ . ({reserved} are taken)"
        )
        return ""

    def _way(self, where: str, entry: Mapping[str, Any]) -> Secret | BotAddress:
        if "bot" not in entry:
            return self._webhook(where, entry.get("webhook_url"))
        if "webhook_url" in entry:
            self.wrong(f"{where}: give 'webhook_url' or 'bot', not both")
        return self._bot(where, entry["bot"])

    def _bot(self, where: str, value: object) -> BotAddress:
        if not isinstance(value, dict):
            self.wrong(f"{where}: 'bot' must be an object with 'channel_id' and 'service_url'")
            return BotAddress("")
        for key in sorted(set(value) - _BOT_KEYS):
            self.wrong(f"{where}: {redacted(key)} is not known in 'bot'{did_you_mean(key, _BOT_KEYS)}")
        channel, url = value.get("channel_id"), value.get("service_url")
        if not isinstance(channel, str) or not _CHANNEL_ID.fullmatch(channel):
            self.wrong(f"{where}: 'channel_id' must be a channel's id such as 19:…@thread.tacv2, as it is")
        problem = self.problem_of_service(url.strip() if isinstance(url, str) else "")
        if problem:
            self.wrong(f"{where}: 'service_url' {problem}")
        return BotAddress(str(url).strip().rstrip("/"), str(channel))

    def _webhook(self, where: str, value: object) -> Secret:
        url = value.strip() if isinstance(value, str) else ""
        if url:
            self.check_webhook(url, f"{where}: ")
        else:
            self.wrong(f"{where}: 'webhook_url' is required")
        return Secret(url)

    def _words(self, where: str, key: str, values: object, known: tuple[str, ...]) -> frozenset[str]:
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.wrong(f"{where}: {key!r} must be a list of words")
            return frozenset()
        by_lower = {word.lower(): word for word in known}
        for value in values:
            if value.lower() not in by_lower:
                self.wrong(f"{where}: {redacted(value)} is no word of {key!r}{did_you_mean(value, known)}")
        return frozenset(by_lower[value.lower()] for value in values if value.lower() in by_lower)

    def _check_unique(self, names: list[str]) -> None:
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self.wrong(f"the name {name!r} is given twice")


def _are_people(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and is_person(each) for each in value)
