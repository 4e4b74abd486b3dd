"""Special records: a span's list is in order, and who adds and removes records side by side agree."""
