"""Optimiser and learning rate, without fast-reid's mistakes."""

from typing import Any, cast

import torch
from fastreid.solver import build_optimizer as build_host_optimizer
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.modeling.contract import as_meta_architecture


def build_optimizer(cfg: CfgNode, model: nn.Module) -> torch.optim.Optimizer:
    """Build fast-reid's optimiser, with the factors of :class:`MetaArchitecture` on the learning rates of parameters.

    ``SOLVER.PRETRAINED_LR_FACTOR`` is a factor on those that were loaded from pretrained weights. The host's
    ``contiguous=True`` would flatten all parameters into one buffer, whose gradient PyTorch 2 resets to None: nothing
    would ever be trained, without any error.

    Raises:
        InputError: ``SOLVER.HEADS_LR_FACTOR`` is set, but the model has no part named heads, or ``SOLVER.FUSED`` with
            an optimiser that PyTorch has no fused kernel of.
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
    if cfg.SOLVER.FUSED:
        if "fused" not in optimizer.defaults:
            raise InputError(f"SOLVER.FUSED: PyTorch has no fused kernel of SOLVER.OPT {cfg.SOLVER.OPT}")
        for group in optimizer.param_groups:  # the host passes no such argument
            group["fused"] = True
    architecture = as_meta_architecture(model, cfg.TEST.METRIC)
    loaded, factors = set(architecture.pretrained_parameters()), dict(architecture.lr_factors())
    factor = cfg.SOLVER.PRETRAINED_LR_FACTOR
    for group in optimizer.param_groups:
        parameter = group["params"][0]  # the host makes a group of each parameter
        group["lr"] *= factors.get(parameter, 1.0) * (factor if parameter in loaded else 1.0)
    return optimizer


def apply_new_schedule(scheduler: torch.optim.lr_scheduler.LRScheduler, planned: dict) -> list[str]:
    """Use the steps, or the length of a cosine, of the config instead of those of a resumed checkpoint.

    Args:
        scheduler: the schedule, after its state was loaded.
        planned: its ``state_dict()`` before that.

    Returns:
        The names of the values that differed, in which case the learning rates are set anew.
    """
    keys = [key for key in ("milestones", "gamma", "T_max") if getattr(scheduler, key, None) != planned.get(key)]
    vars(scheduler).update({key: planned[key] for key in keys})
    if keys:
        # both schedules know the rates after the epochs that they have had
        for group, rate in zip(scheduler.optimizer.param_groups, cast(Any, scheduler)._get_closed_form_lr()):
            group["lr"] = rate
    return keys
