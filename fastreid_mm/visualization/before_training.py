"""The network as it was before training."""

import logging

from fastreid.modeling import build_model
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.checkpoint import saved_num_classes
from fastreid_mm.engine.setup import seed_everything
from fastreid_mm.settings.load import with_values

logger = logging.getLogger("fastreid.mm")


def network_before_training(cfg: CfgNode) -> nn.Module | None:
    """Build the network with pretrained weights as ``MODEL.BACKBONE`` says, and random ones elsewhere.

    Returns:
        The network in evaluation mode; None, with a warning, if the pretrained weights are not available.
    """
    classes = cfg.MODEL.HEADS.NUM_CLASSES or saved_num_classes(cfg.MODEL.WEIGHTS, cfg.MODEL.TRUST_WEIGHTS)
    seed_everything(max(cfg.SEED, 0))
    try:
        return build_model(with_values(cfg, MODEL__HEADS__NUM_CLASSES=classes)).eval()
    except InputError as error:
        logger.warning(f"What it was before training is left out: {error}")
        return None
