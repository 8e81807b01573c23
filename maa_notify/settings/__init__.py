"""The environment, checked."""
