"""Tests of what facts of the tenant mean."""
