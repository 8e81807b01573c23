"""Senders for Microsoft Teams: a Workflows webhook and a bot."""
