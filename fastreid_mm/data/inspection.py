"""Reading a whole data set before training does: what cannot be read, and what is not as it was published."""

from collections import Counter
from collections.abc import Iterable, Iterator

from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.data.build import build_dataset
from fastreid_mm.errors import InputError, listed
from fastreid_mm.modality import INFRARED, VISIBLE
from fastreid_mm.read_image import read_rgb

PUBLISHED = {
    "SYSUMM01": {
        "training identities": 395,
        "visible training images": 22258,
        "infrared training images": 11909,
        "training cameras": 6,
        "test identities": 96,
        "query images": 3803,
        "test cameras": 6,
    },
    "RegDB": {
        "training identities": 206,
        "visible training images": 2060,
        "infrared training images": 2060,
        "test identities": 206,
        "query images": 2060,
        "gallery images": 2060,
        "test cameras": 2,
    },
    "LLCM": {
        "training identities": 713,
        "visible training images": 16946,
        "infrared training images": 13975,
        "test identities": 351,
        "query images": 7166,
        "gallery images": 8680,
        "test cameras": 9,
    },
    "RGBNT201": {"training identities": 171, "training cameras": 4, "test identities": 30},
    "Market1501MM": {
        "training identities": 751,
        "training cameras": 6,
        "test identities": 750,
        "test cameras": 6,
    },
    "RGBN300": {
        "training identities": 150,
        "training images": 25200,
        "training cameras": 8,
        "test identities": 150,
        "query images": 4985,
        "gallery images": 19940,
    },
    "MSVR310": {"training identities": 155, "training images": 1032, "query images": 591, "gallery images": 1055},
}
"""What the papers of the sets count, by the name of the set. An image of an aligned set is a sample."""


def inspect(cfg: CfgNode) -> Iterator[tuple[str, dict[str, int], list[str], list[str]]]:
    """List what is to be read of ``DATASETS.NAMES`` and ``TESTS``.

    Yields:
        Name of a set, what it has, its problems so far, a line each, and the paths of all its images.
    """
    for name in dict.fromkeys([*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS]):
        try:
            dataset = build_dataset(cfg, name)
        except InputError as error:
            yield name, {}, [str(error)], []
            continue
        published = {} if cfg.DATASETS.SYSU.SPLIT == "val" and name == "SYSUMM01" else PUBLISHED.get(name, {})
        found = count(dataset)
        paths = sorted({path for item in _items(dataset) for path in _files(item)})
        yield name, found, [*_other_counts(found, published), *_single(dataset)], paths


def look_at(path: str) -> str:
    """What is wrong with an image, nothing if it can be read."""
    try:
        read_rgb(path)
    except InputError as error:
        return f"{error}; take the file from the original archive again"
    return ""


def count(dataset: ImageDataset) -> dict[str, int]:
    """How many identities, images and cameras a data set has."""
    train, query, gallery = dataset.train, dataset.query, dataset.gallery
    found = {
        "training identities": len({item[1] for item in train}),
        "training images": len(train),
        "training cameras": len({item[2] for item in train}),
        "test identities": len({item[1] for item in [*query, *gallery]}),
        "query images": len(query),
        "gallery images": len(gallery),
        "test cameras": len({item[2] for item in [*query, *gallery]}),
    }
    if all(len(item) > 3 and isinstance(item[3], int) for item in train):
        for modality, word in ((VISIBLE, "visible"), (INFRARED, "infrared")):
            found[f"{word} training images"] = sum(item[3] == modality for item in train)
    return found


def _other_counts(found: dict[str, int], published: dict[str, int]) -> list[str]:
    return [
        f"{found[what]:,} {what}, published are {number:,}; numbers on this copy are not those of papers"
        for what, number in published.items()
        if found[what] != number
    ]


def _single(dataset: ImageDataset) -> list[str]:
    """Training identities of one image, which nothing can be compared with."""
    images = Counter(item[1] for item in dataset.train)
    alone = [str(pid) for pid, number in sorted(images.items()) if number == 1]
    if not alone:
        return []
    return [f"{len(alone)} training identities with a single image ({listed(alone, 5, ', ')}); leave them out"]


def _items(dataset: ImageDataset) -> Iterable[tuple]:
    return [*dataset.train, *dataset.query, *dataset.gallery]


def _files(item: tuple) -> Iterable[str]:
    """The files of an item: of an aligned sample one a modality, where it is there."""
    if len(item) > 3 and isinstance(item[3], tuple):
        return [source.path for source in item[3] if source]
    return [item[0]]
