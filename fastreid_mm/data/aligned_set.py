"""Training and test samples made of the items of aligned data sets."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from fastreid_mm.common.random_streams import random_state, set_random_state
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.data.item_set import ItemSet
from fastreid_mm.data.items import Source
from fastreid_mm.data.jpeg import as_picture


class AlignedSet(ItemSet):
    """Samples of one image a modality, as dicts of ``images, targets, camids, img_paths, modality_mask``.

    ``images`` is (M, 3, H, W), values 0 to 255, and ``modality_mask`` (M,), true where there is an image.

    Args:
        items: items with M sources each, None for a modality without an image.
        transform: converts an image of PIL, or what ``read`` returns, to a ``(3, H, W)`` tensor of values 0 to 255.
        relabel: whether to map identities to 0 .. N - 1 (training); evaluation keeps them.
        missing: indices of modalities that count as missing: they are not read, and their pixels are 0. Every sample
            must have another modality.
        shared_draws: whether all modalities of a sample are flipped, cropped and erased alike, or independently.
        pixels: the rule for reading files.
        read: reads a file for the transform; boxes of a file are cut from an image of PIL.
    """

    def __init__(
        self,
        items: Sequence[tuple],
        transform: Callable[[Any], Tensor],
        relabel: bool,
        missing: tuple[int, ...] = (),
        shared_draws: bool = True,
        pixels: PixelRule = DEFAULT_RULE,
        read: Callable[[str, PixelRule], Any] = read_rgb,
    ) -> None:
        super().__init__(items, relabel)
        self.transform = transform
        self.missing = frozenset(missing)
        self.shared_draws = shared_draws
        self.pixels = pixels
        self.read = read

    def __getitem__(self, index: int) -> dict:
        item = self.img_items[index]
        present = [source is not None and place not in self.missing for place, source in enumerate(item.sources)]
        views = self._views([source for source, is_present in zip(item.sources, present) if source and is_present])
        remaining = iter(views)
        images = [next(remaining) if is_present else torch.zeros_like(views[0]) for is_present in present]
        return {
            "images": torch.stack(images),  # (M, 3, H, W)
            "targets": self.target(item.pid),
            "camids": item.camid,
            "img_paths": item.img_path,
            "modality_mask": torch.tensor(present),  # (M,)
        }

    def _views(self, sources: list[Source]) -> list[Tensor]:
        """Read and transform the image (3, H, W) of each source."""
        paths = dict.fromkeys(source.path for source in sources)  # a strip holds several, and is decoded once
        files = {path: self.read(path, self.pixels) for path in paths}
        state = random_state() if self.shared_draws else None  # which takes as long as a small image
        views: list[Tensor] = []
        for path, box in sources:
            if state and views:
                set_random_state(state)
            views.append(self.transform(as_picture(files[path]).crop(box) if box else files[path]))
        return views
