"""The templates fit together: every file can be read, every name exists, modules get what they ask for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.bicep import (
    EXTENDED,
    FILES,
    INFRA,
    ROOT,
    config,
    declared,
    decorator,
    is_secure,
    label,
    names_known,
    names_used,
    outputs_used,
    tree,
)

each_file = pytest.mark.parametrize("path", FILES, ids=label)
each_plain_file = pytest.mark.parametrize("path", [path for path in FILES if path != EXTENDED], ids=label)
with_modules = pytest.mark.parametrize("path", [INFRA / "main.bicep", INFRA / "resources.bicep"], ids=label)

SECRETS = {"teamsWebhookUrl", "destinations", "tenants"}


@each_file
@pytest.mark.timeout(120)  # the first grammar load of a machine takes a quarter of a minute on an idle one
def test_every_file_can_be_read(path: Path) -> None:
    """Two parsers read it, so a missing brace or quote does not wait for the deployment."""
    assert declared(path)
    if path != EXTENDED:
        assert not tree(path).root_node.has_error


def test_a_broken_file_is_noticed(tmp_path: Path) -> None:
    """The parsers really refuse what is broken."""
    broken = tmp_path / "broken.bicep"
    broken.write_text((INFRA / "main.bicep").read_text(encoding="utf-8").replace("params: {", "params: ", 1))

    assert tree(broken).root_node.has_error
    with pytest.raises(Exception, match="Unexpected"):
        declared(broken)


@each_plain_file
def test_every_name_is_declared_and_every_declaration_used(path: Path) -> None:
    """A typing mistake in a name, or a parameter that does nothing."""
    known, used = names_known(path), names_used(path)
    resources = {name for name, each in declared(path)["resources"].items() if not each["existing"]}
    may_stand_alone = resources | set(declared(path)["modules"]) | set(declared(path)["outputs"])

    assert not used - known
    assert not known - used - may_stand_alone


@each_file
def test_everything_outside_is_described(path: Path) -> None:
    """The portal and `azd` show the description of a parameter to the person who fills it in."""
    outside = {**declared(path)["parameters"], **declared(path)["outputs"]}

    assert not [name for name, each in outside.items() if not decorator(each, "description")]


@with_modules
def test_modules_get_what_they_declare(path: Path) -> None:
    """No parameter that the module does not have, and none missing that it needs."""
    for module in declared(path)["modules"].values():
        parameters = declared(path.parent / module["detail"]["path"])["parameters"]
        passed = set(config(module)["params"])
        needed = {name for name, each in parameters.items() if each["default"] is None}

        assert passed <= set(parameters)
        assert needed <= passed


@with_modules
def test_outputs_that_are_used_exist(path: Path) -> None:
    """A module's output is asked for by its right name."""
    modules = declared(path)["modules"]

    for module, output in outputs_used(path):
        assert output in declared(path.parent / modules[module]["detail"]["path"])["outputs"]


def test_each_type_has_one_version() -> None:
    """One API version for one resource type, wherever it is used."""
    versions: dict[str, set[str]] = {}
    for path in FILES:
        for resource in declared(path)["resources"].values():
            versions.setdefault(resource["type"], set()).add(resource["api_version"])

    assert not {name: found for name, found in versions.items() if len(found) > 1}


def test_both_ways_in_offer_the_same() -> None:
    """A deployment with azd and one without have the same parameters, limits and defaults."""
    inner, outer = (declared(INFRA / name)["parameters"] for name in ("resources.bicep", "main.bicep"))
    own = {"location", "environmentName", "resourceGroupName"}

    assert set(outer) - {"resourceGroupName"} == set(inner)
    assert {name: each for name, each in outer.items() if name not in own} == {
        name: each for name, each in inner.items() if name not in own
    }


def test_all_parameters_reach_the_resources() -> None:
    """None is declared for azd and then forgotten."""
    passed = declared(INFRA / "main.bicep")["modules"]["resources"]["config"]["params"]

    assert passed == {name: name for name in declared(INFRA / "resources.bicep")["parameters"]}


def test_secrets_stay_secrets() -> None:
    """A webhook URL is a secure parameter in every file it passes, and no output names one."""
    for path in FILES:
        parameters = declared(path)["parameters"]
        assert {name for name, each in parameters.items() if is_secure(each)} == SECRETS & set(parameters)
        for output in declared(path)["outputs"].values():
            assert not SECRETS & set(re.findall(r"\w+", json.dumps(output["value"])))


