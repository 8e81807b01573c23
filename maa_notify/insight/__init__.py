"""What facts of the tenant and of its history mean: answers, figures, alerts, and the lock itself. Pure."""
