"""Choices that several functions offer."""

READINGS = ("paper", "official")
"""Formula as the paper prints it, or as the authors' released code computes it, where the two differ."""

REDUCTIONS = ("mean", "sum")
"""Ways from the terms of a loss to one number."""
