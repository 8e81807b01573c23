"""Logs: dotted event names with key=value pairs, to standard error, in UTC."""

import logging
import sys
import time


def log_to_stderr(level: int = logging.INFO) -> None:
    """For the command line: our own news, and of other libraries warnings only.

    In Azure the Functions host takes what is logged.
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("maa_notify").setLevel(level)
