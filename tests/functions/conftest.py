"""Keep what needs the engine away from the Pythons it does not exist for.

A file that drives the engine is called ``test_engine_*.py``; the Makefile runs the suite on Python 3.13 too.
"""

from __future__ import annotations

import sys

collect_ignore_glob = [] if sys.version_info >= (3, 13) else ["test_engine_*.py"]
