"""Write the part of docs/posture.md that follows from the checks.

Usage: .venv/bin/python tools/posture_docs.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from maa_notify.insight.posture.checks import CHECKS
from maa_notify.insight.posture.verdict import Check

PAGE = Path(__file__).parents[1] / "docs" / "posture.md"
BEGIN = "<!-- from the checks: tools/posture_docs.py writes it anew -->"
END = "<!-- end of what follows from the checks -->"


def section_of(check: Check) -> str:
    """Return all about one check, in Markdown."""
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(check.mend, 1))
    permissions = ", ".join(f"`{each}`" for each in check.permissions)
    needs = f"Permissions: {permissions}. Licence: {check.licence or 'none beside Intune'}."
    return f"### {check.id}: {check.title}\n\n{check.why}\n\n{steps}\n\nSource: {check.source}. {needs}\n"


def generated() -> str:
    """Return the generated part with its two marks."""
    return "\n".join([BEGIN, "", *map(section_of, CHECKS), END])


def written_anew(text: str) -> str:
    """Return the page with the generated part as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{generated()}{after}"


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
