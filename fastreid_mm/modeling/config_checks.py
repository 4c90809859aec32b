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


def label_smoothing(cfg: CfgNode) -> float:
    """``MODEL.LOSSES.CE.EPSILON``.

    Raises:
        InputError: it is not between 0 and 1.
    """
    smoothing = cfg.MODEL.LOSSES.CE.EPSILON
    if not 0 <= smoothing <= 1:
        raise InputError(f"MODEL.LOSSES.CE.EPSILON {smoothing} is not between 0 and 1")
    return smoothing
