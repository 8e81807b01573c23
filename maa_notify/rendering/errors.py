"""What can go wrong while a card is drawn. Each message is one sentence for the person at the keyboard."""

from pathlib import Path

from maa_notify.errors import MaaNotifyError


class RenderingError(MaaNotifyError):
    """Root of everything that drawing raises on purpose."""

    code = "rendering"


class RendererMissingError(RenderingError):
    """The npm packages that draw Adaptive Cards were not found."""

    def __init__(self, missing: Path) -> None:
        """Name the first file that is missing and the command that brings it."""
        super().__init__(f"The card renderer is not installed ({missing} is missing): run make setup.")


class BrowserError(RenderingError):
    """No usable Chromium, or it failed to draw a card."""
