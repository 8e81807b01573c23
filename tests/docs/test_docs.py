"""The documentation cannot rot: what the code has is documented, and what is documented exists."""

import argparse
import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import fields

from maa_notify.cli import exit_codes, history
from maa_notify.cli.main import COMMANDS as CLI_COMMANDS
from maa_notify.cli.main import parser_for
from maa_notify.domain.event import EventKind, RequestEvent
from maa_notify.domain.log_fields import log_fields
from maa_notify.domain.routing import EVENT_NAMES, RoutingReason
from maa_notify.domain.visibility import FAMILIES, RECOMMENDED
from maa_notify.graph.requests import parse_request
from maa_notify.identity.clouds import CLOUDS
from maa_notify.polling.health import Health
from maa_notify.polling.report import Report
from maa_notify.settings.fields import BY_NAME
from maa_notify.settings.fields import SETTINGS as SETTING_ROWS
from maa_notify.settings.reader import read_settings
from maa_notify.settings.tenants import read_tenants
from tests.support.clock import START
from tests.support.graph import make_request

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md", *DOCS]

CONNECT = ROOT / "docs" / "connect.md"
FLEET = ROOT / "docs" / "fleet.md"
SETTINGS = ROOT / "docs" / "settings.md"
COMMANDS = ROOT / "docs" / "commands.md"
OPERATIONS = ROOT / "docs" / "operations.md"
SECURITY = ROOT / "docs" / "security.md"

ENOUGH = {
    "MAA_TENANT_ID": "5f0f3c3e-0000-4000-8000-000000000001",
    "MAA_CLIENT_ID": "7b0c54be-0000-4000-8000-000000000002",
    "MAA_TEAMS_WEBHOOK_URL": "https://example.com/hook?sig=0",
}
"""The fewest settings that are accepted."""
TEAMS = "https://smba.trafficmanager.net/teams"
GOES_WITH = {
    "MAA_TICKET_LINK": {"MAA_TICKET_PATTERN": "INC[0-9]{7}"},
    "MAA_TICKET_PATTERN": {"MAA_TICKET_LINK": "https://tickets.contoso.example/{}"},
    "MAA_APPROVER_CHAT": {
        "MAA_APPROVERS": "on",
        "MAA_DESTINATIONS": json.dumps(
            [{"name": "ops", "bot": {"channel_id": "19:a@thread.tacv2", "service_url": TEAMS}}]
        ),
    },
}
"""What a setting is never given without."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_LINKED = re.compile(r"\[([^\]]*)\]\([^)\s]+\)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(")
_ASKS_BASH = re.compile(r"\bread -\w*p")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_SPAN = re.compile(r"`(maa-notify [^`]+)`")
_TARGET = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
_EVENT = re.compile(r"[a-z]+(\.[a-z_]+)+")


def text_of(page: Path) -> str:
    """A page as it is written."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *languages: str) -> list[str]:
    """The code blocks of a page in these languages."""
    return [body for language, body in _FENCE.findall(text_of(page)) if language in languages]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", text_of(page))


def headings(page: Path) -> list[str]:
    """The headings of a page, of any depth."""
    return _HEADING.findall(prose(page))


