"""The measures of the code's shape, each proved on a small tree whose numbers can be counted by hand."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import structure

Plant = Callable[..., Path]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Writes a project of modules below `maa_notify/`, by path and text; other paths begin with a slash."""

    def write(files: dict[str, str], name: str = "project") -> Path:
        root = tmp_path / name
        for path, text in files.items():
            file = root / path[1:] if path.startswith("/") else root / structure.PACKAGE / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return root

    return write


def numbers(root: Path) -> dict[str, float]:
    """What is measured of a project."""
    return structure.measure(root).numbers


def helpers(plant: Plant, text: str) -> structure.Helpers:
    """The helpers of a single module."""
    [module] = structure.modules_of(plant({"one.py": text}))
    return structure.helpers_of(module.tree)


def imports(root: Path, *, for_types: bool = False) -> set[tuple[str, str]]:
    """The imports between packages as pairs."""
    graph = structure.package_imports(structure.modules_of(root), for_types=for_types)
    return {(one, other) for one, others in graph.items() for other in others}


# Imports


def test_a_folder_and_a_loose_module_are_one_package_each(plant: Plant) -> None:
    """What the modules of a folder import of one another does not count, nor what is not of the project."""
    root = plant(
        {
            "/function_app.py": "from maa_notify.cli import main\n",
            "/setup.py": "import maa_notify.clock\n",
            "cli.py": "import os\nimport msgspec\nfrom maa_notify.cards import builder, text\n",
            "clock.py": "",
            "cards/__init__.py": "",
            "cards/builder.py": "from maa_notify.cards.deep.text import cut\nimport maa_notify.clock\n",
            "cards/deep/text.py": "from maa_notify import clock\n",
        }
    )

    assert imports(root) == {("function_app", "cli"), ("cli", "cards"), ("cards", "clock")}
    assert numbers(root)["packages and loose modules"] == 4
    assert numbers(root)["imports between packages"] == 3
    assert numbers(root)["levels (longest path of imports)"] == 4
    assert numbers(root)["modules at the top of maa_notify/"] == 2
    assert numbers(root)["modules"] == 6


@pytest.mark.parametrize(
    "statement",
    [
        "import maa_notify.clock",
        "import maa_notify.clock as time",
        "from maa_notify import clock",
        "from maa_notify.clock import now",
        "from ..clock import now",
        "from .. import clock",
        "def work():\n    from maa_notify import clock",
        "class Work:\n    def run(self):\n        if self.late:\n            import maa_notify.clock",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import maa_notify.clock",
    ],
)
def test_an_import_counts_in_every_form_and_place(statement: str, plant: Plant) -> None:
    """An import inside a function ties two packages together as one at the top does."""
    root = plant({"cards/builder.py": statement, "clock.py": ""})

    assert imports(root) == {("cards", "clock")}


def test_what_is_imported_from_the_top_itself_leads_to_the_top(plant: Plant) -> None:
    """`__version__` is no module, so it stands for the one that holds it."""
    root = plant({"__init__.py": "", "cli.py": "from maa_notify import __version__\n"})

    assert imports(root) == {("cli", "maa_notify")}


