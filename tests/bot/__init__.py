"""Asking back: what people ask in Teams, and who is answered."""
