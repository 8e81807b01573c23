"""One poll: its sources, what it records, its report, and the health of the notifier."""
