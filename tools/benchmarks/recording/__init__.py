"""Records of what configs compute at a reduced size, and their comparison."""
