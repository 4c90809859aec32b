"""Names for the weights that a training begins with, in its record and its results."""

INITIAL = "initial weights"
"""Fact of a record, and note of results."""
RANDOM = "random"
"""Its value where nothing is pretrained."""
NOT_PRETRAINED = "training begins from random weights: numbers will be below those of networks pretrained on ImageNet"
