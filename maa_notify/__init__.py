"""MAA Notify: tells Microsoft Teams about Intune's Multi Admin Approval requests."""

__version__ = "0.1.0"
