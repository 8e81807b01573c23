"""What the demo's tests share: a clock that stands still, and a page without its renderer."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maa_notify.rendering.errors import RenderingError
from maa_notify.rendering.renderer import Assets, find_browser, load_assets

ROOT = Path(__file__).resolve().parents[2]

START = datetime(2026, 8, 18, 7, 42, 10, 183456, tzinfo=UTC)


class StillClock:
    """A clock that moves only when a test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.now

    def pass_by(self, span: timedelta) -> None:
        """Let time go by."""
        self.now += span


def blank_assets() -> Assets:
    """Return empty files in place of the npm packages, for tests that draw no card."""
    return Assets(
        adaptive_cards="",
        markdown="",
        glue="",
        frame_css="",
        host_configs={"light": "", "dark": ""},
        container_css={"light": "", "dark": ""},
    )


def need_browser_tools() -> str:
    """Return the path of a browser; without it or the npm packages, skip here and fail in CI."""
    try:
        load_assets()
        return find_browser()
    except RenderingError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
