"""AGW's loss: Ye et al., TPAMI 2021, https://arxiv.org/abs/2001.04193.

The network is ``TwoStream`` with fast-reid's head, without the non-local blocks.
"""

from fastreid_mm.methods.agw.losses import WeightedRegularizedTriplet, add_config

__all__ = ["WeightedRegularizedTriplet", "add_config"]
