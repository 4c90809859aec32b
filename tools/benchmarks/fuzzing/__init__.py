"""Inputs of other people's kinds, drawn from a seed, and what comes of them."""
