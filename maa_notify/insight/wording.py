"""The sentences of a report: what its figures say, in words. Pure."""

from datetime import timedelta

from maa_notify.cards import strings
from maa_notify.cards.text import isolated, plain
from maa_notify.cards.times import span
from maa_notify.insight.figures import Figures, Person

_NAME = 120
_MUCH = 0.5
_FEW_DECISIONS = 3


def outcome(word: str) -> str:
    """An outcome for people."""
    return strings.step(word)


def policy_type(word: str) -> str:
    """A policy type for people."""
    return strings.policy_type(word)


def length(seconds: float | None) -> str:
    """A length of time for people."""
    return "-" if seconds is None else span(timedelta(seconds=seconds))


def person(person: Person, role: str, rank: int) -> str:
    """Somebody's name, or a number where names are left out."""
    name = _name(person.name) or f"{role} {rank}"
    return f"{name} ({strings.APPLICATION})" if person.is_application else name


def decision_times(found: Figures) -> str:
    """How long decisions took, and of how many nobody can tell."""
    if not found.decisions:
        return "nothing was decided"
    count, unseen = found.decision.count, found.decisions - found.decision.count
    if not count:
        return f"no poll saw when {counted(unseen, 'decision')} came"
    told = f"median {length(found.decision.median_s)}, nine in ten within {length(found.decision.p90_s)}"
    more = f"; when {unseen} more came, no poll saw" if unseen else ""
    return f"{told} ({counted(count, 'decision')}{more})"


def share(part: float) -> str:
    """A share as a percentage."""
    return f"{part:.0%}"


def remarks(found: Figures) -> list[str]:
    """What is worth a look, the gravest first; empty where nothing is."""
    told = [
        (
            found.own_approvals,
            _count(found.own_approvals, "request was", "requests were"),
            "decided by whoever asked.",
        ),
        (
            found.decided_by_applications,
            _count(found.decided_by_applications, "request was", "requests were"),
            "decided by an application, not by a person.",
        ),
        (
            found.hasty_approvals,
            _count(found.hasty_approvals, "approval came", "approvals came"),
            "within a minute: read before it was approved?",
        ),
        (
            found.expired_undecided,
            _count(found.expired_undecided, "request", "requests"),
            "expired and nobody had decided.",
        ),
        (
            found.by_applications,
            _count(found.by_applications, "request was", "requests were"),
            "filed by applications, not by people.",
        ),
        (
            found.reminded,
            _count(found.reminded, "request", "requests"),
            f"needed reminders, {found.reminders} in all.",
        ),
    ]
    lines = [f"{count} {rest}" for number, count, rest in told if number]
    lines += [_pair(pair.names, pair.counts) for pair in found.pairs]
    decisions = sum(each.count for each in found.approvers)
    if (
        found.top_approver_share is not None
        and found.top_approver_share > _MUCH
        and decisions >= _FEW_DECISIONS
    ):
        lines.append(f"One person made {share(found.top_approver_share)} of all decisions.")
    lines += [
        f"All {count} decisions about {policy_type(kind)} are one person's."
        for kind, count in found.one_person_types.items()
    ]
    return lines


def _pair(names: tuple[str, str], counts: tuple[int, int]) -> str:
    who = " and ".join(map(_name, names)) if all(names) else "Two people"
    return f"{who} decide all of each other's requests ({counts[0]} and {counts[1]})."


def _name(name: str) -> str:
    return isolated(plain(name, _NAME))


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 request`, `2 requests`."""
    return _count(number, noun, f"{noun}s")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
