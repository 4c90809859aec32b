"""The config keys this package adds to fast-reid's, gathered from the rooms that declare them."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.data import config as data
from fastreid_mm.methods import ROOMS as METHODS
from fastreid_mm.modeling import config as modeling
from fastreid_mm.protocols import config as protocols
from fastreid_mm.settings import host_keys

KEYS = {
    "IMPORTS": Key(
        [],
        "Modules of packages from outside, imported before a config is merged: what they register is found by its "
        "name, "
        "and their add_config(cfg) adds keys. Importing runs their code, so that this is for packages you know.",
        when="running",
        if_unread="expected",
    ),
    "SEED": Key(
        -1,
        "Seed of everything random. -1 draws one; the seed used is printed and saved in config.yaml either way.",
        when="training",
        on_resume="free",
    ),
    "DETERMINISTIC": Key(
        False, "Only deterministic kernels, at some cost on a GPU.", when="training", if_unread="expected"
    ),
    "SOLVER.CHECKPOINT_ITERS": Key(
        0,
        "A checkpoint every so many iterations, too, of which the two newest are kept; 0 for none. However often, "
        "SOLVER.CHECKPOINT_PERIOD epochs have one, as have the last iteration before SIGTERM and the end.",
        least=0,
        when="training",
        on_resume="free",
    ),
    "SOLVER.PRETRAINED_LR_FACTOR": Key(
        1.0,
        "Factor on the learning rate of tensors that were loaded from pretrained weights.",
        least=0,
        when="training",
        on_resume="kept",
        off_while=("MODEL.BACKBONE.PRETRAIN", False),
    ),
    "TRACKING.WANDB.ENABLED": Key(
        False,
        "Weights & Biases, beside TensorBoard and metrics.json. WANDB_MODE=offline and its other environment variables "
        "work.",
        when="running",
        if_unread="expected",
    ),
    "TRACKING.WANDB.PROJECT": Key("fastreid-mm", "Its project.", when="running", if_unread="expected"),
    "TRACKING.WANDB.NAME": Key("", 'Name of the run, "" for one it makes up.', when="running", if_unread="expected"),
}
ROOMS = (host_keys, modeling, data, protocols, *METHODS)
"""Each has ``add_config(cfg)``."""


def add_mm_config(cfg: CfgNode) -> None:
    """Add every key of this package to a fast-reid config, in place.

    Call it between ``get_cfg()`` and ``merge_from_file``. Defaults are the papers' best rows.

    Args:
        cfg: a config from ``fastreid.config.get_cfg()``.
    """
    add_keys(cfg, "", KEYS)
    for room in ROOMS:
        room.add_config(cfg)
