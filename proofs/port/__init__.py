"""Claims about the port itself, which need no model."""
