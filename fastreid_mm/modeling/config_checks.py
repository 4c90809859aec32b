"""Checks of config values that several builders make."""

from collections.abc import Iterable
from functools import reduce

from yacs.config import CfgNode

from fastreid_mm.errors import InputError


def require_choice(cfg: CfgNode, key: str, known: Iterable[str]) -> None:
    """Refuse the value of a dotted key that is not one of those known.

    Raises:
        InputError: names key, value and what there is.
    """
    value, known = reduce(getattr, key.split("."), cfg), tuple(known)
    if value not in known:
        raise InputError(f"{key} {value!r} is not one of {', '.join(known)}")


def require_two_identities(cfg: CfgNode, world_size: int) -> None:
    """Refuse batches in which a process has a single identity, for an architecture whose losses compare identities.

    Args:
        cfg: the config.
        world_size: number of processes.

    Raises:
        InputError: names batch size, images of an identity and processes, and the batch size it takes.
    """
    sampler = cfg.DATALOADER.SAMPLER_TRAIN
    if sampler == "TrainingSampler":  # any identities
        return
    each = cfg.DATALOADER.NUM_INSTANCE * (2 if sampler == "CrossModalityIdentitySampler" else 1)
    count = cfg.SOLVER.IMS_PER_BATCH // (each * world_size)
    if count < 2:
        raise InputError(f"SOLVER.IMS_PER_BATCH {cfg.SOLVER.IMS_PER_BATCH} has {count} identity in each of "
                         f"{world_size} processes, {cfg.MODEL.META_ARCHITECTURE} needs 2: with DATALOADER.NUM_INSTANCE "
                         f"{cfg.DATALOADER.NUM_INSTANCE} it is to be {2 * each * world_size} or more")


def label_smoothing(cfg: CfgNode) -> float:
    """``MODEL.LOSSES.CE.EPSILON``.

    Raises:
        InputError: it is not between 0 and 1.
    """
    smoothing = cfg.MODEL.LOSSES.CE.EPSILON
    if not 0 <= smoothing <= 1:
        raise InputError(f"MODEL.LOSSES.CE.EPSILON {smoothing} is not between 0 and 1")
    return smoothing
