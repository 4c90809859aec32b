"""The methods, a room each: keys, network, head and loss terms. Importing this package registers all of them."""

import fastreid_mm.compat  # noqa: F401  makes the host importable: first
from fastreid_mm.methods import agw, cmt, cmtr, hamnet, hct, ieee, mun, mutualformer

ROOMS = (agw, hct, cmtr, cmt, mun, ieee, hamnet, mutualformer)
"""Each has ``add_config(cfg)``."""