def section(page: Path, heading: str) -> str:
    """The text below a heading of the second depth."""
    _, found, rest = text_of(page).partition(f"\n## {heading}\n")
    assert found, f"{page.name} has no heading '## {heading}'"
    return rest.partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """What stands in backticks, in a link or plainly in the first column of every table."""
    lines = [_LINKED.sub(r"\1", line) for line in text.splitlines() if line.startswith("|")]
    rows = [line.split("|")[1].strip() for line in lines]
    return [row.strip("`") for row in rows if not set(row) <= set("-: ")]


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """The parsers of all commands, by name."""
    actions = parser_for(CLI_COMMANDS)._actions
    [found] = [each for each in actions if isinstance(each, argparse._SubParsersAction)]
    return dict(found.choices)


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every spelling of every option, without the help that all have."""
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction):
            yield from action.option_strings


def command_lines(page: Path) -> Iterator[str]:
    """Every call of `maa-notify` that a page prints, in a block or in the middle of a sentence."""
    for block in blocks(page, "sh", "bash", "powershell"):
        yield from (line for line in block.splitlines() if line.startswith("maa-notify"))
    yield from _SPAN.findall(prose(page))


def examples() -> list[tuple[str, str]]:
    """The example values of all settings."""
    lines = [line for block in blocks(SETTINGS, "ini") for line in block.splitlines()]
    found = [(name, value) for name, _, value in (line.partition("=") for line in lines)]
    return [(name, value) for name, value in found if name != "MAA_TENANTS"]


def logged() -> Iterator[ast.Call]:
    """Every call by which any module logs an event."""
    for path in (ROOT / "maa_notify").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_LOG.") and node.args:
                yield node


def logged_events() -> set[str]:
    """The names of all events that are logged."""
    return {str(ast.literal_eval(call.args[0])) for call in logged()}


def logged_values() -> set[str]:
    """The names of all values that a line of the log may have; `**` in a call stands as it is written."""
    given = {each.arg or ast.unparse(each.value) for call in logged() for each in call.keywords}
    event = RequestEvent(EventKind.CREATED, parse_request(make_request(now=START)), 1, START)
    return {"poll", *log_fields(event)} | given - {"log_fields(event)", "text"}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_setting_has_its_own_heading_and_a_default(name: str) -> None:
    """A person who meets a name in an error finds it in docs/settings.md, with meaning and example."""
    text = section(SETTINGS, name)

    assert "default" in text.lower() or "required" in text.lower()
    assert f"\n{name}=" in text
    assert "Refused:" in text


def test_settings_come_in_the_order_of_the_code() -> None:
    """And none is documented that the code does not have."""
    assert [each for each in headings(SETTINGS) if each.startswith("MAA_")] == list(BY_NAME)


def test_one_table_lists_every_setting() -> None:
    """In the same order, for whoever looks for one and does not know its name."""
    told = first_cells(section(SETTINGS, "All settings"))

    assert [each for each in told if each != "setting"] == list(BY_NAME)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_setting_is_made_up(page: Path) -> None:
    """A name that only the documentation knows would be set in vain."""
    assert set(re.findall(r"\bMAA_[A-Z_]*[A-Z]\b", text_of(page))) <= set(BY_NAME)


@pytest.mark.parametrize("name, value", examples(), ids=lambda text: text[:60])
def test_every_example_of_a_setting_is_accepted(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody copies a value from the documentation and is told that it is wrong."""
    monkeypatch.chdir(tmp_path)
    Path("maa-notify.pem").touch()

    settings = read_settings({**ENOUGH, **GOES_WITH.get(name, {}), name: value})

    assert settings.warnings == ()


def test_the_full_example_of_destinations_is_accepted() -> None:
    """It is JSON, and every key and word in it is known."""
    [example] = blocks(SETTINGS, "json")

    settings = read_settings({**ENOUGH, "MAA_DESTINATIONS": example})

    assert len(settings.destinations) == 1 + len(json.loads(example))


def test_the_examples_of_a_fleet_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list in full as in a file, the short one as in a setting; each tenant's settings are right."""
    monkeypatch.chdir(tmp_path)
    [example] = [block for block in blocks(FLEET, "json") if block.lstrip().startswith("[")]
    Path("tenants.json").write_text(example, encoding="utf-8")
    lines = [line for block in blocks(SETTINGS, "ini") for line in block.splitlines()]
    hooks = dict.fromkeys(("CONTOSO_WEBHOOK", "FABRIKAM_OPS"), "https://example.com/hook?sig=0")
    sizes = []
    for line in lines:
        name, _, value = line.partition("=")
        if name == "MAA_TENANTS":
            listed = read_tenants({**ENOUGH, **hooks, name: value})
            assert listed.mistakes == ()
            sizes.append(len([read_settings(tenant.environ) for tenant in listed.tenants]))

    assert sizes == [2, 1]


def defaults() -> list[tuple[str, str]]:
    """The defaults in the table of all settings that are values rather than words."""
    lines = [_LINKED.sub(r"\1", line) for line in section(SETTINGS, "All settings").splitlines()]
    rows = [line.split("|") for line in lines if line.startswith("| `MAA_")]
    cells = [(row[1].strip(" `"), row[3].strip()) for row in rows]
    return [(name, cell.strip("`")) for name, cell in cells if cell.startswith("`")]


@pytest.mark.parametrize("name, value", defaults(), ids=lambda text: text)
def test_a_documented_default_is_the_default(name: str, value: str) -> None:
    """To write it out changes nothing, and the section of the setting says the same."""
    assert read_settings({**ENOUGH, name: value}) == read_settings(ENOUGH)
    assert f"`{value}`" in section(SETTINGS, name)


