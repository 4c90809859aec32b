"""Items of data sets, images or aligned samples, as named tuples that begin with fast-reid's three fields."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from fastreid.data.datasets.bases import ImageDataset

from fastreid_mm.common.modality import INFRARED, VISIBLE

Box = tuple[int, int, int, int]
"""Box in an image: left, top, right, bottom."""


class Source(NamedTuple):
    """Place of one modality of a sample: a file, or a box in a file."""

    path: str
    box: Box | None = None


class Item(NamedTuple):
    """One image, or one sample with an image of each modality."""

    img_path: str
    """Path of the image, or of the first image of a sample."""
    pid: int | str
    """Identity; text if data sets are joined for training."""
    camid: int
    """Camera."""
    modality: int | None = None
    """Modality: 0 is visible, 1 infrared; None in sets of one kind of images or of aligned samples."""
    sources: tuple[Source | None, ...] = ()
    """Sources of a sample, one for each modality, None for one without an image."""
    scene: int | None = None
    """Number of the place and time, if the set's protocol uses it."""
    number: int | None = None
    """Number of the image among those of its identity and camera, if the set's protocol uses it."""

    @property
    def files(self) -> list[str]:
        """Paths of all images of the item."""
        return [source.path for source in self.sources if source] if self.sources else [self.img_path]

    @property
    def first_source(self) -> Source:
        """First image of the item, which is drawn in pictures."""
        return next((source for source in self.sources if source), Source(self.img_path))

    @property
    def has_modality(self) -> bool:
        """Whether the item is a visible or an infrared image."""
        return self.modality in (VISIBLE, INFRARED)


def as_items(items: Iterable[Sequence]) -> list[Item]:
    """Name the fields of a data set's items.

    Args:
        items: instances of :class:`Item`, or plain tuples: fast-reid's ``(img_path, pid, camid)``, perhaps with a
            fourth field, a modality (a number) or sources (a tuple).

    Examples:
        >>> [item.modality for item in as_items([("a.jpg", 7, 1), ("b.jpg", 7, 2, 1)])]
        [None, 1]
    """
    return [item if isinstance(item, Item) else _as_item(*item) for item in items]


def _as_item(img_path: str, pid: int, camid: int, content: int | tuple | None = None, *_: object) -> Item:
    if isinstance(content, tuple):
        return Item(img_path, pid, camid, sources=content)
    return Item(img_path, pid, camid, content)


def query_and_gallery(dataset: ImageDataset) -> list[Item]:
    """List the query items of a data set, then its gallery items."""
    return as_items([*dataset.query, *dataset.gallery])


def field(items: Iterable[Item], name: str) -> np.ndarray:
    """Return the values (N,) of a field of N items."""
    return np.array([getattr(item, name) for item in items])
