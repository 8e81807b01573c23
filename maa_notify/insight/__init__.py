"""What facts of the tenant mean: who goes around approval, and whether the lock is sound. Pure."""
