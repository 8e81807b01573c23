"""Webhooks, against fake channels on the wire."""
