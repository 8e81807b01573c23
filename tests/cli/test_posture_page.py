"""The page of `posture --html`: one file with nothing that runs or loads, whatever names stand in it."""

import re
from html.parser import HTMLParser

from maa_notify.cli.posture_drawing import drawing_of
from maa_notify.cli.posture_page import page_of
from maa_notify.insight.posture.checks import CHECKS, Posture
from maa_notify.insight.posture.facts import Gap
from maa_notify.insight.posture.rules import Acceptance
from maa_notify.insight.posture.verdict import Judgement, Problem, Remark, Seen, Severity, judge
from maa_notify.insight.posture.ways import Way
from tests.support.clock import START

HOSTILE = [
    "<script>document.title='owned'</script>",
    "</style><img src=x onerror=\"document.title='owned'\">",
    '"><svg onload=alert(1)>',
    "[link](https://evil.example)",
    "\u202egnp.exe",
    "a\x00b\x1b[2J\nline",
    "x" * 400,
]


def posture(texts: list[str]) -> Posture:
    """Every verdict, with these texts as evidence."""
    problems = [Problem(each, str(number), text) for number, text in enumerate(texts) for each in Severity]
    kinds: list[list[Remark]] = [
        [],
        [*problems],
        [Gap("gone")],
        [Gap("hidden", permission="Policy.Read.All")],
        [Seen("fine")],
    ]
    borne = Acceptance("P6", "known " + texts[0], START.date())
    judged: list[Judgement] = []
    for number, check in enumerate(CHECKS):
        is_borne = check.id == "P6"
        remarks, acceptance = (problems, borne) if is_borne else (kinds[number % 5], None)
        judged.append(judge(check, remarks, acceptance, START.date()))
    return Posture(tuple(judged))


def ways(texts: list[str]) -> list[Way]:
    """A way for each text."""
    return [Way(text, text, {"1": text, "2": "Mira Holt", "3": text}, {}) for text in texts]


def page(texts: list[str] = HOSTILE) -> str:
    """The page with these texts in each place that takes any."""
    return page_of(posture(texts), ways(texts), texts[0], START)


class Tags(HTMLParser):
    """All tags and attributes of a page."""

    def __init__(self) -> None:
        """Has seen nothing yet."""
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps a tag."""
        self.seen.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    """The tags of a page."""
    parser = Tags()
    parser.feed(text)
    return parser.seen


def test_nothing_in_it_runs_or_loads() -> None:
    """Names are text, and links lead within the page."""
    found = tags(page())

    loading = {"script", "img", "iframe", "object", "link", "form", "base"}
    assert not {tag for tag, _ in found} & loading
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    assert all(str(each["href"]).startswith("#") for tag, each in found if tag == "a")
    assert not re.findall(r"url\(|@import|https?://(?!evil)", page())


def test_names_cannot_bring_tags_of_their_own() -> None:
    """The page has the same tags, whatever it is about."""
    plain = [f"name {number}" for number in range(len(HOSTILE))]

    assert [tag for tag, _ in tags(page())] == [tag for tag, _ in tags(page(plain))]


def test_names_hold_no_signs_that_turn_or_hide_text() -> None:
    """As in history and logs."""
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", page())


def test_it_is_one_page_with_every_check() -> None:
    """Each with its verdict, and an anchor that the table leads to."""
    text = page()
    ids = {str(each.get("id")) for _, each in tags(text)}
    links = {str(each["href"])[1:] for tag, each in tags(text) if tag == "a"}

    assert links == {check.id for check in CHECKS}
    assert links <= ids
    for word in ("High", "Passed", "Accepted", "Skipped", "Unknown"):
        assert f">{word}</span>" in text


def test_what_passed_shows_no_steps() -> None:
    """Nothing has to be mended there."""
    sound = page_of(
        Posture(tuple(judge(each, [], None, START.date()) for each in CHECKS)), [], "Contoso", START
    )

    assert "To mend it" not in sound
    assert "None was found." in sound
    assert "15 of 15 checks passed; no findings." in sound


def test_a_drawing_has_a_box_for_each_way_and_each_goal() -> None:
    """And a line with a tip for each way."""
    unknown = Way("B", "G2", {}, {}, is_whole=False)
    drawn = drawing_of([Way("A", "G1", {"1": "x"}, {}), unknown, Way("C", "G1", {}, {"2": "y"})])

    assert drawn.count("<rect") == 5
    assert drawn.count("<path") == 6
    assert "not known who" in drawn
    assert "3 ways around approval" in drawn
