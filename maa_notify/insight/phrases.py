"""Questions in words: "who approved the deletion of our baseline on march 15th". Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from maa_notify.insight.query import Query, is_like_key
from maa_notify.insight.verbs import DEEDS, NOUNS
from maa_notify.insight.when import span_in

_DECIDED = {"approve", "authorize", "authorise", "confirm", "cancel", "decline", "decide", "reject", "refuse"}
_DECISIONS = _DECIDED.union(
    ("approved", "authorized", "authorised", "confirmed", "canceled", "cancelled", "declined", "decided"),
    ("rejected", "refused", "request", "requested", "file", "filed", "complete", "completed", "allowed"),
)
"""After "who": they ask for the people, and not for a verb."""
_AUXILIARIES = frozenset({"has", "have", "had", "did", "was", "is", "else", "actually"})
_ARTICLES = frozenset({"the", "a", "an", "our", "my", "this", "that"})
_BEFORE_AN_OBJECT = frozenset({"of", "for", "on", "to"})
_BEFORE_A_TIME = frozenset({"in", "on", "at", "during", "of", "around", "over", "within", "the"})
_LONGEST_TIME = 10
_AROUND = "?!,;“”„‘’«»\"'`"  # noqa: RUF001 - what people put around a name


class Asked(Struct, frozen=True):
    """A question as understood.

    Attributes:
        verb: "" for any.
        words: behind it: the object, and maybe a time.
        plainly: the same with all words behind "who approved" as those of a name; None if that is no other.
    """

    verb: str
    words: tuple[str, ...]
    plainly: "Asked | None" = None


def asked_in(words: Sequence[str]) -> Asked | None:
    """The question in the words behind "who", in lower case; None for one that is not understood."""
    said = [each for each in (word.strip(_AROUND) for word in words) if each]
    while len(said) > 1 and said[0] in _AUXILIARIES and _asks(said[1]):
        said = said[1:]
    match said:
        case ["asked", "for" | "to", *rest] if rest:
            return _asked("", rest)
        case [verb, *rest] if verb in _DECISIONS and rest:
            return _asked("", rest)
        case [verb, *rest] if _verb(verb) and rest:
            return _asked(_verb(verb), rest)
    return None


def query_of(asked: Asked, now: datetime, zone: tzinfo | None) -> Query:
    """What to look for; words at the end that name a time are one, in a time zone, and never to come."""
    words, today = list(asked.words), now.astimezone(zone or UTC).date()
    for count in range(min(_LONGEST_TIME, len(words) - 1), 0, -1):
        span = span_in(words[-count:], today, zone or UTC)
        if span is not None:
            rest = words[:-count]
            while len(rest) > 1 and rest[-1] in _BEFORE_A_TIME:
                rest = rest[:-1]
            return Query(" ".join(rest), asked.verb, span=span)
    return Query(" ".join(words), asked.verb)


def readings_of(asked: Asked, now: datetime, zone: tzinfo | None) -> Iterator[Query]:
    """What the question may look for; where one finds nothing, the next is meant.

    First come those in which more words are the name's: it may end with what could be a time, such as
    `office 2021`, or begin or end with a verb. A key may stand for it.
    """
    forms = [each for each in (asked.plainly, asked) if each is not None]
    yield from (Query(" ".join(each.words), each.verb) for each in forms)
    yield from (query_of(each, now, zone) for each in forms)
    likely = query_of(asked, now, zone)
    name, _, noun = likely.text.rpartition(" ")
    if not asked.verb and name and noun in NOUNS:
        yield Query(name.removesuffix("'s").removesuffix("’s"), NOUNS[noun], span=likely.span)
    if is_like_key(likely.text):
        yield Query(key=likely.text, span=likely.span)


def _asks(word: str) -> bool:
    return word in _DECISIONS or word == "asked" or word in _AUXILIARIES or bool(_verb(word))


def _verb(word: str) -> str:
    """The verb in `deleted` or `delete`; "" for a word that is none."""
    return DEEDS.get(word, "") or (word if word in DEEDS.values() else "")


def _asked(verb: str, words: Sequence[str]) -> Asked | None:
    found, named = _about(verb, words), _without_articles(words)
    if found is None or (found.verb, found.words) == (verb, named):
        return found
    return Asked(found.verb, found.words, Asked(verb, named))


def _without_articles(words: Sequence[str]) -> tuple[str, ...]:
    first = next((place for place, word in enumerate(words) if word not in _ARTICLES), len(words))
    return tuple(words[first:])


def _about(verb: str, words: Sequence[str]) -> Asked | None:
    """The question without articles, and with the verb of "the deletion of" or "the request to delete"."""
    rest = _without_articles(words)
    match rest:
        case ["request", word, *others] if others and word in _BEFORE_AN_OBJECT:
            return _about(verb, others)
        case ["request", key] if is_like_key(key):
            return Asked(verb, (key,))
        case [noun, word, *others] if others and noun in NOUNS and word in _BEFORE_AN_OBJECT:
            return _about(NOUNS[noun], others)
        case [word, *others] if others and not verb and (word.endswith("ing") or word in DEEDS.values()):
            return _about(NOUNS[word], others) if word in NOUNS else Asked(verb, tuple(rest))
    return Asked(verb, tuple(rest)) if rest else None
