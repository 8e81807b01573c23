"""`posture`: checks how well the tenant protects approval. Nothing is sent or stored."""

import argparse
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from maa_notify.cli.arguments import add_json
from maa_notify.cli.doctor import Progress
from maa_notify.cli.exit_codes import FAILED, FOUND, OK
from maa_notify.cli.text import complain, counted, print_json
from maa_notify.errors import SettingsError
from maa_notify.insight.posture.names import sentence
from maa_notify.insight.posture.rules import CHECK_IDS

if TYPE_CHECKING:
    from maa_notify.insight.posture.checks import Posture
    from maa_notify.insight.posture.facts import Facts
    from maa_notify.insight.posture.verdict import Judgement
    from maa_notify.settings.model import Settings

EVIDENCE_LIMIT = 600
"""Characters of one line of evidence, which holds names that anybody may choose."""

_SECONDS = 600.0
_NARROWEST, _WIDEST = 60, 110
_INDENT = 15
_SETTINGS = ("MAA_POSTURE_ACCEPT", "MAA_GLOBAL_ADMINS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Checks the defence around approval by what Graph shows of the tenant, and says what to mend. It only"
        " reads, and works whether or not MAA_POSTURE is on."
    )
    parser.add_argument(
        "--check",
        metavar="ID",
        type=_check_id,
        default=None,
        help="only this check, P1 to P15, with all that was found and the steps that mend it",
    )
    parser.add_argument(
        "--html", metavar="FILE", type=Path, help="also write a page that an auditor can keep"
    )
    add_json(parser, "print the checks as JSON")


def run(options: argparse.Namespace) -> int:
    """Checks, prints what was found and returns the exit code.

    Raises:
        SettingsError: a setting is wrong that the checks need.
        GraphError: there is no token, so nothing can be read.
    """
    from maa_notify.insight.posture.checks import Posture, assess
    from maa_notify.insight.posture.ways import summary, ways_around
    from maa_notify.polling.posture import blindness

    settings = _settings()
    facts = _read(settings, Progress(sys.stderr, is_shown=not (options.json or options.quiet)))
    whole = assess(facts, settings.global_admins, settings.posture_accept)
    ways = ways_around(facts)
    told = Posture(tuple(each for each in whole.judgements if options.check in {None, each.check.id}))
    in_short = sentence(summary(ways), EVIDENCE_LIMIT)
    if options.html is not None:
        from maa_notify.cli.posture_page import page_of

        title = settings.tenant_name or settings.tenant_id
        options.html.write_text(page_of(whole, ways, title, facts.at), encoding="utf-8", newline="\n")
    if options.json:
        print_json({"checks": [as_object(each) for each in told.judgements], "summary": in_short})
    elif options.check:
        print("\n".join(_in_full(told.judgements[0])))
    else:
        print("\n".join(_as_table(told, in_short)))
    problem = blindness(told)
    if problem is not None:
        complain(str(problem))
        return FAILED
    return _exit_code(told)


def evidence_of(judgement: "Judgement") -> list[str]:
    """What a check found, line by line, with foreign names as they can be read and searched."""
    return [sentence(each, EVIDENCE_LIMIT) for each in judgement.evidence]


def as_object(judgement: "Judgement") -> dict[str, object]:
    """One check for `--json`."""
    check = judgement.check
    return {
        "id": check.id,
        "title": check.title,
        "verdict": str(judgement.verdict),
        "severity": None if judgement.severity is None else str(judgement.severity),
        "evidence": evidence_of(judgement),
        "why": check.why,
        "mend": list(check.mend),
        "permission": ", ".join(check.permissions),
        "licence": check.licence or None,
    }


def _exit_code(posture: "Posture") -> int:
    from maa_notify.insight.posture.verdict import Verdict

    return FOUND if posture.of(Verdict.FINDING) else OK


def _check_id(text: str) -> str:
    """The id of a check, in upper or lower case."""
    if text.upper() not in CHECK_IDS:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(CHECK_IDS)}")
    return text.upper()


def _settings() -> "Settings":
    """The settings, if those are right that the checks need: others, such as destinations, may be missing.

    Raises:
        SettingsError: one of these is wrong.
    """
    from maa_notify.cli.patient import GRAPH
    from maa_notify.settings.reader import read_as_far_as_possible

    reading = read_as_far_as_possible(os.environ)
    wrong = [each for each in reading.mistakes if each.setting in {*GRAPH, *_SETTINGS}]
    if wrong:
        raise SettingsError(wrong)
    return reading.settings


def _read(settings: "Settings", progress: Progress) -> "Facts":
    from maa_notify import app
    from maa_notify.clock import SystemClock
    from maa_notify.fleet.shared import SharedResources
    from maa_notify.net.client import silence_third_parties

    silence_third_parties()
    clock, shared = SystemClock(), SharedResources()
    reader = app.reader_of(settings, app.tokens_of(settings, app.identity_of(settings, shared)), clock)
    try:
        return app.posture_reader(
            settings, reader, clock, _SECONDS, lambda part: progress.show(f"reading {part} ...")
        ).read()
    finally:
        progress.show("")
        reader.close()
        shared.close()


def _as_table(posture: "Posture", summary: str) -> Iterator[str]:
    """A line for each check, what was found below it, and the sentence that sums it up."""
    from maa_notify.insight.posture.verdict import Verdict

    for each in posture.judgements:
        yield f"{each.check.id:<4} {_verdict(each):<9} {each.check.title}"
        if each.verdict is not Verdict.PASS:
            for line in evidence_of(each):
                yield from _wrapped(line)
    yield ""
    counts = ((counted(len(posture.of(each)), "check"), each) for each in Verdict)
    yield ", ".join(f"{count} {_VERDICT_WORDS[each]}" for count, each in counts if not count.startswith("0 "))
    yield from textwrap.wrap(summary, _width())


_VERDICT_WORDS = {
    "pass": "passed",
    "finding": "with findings",
    "accepted": "accepted",
    "skipped": "skipped",
    "unknown": "unknown",
}


def _verdict(judgement: "Judgement") -> str:
    """The word in the table: of a finding how bad it is."""
    from maa_notify.insight.posture.verdict import Verdict

    is_found = judgement.verdict is Verdict.FINDING
    return str(judgement.severity).upper() if is_found else str(judgement.verdict)


def _in_full(judgement: "Judgement") -> Iterator[str]:
    """All about one check."""
    check, width = judgement.check, _width()
    yield f"{check.id}  {check.title}"
    yield f"    {_verdict(judgement)}"
    yield ""
    for line in evidence_of(judgement) or ["nothing to remark"]:
        yield from _wrapped(line, "  - ")
    yield ""
    yield from textwrap.wrap(f"Why: {check.why}", width)
    yield "Mend:"
    for number, step in enumerate(check.mend, 1):
        yield from _wrapped(step, f"  {number}. ")
    yield f"Source: {check.source}"
    yield f"Permission: {', '.join(check.permissions)}"
    yield f"Licence: {check.licence or 'none beside Intune'}"


def _wrapped(text: str, mark: str = " " * _INDENT) -> list[str]:
    start = mark if mark.strip() else mark + "- "
    return textwrap.wrap(
        text, _width(), initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
    )


def _width() -> int:
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))
