"""The check of a checkpoint to resume: where training was, and with which settings.

A position is a number of epochs and iterations, which mean something else with other batches; and optimiser and
schedule are the checkpoint's, whatever the config says. So a change is refused where training could not go on from
there, and told where it can.
"""

import logging
from collections.abc import Mapping
from typing import Any

from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.keys import DECLARED, leaves
from fastreid_mm.common.same_training import changed_settings
from fastreid_mm.engine.checkpoint import AS_WEIGHTS

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
    solver = dict(content.get("solver") or {})  # all that checkpoints said before they had the whole config
    saved = config if isinstance(config, Mapping) else {f"SOLVER.{key}": value for key, value in solver.items()}
    _compare_settings(cfg, saved)
    epochs, iterations = position[0] + 1, position[1]
    length = content.get("iters_per_epoch", iterations / max(epochs, 1))
    if length != iters_per_epoch or not epochs <= iterations / iters_per_epoch <= epochs + 1:
        raise InputError(
            f"checkpoint {path} was made after {iterations} iterations, {epochs} epochs of {length} and more: those of "
            f"this data and batch are {iters_per_epoch}; {AS_WEIGHTS}"
        )


def _settings(cfg: CfgNode) -> dict[str, object]:
    """Gather every key that decides what is trained, dotted."""
    return {key: value for key, value in leaves(cfg) if _on_resume(key) != "free"}


def _on_resume(name: str) -> str:
    """Tell what a key declares of a change of it; one that is not declared may decide what is trained."""
    key = DECLARED.get(name)
    if key is None or (not key.on_resume and key.when in ("building", "training")):
        return "told"
    return key.on_resume or "free"


def _compare_settings(cfg: CfgNode, saved: Mapping[str, object]) -> None:
    others = []
    for key, (was, value) in changed_settings(_settings(cfg), saved).items():
        if _on_resume(key) == "refused":
            raise InputError(f"{key} {value}: the checkpoint to resume is of {was}")
        if _on_resume(key) == "kept":
            logger.warning(f"{key} {value} has no effect when resuming: the checkpoint's {was} is used")
        else:
            others.append(f"{key} {value!r} (was {was!r})")
    if others:
        logger.warning(f"Resumed with other settings, so the run will not be what it would have been: {listed(others)}")
