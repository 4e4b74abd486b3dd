"""The page heap as a whole: random programs, and invariants that need several of its parts."""
