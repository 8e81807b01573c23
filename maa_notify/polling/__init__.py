"""One poll: its sources, what is recorded, and how the notifier is."""
