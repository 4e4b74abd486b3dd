"""Small systems for the symbolic engine to prove things about."""