def test_the_keys_of_a_tenant_are_the_tables() -> None:
    """An entry of `MAA_TENANTS` takes these keys and no others; those of the sign-in come and go together."""
    text = section(SETTINGS, "MAA_TENANTS")
    [keys] = re.findall(r"An entry may have (.+?)\.\n", text, re.DOTALL)
    [credentials] = re.findall(r"An entry with a (.+?) takes none", text)

    assert set(re.findall(r"`(\w+)`", keys)) == {row.key for row in SETTING_ROWS if row.per_tenant}
    assert set(re.findall(r"`(\w+)`", credentials)) == {row.key for row in SETTING_ROWS if row.credential}


def test_every_word_for_an_event_is_explained() -> None:
    """`events` of a destination takes these words and no others."""
    assert set(first_cells(section(SETTINGS, "MAA_DESTINATIONS"))) >= set(EVENT_NAMES)


def test_every_reason_of_a_route_is_explained() -> None:
    """A script that reads `preview --route --json` finds the meaning of each word, and of no other."""
    _, _, table = section(COMMANDS, "maa-notify preview").partition("| `why` |")

    assert set(first_cells("|" + table)) - {"means"} == set(RoutingReason)


def test_every_cloud_is_named() -> None:
    """The words that `MAA_CLOUD` takes."""
    text = section(SETTINGS, "MAA_CLOUD")

    assert all(f"`{name}`" in text for name in CLOUDS)


@pytest.mark.parametrize("command", subcommands())
def test_every_command_and_option_is_documented(command: str) -> None:
    """Each command has its section, and each of its options a row there."""
    text = section(COMMANDS, f"maa-notify {command}")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| `-"))

    of_all = {"-q", "--quiet", "--env-file", "--tenant"}

    assert {each for each in options(subcommands()[command]) if f"`{each}" not in rows} == of_all
    assert f"`maa-notify {command}" in section(COMMANDS, "All commands")


def test_no_command_or_option_is_made_up() -> None:
    """What a section of docs/commands.md offers, its parser takes."""
    parsers = subcommands()
    told = [each.removeprefix("maa-notify ") for each in headings(COMMANDS) if each.startswith("maa-notify ")]

    assert sorted(told) == sorted(parsers)
    for command in told:
        offered = re.findall(r"^\| `(--[a-z-]+)", section(COMMANDS, f"maa-notify {command}"), re.MULTILINE)
        assert set(offered) <= set(options(parsers[command]))


def test_the_options_of_all_commands_are_documented() -> None:
    """Those that may stand before the command's name and after it."""
    before_the_first = text_of(COMMANDS).partition("\n## ")[0]

    assert [each for each in options(parser_for([])) if f"`{each}`" not in before_the_first] == []


def test_every_exit_code_is_explained() -> None:
    """The codes of the command line, and no others."""
    codes = {value for name, value in vars(exit_codes).items() if name.isupper()}

    assert {int(cell) for cell in first_cells(section(COMMANDS, "Exit codes")) if cell.isdigit()} == codes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_printed_command_is_one(page: Path) -> None:
    """The real parser takes every `maa-notify …` that the documentation prints."""
    for line in command_lines(page):
        words = shlex.split(line, comments=True)[1:]
        if words in (["--version"], ["--help"]):
            continue
        try:
            parser_for(words).parse_args(words)
        except SystemExit:
            pytest.fail(f"{page.name} prints a command that does not work: {line}")


def test_the_report_of_a_poll_is_explained_key_by_key() -> None:
    """`poll --json` is for scripts: its example and its table have exactly the keys that are printed."""
    keys = list(json.loads(Report().as_json()))
    text = section(COMMANDS, "maa-notify poll")
    [example] = [body for language, body in _FENCE.findall(text) if language == "json"]

    assert list(json.loads(example)) == keys
    assert [cell for cell in first_cells(text) if cell in keys] == keys


def test_health_is_explained_key_by_key() -> None:
    """`GET /api/health` is for monitors: its example and its table have exactly the keys that are sent."""
    keys = {each.name for each in fields(Health)}
    text = section(OPERATIONS, "Is it well?")
    [example] = [body for language, body in _FENCE.findall(text) if language == "json"]

    assert set(json.loads(example)) == keys
    assert set(first_cells(text)) >= keys


@pytest.mark.parametrize("status", ["ok", "degraded", "starting", "stale", "failing"])
def test_every_state_of_health_is_explained(status: str) -> None:
    """With the answer that a monitor gets."""
    code = 200 if Health(status).is_well else 503

    assert f"| `{status}` | {code} |" in section(OPERATIONS, "Is it well?")


def test_every_column_of_the_history_is_named() -> None:
    """In the order in which they are printed."""
    _, _, text = section(COMMANDS, "maa-notify history").partition("The columns")
    told = re.findall(r"`(\w+)`", text.partition("rows of alerts")[0])

    assert told == list(history.COLUMNS)


