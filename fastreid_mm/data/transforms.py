"""Transforms of fast-reid with two more settings, which refuse values that they cannot use."""

import torchvision.transforms as T
from fastreid.data.transforms import AugMix, ToTensor
from fastreid.data.transforms import build_transforms as host_transforms
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.data.config import SMALLEST_ERASED


def build_transforms(cfg: CfgNode, is_train: bool) -> T.Compose:
    """Build the transforms of ``INPUT``, from a PIL image to a (3, H, W) tensor of values 0 to 255.

    Raises:
        InputError: the transforms cannot be built with these values.
    """
    modes = {mode.value: mode for mode in (T.InterpolationMode.BICUBIC, T.InterpolationMode.BILINEAR)}
    try:
        transforms = _host_transforms(cfg, is_train)
    except Exception as error:  # Of any kind: torchvision checks some values and trips over others.
        raise InputError(
            f"INPUT: transforms cannot be built with this config: {type(error).__name__}: {first_line(error)}"
        ) from error
    for step in transforms.transforms:
        if isinstance(step, T.Resize):
            step.interpolation = modes[cfg.INPUT.RESIZE]
        elif isinstance(step, T.RandomErasing):
            step.scale = (SMALLEST_ERASED, cfg.INPUT.REA.MAX_AREA)
    return transforms


def _host_transforms(cfg: CfgNode, is_train: bool) -> T.Compose:
    """Build the host's transforms; its affine transform is replaced, as it uses arguments that torchvision dropped."""
    affine, cfg = cfg.INPUT.AFFINE.ENABLED, cfg.clone()
    cfg.defrost()
    cfg.INPUT.AFFINE.ENABLED = False
    transforms = host_transforms(cfg, is_train)
    if affine and is_train:
        steps = transforms.transforms
        place = next(index for index, step in enumerate(steps) if isinstance(step, AugMix | ToTensor))
        steps.insert(place, T.RandomAffine(degrees=10, scale=(0.9, 1.1), shear=0.1))  # the host's numbers
    return transforms
