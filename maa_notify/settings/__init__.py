"""Reads and checks the settings in the environment."""
