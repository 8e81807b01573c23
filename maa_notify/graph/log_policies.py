"""What a Conditional Access policy protects, as the audit log has it before and after a change. Pure."""

from collections.abc import Iterator, Mapping

from maa_notify.graph.log_texts import text_of, words_of
from maa_notify.graph.payloads import lowered
from maa_notify.insight.watch.log import Modified

POLICY = "conditionalaccesspolicy"
"""The name of the value that holds a whole policy."""

_LONG = 32_000
"""Characters of a list of ids: cut shorter, what matters could be hidden at its end."""


def policy_values(old: object, new: object) -> Iterator[tuple[str, Modified]]:
    """What tells whether a Conditional Access policy protects less than before; nothing of one cut short."""
    policies = [_as_policy(each) for each in (old, new)]
    if None in policies:
        return
    before, after = (each or {} for each in policies)
    for part in ("state", "included", "excluded", "controls"):
        yield f"{POLICY}.{part}", Modified(before.get(part, ""), after.get(part, ""))


def _as_policy(policy: object) -> Mapping[str, str] | None:
    """Its state, whom and what it names and leaves out, what it asks for; None where it cannot be read."""
    if policy in (None, ""):
        return {}
    if not isinstance(policy, Mapping):
        return None
    told = lowered(policy)
    grant = lowered(held) if isinstance(held := told.get("grantcontrols"), Mapping) else {}
    asked = words_of(grant.get("builtincontrols")) + ["strength"] * bool(grant.get("authenticationstrength"))
    asked += ["all of them"] * (text_of(grant.get("operator")).upper() == "AND")
    return {
        "state": text_of(told.get("state")),
        "included": "\n".join(_named(told.get("conditions"), "include"))[:_LONG],
        "excluded": "\n".join(_named(told.get("conditions"), "exclude"))[:_LONG],
        "controls": "\n".join(asked),
    }


def _named(conditions: object, word: str) -> Iterator[str]:
    """The ids in every list of a policy's conditions that includes or excludes, each with its list's name."""
    for part in conditions.values() if isinstance(conditions, Mapping) else ():
        for name, ids in part.items() if isinstance(part, Mapping) else ():
            if str(name).lower().startswith(word):
                yield from (f"{name}:{each}".lower() for each in words_of(ids))
