"""Drawn scenes with depth or thermal images, each with one salient object."""
