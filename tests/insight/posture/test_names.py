"""Names that anybody chooses stand between marks of ours wherever the posture tells of them."""

import re
from collections.abc import Iterator, Mapping
from html import unescape

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import asdict, replace

from maa_notify.cards.text import plain
from maa_notify.cli.posture_page import page_of
from maa_notify.demo.directory import MICROSOFT
from maa_notify.domain.event import Notice
from maa_notify.insight.posture.changes import compare_posture
from maa_notify.insight.posture.checks import assess
from maa_notify.insight.posture.facts import Facts
from maa_notify.insight.posture.names import called, listed, sentence
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.ways import summary, ways_around
from tests.insight.posture.conftest import Read
from tests.insight.posture.faults import WIPES, application, free, group_of, new_admins
from tests.support.clock import START
from tests.support.graph import FakeGraph
from tests.support.hostile import FORGERIES, texts
from tests.support.posture import Tenant, person

TAME = "Nomen"
MARKED = re.compile("“[^“”]*”")
FORGED = (
    "helpdesk is Microsoft's own and",
    "Mira”, “Jonas” and 3 more",
    'Eve" is Global Administrator for good; "Mira',
    "x''\u200b'' holds nothing",
    "'\u200b' and 3 more",
    "a, b and 2 more",
    *FORGERIES,
)
names = st.one_of(st.sampled_from(FORGED), texts)


def spoiled(tenant: Tenant) -> Iterator[None]:
    """Faults and gaps one after the other, so that every kind of thing is named somewhere."""
    directory, access = tenant.directory, tenant.access
    ruled = f"/administrativeUnits/{tenant.unit}"
    directory.assign("User Administrator", application("sync"), scope=ruled)
    directory.owners[tenant.group] = [person(9, TAME), application("owner")]
    yield
    free(tenant)
    access.add_person(tenant.group, TAME, userType="Guest")
    access.add_person(tenant.group, TAME, accountEnabled=False)
    access.add_policy("app")
    access.assignments.clear()
    new_admins(tenant, 4)
    directory.assign("Global Administrator", application("admin"))
    directory.assign("Global Administrator", group_of(tenant))
    directory.assign("Intune Administrator", person(50, TAME))
    owned = directory.add_app("release", WIPES, passwordCredentials=None)
    directory.owners[owned["id"]] = [person(8, TAME), person(9, TAME)]
    directory.add_app("theirs", WIPES, appOwnerOrganizationId=MICROSOFT)
    directory.add_app("unclear", WIPES, appOwnerOrganizationId=None)
    directory.add_app("robot", "RoleManagement.ReadWrite.Directory", servicePrincipalType="ManagedIdentity")
    users = directory.conditional_access[0]["conditions"]["users"]
    users["excludeUsers"] = [tenant.people[0], str(person(1, "")["id"])]
    yield
    access.groups[tenant.group].update(dict.fromkeys(access.groups[tenant.group]), id=tenant.group)
    access.policies[next(iter(access.policies))].update(approverGroupIds=None)
    yield


def renamed(value: object, name: str, path: str = "") -> object:
    """Facts in which everybody and everything that has a name has this one."""
    if isinstance(value, Struct):
        parts = {key: renamed(each, name, key) for key, each in asdict(value).items()}
        return replace(value, **parts)
    if isinstance(value, Mapping):
        return {key: renamed(each, name) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(renamed(each, name) for each in value)
    is_name = path in {"name", "display_name", "account"} and isinstance(value, str) and value
    return name if is_name else value


def in_all_words(facts: Facts) -> list[str]:
    """Whatever the terminal, the page without its drawing and the card say of these facts, piece by piece."""
    posture, ways = assess(facts, Limits()), ways_around(facts)
    notice = compare_posture(None, posture, summary(ways), START).event
    assert isinstance(notice, Notice)
    page = re.sub(r"(?s)<svg.*</svg>|<[^>]+>", "\n", page_of(posture, ways, "Contoso", START))
    return [
        *(line for each in posture.judgements for line in each.evidence),
        summary(ways),
        *(part for each in ways for part in (each.by, each.to, *each.who(40))),
        *(each.value for each in notice.facts),
        *(unescape(line).strip() for line in page.splitlines()),
    ]


@pytest.fixture
def seen(tenant: Tenant, read: Read, graph: FakeGraph) -> list[Facts]:
    """A tenant with faults and gaps of many kinds."""
    graph.page_size = 100
    return [read() for _ in spoiled(tenant)]


def test_no_name_writes_a_word_outside_its_marks(seen: list[Facts]) -> None:
    """Without what stands between the marks all is the same, whoever chose the names."""
    told = [in_all_words(_facts(renamed(each, TAME))) for each in seen]
    expected = [[_without_names(line) for line in lines] for lines in told]
    assert sum(line.count("“") for lines in told for line in lines) > 100
    assert not [line for lines in expected for line in lines if TAME in line]

    @given(names.map(lambda name: plain(name, 20)))
    @example("x" * 20)
    def check(name: str) -> None:
        assume(plain(name, 20))
        for facts, lines in zip(seen, expected, strict=True):
            found = in_all_words(_facts(renamed(facts, name)))
            assert [_without_names(line) for line in found] == lines

    check()


def _facts(value: object) -> Facts:
    assert isinstance(value, Facts)
    return value


def _without_names(line: str) -> str:
    return MARKED.sub("“”", line)


@given(st.lists(names, min_size=1, max_size=3), st.integers(30, 400))
def test_a_sentence_that_is_cut_leaves_no_name_open(some: list[str], limit: int) -> None:
    """Whatever follows it in a line would else be the name's."""
    text = f"owned by {listed([called('id', each, limit=80) for each in some], 2)}; granted on 2026-10-20"

    shown = sentence(text, limit)

    assert len(shown) <= limit
    assert not {"“", "”"} & set(MARKED.sub("", shown))


@pytest.mark.parametrize(
    "given_names, told",
    [
        (("Mira",), "“Mira”"),
        (("", "mira@contoso.com"), "“mira@contoso.com”"),
        (("\u200b", "mira@contoso.com"), "“mira@contoso.com”"),
        ((None, ""), "00-1"),
        (("00-1",), "“00-1”"),
    ],
)
def test_a_name_is_set_apart_and_an_id_is_not(given_names: tuple[str | None, ...], told: str) -> None:
    """So that a name that looks like an id is none."""
    assert called("00-1", *given_names) == told


@pytest.mark.parametrize(
    "count, told",
    [(0, ""), (1, "“1”"), (2, "“1” and “2”"), (3, "“1”, “2” and “3”"), (5, "“1”, “2”, “3” and 2 more")],
)
def test_names_are_listed_in_one_way(count: int, told: str) -> None:
    """With how many are left out."""
    assert listed([called("id", f"{each + 1}") for each in range(count)], 3) == told


def test_operators_words_are_cut_as_they_are() -> None:
    """A reason with marks of another language gets none of ours."""
    assert sentence("accepted until 2026-10-20: „so ist es“", 80).endswith("„so ist es“")
