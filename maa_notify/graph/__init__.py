"""Reads the list of approval requests from Microsoft Graph."""
