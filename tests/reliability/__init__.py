"""The delivery promise under faults, kills and races."""
