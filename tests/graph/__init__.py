"""Listing and sign-in, against a fake Graph and a fake Entra on the wire."""
