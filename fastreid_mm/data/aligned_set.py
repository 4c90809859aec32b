"""Turns items of aligned data sets into training and test samples."""

from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch import Tensor

from fastreid_mm.common.random_streams import random_state, set_random_state
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.data.item_set import ItemSet
from fastreid_mm.data.items import Source


class AlignedSet(ItemSet):
    """Samples of one image a modality, as dicts of ``images, targets, camids, img_paths, modality_mask``.

    ``images`` is (M, 3, H, W), values 0 to 255, and ``modality_mask`` (M,), true where there is an image.

    Args:
        items: with M sources each, None where a modality has no image.
        transform: PIL image to a ``(3, H, W)`` tensor of values 0 to 255.
        relabel: map identities to 0 .. N - 1 (training); evaluation keeps them.
        missing: indices of modalities that count as missing: they are not read, and their pixels are 0. Every sample
            has another.
        shared_draws: flip, crop and erase all modalities of a sample alike; or else each has draws of its own.
        pixels: how files are read.
    """

    def __init__(
        self,
        items: Sequence[tuple],
        transform: Callable[[Image.Image], Tensor],
        relabel: bool,
        missing: tuple[int, ...] = (),
        shared_draws: bool = True,
        pixels: PixelRule = DEFAULT_RULE,
    ) -> None:
        super().__init__(items, relabel)
        self.transform = transform
        self.missing = frozenset(missing)
        self.shared_draws = shared_draws
        self.pixels = pixels

    def __getitem__(self, index: int) -> dict:
        item = self.img_items[index]
        present = [source is not None and place not in self.missing for place, source in enumerate(item.sources)]
        views = self._views([source for source, there in zip(item.sources, present) if source and there])
        found = iter(views)
        images = [next(found) if there else torch.zeros_like(views[0]) for there in present]
        return {
            "images": torch.stack(images),  # (M, 3, H, W)
            "targets": self.target(item.pid),
            "camids": item.camid,
            "img_paths": item.img_path,
            "modality_mask": torch.tensor(present),  # (M,)
        }

    def _views(self, sources: list[Source]) -> list[Tensor]:
        """A transformed (3, H, W) image for each source."""
        files = {source.path: read_rgb(source.path, self.pixels) for source in sources}  # a strip holds several
        state, views = random_state(), []
        for path, box in sources:
            if self.shared_draws:
                set_random_state(state)
            views.append(self.transform(files[path].crop(box) if box else files[path]))
        return views
