"""Transforms of fast-reid with two more settings, which refuse values that they cannot use."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torchvision.transforms as T
from fastreid.data.transforms import AugMix, ToTensor
from fastreid.data.transforms import build_transforms as host_transforms
from PIL import Image
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.read_image import PixelRule, read_rgb
from fastreid_mm.data.config import SMALLEST_ERASED
from fastreid_mm.data.jpeg import as_picture, read_pixels


class Resize:
    """Resize of images to one size by Pillow alone, without what torchvision does around it.

    Args:
        size: (height, width).
        interpolation: the method, one of Pillow's.
    """

    def __init__(self, size: Sequence[int], interpolation: Image.Resampling) -> None:
        self.size, self.interpolation = (size[0], size[1]), interpolation

    def __call__(self, image: Image.Image | Tensor) -> Image.Image | Tensor:
        """Resize an image, of PIL or uint8 (3, H, W), or return it as it is if it has the size."""
        height, width = self.size
        found = image.shape[1:] if isinstance(image, Tensor) else (image.height, image.width)
        return image if found == self.size else as_picture(image).resize((width, height), self.interpolation)


class ToChannels:
    """Conversion of images to tensors of the host's values, channel by channel, which takes a fifth of its time.

    Args:
        dtype: the data type of the tensors.
    """

    def __init__(self, dtype: type[np.generic]) -> None:
        self.dtype = dtype

    def __call__(self, image: Image.Image | np.ndarray | Tensor) -> Tensor:
        """Convert an RGB image to a (3, H, W) tensor of values 0 to 255.

        Args:
            image: of PIL, a uint8 array (H, W, 3), or a uint8 tensor (3, H, W).
        """
        if isinstance(image, Tensor):
            return image if self.dtype == np.uint8 else image.float()
        if isinstance(image, np.ndarray):  # of AugMix
            return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1), self.dtype))
        channels = np.empty((3, image.height * image.width), self.dtype)
        for place, name in zip(channels, "RGB"):
            place[:] = np.frombuffer(image.tobytes("raw", name), np.uint8)
        return torch.from_numpy(channels.reshape(3, image.height, image.width))


def build_transforms(cfg: CfgNode, is_train: bool) -> T.Compose:
    """Build the transforms of ``INPUT``, from a PIL image to a (3, H, W) tensor of values 0 to 255.

    The tensor is uint8 in testing, a quarter of what has to be moved; in training float32, as random erasing fills it
    with a mean that is no whole number.

    Raises:
        InputError: the transforms cannot be built with these values.
    """
    try:
        transforms = _host_transforms(cfg, is_train)
    except Exception as error:  # Of any kind: torchvision checks some values and trips over others.
        raise InputError(
            f"INPUT: transforms cannot be built with this config: {type(error).__name__}: {first_line(error)}"
        ) from error
    for place, step in enumerate(transforms.transforms):
        if isinstance(step, ToTensor):
            transforms.transforms[place] = ToChannels(np.float32 if is_train else np.uint8)
        elif isinstance(step, T.Resize):
            transforms.transforms[place] = Resize(step.size, Image.Resampling[cfg.INPUT.RESIZE.upper()])
        elif isinstance(step, T.RandomErasing):
            step.inplace = True  # the tensor is new
            step.scale = (SMALLEST_ERASED, cfg.INPUT.REA.MAX_AREA)
    return transforms


def without_draws(transform: T.Compose) -> T.Compose:
    """Keep the resize of training transforms, and convert to uint8: the rest is made of whole batches."""
    return T.Compose([*(step for step in transform.transforms if isinstance(step, Resize)), ToChannels(np.uint8)])


def reader(transform: T.Compose) -> Callable[[str, PixelRule], Any]:
    """Return what reads files for some transforms, the fastest of which they take the result."""
    needs_pillow = any(not isinstance(step, Resize | ToChannels) for step in transform.transforms)
    return read_rgb if needs_pillow else read_pixels


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
