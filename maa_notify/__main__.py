"""`python -m maa_notify` is the same as the `maa-notify` command."""

import sys

from maa_notify.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
