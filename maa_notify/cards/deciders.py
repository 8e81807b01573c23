"""What a card tells of those who can decide, of what keeps everybody from it, and of odd approvals."""

from datetime import timedelta

from maa_notify.cards import strings
from maa_notify.cards.context import CardContext
from maa_notify.cards.elements import Element, container, fact, rich, run, trusted_text
from maa_notify.cards.names import quoted
from maa_notify.cards.rows import timed
from maa_notify.cards.text import safe_account
from maa_notify.cards.times import readers_time
from maa_notify.domain.approvers import Decider, Deciders
from maa_notify.domain.event import short_key
from maa_notify.domain.request import ACCOUNT, NEEDS_APPROVAL
from maa_notify.domain.signs import Sign

_NAME_LIMIT = 40
_RECENT = timedelta(hours=2)
"""A list as old is still told as what is so."""


def obstacle_lines(card: CardContext) -> list[Element]:
    """In the strip: that nobody can decide, why, where, and what to mend; nothing where somebody can."""
    obstacle, found = strings.obstacle_of(card.event), card.event.deciders
    if obstacle is None or found is None:
        return []
    names = [(strings.LABEL_POLICY, found.policy), (strings.LABEL_GROUP, found.group)]
    where = [f"{label} {name}" for label, each in names if (name := quoted(each, card.limits.name))]
    return [
        trusted_text(strings.nobody_because(obstacle), weight="Bolder", spacing="Small"),
        *([rich(run(" · ".join(where)), spacing="Small")] if where else []),
        trusted_text(strings.MEND[obstacle] + strings.IN_TIME, spacing="Small"),
    ]


def decider_rows(card: CardContext) -> list[Element]:
    """The row with the names of those who can decide; where the list is old, with its time."""
    found = card.event.deciders
    if found is None or not found.count or not card.event.wants_decision:
        return []
    told = _told(found, card.limits.steps)
    if card.now - found.read_at > _RECENT:
        return [timed(strings.LABEL_DECIDERS_THEN, readers_time(found.read_at), told)]
    return [fact(strings.LABEL_DECIDERS, told)]


def looking_rows(card: CardContext) -> list[Element]:
    """The row that says who is looking at the request, and since when."""
    look = card.event.look
    if look is None or not card.event.wants_decision:
        return []
    return [timed(strings.LABEL_LOOKING, readers_time(look.since), _name(look.by) or strings.SOMEBODY)]


def sign_lines(card: CardContext) -> list[Element]:
    """What stands out about an approval, with its times; our own words only."""
    if not card.event.signs or card.event.request.status == NEEDS_APPROVAL:
        return []
    title = trusted_text(strings.SIGNS, weight="Bolder")
    told = [trusted_text(_sign(each, card), spacing="Small") for each in card.event.signs]
    return [container("warning", title, *told, trusted_text(strings.SIGN_STEP, spacing="Small"))]


def _sign(found: Sign, card: CardContext) -> str:
    filed, since, at = map(readers_time, (card.request.requested_at, found.since, found.at))
    return strings.sign(found, filed, since, at, short_key(found.other_id))


def _told(found: Deciders, most: int) -> str:
    """`“Aiko Mori”, “Oskar Weiss” (guest), 3 more; 1 nested group, …`."""
    names = [name for each in found.people[:most] if (name := _name(each))]
    left_out = found.count - len(names)
    more = [strings.more_people(left_out) if names else strings.people(left_out)] if left_out else []
    others = [strings.nested_groups(found.nested)] if found.nested else []
    unsure = [] if found.is_requestor_known else [strings.UNLESS_THEIR_OWN]
    return "; ".join([", ".join([*names, *more]), *others, *unsure])


def _name(decider: Decider) -> str:
    """A name in quotation marks, else the account; "" where neither may be seen."""
    is_account = ACCOUNT.fullmatch(decider.account) is not None
    account = safe_account(decider.account) if is_account else quoted(decider.account, _NAME_LIMIT)
    name = quoted(decider.name, _NAME_LIMIT) or account
    return strings.guest(name) if name and decider.is_guest else name
