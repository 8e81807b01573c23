"""An answer that is kept for a moment."""

import threading

from maa_notify.functions.answer import KeptAnswer


class Maker:
    """Makes answers that can be told apart, and a clock that stands still."""

    def __init__(self) -> None:
        self.now = 0.0
        self.made = 0

    def __call__(self) -> tuple[int, str]:
        """The next answer."""
        self.made += 1
        return 200, str(self.made)


def test_an_answer_is_kept_for_its_time() -> None:
    """Then it is made anew; one that was forgotten at once."""
    make = Maker()
    kept = KeptAnswer(10, lambda: make.now)
    first, make.now = kept.get(make), 9.9
    same, make.now = kept.get(make), 10.0
    second = kept.get(make)
    kept.forget()

    assert (first, same, second, kept.get(make)) == ((200, "1"), (200, "1"), (200, "2"), (200, "3"))


def test_who_asks_while_another_looks_hears_the_last_answer() -> None:
    """The host has few threads, and a store that hangs must not take them all."""
    make = Maker()
    kept = KeptAnswer(10, lambda: make.now)
    kept.get(make)
    make.now = 60.0
    looking, done = threading.Event(), threading.Event()

    def hang() -> tuple[int, str]:
        looking.set()
        assert done.wait(30)
        return 503, "late"

    thread = threading.Thread(target=kept.get, args=(hang,))
    thread.start()
    assert looking.wait(30)
    meanwhile = kept.get(make)
    done.set()
    thread.join(30)

    assert (meanwhile, kept.get(make), make.made) == ((200, "1"), (503, "late"), 1)


def test_of_many_who_ask_first_one_looks() -> None:
    """The others take what it found."""
    make = Maker()
    kept = KeptAnswer(10, lambda: make.now)
    heard: list[tuple[int, str]] = []
    threads = [threading.Thread(target=lambda: heard.append(kept.get(make))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    assert heard == [(200, "1")] * 8
