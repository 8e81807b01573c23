"""The notifier of the tests of polls: what is delivered was found by a real poll."""

from tests.polling.conftest import clock, make_notifier, notifier

__all__ = ["clock", "make_notifier", "notifier"]
