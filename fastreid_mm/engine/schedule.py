"""Optimiser and learning rate, with fast-reid's mistakes taken out."""

import logging
from collections import Counter
from collections.abc import Mapping

import torch
from fastreid.solver import build_optimizer as build_host_optimizer
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.modeling.contract import as_meta_architecture

KINDS = ("OPT", "SCHED")
"""Keys of ``SOLVER`` without which a checkpoint's state of optimiser and schedule means nothing."""
OF_THE_CHECKPOINT = (
    *("BASE_LR", "BIAS_LR_FACTOR", "HEADS_LR_FACTOR", "PRETRAINED_LR_FACTOR", "ETA_MIN_LR"),
    *("MOMENTUM", "NESTEROV", "WEIGHT_DECAY", "WEIGHT_DECAY_NORM", "WEIGHT_DECAY_BIAS"),
)
"""Keys of ``SOLVER`` whose values a resumed run takes from the checkpoint's state, whatever its config says."""

logger = logging.getLogger("fastreid.mm")


def solver_values(cfg: CfgNode) -> dict[str, object]:
    """What a checkpoint says of the optimiser whose state it holds."""
    return {key: cfg.SOLVER[key] for key in (*KINDS, *OF_THE_CHECKPOINT)}


def compare_solver(cfg: CfgNode, saved: Mapping[str, object]) -> None:
    """Warn of the keys of ``SOLVER`` that differ from the resumed checkpoint's, and so have no effect.

    Args:
        cfg: the config of the run that is resumed.
        saved: the checkpoint's :func:`solver_values`; those that it lacks are not compared.

    Raises:
        InputError: the checkpoint is of another optimiser or schedule.
    """
    for key, value in solver_values(cfg).items():
        was = saved.get(key, value)
        if was == value:
            continue
        if key in KINDS:
            raise InputError(f"SOLVER.{key} {value}: the checkpoint to resume is of {was}")
        logger.warning(f"SOLVER.{key} {value} has no effect when resuming: the checkpoint's {was} is used")


def build_optimizer(cfg: CfgNode, model: nn.Module) -> torch.optim.Optimizer:
    """fast-reid's optimiser with its per-parameter factors, and ``SOLVER.PRETRAINED_LR_FACTOR`` on loaded tensors.

    What the model says of its parameters is that of :class:`MetaArchitecture`.

    The host's ``contiguous=True`` would flatten all parameters into one buffer whose gradient PyTorch 2 resets to
    None: nothing would ever be trained, without a word.

    Raises:
        InputError: ``SOLVER.HEADS_LR_FACTOR`` is for architectures of fast-reid's.
    """
    if cfg.SOLVER.HEADS_LR_FACTOR != 1 and not any(name == "heads" for name, _ in model.named_children()):
        raise InputError(
            f"SOLVER.HEADS_LR_FACTOR {cfg.SOLVER.HEADS_LR_FACTOR}: {cfg.MODEL.META_ARCHITECTURE} has no part that "
            "fast-reid calls heads; SOLVER.PRETRAINED_LR_FACTOR is for what was loaded from pretrained weights"
        )
    cfg = cfg.clone()
    cfg.defrost()
    cfg.SOLVER.FREEZE_ITERS = 0  # the host counts frozen iterations from the last resume; LayerFreeze does not
    optimizer, _ = build_host_optimizer(cfg, model, contiguous=False)
    asked = as_meta_architecture(model, cfg.TEST.METRIC)
    loaded, own = set(asked.pretrained_parameters()), dict(asked.lr_factors())
    factor = cfg.SOLVER.PRETRAINED_LR_FACTOR
    for group in optimizer.param_groups:
        parameter = group["params"][0]  # the host makes one group a parameter
        group["lr"] *= own.get(parameter, 1.0) * (factor if parameter in loaded else 1.0)
    return optimizer


def apply_new_steps(scheduler: torch.optim.lr_scheduler.LRScheduler, steps: list[int], gamma: float) -> bool:
    """Let the config's ``SOLVER.STEPS`` and ``GAMMA`` win over those of a resumed checkpoint.

    Returns:
        Whether they differed, and learning rates were set anew.
    """
    if not isinstance(scheduler, torch.optim.lr_scheduler.MultiStepLR):
        return False
    milestones = Counter(steps)
    if scheduler.milestones == milestones and scheduler.gamma == gamma:
        return False
    scheduler.milestones, scheduler.gamma = milestones, gamma
    passed = sum(count for step, count in milestones.items() if step <= scheduler.last_epoch)
    for group, base in zip(scheduler.optimizer.param_groups, scheduler.base_lrs):
        group["lr"] = base * gamma**passed
    return True
