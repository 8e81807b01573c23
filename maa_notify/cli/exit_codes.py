"""The exit codes of all commands, a contract with scripts: `docs/commands.md`."""

OK = 0
"""Done, and nothing waits that was refused."""
FAILED = 1
"""Graph or the state store failed, or what was asked for could not be done."""
WRONG_SETTINGS = 2
"""Settings or arguments are wrong; nothing was started."""
REFUSED = 3
"""A destination did not take what waits for it, or a notification was given up."""
FOUND = 4
"""The defence around approval has faults that nobody accepted."""
