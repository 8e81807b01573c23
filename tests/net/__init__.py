"""The one room that talks HTTP, against a server that does its worst."""
