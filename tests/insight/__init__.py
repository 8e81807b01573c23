"""Answers and figures, from records alone."""
