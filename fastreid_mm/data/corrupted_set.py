"""Corrupted test images, with a corruption for each that is drawn anew in every repetition of the test."""

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
import torch

from fastreid_mm.common.random_streams import stream_words
from fastreid_mm.corruptions import CORRUPTIONS, SEVERITIES, Corruption, frost
from fastreid_mm.data.image_set import ImageSet
from fastreid_mm.data.item_set import ItemSet


class CorruptedSet(ItemSet):
    """Some images of a test set, each with one of 20 corruptions at one of 5 severities, drawn uniformly.

    Images are corrupted after the transform, at the size that the network sees. The draws depend only on the seed, the
    repetition and the image's place in the test set, not on the process or the batch that loads it.

    Args:
        samples: the test set, with ``images`` (3, H, W) of uint8.
        places: indices of the images to corrupt; all others are left out.
        seed: the seed, 0 or more.
        repetition: the number of the repetition, from 0.
        frost_pictures: photographs of frost; without any, frost is drawn.
    """

    def __init__(
        self,
        samples: ImageSet,
        places: Sequence[int],
        seed: int,
        repetition: int,
        frost_pictures: Sequence[np.ndarray] = (),
    ) -> None:
        super().__init__([samples.img_items[place] for place in places], relabel=False)
        cv2.setNumThreads(0)  # the loader's workers are parallel already, and are forked
        self._samples, self._places = samples, places
        self._seed, self._repetition = seed, repetition
        self._corruptions: dict[str, Corruption] = {**CORRUPTIONS, "frost": partial(frost, pictures=frost_pictures)}

    def __getitem__(self, index: int) -> dict:
        sample = self._samples[self._places[index]]
        name, severity, generator = self.draw(index)
        pixels = sample["images"].permute(1, 2, 0).numpy()  # (H, W, 3)
        corrupted = self._corruptions[name](np.ascontiguousarray(pixels), severity, generator)
        return {**sample, "images": torch.from_numpy(np.ascontiguousarray(corrupted.transpose(2, 0, 1)))}

    def draw(self, index: int) -> tuple[str, int, np.random.Generator]:
        """Draw the corruption of an image and its severity; return both with the generator for the corruption."""
        generator = np.random.default_rng(stream_words(self._seed, self._repetition, self._places[index], count=4))
        name = list(self._corruptions)[generator.integers(len(self._corruptions))]
        return name, SEVERITIES[generator.integers(len(SEVERITIES))], generator
