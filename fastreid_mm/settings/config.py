"""Config keys that this package adds to fast-reid's, and those of packages from outside, which ``IMPORTS`` names."""

import importlib
import re
import traceback
from collections.abc import Sequence

from fastreid.config import CfgNode, get_cfg

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.data import config as data
from fastreid_mm.methods import ROOMS as METHODS
from fastreid_mm.modeling import config as modeling
from fastreid_mm.protocols import config as protocols
from fastreid_mm.settings import host_keys

KEY = "IMPORTS"
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
KEYS = {
    KEY: Key(
        [],
        "Modules of packages from outside, which are imported before a config is merged: everything that they register "
        "can be used by name, and their add_config(cfg) adds keys. Importing runs their code: name only packages that "
        "you trust.",
        when="running",
        if_unread="expected",
    ),
    "SEED": Key(
        -1,
        "Seed of everything random. -1 draws one, which is logged and saved in config.yaml.",
        when="training",
        on_resume="free",
    ),
    "DETERMINISTIC": Key(
        False, "Use only deterministic kernels, which are slower on a GPU.", when="training", if_unread="expected"
    ),
    "TF32": Key(
        "convolutions",
        "Operations of float32 that a GPU rounds to TF32, which is faster: convolutions alone, as in PyTorch, or also "
        "products of matrices (always), or none (never). run.json records it, and CUDNN_BENCHMARK.",
        choices=("convolutions", "always", "never"),
        when="training",
        if_unread="expected",
    ),
    "SOLVER.CHECKPOINT_ITERS": Key(
        0,
        "Iterations between additional checkpoints, of which the two newest are kept; 0 for none. In any case, "
        "checkpoints are saved every SOLVER.CHECKPOINT_PERIOD epochs, on SIGTERM and at the end.",
        least=0,
        when="training",
        on_resume="free",
    ),
    "SOLVER.ACCUMULATION_PARTS": Key(
        1,
        "Parts of a batch that go through the backbone one at a time, so that a large batch fits into memory; head and "
        "losses have the whole batch (GradCache), for one more forward pass. Gradients are those of the whole batch, "
        "except that BatchNorm of a backbone normalizes each part by itself, of which a warning tells, and that "
        "dropout draws other numbers.",
        least=1,
        when="training",
    ),
    "SOLVER.EMA.ENABLED": Key(
        False,
        "Keep an exponential moving average of weights and BatchNorm statistics, test it besides the trained weights "
        "(NAME-EMA in the results), and save it in averaged.pth.",
        when="training",
        on_resume="refused",
    ),
    "SOLVER.EMA.DECAY": Key(
        0.999, "Share of the average that remains after an iteration.", least=0, most=1, when="training"
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
        "Log to Weights & Biases, besides TensorBoard and metrics.json. WANDB_MODE=offline and its other environment "
        "variables work.",
        when="running",
        if_unread="expected",
    ),
    "TRACKING.WANDB.PROJECT": Key("fastreid-mm", "Project of the run.", when="running", if_unread="expected"),
    "TRACKING.WANDB.NAME": Key("", 'Name of the run; "" for a random one.', when="running", if_unread="expected"),
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


def config_with(imports: Sequence[str]) -> CfgNode:
    """Make a config of fast-reid's defaults, this package's, and those of packages from outside.

    Each is imported, which registers its classes, and its ``add_config(cfg)``, if it has one, adds its keys.

    Raises:
        InputError: a module does not exist or fails; names it, and the place of the failure.
    """
    cfg = get_cfg()
    add_mm_config(cfg)
    named = isinstance(imports, list | tuple) and all(isinstance(name, str) for name in imports)
    if not named or not all(map(_NAME.fullmatch, imports)):
        raise InputError(f"{KEY} {imports!r} is not a list of modules, as ['package'] is")
    for name in imports:
        _import(name, cfg)
    cfg[KEY] = list(imports)
    return cfg


def defaults_of(cfg: CfgNode) -> CfgNode:
    """Make a config of the defaults of all keys of a config, including those of packages from outside."""
    return config_with(cfg.get(KEY, []))


def _import(name: str, cfg: CfgNode) -> None:
    try:
        add_config = getattr(importlib.import_module(name), "add_config", None)
        if add_config is not None:
            add_config(cfg)
    except Exception as error:  # any kind, as the module is somebody's program
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise InputError(f"{KEY}: there is no module {name}, installed or in a folder of PYTHONPATH") from None
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise InputError(
            f"{KEY}: {name} fails at {place.filename}:{place.lineno}: {type(error).__name__}: {first_line(error)}"
        ) from error
