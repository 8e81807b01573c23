"""The benchmark behind `make bench`: the notifier beside the bare calls that nobody could do without."""
