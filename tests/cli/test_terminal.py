"""Lines are broken before the edge of the screen, and nothing of them is lost."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.cli.terminal import Screen, cells, screen_of
from tests.support.terminal import ESCAPE

TEXTS = st.text(st.sampled_from("ab 例😀é\u0301-"), max_size=200)


class Console(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@given(TEXTS, TEXTS, st.integers(30, 90))
def test_no_line_is_wider_than_the_screen_and_no_word_is_lost(text: str, other: str, width: int) -> None:
    """A name of any script is shown in full: what is cut off could be what matters."""
    shown = ESCAPE.sub("", Screen(width, has_colour=True).item("HIGH", "bad", text, other))

    assert max(map(cells, shown.split("\n"))) <= width
    assert "".join(shown.removeprefix("HIGH").split()) == "".join(f"{text} {other}".split())


def test_words_stay_together_where_they_fit() -> None:
    """And stand below the first one."""
    assert Screen(30).item("OK", "good", "one two three four five six").splitlines() == [
        "OK        one two three four",
        "          five six",
    ]


def test_a_pipe_gets_whole_lines_without_colours() -> None:
    """So that `grep` finds them."""
    screen = screen_of(io.StringIO(), {"TERM": "xterm"})

    assert screen.item("OK", "good", "word " * 100).count("\n") == 0
    assert screen.toned("OK", "good") == "OK"


@pytest.mark.parametrize(
    "environ, has_colour",
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
    ids=str,
)
def test_colours_are_shown_where_they_are_wanted(environ: dict[str, str], has_colour: bool) -> None:
    """An empty NO_COLOR counts as none (no-color.org)."""
    assert screen_of(Console(), environ).has_colour is has_colour
