"""Webhooks behind which somebody else may be: who is warned of what."""

import pytest

from maa_notify.settings.webhook_hosts import doubt_of


@pytest.mark.parametrize(
    "host",
    [
        "prod-00.westeurope.logic.azure.com",
        "prod-00.westeurope.logic.azure.com:443",
        "default0123.45.environment.api.powerplatform.com:443",
        "PROD-00.usgovvirginia.LOGIC.azure.us",
        "x.5.environment.api.gov.powerplatform.microsoft.us",
        "x.5.environment.api.high.powerplatform.microsoft.us",
        "x.5.environment.api.appsplatform.us",
        "prod-00.chinaeast2.logic.azure.cn",
    ],
)
def test_workflows_of_every_cloud_are_known(host: str) -> None:
    """Nobody is warned of what Teams itself hands out."""
    assert doubt_of(f"https://{host}/workflows/1?sig=x", in_azure=True) == ""


@pytest.mark.parametrize(
    "host, kind",
    [
        ("169.254.169.254", "link-local"),
        ("2852039166", "link-local"),
        ("0xA9FEA9FE", "link-local"),
        ("0251.0376.0251.0376", "link-local"),
        ("169.254.43518", "link-local"),
        ("[fe80::1]", "link-local"),
        ("[::ffff:169.254.169.254]", "link-local"),
        ("[64:ff9b::a9fe:a9fe]", "link-local"),
        ("[2002:a9fe:a9fe::]", "link-local"),
        ("168.63.129.16", "link-local"),
        ("10.0.0.4", "private address"),
        ("192.168.1.1", "private address"),
        ("172.16.0.1", "private address"),
        ("100.64.0.1", "private address"),
        ("[fd00::1]", "private address"),
        ("8.8.8.8", "bare address"),
        ("hooks", "private network"),
        ("hooks.corp", "private network"),
        ("metadata.google.internal", "private network"),
        ("xn--lgic-0qa.azure.com", "Punycode"),
        ("prod-00.logic.xn--azre-zra.com", "Punycode"),
        ("logic.azure.com.evil.example", "like logic.azure.com"),
        ("prod-00.logic.azure.com.evil.example", "like logic.azure.com"),
        ("logic-azure.com", "like logic.azure.com"),
        ("notlogic.azure.com", "like logic.azure.com"),
        ("prod-00.1ogic.azure.com", "like logic.azure.com"),
        ("prod-00.logic.azurre.com", "like logic.azure.com"),
        ("x.environment.api.povverplatform.com", "like environment.api.powerplatform.com"),
        ("rnicrosoft.com", "like microsoft.com"),
        ("prod-00.logic.azure.com.", "a dot at its end"),
        ("prod-00.logic.azure.com:8443", "its port is not 443"),
        ("flows.contoso.example", "none of Microsoft's"),
        ("evil.example\\.logic.azure.com", "see that cards are meant to go there"),
    ],
)
def test_every_other_host_is_warned_of(host: str, kind: str) -> None:
    """By what is odd about it, the worst first; the address itself is a secret and not repeated."""
    told = doubt_of(f"https://{host}/workflows/1?sig=very-secret", in_azure=False)

    assert kind in told
    assert "very-secret" not in told


def test_this_machine_is_a_webhook_on_a_laptop_alone() -> None:
    """The demo posts to itself; in Azure nothing of ours listens there."""
    assert doubt_of("http://127.0.0.1:9000/hook", in_azure=False) == ""
    assert "this machine itself" in doubt_of("http://127.0.0.1:9000/hook", in_azure=True)
