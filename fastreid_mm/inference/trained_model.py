"""A model with its trained weights, for every use after training."""

import logging

from fastreid.modeling import build_model
from torch import nn
from yacs.config import CfgNode

import fastreid_mm.methods  # noqa: F401  registers the architectures
from fastreid_mm.engine.checkpoint import SafeCheckpointer, saved_num_classes
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.settings.config_values import refused_by
from fastreid_mm.settings.load import with_values

logger = logging.getLogger("fastreid.mm")

UNTRAINED = "MODEL.WEIGHTS is empty: this is an UNTRAINED network"


def trained_model(cfg: CfgNode) -> nn.Module:
    """Build the model of a config with the weights of ``MODEL.WEIGHTS``, in evaluation mode on ``MODEL.DEVICE``.

    Where the config leaves the number of training identities open, the checkpoint says it. The checkpoint may lack
    weights that only training uses. Without a checkpoint, a warning says that the network is untrained.

    Raises:
        InputError: the checkpoint does not exist, cannot be read safely, or is of another model; or values of the
            config do not go together.
    """
    if not cfg.MODEL.HEADS.NUM_CLASSES:
        cfg = with_values(cfg, MODEL__HEADS__NUM_CLASSES=saved_num_classes(cfg.MODEL.WEIGHTS, cfg.MODEL.TRUST_WEIGHTS))
    if cfg.MODEL.WEIGHTS:
        cfg = with_values(cfg, MODEL__BACKBONE__PRETRAIN=False)  # the checkpoint has them
    else:
        logger.warning(UNTRAINED)
    with refused_by(f"{cfg.MODEL.META_ARCHITECTURE} with {cfg.MODEL.BACKBONE.NAME}"):
        model = build_model(cfg)
    checkpointer = SafeCheckpointer(model)
    checkpointer.partial = None
    checkpointer.trust = cfg.MODEL.TRUST_WEIGHTS
    checkpointer.excused = as_meta_architecture(model, cfg.TEST.METRIC).training_only
    checkpointer.load(cfg.MODEL.WEIGHTS, checkpointables=[])
    return model.eval()
