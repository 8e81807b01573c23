"""What facts of the tenant and of its history mean: answers, reports, alerts and the posture. Pure."""
