"""Comparison of a checkpoint to resume from with the run: its position in training and its settings.

A position is a number of epochs and iterations, which mean something else with other batches; and optimiser and
schedule are the checkpoint's, whatever the config says. So a changed key is refused if training could not be resumed
with it; otherwise a warning names it.
"""

import logging
from collections.abc import Mapping
from typing import Any

from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.keys import DECLARED, leaves
from fastreid_mm.common.training_state import changed_settings
from fastreid_mm.engine.checkpoint import AS_WEIGHTS

logger = logging.getLogger("fastreid.mm")


def require_same_training(cfg: CfgNode, content: Mapping, path: str, iters_per_epoch: int) -> None:
    """Refuse a checkpoint whose position is meaningless for a run, and warn of other differences.

    Raises:
        InputError: the checkpoint has no position, or its epochs have another length, or its optimiser or schedule
            differs; with both values.
    """
    position: list[Any] = [content.get(name) for name in ("epoch", "iterations")]
    if not all(type(count) is int and count >= -1 for count in position):
        said = f"epoch {position[0]!r:.40}, iterations {position[1]!r:.40}"
        raise InputError(f"checkpoint {path} does not say where training was ({said}); {AS_WEIGHTS}")
    config = content.get("config")
    solver = dict(content.get("solver") or {})  # in checkpoints of earlier versions, instead of the whole config
    saved = config if isinstance(config, Mapping) else {f"SOLVER.{key}": value for key, value in solver.items()}
    _compare_settings(cfg, saved)
    epochs, iterations = position[0] + 1, position[1]
    length = content.get("iters_per_epoch", iterations / max(epochs, 1))
    if length != iters_per_epoch or not epochs <= iterations / iters_per_epoch <= epochs + 1:
        raise InputError(
            f"checkpoint {path} was made after {iterations} iterations, with {epochs} finished epochs of {length}, but "
            f"epochs of this data and batch have {iters_per_epoch}; {AS_WEIGHTS}"
        )


def training_settings(cfg: CfgNode) -> dict[str, object]:
    """Gather every key that affects training, by dotted name, as checkpoints record them."""
    return {key: value for key, value in leaves(cfg) if _on_resume(key) != "free"}


def _on_resume(name: str) -> str:
    """Return the treatment of a changed key by its declaration; keys without one may affect training."""
    key = DECLARED.get(name)
    if key is None or (not key.on_resume and key.when in ("building", "training")):
        return "told"
    return key.on_resume or "free"


def _compare_settings(cfg: CfgNode, saved: Mapping[str, object]) -> None:
    others = []
    for key, (was, value) in changed_settings(training_settings(cfg), saved).items():
        if _on_resume(key) == "refused":
            raise InputError(f"{key} {value}: the checkpoint to resume is of {was}")
        if _on_resume(key) == "kept":
            logger.warning(f"{key} {value} has no effect when resuming: the checkpoint's {was} is used")
        else:
            others.append(f"{key} {value!r} (was {was!r})")
    if others:
        logger.warning(f"Resumed with other settings, so results will differ: {listed(others)}")
