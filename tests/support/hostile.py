"""What Graph might hold when somebody means harm or a service is broken, for Hypothesis to choose from."""

import json
from typing import Any

from hypothesis import strategies as st

_LIVELY = (
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

TOWERS = {
    "zalgo": "W" + "\u0305\u033f\u0333\u0347\u030e\u0348" * 6 + "alter",
    "zalgo behind dropped characters": "x" + "\u0301\u0302\u0303\u200b" * 20,
    "zalgo behind joiners": "क" + "\u0901\u200d\u0951\u0952\u200c" * 20 + "ष",
    "zalgo behind variation selectors": "x" + "\u030b\u0331\ufe0f" * 20,
    "zalgo behind spacing marks": "x" + "\u0301\u0302\u0903" * 20,
    "musical marks": "x" + "\U0001d165\U0001d16e\U0001d172\u0301" * 8,
    "enclosing marks": "a" + "\u20dd\u20de\u20e4\u20e0\u20df\u0489" * 4 + "b",
    "Thai": "ก" + "\u0e47" * 20 + "ก\u0e34\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e4d\u0e4e\u0e38\u0e39\u0e3a",
    "Arabic": "ب" + "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0653\u0670\u06d6\u06d7\u08da" * 2,
    "Hebrew": "ש" + "\u05c1\u05bc\u05b8\u0591\u0592\u0593\u0594\u0599\u05a8\u05ab\u05ae" * 2,
    "Tibetan": "ཧ" + "\u0f93\u0f9d\u0fa2\u0fa7\u0fac\u0fb9\u0f71\u0f74\u0f7e\u0f83\u0f39" * 2,
    "Myanmar": "က" + "\u103b\u103c\u103d\u103e\u102d\u102f\u1032\u1036\u1037\u103a" * 2,
    "Tai Tham": "ᨠ" + "\u1a60\u1a62\u1a65\u1a69\u1a6c\u1a74\u1a75\u1a76\u1a7b" * 2,
    "Zanabazar": "\U00011a0b" + "\U00011a01\U00011a36\U00011a37\U00011a35" * 4,
    "Grantha": "\U00011305" + "\U0001136b\U00011373\U00011366" * 4,
    "Hebrew recited": "ש" + "\u0592\u0593\u0594" + "א" + "\u0591\u0596\u059b" + "א\u05b0\u05b7\u05bb",
    "Arabic recited": "ؠ" + "\u08e9\u08d3\u08d9" + "ؠ\u06d6\u06d7\u06da" + "ؠ\u065f\u0655\u064d",
    "Khmer letters below letters": "ក" + "\u17d2ក" * 12,
    "Khmer letters behind joiners": "ក" + "\u17d2\u200dក\u200c" * 12,
    "Myanmar letters below letters": "န" + "\u1039န" * 12,
    "Javanese letters below letters": "ꦄ" + "\ua9c0ꦄ" * 12,
    "Telugu letters below letters": "ఖ" + "\u0c4dఖ" * 12,
    "Tibetan letters below letters": "ༀ\u0fab\u0fb7\u0f90"
    "ཀ" + "\u0f92\u0fab\u0fac" * 4 + "ཊ\u0fb1\u0fb1\u0f79",
    "historic letters below letters": "".join(
        (letter + virama) * 9 + letter
        for letter, virama in ("𑨎𑩇", "𑖞\U000115bf", "𑩳\U00011a99", "𑌙\U0001134d")
    ),
    "Marchen": "\U00011c7a\U00011ca6\U00011c92\U00011c96",
    "Rohingya": "\U00010d00\U00010d25\U00010d24\U00010d26",
    "marks of our own characters": "\u20dd\u0338\u0489 \u20dex",
    "tone marks": "中" + "\u302a\u302b\u302c\u302d" * 6,
    "tall signs": "𒀱𒈜𝄟𝄠ᢆ⎷꧅ꦈᬊ𝅘𝅥𝅲",
    "wide signs": "﷽" * 30,
    "direction": "\u202eLT-1\u202c \u2067שלום\u2069 5",
}
"""Names that would reach into the lines above and below them, or cover what stands there."""

FORGERIES = (
    "Eve · approved by Aiko Mori",
    "Eve • approved by Aiko",
    "Eve ・ approved",
    "Eve” · “Aiko Mori",
    'Eve" (aiko.mori@contoso.com)',
    "Eve〞 ･ approved",
    "Eve'' ∙ approved",
    "Eve（aiko.mori@contoso.com）",
    "Eve (account not told)",
    "LT-1” · already approved by “security",
    "Eve\u200b\u2019\u2019 \u22c5 ok",
    "Mirа Holt",
    "Ηelpdesk",
    "𝐌𝐢𝐫a",
)
"""Names that would pass for a field of ours, or for somebody else's name."""

FRAGMENTS = (*_LIVELY, *FORGERIES, "می\u200cخواهم", "ක්\u200dෂ", "a\u200cb", *TOWERS.values())


@st.composite
def _fragments(draw: st.DrawFn) -> str:
    """One of them; Hypothesis would write all of them into each of its messages."""
    return draw(st.sampled_from(FRAGMENTS))


texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(_fragments(), st.text(max_size=4)), max_size=8).map("".join),
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
