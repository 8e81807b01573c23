"""The page that `posture --html` writes: one file without a script, for a browser, a printer or an archive.

Whatever the tenant tells is anybody's text: it is escaped, one line of what can be seen, and set apart from
the direction of ours. The page may load nothing at all, which its own policy says as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from maa_notify import __version__
from maa_notify.cards.text import plain
from maa_notify.cli.posture_drawing import drawing_of
from maa_notify.cli.text import counted
from maa_notify.insight.posture.checks import Posture
from maa_notify.insight.posture.names import sentence
from maa_notify.insight.posture.verdict import Judgement, Severity, Verdict
from maa_notify.insight.posture.ways import Way, summary

_TEXT_LIMIT = 600
_NAME_LIMIT = 80
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_UNSEEN = (
    "Which applications each access policy excludes, whether unlicensed administrators may approve, and"
    " whether a changed policy waits to be completed: Graph tells none of it. Look in Intune under Tenant"
    " administration > Multi Admin Approval."
)
_WORDS = {
    Verdict.PASS: "Passed",
    Verdict.ACCEPTED: "Accepted",
    Verdict.SKIPPED: "Skipped",
    Verdict.UNKNOWN: "Unknown",
}


def page_of(posture: Posture, ways: Sequence[Way], tenant: str, at: datetime) -> str:
    """The whole page.

    Args:
        posture: all verdicts.
        ways: the ways around approval.
        tenant: its name or id.
        at: when it was looked at (UTC).
    """
    style = Path(__file__).with_name("posture.css").read_text(encoding="utf-8")
    name = _foreign(tenant)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>The defence around approval: {escape(plain(tenant, _TEXT_LIMIT))}</title>",
            f"<style>\n{style}</style>",
            "</head>",
            "<body>",
            "<header>",
            "<h1>Multi Admin Approval: is the lock itself sound?</h1>",
            f'<p class="soft">Tenant {name}, {at:%Y-%m-%d %H:%M} UTC. MAA Notify {escape(__version__)}.</p>',
            "</header>",
            "<main>",
            f'<p class="summary">{_foreign(summary(list(ways)))}</p>',
            f"<p>{_counts(posture)}</p>",
            *_ways(ways),
            *_table(posture),
            "<h2>Each check</h2>",
            *(line for each in posture.judgements for line in _check(each)),
            "<h2>What Graph does not show</h2>",
            f"<p>{escape(_UNSEEN)}</p>",
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _foreign(text: str) -> str:
    """A text with names of others in it, safe within the page."""
    return f"<bdi>{escape(sentence(text, _TEXT_LIMIT))}</bdi>"


def _counts(posture: Posture) -> str:
    found = [f"{posture.found(each)} {each}" for each in Severity if posture.found(each)]
    parts = [
        f"{len(posture.of(Verdict.PASS))} of {counted(len(posture.judgements), 'check')} passed",
        f"findings: {', '.join(found)}" if found else "no findings",
    ]
    others = (Verdict.ACCEPTED, Verdict.SKIPPED, Verdict.UNKNOWN)
    parts += [f"{len(posture.of(each))} {each}" for each in others if posture.of(each)]
    return escape("; ".join(parts) + ". What was skipped or is unknown has not passed.")


def _ways(ways: Sequence[Way]) -> Iterator[str]:
    yield "<h2>The ways around approval</h2>"
    if not ways:
        yield "<p>None was found.</p>"
        return
    yield '<div class="drawing" role="region" aria-label="Drawing of the ways" tabindex="0">'
    yield drawing_of(ways)
    yield "</div>"
    yield '<table class="ways">'
    heads = "".join(f'<th scope="col">{each}</th>' for each in ("By", "Who", "Leads to"))
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for way in ways:
        told = ", ".join(map(_foreign, way.who(_NAME_LIMIT))) or "nobody that is known"
        rest = "" if way.is_whole else "; not everybody could be read"
        rest += "" if way.is_sure else " (where an access policy excludes it or none applies)"
        yield f"<tr><td>{_foreign(way.by)}</td><td>{told}{rest}</td><td>{_foreign(way.to)}</td></tr>"
    yield "</tbody></table>"


def _table(posture: Posture) -> Iterator[str]:
    yield "<h2>The checks</h2>"
    yield "<table>"
    yield (
        '<thead><tr><th scope="col" class="number">No.</th><th scope="col" class="word">Verdict</th>'
        '<th scope="col">What should be so</th></tr></thead>'
    )
    yield "<tbody>"
    for each in posture.judgements:
        link = f'<a href="#{each.check.id}">{each.check.id}</a>'
        title = escape(each.check.title)
        yield f'<tr><td class="number">{link}</td><td class="word">{_verdict(each)}</td><td>{title}</td></tr>'
    yield "</tbody></table>"


def _verdict(judgement: Judgement) -> str:
    if judgement.verdict is Verdict.FINDING and judgement.severity is not None:
        return f'<span class="verdict {judgement.severity}">{str(judgement.severity).capitalize()}</span>'
    return f'<span class="verdict {judgement.verdict}">{_WORDS[judgement.verdict]}</span>'


def _check(judgement: Judgement) -> Iterator[str]:
    check = judgement.check
    yield f'<article class="check" id="{check.id}">'
    yield f"<h3>{check.id} {escape(check.title)}</h3>"
    yield f"<p>{_verdict(judgement)}</p>"
    yield from _list("ul", map(_foreign, judgement.evidence))
    yield f"<p>{escape(check.why)}</p>"
    if judgement.verdict is not Verdict.PASS:
        yield "<p>To mend it:</p>"
        yield from _list("ol", map(escape, check.mend))
    facts = (
        f"Source: {check.source}. Permission: {', '.join(check.permissions)}."
        f" Licence: {check.licence or 'none beside Intune'}."
    )
    yield f'<p class="facts">{escape(facts)}</p>'
    yield "</article>"


def _list(tag: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"<li>{each}</li>" for each in items]
    if lines:
        yield f"<{tag}>"
        yield from lines
        yield f"</{tag}>"
