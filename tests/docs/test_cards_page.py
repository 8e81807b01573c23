"""The page about cards tells what the code does."""

from pathlib import Path

from maa_notify.cards import strings
from maa_notify.domain.risk import ACTIONS, HIGH, HIGH_OBJECTS, LOW, TAKING_AWAY, Reason, Risk
from tests.docs.test_docs import ROOT, text_of

CARDS = ROOT / "docs" / "cards.md"


def between(page: Path, mark: str) -> str:
    """What stands between two marks of a page."""
    _, found, rest = text_of(page).partition(f"<!-- {mark} -->\n")
    assert found, f"{page.name} lacks the mark {mark}"
    return rest.partition(f"<!-- /{mark} -->")[0]


def risk_table() -> str:
    """A row for each reason of a high risk, and what is left."""
    rows = [("what is asked for", "risk", "what the card says"), ("---", "---", "---")]
    rows += [(_asked_for(reason), strings.RISK[Risk.HIGH], strings.RISK_REASON[reason]) for reason in Reason]
    rows += [(f"`{name}`", strings.RISK[Risk.LOW], "") for name in sorted(LOW)]
    rows += [("everything else, types newer than this notifier among it", strings.RISK[Risk.MEDIUM], "")]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


IN_WORDS = {
    Reason.APPLICATION: "anything, by an application",
    Reason.UNINSTALL: "anything to be uninstalled for all users or on all devices",
    Reason.EVERYBODY: "anything else assigned to all users or all devices",
    Reason.UNREADABLE: "anything whose assignments cannot be read",
    Reason.UNKNOWN_DELETE: (
        "anything else under an unknown type with such a word in its type or its action: "
        + ", ".join(f"`{word}`" for word in TAKING_AWAY)
    ),
}


def _asked_for(reason: Reason) -> str:
    if reason in IN_WORDS:
        return IN_WORDS[reason]
    told = {
        "": [name for name, each in HIGH.items() if each is reason],
        "as an object: ": [name for name, each in HIGH_OBJECTS.items() if each is reason],
        "as an action on a device, or under an unknown type: ": [
            name for name, each in ACTIONS.items() if each is reason
        ],
    }
    rows = [start + ", ".join(f"`{name}`" for name in names) for start, names in told.items() if names]
    return "; ".join(
        [*rows, *(["a list of devices under an unknown type"] if reason is Reason.DEVICE else [])]
    )


def test_the_table_of_risks_is_that_of_the_code() -> None:
    """A reader who wonders why a card is red finds the rule that made it so."""
    assert between(CARDS, "risk") == risk_table()
