"""The small faults of `make mutants`: what they are, which count, and that their tests run on a copy."""

from pathlib import Path

import pytest

from tools import mutants
from tools.mutations import Mutant, mutants_of

PATH = "maa_notify/domain/reminders.py"


@pytest.mark.parametrize(
    "code, kind, after",
    [
        ("x = True", "bool", "x = False"),
        ("x = 7", "number", "x = 8"),
        ("x = a < b", "<= for <", "x = a <= b"),
        ("x = (a) is None", "is not for is", "x = (a) is not None"),
        ("x = (a + b) * c", "/ for *", "x = (a + b) / c"),
        ("x = a and b or c", "operand 1 dropped", "x = ((c))"),
        ("x = not a", "not dropped", "x = (a)"),
        ("x = a if b else c", "always the second", "x = (c)"),
        ("x = a[1:]", "slice widened", "x = a[:]"),
        ("x = min(a)", "max for min", "x = max(a)"),
        ("x = [*a]", "starred dropped", "x = [*()]"),
        ("x = f(a, k=b)", "keyword dropped", "x = f(a, **{})"),
        ("x = [a for a in b if a]", "filter dropped", "x = [a for a in b if True]"),
        ("if a: b", "condition false", "if False: b"),
        ("a.b = c", "statement removed", "pass"),
        ("raise a", "statement removed", "pass"),
        ("f(a)", "statement removed", "pass"),
    ],
)
def test_each_kind_of_fault_is_planted(code: str, kind: str, after: str) -> None:
    """A mutant changes one thing, and says what."""
    found = {(each.kind, each.before, each.after) for each in mutants_of(PATH, code)}

    assert (kind, code, after) in found


def test_what_is_no_behaviour_stays_as_it_is() -> None:
    """Annotations, decorators, log lines, f-strings and protocols have no mutants."""
    code = """
@f(1)
def g(a: h[1:] = None) -> h[2:]:
    _LOG.info("x", y=1)
    return f"{a + 1}"


class P(Protocol):
    x = 1
"""

    assert mutants_of(PATH, code) == []


def test_every_mutant_of_the_core_has_tests() -> None:
    """Each module of the core belongs to an area, and the tests of each area are there."""
    files = mutants.core_files([])

    assert [path for path in files if not mutants.tests_of(path)] == []
    file, _, name = mutants.SLOW.partition("::")
    assert f"def {name}(" in (mutants.ROOT / file).read_text(encoding="utf-8")
    named = (*mutants.AREAS.values(), *mutants.QUICK.values())
    assert [test for tests in named for test in tests if not (mutants.ROOT / test).exists()] == []
    assert [path for path in files if not mutants.quick_of(path)] == []


def test_every_mutant_that_changes_nothing_is_still_one() -> None:
    """The list of those that change nothing names mutants that exist, each with its reason."""
    known = mutants.read_equivalent(mutants.EQUIVALENT.read_text(encoding="utf-8"))
    existing = {
        (path, each.before, each.after)
        for path in {each.path for each in known}
        for each in mutants_of(path, (mutants.ROOT / path).read_text(encoding="utf-8"))
    }

    assert [each for each in known if (each.path, each.before, each.after) not in existing] == []


def test_an_excuse_needs_a_reason() -> None:
    """No mutant is left out without one."""
    text = '[[equivalent]]\npath = "a"\nbefore = "b"\nafter = "c"\nreason = " "\n'

    with pytest.raises(ValueError, match="reason"):
        mutants.read_equivalent(text)


def test_what_changes_nothing_does_not_count() -> None:
    """A survivor is a mutant that no test found, and that is not in the list."""
    one, other = (Mutant("p", "number", 1, f"x = {each}", f"x = {each + 1}", "") for each in (1, 2))
    results = [mutants.Result(one, "survived"), mutants.Result(other, "survived")]
    known = mutants.Equivalent("p", "x = 1", "x = 2", "nobody reads it")

    assert mutants.survivors(results, [known]) == ([other], 1)
    assert mutants.survivors([mutants.Result(one, "hung"), mutants.Result(other, "found")], []) == ([], 2)


def test_a_seed_chooses_the_same_mutants_again() -> None:
    """A run can be repeated."""
    every = mutants_of(PATH, (mutants.ROOT / PATH).read_text(encoding="utf-8"))

    assert mutants.sample(every, 5, 3) == mutants.sample(every, 5, 3)
    assert mutants.sample(every, 5, 3) != mutants.sample(every, 5, 4)
    assert mutants.sample(every, 10_000, 3) == every


def test_a_fault_is_found_in_a_copy(tmp_path: Path) -> None:
    """The tests fail with a mutant and pass without; the file itself is never touched."""
    text = (mutants.ROOT / PATH).read_text(encoding="utf-8")
    fault = next(each for each in mutants_of(PATH, text) if each.kind == "condition true")
    trees = mutants.Trees(tmp_path, 1)
    tests = ("tests/domain/test_reminders.py",)

    assert trees.test(fault, tests, 60.0) == "found"
    trees.check(tests, 60.0)
    assert trees.test(fault, tests, 0.01) == "hung"
    assert (mutants.ROOT / PATH).read_text(encoding="utf-8") == text


def test_tests_that_fail_without_a_fault_say_so(tmp_path: Path) -> None:
    """A fault that they find would tell nothing."""
    trees = mutants.Trees(tmp_path, 1)

    with pytest.raises(RuntimeError, match=r"any mutant: tests/none\.py\s(.|\s)*not found: tests/none"):
        trees.check(("tests/none.py",), 60.0)
    with pytest.raises(RuntimeError, match=r"any mutant: tests/domain/test_reminders\.py"):
        trees.check(("tests/domain/test_reminders.py",), 0.01)
