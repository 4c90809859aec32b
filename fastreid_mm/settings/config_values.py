"""Config values that nothing can use, found before anything is built."""

import math
import re
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from fastreid.config import CfgNode
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

import fastreid_mm.methods  # noqa: F401  registers the architectures
from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.keys import leaves, refuse_odd
from fastreid_mm.settings.imports import defaults_of

MAY_BE_INFINITE = ("MODEL.HEADS.POOL_EXPONENT",)  # the maximum
MAY_BE_NEGATIVE = ("SOLVER.CHECKPOINT_PERIOD", "TEST.EVAL_PERIOD", "MODEL.LOSSES.CE.EPSILON")
"""Never; and adaptive."""
SIZES = ("INPUT.SIZE_TRAIN", "INPUT.SIZE_TEST", "INPUT.CROP.SIZE", "MODEL.BACKBONE.STRIDE_SIZE")
"""Height and width."""
CHANNELS = ("MODEL.PIXEL_MEAN", "MODEL.PIXEL_STD", "INPUT.REA.VALUE")
"""A number for each channel."""
AT_LEAST_ONE = ("SOLVER.IMS_PER_BATCH", "TEST.IMS_PER_BATCH", "DATALOADER.NUM_INSTANCE", "INPUT.MAX_PIXELS")
WHOLE_NUMBERS = ("SOLVER.STEPS", "TEST.RANKS")
"""Any number of them."""
SCHEDULERS = ("MultiStepLR", "CosineAnnealingLR")
WARMUPS = ("linear", "constant", "exp")


def refuse_impossible(cfg: CfgNode) -> None:
    """Refuse unknown names, and numbers that are not finite, negative where they cannot be, or too few or many.

    Raises:
        InputError: names key and value.
    """
    known = dict(leaves(defaults_of(cfg)))
    for key, value in leaves(cfg):
        problem = _problem(key, value, known.get(key))
        if problem:
            raise InputError(f"{key} {value!r} is not {problem}")
    refuse_odd(cfg)
    _refuse_unknown_names(cfg)


def _problem(key: str, value: object, default: object) -> str:
    """What a value should be and is not."""
    if value is None and default is not None:  # yacs takes None for a value of any type
        return f"a value, as {default!r} is"
    if key == "MODEL.FREEZE_LAYERS" and not all(map(_is_pattern, cast(Sequence, value))):
        return "a list of regular expressions"
    numbers = _finite_numbers(value)
    if key in SIZES and not (len(numbers) == 2 and all(isinstance(each, int) and each >= 1 for each in numbers)):
        return "two whole numbers above 0"
    if key in CHANNELS and len(numbers) != 3:
        return "three finite numbers"
    if key in WHOLE_NUMBERS and list(cast(Sequence, value)) != [each for each in numbers if isinstance(each, int)]:
        return "a list of whole numbers"
    if key == "TEST.RANKS" and min(numbers, default=1) < 1:
        return "a list of whole numbers above 0"
    if key == "INPUT.CROP.RATIO" and not (len(numbers) == 2 and 0 < numbers[0] <= numbers[1]):
        return "the smallest and the largest ratio of width to height"
    if key == "INPUT.RANGE_16BIT" and value and not (len(numbers) == 2 and numbers[0] < numbers[1]):
        return "the value that becomes black and the higher one that becomes white, nor ()"
    if key.startswith("INPUT.") and key.endswith(".PROB") and not 0 <= cast(float, value) <= 1:
        return "a probability, 0 to 1"
    if key == "MODEL.PIXEL_STD" and min(numbers) <= 0:
        return "three numbers above 0"
    if key in AT_LEAST_ONE and isinstance(value, int) and value < 1:
        return "1 or more"
    if isinstance(value, float) and not (math.isfinite(value) or (key in MAY_BE_INFINITE and value > 0)):
        return "a finite number"
    if isinstance(value, int | float) and isinstance(default, int | float) and key not in MAY_BE_NEGATIVE:
        return "0 or more" if value < 0 <= default else ""
    return ""


def _is_pattern(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


def _finite_numbers(value: object) -> list[int | float]:
    """The finite numbers of a list, none if it holds anything else."""
    if not isinstance(value, list | tuple):
        return []
    numbers = [each for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
    return numbers if len(numbers) == len(value) and all(map(math.isfinite, numbers)) else []


def _refuse_unknown_names(cfg: CfgNode) -> None:
    """Refuse names that the host looks up without a check of its own."""
    known: dict[str, tuple[str, Container[str]]] = {
        "MODEL.META_ARCHITECTURE": (cfg.MODEL.META_ARCHITECTURE, META_ARCH_REGISTRY._obj_map),
        "MODEL.BACKBONE.NAME": (cfg.MODEL.BACKBONE.NAME, BACKBONE_REGISTRY._obj_map),
        "SOLVER.OPT": (cfg.SOLVER.OPT, [name for name in dir(torch.optim) if name[0].isupper()]),
        "SOLVER.SCHED": (cfg.SOLVER.SCHED, SCHEDULERS),
        "SOLVER.WARMUP_METHOD": (cfg.SOLVER.WARMUP_METHOD, WARMUPS),
    }
    for key, (name, names) in known.items():
        if name not in names:
            choices = f"one of {', '.join(names)}" if isinstance(names, tuple) else "known"
            raise InputError(f"{key} {name!r} is not {choices}")
    require_device(cfg.MODEL.DEVICE)


def require_device(name: str) -> None:
    """Refuse what is not the name of a device, or of none that is here; cuda stands for the CPU where there is no GPU.

    Raises:
        InputError: names it.
    """
    try:
        device = torch.device(name)
        if device.type == "cuda" and not torch.cuda.is_available():
            return
        usable = device.type != "meta" and torch.empty(0, device=device) is not None  # meta has shapes and no numbers
    except (RuntimeError, AssertionError, NotImplementedError):  # the second if PyTorch was built without it
        usable = False
    if not usable:
        raise InputError(f"MODEL.DEVICE {name!r} is not a device of this machine, as cpu, cuda or cuda:1") from None


@contextmanager
def refused_by(what: str) -> Iterator[None]:
    """Turn what a host or a library raises for values that do not go together into an :class:`InputError`.

    Args:
        what: what is being built, for the message.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # Of any kind: values meet deep inside PyTorch, timm and the host.
        raise InputError(
            f"{what} cannot be built with this config: {type(error).__name__}: {first_line(error)}"
        ) from error
