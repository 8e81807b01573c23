"""The package that speaks HTTP, against a server that does its worst."""