@pytest.mark.parametrize("condition", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_an_import_for_types_only_counts_apart(condition: str, plant: Plant) -> None:
    """It ties nothing together at run time; one that is made at run time as well is not for types only."""
    root = plant(
        {
            "app.py": f"import maa_notify.poll\nif {condition}:\n    from maa_notify import poll, clock\n",
            "clock.py": "",
            "poll.py": "",
        }
    )

    assert imports(root) == {("app", "poll")}
    assert imports(root, for_types=True) == {("app", "poll"), ("app", "clock")}
    assert numbers(root)["imports between packages"] == 1
    assert numbers(root)["imports between packages, for types only"] == 1


def test_a_cycle_is_found(plant: Plant) -> None:
    """Even when it closes inside a function; packages that only lead to it are not of it."""
    root = plant(
        {
            "app.py": "import maa_notify.poll\n",
            "poll.py": "import maa_notify.state\n",
            "state.py": "def late():\n    import maa_notify.cards\n",
            "cards.py": "import maa_notify.poll, maa_notify.clock\n",
            "clock.py": "",
        }
    )
    shape = structure.measure(root)

    assert shape.details["import cycles"] == ["cards, poll, state"]
    assert shape.details["imports within cycles"] == ["cards -> poll", "poll -> state", "state -> cards"]
    assert shape.numbers["import cycles"] == 1
    assert shape.numbers["imports within cycles"] == 3
    assert shape.numbers["levels (longest path of imports)"] == 5


def test_what_leads_to_itself_is_no_cycle() -> None:
    """It takes two."""
    assert structure.cycles({"a": {"a", "b"}, "b": set()}) == []


def test_without_cycles_none_is_reported(plant: Plant) -> None:
    """Two ways to the same package are no cycle."""
    uses_both = "import maa_notify.poll, maa_notify.clock\n"
    root = plant({"app.py": uses_both, "poll.py": "import maa_notify.clock\n", "clock.py": ""})

    assert numbers(root)["import cycles"] == 0
    assert numbers(root)["imports within cycles"] == 0


def test_an_import_against_the_declared_order_is_found() -> None:
    """Packages of one level may import one another; a higher one may import any lower one."""
    graph = {"cli": {"app"}, "app": {"clock"}, "poll": {"app"}, "clock": {"poll", "cli"}}

    found = structure.upward(graph, [{"cli"}, {"app", "poll"}, {"clock"}])

    assert found == [("clock", "cli"), ("clock", "poll")]


def test_an_order_names_every_package() -> None:
    """Else a new package would stand outside of all rules."""
    with pytest.raises(ValueError, match="does not name clock"):
        structure.upward({"app": {"clock"}, "clock": set()}, [{"app"}])


# Lines and functions


def test_lines_are_counted_with_and_without_comments_and_blanks(plant: Plant) -> None:
    """A docstring is code, a comment alone in its line is not, and a sign in a string begins no comment."""
    text = '"""What for.\n\n# no comment\n"""\n\n# one\nx = "# none"  # two\ny = 1  # noqa: E1 - for a tool\n'
    root = plant({"one.py": text, "/tests/test_one.py": "\n# alone\nassert True\n"})

    found = numbers(root)

    assert (found["lines"], found["code lines"]) == (8, 5)
    assert (found["lines of tests"], found["code lines of tests"]) == (3, 1)
    assert found["comments per 1,000 code lines"] == 400


def test_functions_are_as_long_as_they_look(plant: Plant) -> None:
    """Docstring and blank lines included, decorators not; methods and nested functions count."""
    short = "".join(f"def f{number}(): ...\n" for number in range(7))
    long = (
        'class A:\n    @cache\n    def g(self):\n        """Yes."""\n\n        def h():\n            pass\n'
    )
    root = plant({"one.py": short + long + "async def i():\n    pass\n\n    return 1\n"})

    found = numbers(root)

    assert found["functions and methods"] == 10
    assert (found["length, median"], found["length, p90"], found["length, longest"]) == (1, 4, 5)


# Helpers


@pytest.mark.parametrize(
    "use",
    [
        "_x()",
        "map(_x, [])",
        "{'x': _x}",
        "[_x() for _ in ()]",
        "A()._y()",
        "A._y",
        "(lambda: _x())()",
    ],
)
def test_a_helper_is_used_where_its_name_is_read(use: str, plant: Plant) -> None:
    """Called or handed over, by its own name or through its class."""
    text = f"def _x(): ...\nclass A:\n    def _y(self): ...\ndef run():\n    return {use}\n"
    helper = "A._y" if "_y" in use else "_x"

    found = helpers(plant, text)

    assert found.uses == {"_x": 0, "A._y": 0} | {helper: 1}
    assert found.chains() == {"run": (helper,)}


@pytest.mark.parametrize("use", ["self._y()", "self._y", "cls._y(self)", "A._y(self)"])
def test_a_method_finds_the_helper_of_its_class_or_base(use: str, plant: Plant) -> None:
    """And not one of the same name that belongs to another class."""
    text = f"class A:\n    def _y(self): ...\nclass B(A):\n    def run(self, cls):\n        return {use}\n"
    stranger = "class C:\n    def _y(self): ...\n"

    found = helpers(plant, text + stranger)

    assert found.uses == {"A._y": 1, "C._y": 0}
    assert found.chains() == {"B.run": ("A._y",)}


@pytest.mark.parametrize("use", ["super()._y()", "thing._y", "self.thing._y()"])
def test_of_an_unknown_object_the_name_of_the_method_decides(use: str, plant: Plant) -> None:
    """Any class of the module may be meant, but no function."""
    text = (
        f"class A:\n    def _y(self): ...\n    def _x_y(self): ...\nclass B(A):\n    def run(self): {use}\n"
    )
    nested = "def run():\n    def _y(): ...\n"

    assert helpers(plant, text + nested).uses == {"A._y": 1, "A._x_y": 0, "run._y": 0}


def test_helpers_of_one_name_are_told_apart(plant: Plant) -> None:
    """Each class has its own, a function has a third, and an attribute that holds data is none of them."""
    text = """\
def _x(): ...
class A:
    def _x(self): ...
    def run(self):
        self._x()
class B:
    def _x(self): ...
    def run(self):
        self._x()
        self._x(_x)
class C:
    def __init__(self):
        self._x = 1
    def run(self):
        return self._x + _x()
"""

    assert helpers(plant, text).uses == {"_x": 2, "A._x": 1, "B._x": 2}


def test_what_python_calls_is_no_helper(plant: Plant) -> None:
    """`__init__` and its like are public."""
    found = helpers(plant, "class A:\n    def __init__(self):\n        self._x()\n    def _x(self): ...\n")

    assert found.uses == {"A._x": 1}
    assert found.chains() == {"A.__init__": ("A._x",)}


def test_helpers_used_once_are_counted(plant: Plant) -> None:
    """Of three, one is used twice and one never."""
    root = plant({"one.py": "def _a(): ...\ndef _b(): ...\ndef _c(): ...\ndef run():\n    _a(_b, _b)\n"})

    assert numbers(root)["private helpers"] == 3
    assert numbers(root)["private helpers used once"] == 1


def chain(length: int) -> str:
    """A module whose `run` calls `_h1`, which calls `_h2`, and so on."""
    links = [f"def _h{each}():\n    _h{each + 1}()\n" for each in range(1, length)]
    return f"def run():\n    _h2(), _h1()\n{''.join(links)}def _h{length}(): ...\n"


def test_the_deepest_chain_is_counted_and_listed(plant: Plant) -> None:
    """By the longest way from a public function; four helpers in a row are not yet too deep."""
    shape = structure.measure(plant({"four.py": chain(4), "five.py": chain(5)}))

    assert shape.numbers["deepest chain of helpers"] == 5
    assert shape.numbers["chains deeper than 4"] == 1
    assert shape.details["chains deeper than 4"] == [
        "5  maa_notify/five.py:run -> _h1 -> _h2 -> _h3 -> _h4 -> _h5"
    ]


def test_a_chain_ends_at_the_next_public_function(plant: Plant) -> None:
    """Which begins one of its own."""
    text = "def run():\n    _a()\ndef _a():\n    step()\ndef step():\n    _b()\ndef _b(): ...\n"

    assert helpers(plant, text).chains() == {"run": ("_a",), "step": ("_b",)}


def test_recursion_ends_and_counts_once(plant: Plant) -> None:
    """A helper that calls itself is one link, two that call each other are two."""
    text = (
        "def run():\n    _a()\ndef _a():\n    _a()\n    _b()\ndef _b():\n    _a()\n    _c()\ndef _c(): ...\n"
    )

    found = helpers(plant, text)

    assert found.chains() == {"run": ("_a", "_b", "_c")}
    assert found.uses == {"_a": 2, "_b": 1, "_c": 1}


def test_a_nested_function_belongs_to_the_one_around_it(plant: Plant) -> None:
    """A nested helper is a link, and what a nested public function uses counts for the outer one."""
    text = """\
def run():
    def _inner():
        _a()
    def visible():
        _inner()
    return visible
def _a(): ...
"""

    assert helpers(plant, text).chains() == {"run": ("run._inner", "_a")}


def test_a_helper_in_a_table_or_a_decorator_is_used(plant: Plant) -> None:
    """A table is filled by the module itself; a decorator counts for what it decorates."""
    text = "def _a():\n    _b()\ndef _b(): ...\ndef _c(f): ...\nTABLE = {'a': _a}\n@_c\ndef run(): ...\n"

    assert helpers(plant, text).chains() == {structure.MODULE_LEVEL: ("_a", "_b"), "run": ("_c",)}


# Docstrings and the report


def test_public_functions_without_docstring_are_named(plant: Plant) -> None:
    """Private ones, Python's own, nested ones and those of a private class need none."""
    text = """\
def bare(): ...
def told():
    '''Yes.'''
    def nested(): ...
def _private(): ...
class A:
    def __init__(self): ...
    def bare(self): ...
class _B:
    def method(self): ...
"""
    shape = structure.measure(plant({"one.py": text}))

    assert shape.numbers["public ones without docstring"] == 2
    assert shape.details["public functions without docstring"] == [
        "maa_notify/one.py:1 bare",
        "maa_notify/one.py:8 A.bare",
    ]


def test_docstrings_are_listed_for_a_review(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    """Only first lines, with the place of each; private functions too."""
    root = plant(
        {"one.py": '"""A module.\n\nMore.\n"""\n\nclass A:\n    def _b(self):\n        """A method."""\n'}
    )

    assert structure.main([str(root), "--docstrings"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "maa_notify/one.py:1 maa_notify.one: A module.",
        "maa_notify/one.py:7 A._b: A method.",
    ]


def test_the_report_is_a_plain_table_with_what_stands_behind_it(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    """A label and a number a line, then the cycles and chains themselves."""
    root = plant({"a.py": "import maa_notify.b\n", "b.py": "import maa_notify.a\n"})

    assert structure.main([str(root)]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^packages and loose modules +2$", said, re.MULTILINE)
    assert "import cycles:\n  a, b\n" in said
    assert "chains deeper than 4:" not in said


def test_two_trees_stand_side_by_side(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    """The older one first; an order is that of the newer one, whose packages it names."""
    before = plant({"a.py": "", "b.py": "", "c.py": ""}, "before")
    after = plant({"a.py": "import maa_notify.b\n", "b.py": ""}, "after")

    assert structure.main([str(after), "--compare", str(before), "--order", "b, a"]) == 0
    lines = (re.split(r"\s{2,}", line) for line in capsys.readouterr().out.splitlines())
    rows = {label: found for label, *found in lines}
    assert rows[""] == ["before", "after"]
    assert rows["packages and loose modules"] == ["3", "2"]
    assert rows["imports within cycles"] == ["0", "-"]
    assert rows["imports upwards"] == ["-", "1"]


def test_the_same_can_be_had_as_json(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    """For one tree or two."""
    root = plant({"a.py": ""})

    structure.main([str(root), "--json"])
    one = json.loads(capsys.readouterr().out)
    structure.main([str(root), "--json", "--compare", str(root)])
    two = json.loads(capsys.readouterr().out)

    assert one["numbers"] == numbers(root)
    assert two == {"before": one, "after": one}


def test_packages_can_be_left_out(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    """To measure only what is deployed."""
    root = plant({"a.py": "import maa_notify.demo\n", "demo/__init__.py": "", "demo/page.py": "x = 1\n"})

    assert structure.main([str(root), "--without", "demo,rendering", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["numbers"]
    assert (found["packages and loose modules"], found["imports between packages"], found["lines"]) == (
        1,
        0,
        1,
    )


@pytest.mark.parametrize(
    "arguments, reason",
    [(["nowhere"], "there is no maa_notify/ in nowhere"), (["--order", "x"], "the order does not name")],
)
def test_a_wrong_argument_is_explained(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt folder is no project of zero lines."""
    with pytest.raises(SystemExit, match="2"):
        structure.main(arguments)

    assert reason in capsys.readouterr().err


def test_this_project_can_be_measured() -> None:
    """Its packages, helpers and tests are found."""
    found = numbers(structure.ROOT)

    assert found["packages and loose modules"] > 1
    assert found["private helpers"] > found["private helpers used once"] > 0
    assert found["code lines of tests"] > 0
