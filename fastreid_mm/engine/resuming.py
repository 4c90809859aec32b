"""What a resumed run finds in its checkpoint: where training was, and with which settings.

A position is a number of epochs and iterations, which mean something else with other batches; and optimiser and
schedule are the checkpoint's, whatever the config says. So a change is refused where training could not go on from
there, and told where it can.
"""

import logging
from collections.abc import Mapping
from typing import Any

from yacs.config import CfgNode

from fastreid_mm.engine.checkpoint import AS_WEIGHTS
from fastreid_mm.engine.unread_keys import is_same, leaves
from fastreid_mm.errors import InputError, listed

KINDS = ("OPT", "SCHED", "WARMUP_ITERS", "WARMUP_FACTOR", "WARMUP_METHOD", "DELAY_EPOCHS")
"""Keys of ``SOLVER`` without which a checkpoint's state of optimiser and schedule means nothing."""
OF_THE_CHECKPOINT = (
    *("BASE_LR", "BIAS_LR_FACTOR", "HEADS_LR_FACTOR", "PRETRAINED_LR_FACTOR", "ETA_MIN_LR"),
    *("MOMENTUM", "NESTEROV", "WEIGHT_DECAY", "WEIGHT_DECAY_NORM", "WEIGHT_DECAY_BIAS"),
)
"""Keys of ``SOLVER`` whose values a resumed run takes from the checkpoint's state, whatever its config says."""
FREE = (
    *(
        "IMPORTS",
        "OUTPUT_DIR",
        "SEED",
        "CUDNN_BENCHMARK",
        "TEST.",
        "TRACKING.",
        "DATASETS.TESTS",
        "DATALOADER.NUM_WORKERS",
    ),
    *("MODEL.DEVICE", "MODEL.WEIGHTS", "MODEL.PARTIAL_WEIGHTS", "MODEL.TRUST_WEIGHTS", "MODEL.BACKBONE.PRETRAIN"),
    *("SOLVER.CHECKPOINT_PERIOD", "SOLVER.CHECKPOINT_ITERS", "SOLVER.STEPS", "SOLVER.GAMMA"),
)
"""What the keys begin with that may change without changing the training, or whose change is told elsewhere."""

logger = logging.getLogger("fastreid.mm")


def saved_settings(cfg: CfgNode, iters_per_epoch: int) -> dict[str, object]:
    """Gather what a checkpoint says of its training, beside where that was: plain data."""
    return {"config": _settings(cfg), "iters_per_epoch": iters_per_epoch}


def require_same_training(cfg: CfgNode, content: Mapping, path: str, iters_per_epoch: int) -> None:
    """Refuse a checkpoint whose position has no meaning for a run, and warn of whatever else differs.

    Args:
        cfg: the config of the run that is resumed.
        content: the checkpoint's.
        path: of the checkpoint.
        iters_per_epoch: of the run.

    Raises:
        InputError: no position, epochs of another length, another optimiser or schedule; with both values.
    """
    position: list[Any] = [content.get(name) for name in ("epoch", "iterations")]
    if not all(type(count) is int and count >= -1 for count in position):
        said = f"epoch {position[0]!r:.40}, iterations {position[1]!r:.40}"
        raise InputError(f"checkpoint {path} does not say where training was ({said}); {AS_WEIGHTS}")
    config = content.get("config")
    saved = config if isinstance(config, Mapping) else {f"SOLVER.{k}": v for k, v in _solver(content).items()}
    _compare_settings(cfg, saved)
    epochs, iterations = position[0] + 1, position[1]
    length = content.get("iters_per_epoch", iterations / max(epochs, 1))
    if length != iters_per_epoch or not epochs <= iterations / iters_per_epoch <= epochs + 1:
        raise InputError(
            f"checkpoint {path} was made after {iterations} iterations, {epochs} epochs of {length} and more: those of "
            f"this data and batch are {iters_per_epoch}; {AS_WEIGHTS}"
        )


def _solver(content: Mapping) -> Mapping:
    """What checkpoints said before they had the whole config."""
    saved = content.get("solver")
    return saved if isinstance(saved, Mapping) else {}


def _settings(cfg: CfgNode) -> dict[str, object]:
    """Every key that decides what is trained, dotted."""
    return {key: value for key, value in leaves(cfg) if not key.startswith(FREE)}


def _compare_settings(cfg: CfgNode, saved: Mapping[str, object]) -> None:
    others = []
    for key, value in _settings(cfg).items():
        was, name = saved.get(key, value), key.removeprefix("SOLVER.")
        if is_same(value, was):
            continue
        if name != key and name in KINDS:
            raise InputError(f"{key} {value}: the checkpoint to resume is of {was}")
        if name != key and name in OF_THE_CHECKPOINT:
            logger.warning(f"{key} {value} has no effect when resuming: the checkpoint's {was} is used")
        else:
            others.append(f"{key} {value!r} (was {was!r})")
    if others:
        logger.warning(f"Resumed with other settings, so the run will not be what it would have been: {listed(others)}")
