"""The sweep generation protocol: every span swept once a cycle, before anyone allocates from it."""
