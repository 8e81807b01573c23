"""What facts of the tenant and of its history mean: answers, figures, and whether the lock is sound. Pure."""
