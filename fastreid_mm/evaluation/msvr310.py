"""The MSVR310 protocol: Market-1501's, but that scenes stand in the place of cameras.

As in the codes that test on it, https://github.com/superlollipop123/Cross-directional-Center-Network-and-MSVR310.
"""

from fastreid_mm.evaluation.market import Market


class MSVR310(Market):
    """One ranking of the whole gallery; images of the query's identity from the query's scene do not count.

    A scene is a place at a time, so a vehicle has to be found at another; from which camera does not matter.
    """

    goes_by = ("scenes",)
