"""What Graph might hold when somebody means harm or a service is broken, for Hypothesis to choose from."""

import json
from typing import Any

from hypothesis import strategies as st

FRAGMENTS = (
    "[Click](https://evil.example/x)",
    "https://evil.example",
    "HTTP://EVIL.EXAMPLE",
    "www.evil.example",
    "evil.example/login",
    "例え。テスト",
    "evil．example",
    "हिन्दी.भारत",
    "e\u0301vil\u0327.example",
    "10.0.0.1",
    "javascript:alert(1)",
    "mailto:a@evil.example",
    "tel:112",
    "tel:+1800",
    "ms-settings:x",
    "a@evil.example",
    "<at>all</at>",
    "< AT id='1'>x< / at >",
    "&lt;at&gt;",
    "{{DATE(2026-01-01T00:00:00Z, SHORT)}}",
    "{{{{",
    "}}",
    "${x}",
    "@{triggerBody()}",
    "\u202eevil\u202c",
    "\u2066x\u2069",
    "\u200b\u200d\ufeff\u2060",
    "\U000e0041\U000e007f",
    "a" + "\u0301" * 40,
    "\ue000\uf8ff\U000f0000",
    "\u3164\u115f\u2800",
    "\ud800",
    "\x00\x1b[31m\x07",
    "line\nline\r\n\u2028line",
    "**bold** _it_ ~~no~~",
    '"quoted" \\ and <b>',
    "مرحبا",
    "設定を変更",
    "naïve café",
    "👩‍💻🏳️‍🌈👍🏽",
    " ",
)

texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=8).map("".join),
)
"""Text in which something may try to come alive, lone surrogates included."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
"""Anything that JSON can hold."""

_PEOPLE = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("id", "displayName", "Upn", "upn", "userPrincipalName"), json_values),
)
_IDENTITIES = json_values | st.fixed_dictionaries(
    {}, optional={"user": _PEOPLE | json_values, "application": _PEOPLE | json_values, "device": json_values}
)
_DEVICES = st.lists(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("deviceName", "serialNumber", "primaryUser", "actionName"), texts)
    ),
    min_size=1,
    max_size=2,
)
_TARGETS = st.sampled_from(["#x.groupAssignmentTarget", "#x.allDevicesAssignmentTarget"]) | texts
_ASSIGNED = st.lists(
    st.fixed_dictionaries(
        {"target": st.fixed_dictionaries({"@odata.type": _TARGETS}) | json_values},
        optional={"intent": st.sampled_from(["Required", "UNINSTALL"]) | json_values},
    ),
    max_size=4,
)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "requestDateTime": json_values | st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    "expirationDateTime": json_values | st.datetimes().map(lambda moment: moment.isoformat() + "+14:00"),
    "lastModifiedDateTime": json_values,
    "requestor": _IDENTITIES,
    "approver": _IDENTITIES,
    "requestJustification": json_values,
    "approvalJustification": json_values,
    "requiredOperationApprovalPolicyTypes": json_values | st.lists(texts, max_size=12),
    "payloadName": json_values,
    "displayName": json_values,
    "payloadOperation": json_values | st.sampled_from(["Create", "Assign", "Action", "DELETE", "Cancel"]),
    "payloadType": json_values | st.sampled_from(["x.AppDeployment", "x.OperationApprovalPolicy"]),
    "payloadSubtype": json_values,
    "actionName": json_values,
    "displayPayload": _DEVICES | json_values | st.just("[" * 100_000) | st.just("1" * 5_000),
    "addedAssignments": json_values | _ASSIGNED | _ASSIGNED.map(json.dumps),
    "removedAssignments": json_values | _ASSIGNED,
    "actionParameters": json_values | st.fixed_dictionaries({"assignments": _ASSIGNED}).map(json.dumps),
    "patchPayload": json_values,
    "payload": json_values,
}
raw_requests = st.fixed_dictionaries(
    {"id": texts.filter(str.strip), "status": st.sampled_from(["needsApproval", "REJECTED", "x"]) | texts},
    optional=_FIELDS,
)
"""Requests that may be read, however odd all that is optional in them."""
