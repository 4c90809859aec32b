"""What configs compute at a reduced size, and two records of it side by side."""
