"""Thermal inversion: an augmentation that makes infrared images white-hot or black-hot."""

import torch
from torch import Tensor

from fastreid_mm.common.modality import INFRARED


class ThermalInversion:
    """Random inversion of infrared images to their negatives; visible images stay unchanged.

    Depending on the camera's setting, warm things are bright or dark in a thermal image. A negative has the same edges,
    so a network that trains on both relies more on shapes, which are in visible images, too, and less on brightness.
    None of the methods' papers does this: it is this project's addition, off by default.

    Args:
        probability: the probability of inverting an infrared image.
    """

    def __init__(self, probability: float = 0.3) -> None:
        self.probability = probability

    def __call__(self, image: Tensor, modality: int) -> Tensor:
        """Invert an image (3, H, W) of values 0 to 255, or not; return a new tensor or the same one."""
        return 255 - image if modality == INFRARED and torch.rand(()) < self.probability else image
