"""The body of a card about a notice: what was found, what it means, and what has to be done."""

from maa_notify.cards import strings
from maa_notify.cards.elements import Element, container, fact, rich, run, trusted_text
from maa_notify.cards.names import quoted
from maa_notify.cards.request_card import footer
from maa_notify.cards.text import safe
from maa_notify.domain.event import Fact, Notice, NoticeKind
from maa_notify.domain.risk import Risk

_VALUE_LIMIT = 200
_FACTS_SHOWN = 12
_STYLE = {Risk.HIGH: "attention", Risk.MEDIUM: "warning"}


def shown(line: Fact, limit: int) -> str:
    """The value of a fact, safe; a name that somebody else chose in quotation marks."""
    return quoted(line.value, limit) if line.is_name else safe(line.value, limit)


def notice_body(notice: Notice) -> list[Element]:
    """The body: title and text, the facts with foreign values made safe, and the next step."""
    strip = container(
        _style(notice), trusted_text(notice.title, weight="Bolder"), trusted_text(notice.text), bleed=True
    )
    facts = [fact(each.label, shown(each, _VALUE_LIMIT)) for each in notice.facts[:_FACTS_SHOWN]]
    left_out = len(notice.facts) - len(facts)
    more = [rich(run(strings.more_facts(left_out), isSubtle=True))] if left_out else []
    step = [trusted_text(notice.next_step, spacing="Medium")] if notice.next_step else []
    return [strip, *facts, *more, *step, footer(notice.short_key)]


def _style(notice: Notice) -> str:
    if notice.kind is NoticeKind.RESOLVED:
        return "good"
    return "emphasis" if notice.risk is None else _STYLE.get(notice.risk, "accent")
