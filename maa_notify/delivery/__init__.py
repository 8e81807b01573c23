"""Delivers what waits in the outbox."""
