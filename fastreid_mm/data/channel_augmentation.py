"""Channel augmentation (CAJ: Ye et al., ICCV 2021), as in the training of MUN."""

import torch
from torch import Tensor

from fastreid_mm.common.modality import VISIBLE

GRAY = (0.2989, 0.5870, 0.1140)


class ChannelAugmentation:
    """Removal of colour from visible images, so that a network does not rely on it, as infrared images have none.

    With the given probability, all channels of a visible image become copies of one of them, drawn uniformly. For an
    infrared image one of four changes is drawn uniformly: three copy one of its channels, the fourth makes it grey half
    of the time. Its channels are equal, so this has an effect only on rectangles that were erased with a colour.

    The authors' code does this after normalisation, where a channel's copies keep its own mean; here they are like
    the equal channels of an infrared image, and the model normalises them like one.

    Args:
        probability: the probability of changing a visible image.
    """

    def __init__(self, probability: float = 0.5) -> None:
        self.probability = probability

    def __call__(self, image: Tensor, modality: int) -> Tensor:
        """Change an image (3, H, W) of values 0 to 255, after erasing; return a new tensor or the same one."""
        if modality == VISIBLE:
            return _copied(image, _draw(3)) if torch.rand(()) < self.probability else image
        choice = _draw(4)
        if choice < 3:
            return _copied(image, choice)
        if torch.rand(()) >= 0.5:
            return image
        return torch.einsum("chw,c->hw", image, image.new_tensor(GRAY)).repeat(3, 1, 1)


def _draw(count: int) -> int:
    return int(torch.randint(count, ()))


def _copied(image: Tensor, channel: int) -> Tensor:
    return image[channel].repeat(3, 1, 1)
