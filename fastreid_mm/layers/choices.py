"""The words that several functions choose from."""

READINGS = ("paper", "official")
"""A formula as the paper prints it, or as the authors' released code computes it, where the two differ."""

REDUCTIONS = ("mean", "sum")
"""How a loss makes one number of its terms."""