def test_every_logged_event_is_explained_and_none_is_made_up() -> None:
    """An operator who meets an event name in a log finds it in docs/operations.md."""
    told = {cell for cell in first_cells(section(OPERATIONS, "Log lines")) if _EVENT.fullmatch(cell)}

    assert told == logged_events()


def test_every_value_of_the_log_is_told() -> None:
    """Whoever answers for what telemetry holds finds all of it in docs/security.md, and hears of more."""
    [told] = re.findall(
        r"^Every value .+?: (.+?)\.$", section(SECURITY, "The telemetry"), re.MULTILINE | re.DOTALL
    )

    assert re.findall(r"`(\w+)`", told) == sorted(logged_values())


@pytest.mark.parametrize(
    "page,heading", [(CONNECT, "1. An identity that may read the requests"), (SECURITY, "Permissions")]
)
def test_every_permission_is_explained(page: Path, heading: str) -> None:
    """Whoever is asked to grant one reads what for, and of none that the code does not know."""
    text = section(page, heading)

    assert set(first_cells(text)) - {"permission"} == RECOMMENDED
    assert set(re.findall(r"DeviceManagement[\w.]+\.All", text)) == RECOMMENDED


def test_every_family_is_explained() -> None:
    """The words that scripts and reports have for a kind of requests, each beside its permission."""
    rows = [line for line in section(SECURITY, "Permissions").splitlines() if line.startswith("| `")]
    told = [re.findall(r"`([\w.]+)`", row)[:2] for row in rows]
    deployment = section(ROOT / "docs" / "deployment.md", "Which permissions")

    assert told == [[family.permission, family.name] for family in FAMILIES]
    assert [family.name for family in FAMILIES if f"`{family.name}`" not in deployment] == []


def test_no_value_of_the_log_has_a_name_of_the_line_itself() -> None:
    """As JSON one of the two would be lost."""
    assert logged_values() & {"time", "level", "message", "text", "logger"} == set()


def test_logged_events_are_dotted_constants() -> None:
    """So that they can be searched for, and this file can find them."""
    assert [event for event in logged_events() if not _EVENT.fullmatch(event)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that exists, and every anchor a heading of it."""
    targets = [each for each in _LINK.findall(prose(page)) if "://" not in each]
    for target in targets:
        path, _, place = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), f"{page.name} links to {target}"
        assert not place or place in map(anchor, headings(file)), f"{page.name} links to {target}"


def test_every_picture_is_shown_and_light() -> None:
    """No picture is forgotten, and none makes the page slow to load; the film may be heavier."""
    shown = {target for page in PAGES for target in _LINK.findall(prose(page))}
    for picture in (ROOT / "docs" / "images").iterdir():
        assert any(target.endswith(f"images/{picture.name}") for target in shown)
        assert picture.stat().st_size < (1_500_000 if picture.suffix == ".webp" else 300_000)


def test_every_picture_is_told_in_words() -> None:
    """For whoever cannot see it, in a sentence."""
    told = [text for page in PAGES for text in _PICTURE.findall(prose(page))]

    assert len(told) >= len(list((ROOT / "docs" / "images").iterdir()))
    assert [text for text in told if len(text.split()) < 5] == []


def test_the_first_picture_of_the_readme_moves() -> None:
    """It tells the whole story before anybody has installed anything."""
    first = next(target for target in _LINK.findall(prose(README)) if "images/" in target)
    film = (ROOT / first).read_bytes()

    assert film[8:12] == b"WEBP"
    assert film.count(b"ANMF") > 10
    assert int.from_bytes(film[film.index(b"ANIM") + 12 :][:2], "little") == 0, "it ends after some rounds"


def test_the_readme_is_read_in_four_screens() -> None:
    """Everything else has a page of its own."""
    lines = text_of(README).splitlines()

    assert len(lines) < 130
    assert lines.index("make demo") < 20


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Nobody has to guess that a page exists."""
    assert [page.name for page in DOCS if f"(docs/{page.name}" not in text_of(README)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_that_ask_work_in_zsh_too(page: Path) -> None:
    """Its `read -p` reads from another process, and macOS has zsh."""
    assert [block for block in blocks(page, "sh", "bash") if _ASKS_BASH.search(block)] == []


def test_every_make_target_that_is_named_exists() -> None:
    """`make …` in the documentation is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for page in PAGES for target in _TARGET.findall(text_of(page))}

    assert named
    assert named <= targets
