"""Small systems, and what the checker shows of them. They need nothing of this repository but it."""
