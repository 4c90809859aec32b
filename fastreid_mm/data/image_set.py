"""Turns data set items into training and test samples."""

from collections.abc import Callable, Sequence

from PIL import Image
from torch import Tensor

from fastreid_mm.common.modality import VISIBLE
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.data.item_set import ItemSet


class ImageSet(ItemSet):
    """Samples of single images, as dicts of ``images, targets, camids, modalities, img_paths``.

    fast-reid's ``CommDataset`` drops the modality and does not name a file it cannot read.

    Args:
        items: of a data set; without a modality an image counts as visible.
        transform: PIL image to a ``(3, H, W)`` tensor of values 0 to 255.
        relabel: map identities to 0 .. N - 1 (training); evaluation keeps them.
        augments: what depends on the modality, one after the other: image and modality to an image of the same shape.
        pixels: how files are read.
    """

    def __init__(
        self,
        items: Sequence[tuple],
        transform: Callable[[Image.Image], Tensor],
        relabel: bool,
        augments: Sequence[Callable[[Tensor, int], Tensor]] = (),
        pixels: PixelRule = DEFAULT_RULE,
    ) -> None:
        super().__init__(items, relabel)
        self.transform = transform
        self.augments = augments
        self.pixels = pixels

    def __getitem__(self, index: int) -> dict:
        item = self.img_items[index]
        modality = VISIBLE if item.modality is None else item.modality
        image = self.transform(read_rgb(item.img_path, self.pixels))
        for augment in self.augments:
            image = augment(image, modality)
        return {
            "images": image,
            "targets": self.target(item.pid),
            "camids": item.camid,
            "modalities": modality,
            "img_paths": item.img_path,
        }
