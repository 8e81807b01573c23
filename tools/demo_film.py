"""Film the demo for the README: a wipe is asked for, its card comes, a second administrator approves.

`make film` runs it. The demo is the real one, with the real notifier and Chromium. Each scene waits until the
notifier has done what the scene tells. Only the pointer and the line at the foot are added.
"""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from maa_notify.rendering.child import environment_of_child  # noqa: E402 - found by the line above
from maa_notify.rendering.errors import RenderingError  # noqa: E402 - as above
from maa_notify.rendering.renderer import find_browser  # noqa: E402 - as above

FILM = ROOT / "docs" / "images" / "demo.webp"

WIDTH, HEIGHT = 960, 660
SHARPNESS = 1.5
"""Pixels of the picture for each of the page, so that text stays sharp where a screen has more of them."""
READ_MS, GLANCE_MS, MOVE_MS = 3200, 900, 70
POLL_MS = 30_000
"""The notifier polls every two seconds; the rest is patience with a busy machine."""

REASON = "Laptop left in a taxi, ticket INC-20418"
NOTES = "Confirmed with the service desk"

_STAGE = """() => {
  const foot = document.createElement("div");
  foot.id = "film-foot";
  foot.style.cssText = "position:fixed;inset:auto 0 0 0;height:44px;background:#242424;color:#fff;"
    + "font:600 17px/44px 'Segoe UI',system-ui,sans-serif;padding:0 20px;z-index:2147483647";
  const pointer = document.createElement("div");
  pointer.id = "film-pointer";
  pointer.popover = "manual";
  pointer.style.cssText = "position:fixed;inset:auto;margin:0;padding:0;border:0;background:none;"
    + "overflow:visible;width:22px;height:22px;left:480px;top:360px;pointer-events:none";
  pointer.innerHTML = "<svg width=22 height=22 viewBox='0 0 22 22'>"
    + "<path d='M3 2v16l4.5-4 2.7 6 3-1.4-2.7-5.8H17Z' fill='#111' stroke='#fff' stroke-width='1.5'/></svg>";
  document.body.append(foot, pointer);
  document.body.style.paddingBottom = "44px";
  document.body.style.boxSizing = "border-box";
}"""
_SAY = "text => { document.getElementById('film-foot').textContent = text }"
# Shown anew, so that it lies above a dialog that opened since.
_POINT = """([x, y]) => {
  const pointer = document.getElementById("film-pointer");
  pointer.style.left = `${x}px`;
  pointer.style.top = `${y}px`;
  pointer.hidePopover();
  pointer.showPopover();
}"""


@dataclass
class Film:
    """The frames so far, each with the milliseconds that it is shown."""

    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    shown_ms: list[int] = field(default_factory=list)
    at: tuple[float, float] = (WIDTH / 2, HEIGHT * 0.55)
    """Where the pointer is."""

    def shoot(self, milliseconds: int) -> None:
        """Add what the page shows now."""
        # No animations: a pulsing dot alone would double the film.
        png = self.page.screenshot(animations="disabled", caret="hide")
        self.frames.append(Image.open(io.BytesIO(png)).convert("RGB"))
        self.shown_ms.append(milliseconds)

    def say(self, text: str) -> None:
        """Put a line at the foot of the following frames."""
        self.page.evaluate(_SAY, text)

    def press(self, target: Locator) -> None:
        """Move the pointer there in a few frames, and click."""
        box = target.bounding_box()
        if box is None:
            raise RenderingError(
                "A button of the demo could not be found: the page is not what the film knows."
            )
        end = (box["x"] + min(box["width"] / 2, 60), box["y"] + box["height"] / 2)
        start = self.at
        for share in (0.45, 0.8, 1.0):
            where = [begun + (ended - begun) * share for begun, ended in zip(start, end, strict=True)]
            self.page.evaluate(_POINT, where)
            self.shoot(MOVE_MS)
        self.at = end
        self.shown_ms[-1] = GLANCE_MS // 2
        target.click()

    def type(self, target: Locator, text: str) -> None:
        """Write a text in three strokes."""
        for share in (0.3, 0.7, 1.0):
            target.fill(text[: round(len(text) * share)])
            self.shoot(GLANCE_MS // 4)

    def write(self, path: Path) -> None:
        """Write the frames as an animated WebP that begins anew for ever."""
        first, *others = self.frames
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=self.shown_ms,
            loop=0,
            lossless=True,
            quality=100,
            method=4,
        )


def play(film: Film) -> None:
    """The story, one scene after the other."""
    page = film.page
    cards = page.locator("#messages article")
    page.evaluate(_STAGE)

    film.say("1  An administrator wants to wipe a device. Intune holds that until a second one approves.")
    film.shoot(GLANCE_MS * 2)
    film.press(page.get_by_role("button", name="New request"))
    page.get_by_label("What is asked for").select_option("wipe")
    film.type(page.get_by_label("Business justification"), REASON)
    film.press(page.get_by_role("button", name="Submit for approval"))
    film.shoot(GLANCE_MS)

    expect(cards).to_have_count(1, timeout=POLL_MS)
    film.say("2  The next poll finds it, and a card tells the approvers in Teams.")
    film.shoot(READ_MS)

    film.say("3  A second administrator approves. In your tenant that is done in Intune.")
    film.press(page.locator("#requests").get_by_role("button", name="Approve").first)
    dialog = page.get_by_role("dialog")
    film.type(dialog.get_by_label("Notes for the requestor"), NOTES)
    film.press(dialog.get_by_role("button", name="Approve"))
    film.shoot(GLANCE_MS)

    approved = page.get_by_role("article", name="Card 2: Approved")
    expect(approved).to_be_visible(timeout=POLL_MS)
    film.say(
        "4  The next card says what is left to do, until when, and that the approval came within seconds."
    )
    approved.evaluate("card => card.scrollIntoView({ block: 'start' })")
    film.shoot(READ_MS)


@contextmanager
def demo() -> Iterator[str]:
    """Run the demo without its tour; lend the address of its page."""
    command = [sys.executable, "-m", "maa_notify", "demo", "--no-scenario"]
    with tempfile.TemporaryDirectory(prefix="maa-notify-film-") as folder:
        environment = {**environment_of_child(os.environ), "PYTHONPATH": str(ROOT), "TMPDIR": folder}
        with subprocess.Popen(  # noqa: S603 - our own package
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
        ) as running:
            try:
                first_line = running.stdout.readline() if running.stdout else ""
                if "http" not in first_line:
                    raise RenderingError("The demo did not start; what it printed stands above.")
                yield first_line.split()[-1]
            finally:
                running.terminate()


def main() -> int:
    """Film the demo into docs/images; return the exit code."""
    try:
        with demo() as address, sync_playwright() as driver:
            sandbox = not (sys.platform.startswith("linux") and os.geteuid() == 0)
            browser = driver.chromium.launch(executable_path=find_browser(), chromium_sandbox=sandbox)
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT},
                device_scale_factor=SHARPNESS,
                color_scheme="light",
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="UTC",
            )
            page.goto(address)
            expect(page.locator("#no-cards")).not_to_have_text("Connecting…", timeout=POLL_MS)
            film = Film(page)
            play(film)
            browser.close()
            film.write(FILM)
    except RenderingError as error:
        print(f"maa-notify: {error}", file=sys.stderr)
        return 1
    seconds = sum(film.shown_ms) / 1000
    size = FILM.stat().st_size / 1000
    print(f"{FILM.relative_to(ROOT)}  {len(film.frames)} frames, {seconds:.0f} s, {size:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
