"""Answers people's questions in Teams from the state store. It only reads; it cannot approve or reject."""
