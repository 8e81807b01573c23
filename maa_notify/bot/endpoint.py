"""`POST /api/messages`: answers a call of Teams with a card, which goes to the call's service URL.

Whoever pressed a button waits for the response itself, and gets a sentence in it.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from maa_notify import logs
from maa_notify.bot.activity import Activity, MalformedActivityError, parse_activity, spelled
from maa_notify.bot.answers import Answers, Question, Word, command_of
from maa_notify.bot.auth import FORBIDDEN, UNAUTHORIZED, CallerVerifier, RefusedError
from maa_notify.bot.config import BotSetup
from maa_notify.bot.keys import SigningKeys
from maa_notify.bot.looking import Looking
from maa_notify.bot.replay import ReplayCache
from maa_notify.cards.builder import LOOK, TeamsCards
from maa_notify.cards.elements import Element
from maa_notify.clock import Clock
from maa_notify.errors import MaaNotifyError
from maa_notify.storage.records import APPROVALS
from maa_notify.storage.store import StateStore

_LOG = logs.logger(__name__)

_MAX_BYTES = 256 * 1024
_OK = 200
_BAD_REQUEST = 400
_TOO_LARGE = 413
_UNAVAILABLE = 503
_MESSAGE = "application/vnd.microsoft.activity.message"
"""A response of which the client shows one sentence ("Universal Action Model")."""
_FROM_ANYBODY = frozenset({UNAUTHORIZED, _TOO_LARGE})


class Replies(Protocol):
    """Posts answers."""

    def reply(self, activity: Activity, card: Element) -> None:
        """Posts a card in the activity's conversation, as an answer to `activity.reply_to` if there is one.

        Raises:
            DeliveryError: it was not accepted.
        """
        ...


class Messages:
    """Answers what people ask. Several threads may call at once."""

    def __init__(  # noqa: PLR0913 - who asks where, what is known, and how it is told
        self,
        tokens: CallerVerifier,
        store: StateStore,
        answers: Answers,
        replies: Replies,
        clock: Clock,
        *,
        channels: Collection[str] = (),
    ) -> None:
        """Knows `store` alone; it has no access to Graph. In `channels` everything is told."""
        self._channels = frozenset(map(spelled, channels))
        self._verifier = tokens
        self._store = store
        self._answers = answers
        self._looking = Looking(store)
        self._replies = replies
        self._clock = clock
        self._answered = ReplayCache()
        self._greeted = ReplayCache()

    def handle(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """Handles one call and returns the HTTP status and a body of JSON.

        The body is "" but for whoever pressed a button, and was let in.
        """
        if len(body) > _MAX_BYTES:
            return _refuse(RefusedError(_TOO_LARGE, "size")), ""
        try:
            caller = self._verifier.authenticate(_header(headers.items(), "authorization"))
            activity = parse_activity(body)
            self._verifier.authorize(caller, activity)
            return _OK, self._answer_once(activity)
        except RefusedError as error:
            return _refuse(error), ""
        except MalformedActivityError:
            return _refuse(RefusedError(_BAD_REQUEST, "activity")), ""
        except MaaNotifyError as error:
            _LOG.error("bot.failed", code=error.code)
            return _UNAVAILABLE, ""

    def _answer_once(self, activity: Activity) -> str:
        """Answers, unless the same activity was answered before; one whose answer failed may come again."""
        if not self._answered.add(activity.key):
            raise RefusedError(FORBIDDEN, "replayed")
        try:
            return self._answer(activity)
        except MaaNotifyError:
            self._answered.forget(activity.key)
            raise

    def _answer(self, activity: Activity) -> str:
        is_private = activity.is_private(self._channels)
        request_id = activity.pressed(LOOK)
        if request_id is not None:
            return self._noted(request_id, activity)
        if activity.is_message:
            command = command_of(activity.text or "", activity.own_mentions)
            question = Question(command, activity.asker, is_private)
            self._replies.reply(activity, self._card(question))
            _LOG.info("bot.answered", command=command.word, private=is_private)
        elif activity.is_welcome and self._greeted.add(activity.conversation.id):
            self._replies.reply(activity, self._answers.hello())
            _LOG.info("bot.installed", private=is_private)
        return ""

    def _noted(self, request_id: str, activity: Activity) -> str:
        """Notes that somebody looks at a request; answers in the response, or older clients by a card."""
        told = self._looking.note(request_id, activity.asker, self._clock.now())
        _LOG.info("bot.pressed", private=activity.is_private(self._channels))
        if activity.is_invoke:
            return json.dumps({"statusCode": _OK, "type": _MESSAGE, "value": told})
        self._replies.reply(activity, self._answers.sentence(told))
        return ""

    def _card(self, question: Question) -> Element:
        now = self._clock.now()
        if question.command.word is Word.WHO:
            return self._answers.who(question, self._store.history.read, now)
        snapshot = self._store.requests.read_snapshot()
        mark = snapshot.marks.get(APPROVALS)
        as_of = mark.last_good if mark else None
        tracked = [held.value for held in snapshot.tracked.values()]
        return self._answers.answer(question, tracked, as_of, now)


def messages_of(
    setup: BotSetup, store: StateStore, cards: TeamsCards, replies: Replies, clock: Clock
) -> Messages:
    """The handler of one bot's messages; no request is made yet."""
    tokens = CallerVerifier(setup, SigningKeys(setup.cloud.metadata_url, clock))
    return Messages(tokens, store, Answers(cards), replies, clock, channels=setup.channels)


def _header(headers: Iterable[tuple[str, str]], name: str) -> str:
    return next((value for each, value in headers if each.lower() == name), "")


def _refuse(error: RefusedError) -> int:
    """Logs a refused call and returns its status; as a warning only if Microsoft signed the call."""
    if error.status in _FROM_ANYBODY:
        _LOG.info("bot.refused", reason=error.reason)
    else:
        _LOG.warning("bot.refused", reason=error.reason)
    return error.status
