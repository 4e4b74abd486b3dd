"""The scavenger: when it works for the memory limit, and the index in which it searches."""
