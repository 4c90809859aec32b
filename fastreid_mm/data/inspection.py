"""Inspection of a whole data set before training: files that cannot be read, and differences from its publication."""

import os
from collections import defaultdict
from collections.abc import Iterator

from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.common.data_root import data_root
from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import LeftOut, Note, images_below
from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_and_judge
from fastreid_mm.data.build import build_dataset
from fastreid_mm.data.datasets import AlignedDataset, Table
from fastreid_mm.data.datasets.published_counts import PUBLISHED, count
from fastreid_mm.data.items import as_items, query_and_gallery


def inspect(cfg: CfgNode) -> Iterator[tuple[str, dict[str, int], list[str], list[str]]]:
    """Build the sets of ``DATASETS.NAMES`` and ``TESTS``, and list their problems and the images to be read.

    Yields:
        The name of a set, its counts, its problems and notes so far, a line each, and the paths of all its images.
    """
    for name in dict.fromkeys([*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS]):
        try:
            dataset = build_dataset(cfg, name)
        except InputError as error:
            yield name, {}, [str(error)], _images_below(name, str(error))
            continue
        published = {} if cfg.DATASETS.SYSU.SPLIT == "val" and name == "SYSUMM01" else PUBLISHED.get(name, {})
        counts = count(dataset)
        items = [*as_items(dataset.train), *query_and_gallery(dataset)]
        paths = sorted({path for item in items for path in item.files})
        lines = [
            *_other_counts(counts, published),
            *_single(dataset, cfg.DATALOADER.NUM_INSTANCE),
            *_trained_and_tested(dataset),
            *_left_out(getattr(dataset, "left_out", LeftOut())),
        ]
        yield name, counts, lines, paths


def look_at(path: str, pixels: PixelRule = DEFAULT_RULE) -> str:
    """Read an image by a rule and describe what is wrong with it or its grey levels; empty if nothing is."""
    try:
        return read_and_judge(path, pixels)[1]
    except InputError as error:
        return f"{error}; take the file from the original archive again"


def _other_counts(counts: dict[str, int], published: dict[str, int]) -> list[Note]:
    return [
        Note(f"{counts[what]:,} {what}, published are {number:,}; numbers on this copy are not those of papers")
        for what, number in published.items()
        if counts[what] != number
    ]


def _trained_and_tested(dataset: ImageDataset) -> list[Note]:
    """Note identities of an aligned set or a table for both training and testing.

    RegDB and LLCM number the identities of both from 0, and SYSU-MM01 refuses such identities.
    """
    if not isinstance(dataset, AlignedDataset | Table):
        return []
    both = sorted({item.pid for item in as_items(dataset.train)} & {item.pid for item in query_and_gallery(dataset)})
    note = f"{len(both)} identities are trained on and tested: {listed(both, 5, ', ')}; numbers mean little if they are"
    return [Note(f"{note} the same people or vehicles")] if both else []


def _left_out(left_out: LeftOut) -> list[str]:
    """List the files and folders left out, and the number of ignored files of operating systems."""
    ignored = f"files of operating systems and editors that are ignored, such as Thumbs.db: {left_out.droppings}"
    return [*left_out.found, *([Note(ignored)] if left_out.droppings else [])]


def _single(dataset: ImageDataset, instances: int) -> list[str]:
    """List training identities with a single image, whose image has no other to be compared with.

    With several images of an identity in a batch, each modality is counted by itself.
    """
    images = defaultdict(list)
    words: dict[int | None, str] = {VISIBLE: " visible", INFRARED: " infrared"} if instances > 1 else {}
    for item in as_items(dataset.train):
        images[words.get(item.modality, ""), item.pid].append(item.img_path)
    problems = []
    for word in sorted({word for word, _ in images}):
        alone = [
            f"{pid}: {paths[0]}" for (kind, pid), paths in sorted(images.items()) if kind == word and len(paths) == 1
        ]
        if alone:
            problems.append(
                f"{len(alone)} training identities with a single{word} image ({listed(alone, 5, ', ')}); leave them out"
            )
    return problems


def _images_below(name: str, problem: str) -> list[str]:
    """List the images in the folder of a set that cannot be built, without those that the problem names."""
    folder = getattr(DATASET_REGISTRY._obj_map.get(name), "dataset_dir", "")
    if not folder:
        return []
    root = os.path.join(data_root(), folder)
    paths = images_below(root, LeftOut()) if os.path.isdir(root) else []
    return [path for path in paths if path not in problem]
