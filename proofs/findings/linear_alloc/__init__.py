"""The linear allocator of 32-bit platforms, which hands out what was reserved at the start."""
