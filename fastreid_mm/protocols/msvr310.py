"""The MSVR310 protocol: Market-1501's, but that scenes stand in the place of cameras.

As in the codes that test on it, https://github.com/superlollipop123/Cross-directional-Center-Network-and-MSVR310.
"""

import numpy as np

from fastreid_mm.data.datasets.msvr310 import scene_number
from fastreid_mm.protocols.market import MarketEvaluator
from fastreid_mm.protocols.registry import register


@register("msvr310")
class MSVR310Evaluator(MarketEvaluator):
    """One ranking of the whole gallery; images of the query's identity from the query's scene do not count.

    A scene is a place at a time, so a vehicle has to be found at another; from which camera does not matter.
    """

    def rule_labels(self, items: list[tuple]) -> np.ndarray:
        """(n,) scenes."""
        return np.array([scene_number(item[0]) for item in items])
