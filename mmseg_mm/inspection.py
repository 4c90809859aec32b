"""Check of whole RGB-D and RGB-T saliency sets before training: files that cannot be read, and odd values."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
from mmseg.registry import DATASETS, TRANSFORMS

import mmseg_mm  # noqa: F401  registers
from fastreid_mm.common.errors import InputError, first_line, listed
from fastreid_mm.common.image_files import LeftOut, Note
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.image_files import image_remark, image_size, look_at_mask, require_image
from fastreid_mm.saliency.load_depth import DIRECTIONS, DepthLoader
from fastreid_mm.saliency.load_second import SecondLoader
from fastreid_mm.saliency.mask_values import MOSTLY_OBJECT, mostly_object
from mmseg_mm.datasets.depth_direction import SUSPICIOUS, evenly_spread, farther_than_surroundings
from mmseg_mm.datasets.paired_sod import PairedSODDataset
from mmseg_mm.datasets.wrappers import innermost_dataset
from mmseg_mm.load_config import load_config
from mmseg_mm.second_modality import loading_step

PARTS = ("train_dataloader", "val_dataloader", "test_dataloader")
FILES = ("img_path", "depth_path", "thermal_path", "seg_map_path")
AGAIN = "take the file from the original archive again"


def inspect(path: str) -> Iterator[tuple[str, dict[str, int], list[str], Sequence[Mapping]]]:
    """List the samples of every data set of a config, with the problems found without reading the files.

    Yields:
        The name of a set, the number of its samples, its problems so far, a line each, and its samples.

    Raises:
        InputError: the config cannot be read, or has no data set.
    """
    config = load_config(path)
    seen: list[Mapping] = []
    for part in PARTS:
        options = dict(innermost_dataset(config.get(part) or {}))
        if options and options not in seen:
            seen.append(options)
            yield from _sets(part, options)
    if not seen:
        raise InputError(f"config {path} has no data set: it has none of {', '.join(PARTS)}")


def _sets(part: str, options: dict) -> Iterator[tuple[str, dict[str, int], list[str], Sequence[Mapping]]]:
    """Build a data set, and list the sets that are joined in it."""
    step = loading_step(options.get("pipeline", ())) or {"type": "DepthLoader"}
    try:
        second = TRANSFORMS.build(dict(step))
        dataset = DATASETS.build({**options, "pipeline": [second], "lazy_init": True})
    except (InputError, TypeError, KeyError) as error:  # TypeError and KeyError for unknown arguments and types.
        yield part, {}, [first_line(error)], []
        return
    try:
        dataset.full_init()
    except InputError:
        yield from _one_by_one(part, dataset, second)
        return
    samples = [{**dataset.get_data_info(index), "loader": second} for index in range(len(dataset))]
    for name, members in groupby(samples, key=lambda sample: sample["dataset_name"]):
        set_samples = list(members)
        problems = [*_left_out(dataset, name), *_doubts(set_samples, second)]
        yield f"{part} {name}", {"samples": len(set_samples)}, problems, set_samples


def _one_by_one(
    part: str, dataset: PairedSODDataset, second: SecondLoader
) -> Iterator[tuple[str, dict[str, int], list[str], Sequence[Mapping]]]:
    """List the sets of a data set that cannot be built, without reading the files, which :func:`look_at` does."""
    for one in dataset.sets:
        try:
            samples = [{**sample, "loader": second} for sample in dataset.load_set(one, sized=False)]
        except InputError as error:
            yield f"{part} {one['name']}", {}, [str(error), *_left_out(dataset, one["name"])], []
        else:
            problems = [*_left_out(dataset, one["name"]), *_doubts(samples, second)]
            yield f"{part} {one['name']}", {"samples": len(samples)}, problems, samples


def _left_out(dataset: PairedSODDataset, name: str) -> list[str]:
    """List the files in the folders of a set that belong to no sample."""
    left_out = dataset.left_out.get(name, LeftOut())
    ignored = f"{left_out.droppings} files of operating systems and editors are ignored, such as Thumbs.db"
    return [*left_out.found, *([Note(ignored)] if left_out.droppings else [])]


def _doubts(samples: Sequence[dict], second: SecondLoader) -> list[str]:
    """Return a line each if masks fill most of their pixels and if objects are farther than their surroundings."""
    masked = [sample for sample in samples if "seg_map_path" in sample]
    shares = {id(sample): share for sample in evenly_spread(masked) if (share := _object_share(sample, second)) >= 0}
    usable = [sample for sample in masked if id(sample) in shares]
    share = sum(shares.values()) / max(1, len(shares))
    doubts = [mostly_object(share)] if share > MOSTLY_OBJECT else []
    return doubts + (_inverted(usable, second) + _filled(usable, second) if isinstance(second, DepthLoader) else [])


def _inverted(usable: Sequence[dict], depth: DepthLoader) -> list[str]:
    """Return a line if most objects are farther away than their surroundings."""
    farther, checked = farther_than_surroundings(usable, lambda sample: depth.transform(dict(sample))["depth"])
    if not farther or len(farther) < SUSPICIOUS * checked:
        return []
    other = next(each for each in DIRECTIONS if each != usable[0].get("depth_direction", depth.direction))
    return [
        f"depth looks inverted in {len(farther)} of {checked} maps looked at ({listed(farther, 3, ', ')}); "
        f"depth_direction={other!r} inverts it"
    ]


def _filled(usable: Sequence[dict], depth: DepthLoader) -> list[str]:
    """Return a note if unmeasured pixels are filled."""
    shares = [depth.hole_share(sample) for sample in usable]
    if not any(shares):
        return []
    maps = f"{np.count_nonzero(shares)} of {len(shares)} depth maps looked at have unmeasured pixels"
    return [Note(f"{maps}, {np.mean(shares):.1%} in the mean, filled by fill={depth.fill!r}")]


def _object_share(sample: Mapping, second: SecondLoader) -> float:
    """Return the share of object pixels in a mask, -1 if the mask or its second modality cannot be used."""
    try:
        second.transform(dict(sample))
        return float(look_at_mask(sample["seg_map_path"], None, sample.get("max_pixels", MAX_PIXELS))[0].mean())
    except InputError:
        return -1


def look_at(sample: Mapping) -> str:
    """Return what is wrong with a sample's image, second modality or mask, or an empty text."""
    limit, remarks = sample.get("max_pixels", MAX_PIXELS), []
    try:
        for key in FILES:
            if key in sample:
                require_image(sample[key], limit)
        sizes = {key: "{} x {}".format(*image_size(sample[key], limit)) for key in FILES if key in sample}
        if len(set(sizes.values())) > 1 and not sample.get("resize"):
            return "unequal sizes: " + " / ".join(f"{sample[key]} {size}" for key, size in sizes.items())
        if "seg_map_path" in sample:
            remarks.append(look_at_mask(sample["seg_map_path"], None, limit)[1])
        remarks.append(image_remark(sample["img_path"], limit))
        remarks.append(sample["loader"].remark_of(sample))
    except InputError as error:
        return f"{error}; {AGAIN}"
    return "; ".join(filter(None, remarks))
