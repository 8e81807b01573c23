"""The checks as they see a tenant through a real wire."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from maa_notify.demo.entra_api import SCOPE, make_token
from maa_notify.graph.posture import PostureReader
from maa_notify.graph.reader import GraphReader
from maa_notify.insight.posture.checks import Posture, assess
from maa_notify.insight.posture.facts import Facts
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Judgement
from tests.support.clock import FakeClock
from tests.support.entra import FakeTokens
from tests.support.graph import FakeGraph
from tests.support.posture import ROLES, TENANT, Tenant

Read = Callable[..., Facts]
Judge = Callable[..., Judgement]


@pytest.fixture
def tenant(graph: FakeGraph) -> Tenant:
    """A sound one, with two entries on a page."""
    graph.page_size = 2
    return Tenant(graph)


@pytest.fixture
def clock() -> FakeClock:
    """Time that passes only when somebody waits."""
    return FakeClock()


@pytest.fixture
def read(graph: FakeGraph, clock: FakeClock) -> Iterator[Read]:
    """Reads the facts, with all permissions or with others."""
    tokens = FakeTokens()
    reader = GraphReader(graph.url, SCOPE, tokens, clock)

    def call(roles: Sequence[str] | None = ROLES, tenant_id: str = TENANT, seconds: float = 600) -> Facts:
        tokens.tokens = ["opaque" if roles is None else make_token(roles=list(roles))]
        return PostureReader(reader, clock, tenant_id, seconds).read()

    yield call
    reader.close()


@pytest.fixture
def judged(tenant: Tenant, read: Read) -> Judge:
    """Reads the facts and tells what one check came to."""

    def call(check: str, **how: object) -> Judgement:
        posture: Posture = assess(read(**how), Limits())
        [found] = [each for each in posture.judgements if each.check.id == check]
        return found

    return call
