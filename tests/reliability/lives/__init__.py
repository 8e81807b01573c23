"""Random lives of a tenant: the world outside the notifier, its faults, and an oracle that looks at it."""
