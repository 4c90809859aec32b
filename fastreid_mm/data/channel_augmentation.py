"""Channel augmentation (CAJ: Ye et al., ICCV 2021), as MUN trains with it."""

import torch
from torch import Tensor

from fastreid_mm.common.modality import VISIBLE

GRAY = (0.2989, 0.5870, 0.1140)


class ChannelAugmentation:
    """Takes the colour out of visible images, so that a network does not lean on what infrared images lack.

    A visible image gets one of its channels, drawn uniformly, in all three with a probability. An infrared image gets
    one of four as likely changes: a channel in all three (three of them), and its grey value half of the time. Its
    channels are equal, so that shows only where an erased rectangle was filled with a colour.

    The authors' code does this after normalisation, where a channel's copies keep its own mean; here they are like
    the equal channels of an infrared image, and the model normalises them like one.

    Args:
        probability: of changing a visible image.
    """

    def __init__(self, probability: float = 0.5) -> None:
        self.probability = probability

    def __call__(self, image: Tensor, modality: int) -> Tensor:
        """(3, H, W) values 0 to 255, after erasing, to (3, H, W) in a new tensor or the same one."""
        if modality == VISIBLE:
            return _copied(image, _draw(3)) if torch.rand(()) < self.probability else image
        choice = _draw(4)
        if choice < 3:
            return _copied(image, choice)
        return _gray(image) if torch.rand(()) < 0.5 else image


def _draw(count: int) -> int:
    return int(torch.randint(count, ()))


def _copied(image: Tensor, channel: int) -> Tensor:
    return image[channel].repeat(3, 1, 1)


def _gray(image: Tensor) -> Tensor:
    return torch.einsum("chw,c->hw", image, image.new_tensor(GRAY)).repeat(3, 1, 1)
