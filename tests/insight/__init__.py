"""Tests of what the facts of a tenant mean."""
