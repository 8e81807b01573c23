"""Asking back: answers people's questions in Teams from the state store. It reads, and never decides."""
