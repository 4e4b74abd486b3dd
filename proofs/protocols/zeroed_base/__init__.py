"""zeroedBase: raised by many threads without a lock, and pages called zero are zero."""
