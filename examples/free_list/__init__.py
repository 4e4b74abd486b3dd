"""A free-list allocator: `allocator` is the system, `model` what it must do."""
