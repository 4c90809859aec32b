"""Drawn scenes with depth, each with one salient object."""
