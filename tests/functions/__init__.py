"""The Function app, driven by Microsoft's own worker engine."""
