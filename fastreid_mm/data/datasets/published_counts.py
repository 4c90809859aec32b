"""Comparison of a copy of a data set with the numbers of its publication."""

from fastreid.data.datasets.bases import ImageDataset

from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.common.warn_once import warn_once
from fastreid_mm.data.items import as_items

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
    "MSVR310": {
        "training identities": 155,
        "training images": 1032,
        "query identities": 52,
        "query images": 591,
        "gallery images": 1055,
    },
}
"""Counts in the papers of the sets, by the name of the set. The images of an aligned set are its samples."""


def count(dataset: ImageDataset) -> dict[str, int]:
    """Count the identities, images and cameras of a data set."""
    train, query, gallery = map(as_items, (dataset.train, dataset.query, dataset.gallery))
    counts = {
        "training identities": len({item.pid for item in train}),
        "training images": len(train),
        "training cameras": len({item.camid for item in train}),
        "test identities": len({item.pid for item in query + gallery}),
        "query identities": len({item.pid for item in query}),
        "query images": len(query),
        "gallery images": len(gallery),
        "test cameras": len({item.camid for item in query + gallery}),
    }
    if all(item.has_modality for item in train):
        for modality, word in ((VISIBLE, "visible"), (INFRARED, "infrared")):
            counts[f"{word} training images"] = sum(item.modality == modality for item in train)
    return counts


def compare_counts(dataset: ImageDataset, name: str, folder: str) -> None:
    """Warn if a copy has other numbers than the paper of the set; once, as a set is built several times in a run.

    Args:
        dataset: the copy.
        name: the name of the set in :data:`PUBLISHED`.
        folder: the folder of the copy, for the message.
    """
    counts = count(dataset)
    other = [f"{counts[what]:,} {what} ({paper:,})" for what, paper in PUBLISHED[name].items() if counts[what] != paper]
    if other:
        warn_once(
            f"{folder} is not the set as it was published: {', '.join(other)}; numbers on it are not those of papers"
        )
