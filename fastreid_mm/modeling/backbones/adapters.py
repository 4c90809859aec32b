"""Low-rank adapters of a backbone, by the config."""

from torch import nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers.low_rank import add_adapters

KEY = "MODEL.BACKBONE.ADAPTER_RANK"


def adapt(backbone: nn.Module, cfg: CfgNode) -> None:
    """Freeze a backbone, in place, but for adapters of ``MODEL.BACKBONE.ADAPTER_RANK``; 0 leaves it as it is.

    Raises:
        InputError: it has no attention.
    """
    rank = cfg.MODEL.BACKBONE.ADAPTER_RANK
    if not rank:
        return
    try:
        add_adapters(backbone, rank)
    except ValueError as error:
        raise InputError(f"{KEY} {rank}: adapters are of attention; {cfg.MODEL.BACKBONE.NAME}: {error}") from None
