"""A year of requests of one tenant, the same each time."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Step
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import ApprovalRequest, Identity, Target

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
_TYPES = (("deviceWipe",), ("app",), ("script",), ("compliancePolicy", "configurationPolicy"), ("role",), ())
_ENDS = ("completed",) * 6 + ("rejected", "expired", "cancelled", "needsApproval", "approved", "somethingNew")


def person(number: int) -> Identity:
    """One of a few people, of whom Graph tells the account or only a name."""
    name = ("Mira Holt", "Jonas Beck", "Noor Haddad", "Sven Lund", "Ana Ruiz", "Priya Nair")[number]
    return Identity("user", name, f"{name.replace(' ', '.').lower()}@contoso.com" if number != 1 else "")


def request_records(count: int, seed: int = 42) -> list[RequestRecord]:
    """So many requests of all kinds, by the time of their filing."""
    chance = random.Random(seed)
    found = [_record(chance, FIRST + timedelta(seconds=chance.randrange(365 * 86_400))) for _ in range(count)]
    return sorted(found, key=lambda each: each.state.request.requested_at or FIRST)


def _record(chance: random.Random, filed: datetime) -> RequestRecord:
    status = chance.choice(_ENDS)
    is_app = chance.random() < 0.1
    asker, approver = chance.sample(range(4), 2)
    if chance.random() < 0.1:
        asker, approver = chance.choice([(4, 5), (5, 4)])
    requestor = Identity("application", "fabrikam-release", id="2c92") if is_app else person(asker)
    decided = filed + timedelta(seconds=int(chance.expovariate(1 / 20_000)) + chance.choice([5, 400]))
    closed = decided + timedelta(seconds=chance.randrange(20_000))
    steps: list[Step] = []
    if status in {"approved", "completed"}:
        steps.append(Step("approved", decided, person(approver)))
    if status in {"completed", "cancelled", "expired"}:
        steps.append(Step(status, closed, Identity()))
    if status == "rejected":
        steps.append(Step("rejected", decided, person(approver)))
    request = ApprovalRequest(
        str(UUID(int=chance.getrandbits(128))),
        status,
        chance.choice(_TYPES),
        filed,
        filed + timedelta(days=3),
        steps[-1].at if steps else filed,
        requestor,
        person(approver) if any(step.by.name for step in steps) else Identity(),
        "Lost in a taxi",
        target=Target(f"LAPTOP-{chance.randrange(900)}"),
    )
    reminded = ("50%", "24h")[: chance.choice([0, 0, 0, 1, 2])]
    return RequestRecord(
        RequestState(request, len(steps) + 1, reminded, steps=tuple(steps)), chance.random() < 0.5
    )
