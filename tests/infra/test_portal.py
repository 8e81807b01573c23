"""One click: the compiled template, the form in front of it, and the buttons on the page of a release."""

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest

from tests.infra.predictions import INFRA
from tools.release_notes import first_steps
from tools.templates import PORTAL, ROOT, VERSION, Compiler

TEMPLATE: dict[str, Any] = json.loads((ROOT / PORTAL).read_text(encoding="utf-8"))
FORM: dict[str, Any] = json.loads((INFRA / "createUiDefinition.json").read_text(encoding="utf-8"))[
    "parameters"
]
BASICS = {each["name"]: each for each in FORM["basics"]}
MORE = {each["name"]: each for step in FORM["steps"] for each in step["elements"]}
PARAMETERS = TEMPLATE["parameters"]
OWN_DEFAULT = {"tenantId", "assignRoles"}
"""The tenant of the subscription, by another name than in the template; and a choice in place of a word."""


def test_the_template_of_the_portal_is_what_the_compiler_makes(
    compiler: Compiler, compiled: dict[str, dict[str, Any]]
) -> None:
    """The portal reads no Bicep: whoever clicks deploys what everybody else deploys."""
    if compiler.version != VERSION:
        pytest.skip(f"the compiled template is by Bicep {VERSION}, and this one is {compiler.version}")

    assert compiled["main.bicep"] == TEMPLATE, "run make snapshots"


def test_the_click_makes_no_code() -> None:
    """A poll before the permissions would leave the notifier without them for a day."""
    assert '"type": "Microsoft.Web/sites/extensions"' not in json.dumps(TEMPLATE)


def test_the_form_asks_four_things() -> None:
    """The region, who hears of alarms, the channel, and who assigns roles; all else is one step."""
    assert list(BASICS) == ["alarmEmails", "teamsWebhookUrl", "assignRoles"]
    assert FORM["config"]["basics"]["location"]["label"] == "Region"
    assert len(FORM["steps"]) == 1
    assert BASICS["teamsWebhookUrl"]["type"] == "Microsoft.Common.PasswordBox"


def test_every_answer_is_a_parameter_of_the_template() -> None:
    """And every question has an answer; what the template must know is asked."""
    outputs = FORM["outputs"]

    assert set(outputs) == {"location", *BASICS, *MORE}
    assert set(outputs) <= set(PARAMETERS)
    assert {name for name, each in PARAMETERS.items() if "defaultValue" not in each} <= set(outputs)
    for name, answer in outputs.items():
        place = (
            "location()" if name == "location" else f"basics('{name}')" if name in BASICS else f"').{name}"
        )
        assert place in answer


def test_the_form_offers_nothing_that_it_cannot_make_work() -> None:
    """A chat with approvers goes by the words of a destination, of which the form knows none."""
    assert not {"approverChat", "destinations", "fleet"} & set(FORM["outputs"])


@pytest.mark.parametrize("name", sorted(set(MORE) - OWN_DEFAULT))
def test_the_form_has_the_defaults_and_limits_of_the_template(name: str) -> None:
    """Whoever changes nothing gets what a deployment that says nothing gets."""
    question, parameter = MORE[name], PARAMETERS[name]

    assert str(question["defaultValue"]) == str(parameter["defaultValue"])
    assert question["toolTip"] == parameter["metadata"]["description"]
    assert (question.get("min"), question.get("max")) == (
        parameter.get("minValue"),
        parameter.get("maxValue"),
    )
    allowed = [each["value"] for each in question["constraints"].get("allowedValues", [])]
    assert allowed == parameter.get("allowedValues", [])


@pytest.mark.parametrize(
    "name, right, wrong",
    [
        (
            "alarmEmails",
            ["ops@contoso.com", "ops@contoso.com, b.c@d.example"],
            ["", "ops", "a@b", "a@b.c d@e.f"],
        ),
        (
            "teamsWebhookUrl",
            ["https://flows.example/hook?sig=1"],
            ["http://flows.example/x", "https://flows.example"],
        ),
        (
            "tenantId",
            ["", "contoso.onmicrosoft.com", "5f0f3c3e-0000-4000-8000-000000000001"],
            ["contoso", "a@b.c"],
        ),
        (
            "pollSchedule",
            ["0 * * * * *", "*/15 * * * * *", "0 0 9-17 * * MON-FRI"],
            ["every minute", "0\t*\t*\t*\t*\t*"],
        ),
        ("timeZone", ["", "UTC", "Europe/Berlin"], ["Europe Berlin", "/"]),
        ("ticketLink", ["", "https://t.example/find?id={}"], ["http://t.example/{}", "https://t.example/"]),
    ],
)
def test_what_is_misspelt_is_said_at_the_form(name: str, right: list[str], wrong: list[str]) -> None:
    """Before anything is deployed."""
    question = {**BASICS, **MORE}[name]["constraints"]
    patterns = (
        [question["regex"]] if "regex" in question else [each["regex"] for each in question["validations"]]
    )

    for text in (*right, *wrong):
        found = all(re.search(pattern, text) for pattern in patterns) and (text or not question["required"])
        assert bool(found or (text == "" and not question["required"])) == (text in right), text


def test_a_release_has_a_button_for_each_cloud_and_one_line() -> None:
    """Each leads to the files of this very release; the line names its package."""
    text = first_steps("v1.2.3", "https://github.com", "owner/repository")
    buttons = dict(re.findall(r"\]\((https://[^/]+)/#create/Microsoft\.Template/uri/(\S+)\)", text))

    assert list(buttons) == ["https://portal.azure.com", "https://portal.azure.us", "https://portal.azure.cn"]
    for address in buttons.values():
        template, form = unquote(address).split("/createUIDefinitionUri/")
        for url, file in ((template, PORTAL), (form, "infra/createUiDefinition.json")):
            assert url == f"https://raw.githubusercontent.com/owner/repository/v1.2.3/{file}"
            assert (ROOT / file).is_file()
    assert (
        "git clone --quiet --depth 1 --branch v1.2.3 https://github.com/owner/repository maa-notify-v1.2.3;"
        " maa-notify-v1.2.3/infra/switch-on.sh RESOURCE_GROUP\n"
    ) in text
