"""A bounded queue: `queue` is the system, a ring of slots with counters that wrap."""
