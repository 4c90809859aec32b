"""fast-reid's transforms, with two of their numbers in the config."""

import torchvision.transforms as T
from fastreid.data.transforms import build_transforms as host_transforms
from yacs.config import CfgNode

from fastreid_mm.errors import InputError

SMALLEST_ERASED = 0.02
"""Share of an image that random erasing takes at least, of Zhong et al. and of the host."""


def build_transforms(cfg: CfgNode, is_train: bool) -> T.Compose:
    """The transforms of ``INPUT``, PIL image to a (3, H, W) tensor of values 0 to 255.

    Raises:
        InputError: ``INPUT.RESIZE`` is unknown, or ``INPUT.REA.MAX_AREA`` no share that can be erased.
    """
    modes = {mode.value: mode for mode in (T.InterpolationMode.BICUBIC, T.InterpolationMode.BILINEAR)}
    if cfg.INPUT.RESIZE not in modes:
        raise InputError(f"INPUT.RESIZE {cfg.INPUT.RESIZE!r} is not one of {', '.join(modes)}")
    if not SMALLEST_ERASED <= cfg.INPUT.REA.MAX_AREA <= 1:
        raise InputError(f"INPUT.REA.MAX_AREA {cfg.INPUT.REA.MAX_AREA} is not between {SMALLEST_ERASED} and 1")
    transforms = host_transforms(cfg, is_train)
    for step in transforms.transforms:
        if isinstance(step, T.Resize):
            step.interpolation = modes[cfg.INPUT.RESIZE]
        elif isinstance(step, T.RandomErasing):
            step.scale = (SMALLEST_ERASED, cfg.INPUT.REA.MAX_AREA)
    return transforms
