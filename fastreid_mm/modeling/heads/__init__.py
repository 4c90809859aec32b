"""Heads: how they are built by name, and what several methods' heads share."""
