"""The port beside Go's own code: the same operations, and a real program's page events."""
