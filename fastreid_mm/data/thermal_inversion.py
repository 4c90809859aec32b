"""Thermal images of either polarity: white-hot or black-hot."""

import torch
from torch import Tensor

from fastreid_mm.common.modality import INFRARED


class ThermalInversion:
    """Turns infrared images into their negatives with a probability; visible images stay as they are.

    What is bright in a thermal image is warm, or cold, as its camera is set. A negative has the same edges, so a
    network that trains on both leans on shapes, which the visible modality has too, and less on brightness. No paper
    of the methods here does this: it is this project's, off unless asked for.

    Args:
        probability: of inverting an infrared image.
    """

    def __init__(self, probability: float = 0.3) -> None:
        self.probability = probability

    def __call__(self, image: Tensor, modality: int) -> Tensor:
        """(3, H, W) values 0 to 255 to (3, H, W) in a new tensor or the same one."""
        return 255 - image if modality == INFRARED and torch.rand(()) < self.probability else image
