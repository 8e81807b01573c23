"""What is right in the settings and deserves a look, in the words of `doctor` and of the line at start."""

import json
import os
from pathlib import Path

import pytest

from maa_notify import app
from maa_notify.settings.doubts import doubts_of
from maa_notify.settings.reader import read_settings

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
HOOK = "https://prod-01.westeurope.logic.azure.com:443/workflows/1/invoke?sp=%2F&sv=1.0&sig=abc"
LEAST = {"MAA_TENANT_ID": TENANT, "MAA_TEAMS_WEBHOOK_URL": HOOK, "MAA_STATE": "sqlite:///none.db"}
IN_AZURE = {
    **LEAST,
    "WEBSITE_SITE_NAME": "func-maa",
    "MAA_STATE": "https://contosomaa.table.core.windows.net",
}
ELSEWHERE = {"MAA_TEAMS_WEBHOOK_URL": "https://10.0.0.4/hook?sig=very-secret"}
needs_modes = pytest.mark.skipif(os.name != "posix", reason="modes tell nothing there")


def doubts(environ: dict[str, str], **changes: str) -> tuple[str, ...]:
    """The doubts about these settings, changed."""
    merged = {**environ, **changes}
    return doubts_of(read_settings(merged), merged)


@pytest.mark.parametrize("environ", [LEAST, IN_AZURE])
def test_a_deployment_as_it_should_be_leaves_none(environ: dict[str, str]) -> None:
    """A warning that is always there is soon read by nobody."""
    assert doubts(environ) == ()


def test_each_destination_is_doubted_by_name() -> None:
    """Without its address."""
    entries = [{"name": "ops", "webhook_url": "https://logic.azure.com.evil.example/?sig=very-secret"}]
    ops, default = doubts(LEAST, MAA_DESTINATIONS=json.dumps(entries), **ELSEWHERE)

    assert ops.startswith("MAA_DESTINATIONS: ops: the host is like logic.azure.com")
    assert default.startswith("MAA_TEAMS_WEBHOOK_URL: default: the host is a private address")
    assert "very-secret" not in ops + default


def test_a_host_that_was_let_in_is_told_with_the_reason() -> None:
    """Where there is none it is asked for."""
    with_reason, without = doubts(IN_AZURE, MAA_ALLOW_HOSTS="gateway.contoso.example=rule 7; g.example:8443")

    assert with_reason == "MAA_ALLOW_HOSTS: gateway.contoso.example:443 may get tokens (rule 7)"
    assert without.startswith("MAA_ALLOW_HOSTS: g.example:8443 may get tokens (no reason given")


def test_a_look_alike_that_was_let_in_is_shown_as_one() -> None:
    """Its letters would look like those of the real one."""
    [told] = doubts(IN_AZURE, MAA_ALLOW_HOSTS="xn--grph-63d.microsoft.com=a gateway")

    assert "gr\\u0430ph" in told


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_authorities_of_ones_own_are_told_of_where_there_are_tokens(name: str) -> None:
    """Whoever has the key of one can read those on the way."""
    [told] = doubts(IN_AZURE, **{name: "/etc/ssl/own.pem"})

    assert told.startswith(f"{name}: ")
    assert doubts(LEAST, **{name: "/etc/ssl/own.pem"}) == ()


@needs_modes
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o606, 0o777])
@pytest.mark.parametrize("name", ["state.db", "state.db-journal"])
def test_a_state_file_that_others_may_read_or_change_is_told_of(tmp_path: Path, mode: int, name: str) -> None:
    """Written before files were made for their owner alone, copied back, or opened by hand."""
    path = tmp_path / name
    path.touch()
    path.chmod(mode)
    state = f"sqlite:///{tmp_path / 'state.db'}"

    [told] = doubts(LEAST, MAA_STATE=state)
    path.chmod(0o600)

    assert told.startswith(f"MAA_STATE: {path} holds names")
    assert f"mode {mode:03o}" in told
    assert told.endswith(f"chmod 600 {path}")
    assert doubts(LEAST, MAA_STATE=state) == ()


@needs_modes
def test_files_with_secrets_that_others_may_read_are_told_of(tmp_path: Path) -> None:
    """A private key, and lists with addresses."""
    key, listed = tmp_path / "own.pem", tmp_path / "destinations.json"
    key.touch(0o644)
    listed.write_text(json.dumps([{"name": "ops", "webhook_url": HOOK}]), encoding="utf-8")
    for path in (key, listed):
        path.chmod(0o644)

    told = doubts(
        LEAST, MAA_CLIENT_ID=TENANT, MAA_CLIENT_CERTIFICATE_PATH=str(key), MAA_DESTINATIONS=str(listed)
    )

    assert [each.partition(":")[0] for each in told] == ["MAA_CLIENT_CERTIFICATE_PATH", "MAA_DESTINATIONS"]


def test_they_stand_in_one_line_as_the_process_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """For whoever reads the log and never runs `doctor`."""
    state = f"sqlite:///{tmp_path / 'state.db'}"
    app.build({**LEAST, "MAA_STATE": state}).close()
    quiet = caplog.messages[:]
    app.build({**LEAST, "MAA_STATE": state, **ELSEWHERE}).close()

    assert quiet == []
    [line] = caplog.messages
    assert line.startswith("settings.doubtful MAA_TEAMS_WEBHOOK_URL: default: the host is a private address")
    assert "very-secret" not in line