def test_the_linter_is_strict_in_both_places() -> None:
    """The file with the extension has a configuration of its own, as strict; the extension is pinned."""
    common, graph = (
        json.loads((INFRA / name).read_text(encoding="utf-8"))
        for name in ("bicepconfig.json", "graph/bicepconfig.json")
    )

    assert graph["analyzers"] == common["analyzers"]
    assert {rule["level"] for rule in common["analyzers"]["core"]["rules"].values()} == {"error"}
    assert graph["extensions"]["microsoftGraphV1"].endswith("/microsoftgraph/v1.0:1.0.0")
    assert [path for path in FILES if re.search(r"^extension ", path.read_text("utf-8"), re.MULTILINE)] == [
        EXTENDED
    ]


def _azd_values() -> dict[str, str]:
    content = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))
    return {name: each["value"] for name, each in content["parameters"].items()}


def _variable(value: str) -> tuple[str, str | None]:
    found = re.fullmatch(r"\$\{(\w+)(?:=(.*))?\}", value)
    assert found
    return found[1], found[2]


def _spelt(default: Any) -> str | None:
    return json.dumps(default) if isinstance(default, bool) else None if default is None else str(default)


def test_azd_fills_in_what_the_template_declares() -> None:
    """The defaults in azd's file are the template's own, and nothing required is left out."""
    parameters = declared(INFRA / "main.bicep")["parameters"]
    values = _azd_values()

    assert {name for name, each in parameters.items() if each["default"] is None} <= set(values)
    for name, value in values.items():
        assert _variable(value)[1] == _spelt(parameters[name]["default"])


def test_a_deployment_without_azd_reads_the_same_variables() -> None:
    """Whoever changes from one way to the other keeps the variables."""
    text = (INFRA / "resources.bicepparam").read_text(encoding="utf-8")
    pattern = r"^param (\w+) = (?:\w+\()?readEnvironmentVariable\('(\w+)', '(.*?)'\)\)?$"
    plain = {name: (variable, default) for name, variable, default in re.findall(pattern, text, re.MULTILINE)}
    azd = {name: _variable(value) for name, value in _azd_values().items()}
    own = {"location", "environmentName", "alarmEmails"}

    assert len(plain) == text.count("\nparam ")
    assert set(plain) == set(azd) - {"location"}
    assert {name: plain[name][0] for name in plain} == {name: azd[name][0] for name in plain}
    assert {name: plain[name] for name in set(plain) - own} == {name: azd[name] for name in set(azd) - own}


def test_azd_finds_the_service_and_the_hooks() -> None:
    """The app is looked up by a tag, and hooks exist for both kinds of system."""
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    service = re.search(r"^services:\n  (\w+):", text, re.MULTILINE)
    site = declared(INFRA / "modules" / "app.bicep")["resources"]["site"]

    assert service
    assert site["config"]["tags"]["function"]["parameters"]["arg_2"] == {"'azd-service-name'": service[1]}
    assert re.search(r"host: function$", text, re.MULTILINE)
    for hook in re.findall(r"run: (\S+)", text):
        assert (ROOT / hook).is_file()


def test_the_promises_about_secrets_and_doors() -> None:
    """What the documentation says of storage, vault, telemetry and app is in the templates."""
    found = {name: declared(INFRA / "modules" / f"{name}.bicep")["resources"] for name in _MODULES}
    account = found["storage"]["account"]["config"]["properties"]
    vault = found["vault"]["vault"]["config"]["properties"]
    site = found["app"]["site"]["config"]

    assert account["allowSharedKeyAccess"] is False
    assert account["allowBlobPublicAccess"] is False
    assert vault["enableRbacAuthorization"] is vault["enablePurgeProtection"] is True
    assert found["monitoring"]["component"]["config"]["properties"]["DisableLocalAuth"] is True
    assert site["identity"]["type"] == "UserAssigned"
    assert site["properties"]["httpsOnly"] is True
    assert site["properties"]["keyVaultReferenceIdentity"] == "identityId"


_MODULES = ("storage", "vault", "app", "monitoring")
