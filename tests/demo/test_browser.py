"""Whether the visitor's browser can be opened, and what is said where it cannot."""

import pytest

from maa_notify.demo.browser import obstacle_of

PAGE = "http://127.0.0.1:8799/"


@pytest.mark.parametrize(
    "platform, environ",
    [
        ("win32", {}),
        ("darwin", {}),
        ("linux", {"DISPLAY": ":0"}),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}),
        ("linux", {"WSL_DISTRO_NAME": "Debian"}),
        ("linux", {"BROWSER": "/opt/editor/open-at-home", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}),
    ],
)
def test_a_machine_with_a_screen_opens_it(platform: str, environ: dict[str, str]) -> None:
    """So does an editor on another machine, which puts its own opener into BROWSER."""
    assert obstacle_of(environ, platform, PAGE) == ""


@pytest.mark.parametrize(
    "platform, environ, reason, way_out",
    [
        ("linux", {}, "no screen", "Open the address above"),
        ("linux", {"DISPLAY": "", "BROWSER": ""}, "no screen", "Open the address above"),
        ("linux", {"SSH_CONNECTION": "x"}, "over SSH", "ssh -L 8799:127.0.0.1:8799 HOST"),
        ("darwin", {"SSH_CONNECTION": "x"}, "over SSH", "ssh -L 8799:127.0.0.1:8799 HOST"),
    ],
)
def test_it_says_why_not(platform: str, environ: dict[str, str], reason: str, way_out: str) -> None:
    """The reason and the way out, in one line."""
    said = obstacle_of(environ, platform, PAGE)

    assert reason in said
    assert way_out in said
    assert "\n" not in said
