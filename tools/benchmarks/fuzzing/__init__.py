"""Unusual and damaged inputs, drawn from a seed, and the outcomes of reading them."""
