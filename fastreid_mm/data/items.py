"""An image or aligned sample of a data set as a named tuple, which begins with fast-reid's three fields."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from fastreid.data.datasets.bases import ImageDataset

from fastreid_mm.common.modality import INFRARED, VISIBLE

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


class Source(NamedTuple):
    """Where one modality of a sample lies: in a box of a file, or in the whole of it."""

    path: str
    box: Box | None = None


class Item(NamedTuple):
    """One image, or one sample with an image of each modality."""

    img_path: str
    """Of a sample, the path of the first image there is."""
    pid: int | str
    """Identity; text where data sets are joined for training."""
    camid: int
    """Camera."""
    modality: int | None = None
    """0 of a visible and 1 of an infrared image; None where a set has one kind of images, or aligned samples."""
    sources: tuple[Source | None, ...] = ()
    """Of a sample, one for each modality, None where it has no image."""
    scene: int | None = None
    """Place and time, where the set's protocol goes by them."""
    number: int | None = None
    """Among the images of the identity under the camera, where the set's protocol draws by it."""

    @property
    def files(self) -> list[str]:
        """The paths of all its images."""
        return [source.path for source in self.sources if source] if self.sources else [self.img_path]

    @property
    def first_source(self) -> Source:
        """The image that pictures show: the first there is."""
        return next((source for source in self.sources if source), Source(self.img_path))

    @property
    def has_modality(self) -> bool:
        """Whether it is an image that is visible or infrared."""
        return self.modality in (VISIBLE, INFRARED)


def as_items(items: Iterable[Sequence]) -> list[Item]:
    """Name the fields of a data set's items.

    Args:
        items: named already, or plain tuples: fast-reid's ``(img_path, pid, camid)``, with a fourth field of a
            modality (a number) or sources (a tuple).

    Example:
        >>> [item.modality for item in as_items([("a.jpg", 7, 1), ("b.jpg", 7, 2, 1)])]
        [None, 1]
    """
    return [item if isinstance(item, Item) else _as_item(*item) for item in items]


def _as_item(img_path: str, pid: int, camid: int, content: int | tuple | None = None, *_: object) -> Item:
    if isinstance(content, tuple):
        return Item(img_path, pid, camid, sources=content)
    return Item(img_path, pid, camid, content)


def query_and_gallery(dataset: ImageDataset) -> list[Item]:
    """The query items of a data set, then its gallery items."""
    return as_items([*dataset.query, *dataset.gallery])


def field(items: Iterable[Item], name: str) -> np.ndarray:
    """(N,) values of a field of N items."""
    return np.array([getattr(item, name) for item in items])
