"""Runs the notifier's command line, and ends it when the program that started it is gone.

The demo holds the other end of standard input. However the demo ends, even killed, the system closes
that end, and no notifier is left behind polling an address where nobody answers.
"""

import os
import runpy
import threading


def exit_at_end_of(pipe: int) -> None:
    """End this program at once when the other end of the pipe is closed."""
    while os.read(pipe, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=exit_at_end_of, args=(0,), name="watchdog", daemon=True).start()
    runpy.run_module("maa_notify", run_name="__main__", alter_sys=True)
