"""Runs the notifier's command line on a leash: it ends when the program that started it is gone.

The demo holds the other end of standard input. However the demo ends, even killed, the system closes
that end, and no notifier is left behind polling an address where nobody answers.
"""

import os
import runpy
import threading


def end_with(leash: int) -> None:
    """End this program at once when the other end of the leash is let go."""
    while os.read(leash, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(0,), name="leash", daemon=True).start()
    runpy.run_module("maa_notify", run_name="__main__", alter_sys=True)
