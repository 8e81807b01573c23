"""What the templates take for misspelt, before anything is deployed."""

import json
from pathlib import Path
from typing import Any

from maa_notify.settings.schedule import normalised
from tests.infra.test_compiler import copy_into
from tools.templates import DEPLOYMENTS, ROOT, Compiler

FACTS: dict[str, Any] = json.loads((ROOT / "tests/settings/ncrontab.json").read_text(encoding="utf-8"))
TENANTS = {
    True: ("contoso.onmicrosoft.com", "a-1.example", "5f0f3c3e-0000-4000-8000-00000000000F"),
    False: (
        "",
        "contoso",
        "contoso.",
        "contoso..example",
        "https://contoso.example",
        "ops@contoso.example",
        "contoso.example ",
        "contoso,example",
        "5f0f3c3e-0000-4000-8000-00000000000g",
        "5f0f3c3e-0000-4000-8000-00000000001",
        "{5f0f3c3e-0000-4000-8000-000000000001}",
        "the tenant that all of us work for .",
    ),
}
MAILS = {
    True: ("ops@contoso.example", "Ops.Night+maa@mail.contoso.example"),
    False: (
        "",
        "ops",
        "ops@contoso",
        "@contoso.example",
        "ops@contoso.example.",
        "ops@.example",
        "ops@@contoso.example",
        "ops@contoso.example;night@contoso.example",
        "ops@contoso.example night@contoso.example",
        "ops@contoso.example;",
        "Ops <ops@contoso.example>",
        "mailto:ops@contoso.example",
        "ops@contoso.example\t",
    ),
}
SCHEDULES: tuple[str, ...] = (
    *(
        each["schedule"]
        for each in json.loads((ROOT / "tests/settings/ncrontab.json").read_text())["schedules"]
    ),
    *("60 * * * * *", "0 0 24 * * *", "0 * * * * 7", "0 0 0 L * *", "0 0 0 ? * *", "0 */0 * * * *"),
    *("0 5- * * * *", "0 , * * * *", "0 1-2-3 * * * *", "0 */5/2 * * * *", "0 * * * jan-mar,DEC mon-Friday"),
)
ONLY_WITHOUT_A_CALENDAR = "0 0 0 31 2 *"
"""A day that never comes, which only the program finds out."""


def test_the_templates_know_what_is_misspelt(compiler: Compiler, tmp_path: Path) -> None:
    """Each tenant and mail that a careless hand writes, and each schedule as the program reads it."""
    root = copy_into(tmp_path)
    asked = {"tenants": TENANTS, "mails": MAILS, "schedules": {True: SCHEDULES, False: ()}}
    (root / DEPLOYMENTS / "spelling.bicep").write_text(
        "import { isMail, isNcrontab, isTenant } from '../../../infra/checks.bicep'\n"
        "param tenants string[]\nparam mails string[]\nparam schedules string[]\n"
        "output tenants array = filter(tenants, each => isTenant(each))\n"
        "output mails array = filter(mails, each => isMail(each))\n"
        "output schedules array = filter(schedules, each => isNcrontab(each))\n",
        encoding="utf-8",
    )
    (root / DEPLOYMENTS / "spelling.bicepparam").write_text(
        "using 'spelling.bicep'\n" + "".join(_list(name, texts) for name, texts in asked.items()),
        encoding="utf-8",
    )
    taken = compiler.predicted("spelling", root)["outputs"]

    assert taken["tenants"] == list(TENANTS[True])
    assert taken["mails"] == list(MAILS[True])
    assert taken["schedules"] == [
        each for each in SCHEDULES if _is_read(each) or each == ONLY_WITHOUT_A_CALENDAR
    ]


def _list(name: str, texts: dict[bool, tuple[str, ...]]) -> str:
    """A parameter with all texts, a line for each."""
    return "\n".join([f"param {name} = [", *map(_quoted, (*texts[True], *texts[False])), "]\n"])


def _quoted(text: str) -> str:
    """The text as Bicep spells it."""
    spelt = text.replace("\\", "\\\\").replace("'", "\\'").replace("\t", "\\t").replace("\n", "\\n")
    return f"'{spelt}'"


def _is_read(schedule: str) -> bool:
    try:
        normalised(schedule)
    except ValueError:
        return False
    return True
