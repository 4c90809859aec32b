"""Training and test samples made of the items of data sets of single images."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from fastreid_mm.common.modality import VISIBLE
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.data.item_set import ItemSet


class ImageSet(ItemSet):
    """Samples of single images, as dicts of ``images, targets, camids, modalities, img_paths``.

    fast-reid's ``CommDataset`` drops the modality and does not name a file that it cannot read.

    Args:
        items: the items of a data set; an image without a modality counts as visible.
        transform: converts an image of PIL, or what ``read`` returns, to a ``(3, H, W)`` tensor of values 0 to 255.
        relabel: whether to map identities to 0 .. N - 1 (training); evaluation keeps them.
        augments: augmentations that depend on the modality, in order: each takes an image and its modality and returns
            an image of the same shape.
        pixels: the rule for reading files.
        read: reads a file for the transform.
    """

    def __init__(
        self,
        items: Sequence[tuple],
        transform: Callable[[Any], Tensor],
        relabel: bool,
        augments: Sequence[Callable[[Tensor, int], Tensor]] = (),
        pixels: PixelRule = DEFAULT_RULE,
        read: Callable[[str, PixelRule], Any] = read_rgb,
    ) -> None:
        super().__init__(items, relabel)
        self.transform = transform
        self.augments = augments
        self.pixels = pixels
        self.read = read

    def __getitem__(self, index: int) -> dict:
        item = self.img_items[index]
        modality = VISIBLE if item.modality is None else item.modality
        image = self.transform(self.read(item.img_path, self.pixels))
        for augment in self.augments:
            image = augment(image, modality)
        return {
            "images": image,
            "targets": self.target(item.pid),
            "camids": item.camid,
            "modalities": modality,
            "img_paths": item.img_path,
        }
