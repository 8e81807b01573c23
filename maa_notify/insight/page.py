"""The report as one HTML page: nothing is loaded from elsewhere, and no script runs. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from maa_notify.cards.text import plain
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.record import NOT_LISTED
from maa_notify.domain.request import STATUSES
from maa_notify.insight import wording
from maa_notify.insight.charts import bar, columns
from maa_notify.insight.figures import Figures, Person
from maa_notify.insight.hours import LABEL
from maa_notify.insight.page_style import STYLE

_ROWS = 25
_OUTCOMES = (*STATUSES, NOT_LISTED)
_OTHER = "other"
"""The class of a status that is new to us."""


def page_of(found: Figures, title: str, tenant: str, made_at: datetime, times: TimeFormat) -> str:
    """The page.

    Args:
        found: what it shows.
        title: the span, for people.
        tenant: the tenant's name; "" for none.
        made_at: when it was made (UTC).
        times: how times are shown.
    """
    heading = f"Multi Admin Approval, {title}"
    subtitle = " · ".join(
        filter(
            None,
            [
                plain(tenant, 60),
                f"made {times.format(made_at)}",
                "counted are requests by the time of filing",
            ],
        )
    )
    sections = [
        _section("At a glance", _glance(found)),
        _section("Worth a look", _remarks(found)),
        _section("Requests over time", _over_time(found)),
        _section("Time to decision", _waiting(found, times)),
        _section("By policy type", _by_type(found)),
        _section("Who decides", _people(found.approvers, "Approver", "decided")),
        _section("Who asks", _people(found.requestors, "Requestor", "filed")),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style></head>\n"
        f"<body><main><header><h1>{escape(heading)}</h1><p>{escape(subtitle)}</p></header>\n"
        + "\n".join(sections)
        + "\n</main></body></html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _glance(found: Figures) -> str:
    tiles = [
        (str(found.requests), "requests"),
        (wording.length(found.decision.median_s), "median time to decision"),
        (wording.length(found.decision.p90_s), "nine in ten decided within"),
        (wording.length(found.completion.median_s), "median from approval to completion"),
        (str(found.expired_undecided), "expired undecided"),
        (str(found.reminded), "needed reminders"),
    ]
    told = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for value, label in tiles)
    return f'<dl class="tiles">{told}</dl>'


def _remarks(found: Figures) -> str:
    lines = wording.remarks(found)
    if not lines:
        return "<p>Nothing stands out.</p>"
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _over_time(found: Figures) -> str:
    if not found.periods:
        return "<p>No requests.</p>"
    is_month = found.period == "month"
    cut = len("2026-03") if is_month else len("2026-03-15")
    labels = [each.first_day[:cut] if is_month else each.first_day[5:] for each in found.periods]
    stacks = [_classed(each.outcomes) for each in found.periods]
    chart = columns(f"Requests filed in each {found.period}, by outcome", labels, stacks)
    rows = [(each.first_day[:cut], each.outcomes) for each in found.periods]
    table = _table(found.period.capitalize(), rows, found.outcomes)
    return f"{chart}{_legend(found.outcomes)}<details><summary>The numbers</summary>{table}</details>"


def _by_type(found: Figures) -> str:
    if not found.types:
        return "<p>No requests.</p>"
    most = max(sum(each.values()) for each in found.types.values())
    lines = []
    for kind, outcomes in list(found.types.items())[:_ROWS]:
        name = wording.policy_type(kind)
        told = ", ".join(f"{count} {_name_of(word).lower()}" for word, count in _classed(outcomes).items())
        lines.append(
            _bar_row(name, bar(f"{name}: {told}", _classed(outcomes), most), str(sum(outcomes.values())))
        )
    return f'<div class="bars">{"".join(lines)}</div>{_legend(found.outcomes)}'


def _waiting(found: Figures, times: TimeFormat) -> str:
    summary = f"<p>{escape(_sentence(wording.decision_times(found)))}</p>"
    if not found.decision.count:
        return summary
    labels, counts = list(found.waits), list(found.waits.values())
    chart = columns(
        "Requests by the time they waited for a decision", labels, [{"wait": each} for each in counts]
    )
    told = [
        f"{count} {f'within {label}' if label in labels[:-1] else label}"
        for label, count in found.waits.items()
    ]
    inside, outside = found.waiting_in_hours_s, found.waiting_out_of_hours_s
    total = max(1, inside + outside)
    zone = str(times.zone or "UTC")
    hours = (
        f"Of all waiting, {wording.share(inside / total)} lay in working hours ({LABEL}, {zone}):"
        f" {wording.length(inside)} of {wording.length(inside + outside)}."
    )
    return f"{chart}{summary}<p>{escape(', '.join(told))}.</p><p>{escape(hours)}</p>"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _people(people: Sequence[Person], role: str, deed: str) -> str:
    if not people:
        return "<p>Nobody.</p>"
    most = max(each.count for each in people)
    lines = []
    for rank, each in enumerate(people[:_ROWS], 1):
        name = wording.person(each, role, rank)
        told = f"{each.count} {deed}, median {wording.length(each.decision.median_s)}"
        lines.append(_bar_row(name, bar(f"{name}: {told}", {"wait": each.count}, most), told))
    more = len(people) - _ROWS
    rest = f"<p>{more} more are not shown.</p>" if more > 0 else ""
    return f'<div class="bars wide">{"".join(lines)}</div>{rest}'


def _bar_row(name: str, drawn: str, told: str) -> str:
    parts = f'<span class="name">{escape(name)}</span>{drawn}<span class="told">{escape(told)}</span>'
    return f'<div class="row">{parts}</div>'


def _classed(outcomes: Mapping[str, int]) -> dict[str, int]:
    """The counts by class, in the order of the legend."""
    found = dict.fromkeys([*_OUTCOMES, _OTHER], 0)
    for word, count in outcomes.items():
        found[word if word in _OUTCOMES else _OTHER] += count
    return {word: count for word, count in found.items() if count}


def _legend(outcomes: Mapping[str, int]) -> str:
    marks = (
        f'<li><svg viewBox="0 0 9 9" aria-hidden="true"><rect class="c-{word}" width="9" height="9"/></svg>'
        f"{escape(_name_of(word))} <b>{count}</b></li>"
        for word, count in _classed(outcomes).items()
    )
    return f'<ul class="legend">{"".join(marks)}</ul>'


def _name_of(word: str) -> str:
    return "Another status" if word == _OTHER else wording.outcome(word)


def _table(head: str, rows: Iterable[tuple[str, Mapping[str, int]]], outcomes: Mapping[str, int]) -> str:
    """A table with a line for each row and a column for each outcome."""
    words = list(_classed(outcomes))
    heads = "".join(f'<th scope="col">{escape(each)}</th>' for each in [head, *map(_name_of, words)])
    lines = []
    for name, counts in rows:
        cells = "".join(f"<td>{_classed(counts).get(word, 0)}</td>" for word in words)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="scroll" tabindex="0" role="region" aria-label="The numbers">{table}</div>'
