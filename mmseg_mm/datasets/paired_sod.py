"""Salient object detection data of images with a second modality and masks, in folders that are paired by name."""

import logging
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.image_files import image_remark, look_at_mask, require_image
from fastreid_mm.saliency.load_second import SecondLoader
from fastreid_mm.saliency.paired_folders import PairedFolders
from mmseg_mm.datasets.depth_direction import evenly_spread


class PairedSODDataset(BaseSegDataset):
    """Images with a second modality and saliency masks, of one data set or of several joined ones.

    The files of a sample share their name up to the suffix. Folders, pairs, sizes and numbers are checked when the data
    set is built.

    Args:
        name: the name of the data set in tables; by default the last folder of ``data_root``.
        data_root: the folder that contains ``data_prefix``, ``ann_file`` and the roots of ``sets``.
        data_prefix: the folders by the keys ``img_path``, that of the second modality and ``seg_map_path``, by default
            those of the data sets' own layout. ``seg_map_path`` may be left out in testing.
        ann_file: a file that lists a part of the data set, a name or path on each line. By default all of it is used.
        num_samples: the number of samples that the data set must have, as 1485 for the training part of NJU2K.
        img_suffix, seg_map_suffix: the end of the file names, ignoring case, as ``"_Depth.bmp"`` or ``"-gt"``, or None
            for any image.
        resize: whether second modalities and masks of another size than their image are resized to it. Otherwise they
            are refused.
        sets: several data sets to join, each a dict of the arguments above, by which missing ones are filled in. Only
            ``data_root`` differs: it is relative to the one above, and ``name`` by default.
        max_pixels: the largest number of pixels of a file, checked in its header when the data set is built.
        of_set: the further arguments of a set that the subclass has, by name.
        kwargs: further arguments of mmsegmentation's ``BaseSegDataset``, as ``pipeline``, ``test_mode`` or ``indices``.

    Attributes:
        left_out: the files in the folders of each set that belong to no sample; the log says how many.

    Raises:
        InputError: a key or a path is wrong, a file has no counterpart, sizes differ or a number does not fit.
    """

    METAINFO = {"classes": ("background", "salient"), "palette": [[0, 0, 0], [255, 255, 255]]}
    folders: ClassVar[Mapping[str, str]]
    """Folders of the data sets' own layout, by key."""
    modality: ClassVar[str]
    """Second modality, which begins its keys: ``depth_path`` and ``depth_suffix``."""

    def __init__(
        self,
        name: str | None = None,
        data_root: str = "",
        data_prefix: Mapping[str, str] | None = None,
        ann_file: str = "",
        num_samples: int | None = None,
        img_suffix: str | None = None,
        seg_map_suffix: str | None = None,
        resize: bool = False,
        sets: Sequence[Mapping] = (),
        max_pixels: int = MAX_PIXELS,
        of_set: Mapping[str, object] | None = None,
        **kwargs: object,
    ) -> None:
        self.max_pixels = max_pixels
        common = {
            "name": name or Path(data_root).name,
            "data_root": "",
            "data_prefix": self.folders if data_prefix is None else data_prefix,
            "ann_file": ann_file,
            "num_samples": num_samples,
            "img_suffix": img_suffix,
            "seg_map_suffix": seg_map_suffix,
            "resize": resize,
            **(of_set or {}),
        }
        self.left_out: dict[str, LeftOut] = {}
        self.sets = [_completed(common, one) for one in sets] or [common]
        super().__init__(data_root=data_root, data_prefix={}, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return the samples of all sets.

        A sample has its paths, ``dataset_name``, what :meth:`facts_of_set` says, and mmsegmentation's own keys.
        """
        samples = [sample for one in self.sets for sample in self.load_set(one)]
        for name, left_out in self.left_out.items():
            if left_out.found:
                print_log(f"{name}: {left_out}", "current", logging.WARNING)
            if left_out.droppings:
                print_log(f"{name}: {left_out.droppings} files of operating systems are ignored", "current")
        return samples

    def load_set(self, one: Mapping, sized: bool = True) -> list[dict]:
        """Return the samples of one of ``sets``, and check that the sizes of their files agree if ``sized``."""
        root = Path(self.data_root or "", one["data_root"])
        folders = self._folders(one, root)
        suffixes = {key: one[key.removesuffix("_path") + "_suffix"] for key in self.folders}
        ann_file = str(root / one["ann_file"]) if one["ann_file"] else ""
        paired = PairedFolders(one["name"], folders, suffixes, ann_file, one["num_samples"], self.max_pixels)
        self.left_out[one["name"]] = paired.left_out
        common = {"dataset_name": one["name"], "label_map": None, "reduce_zero_label": False}
        common |= {"max_pixels": self.max_pixels, **({"resize": True} if one["resize"] else {})}
        pairs = paired.samples() if sized and not one["resize"] else paired.pairs()
        samples = [{**paths, **common, "seg_fields": []} for paths in pairs]
        facts = self.facts_of_set(one, samples)
        return [{**sample, **facts} for sample in samples]

    def facts_of_set(self, one: Mapping, samples: Sequence[dict]) -> dict[str, object]:
        """Return what all samples of one of ``sets`` have besides their paths."""
        return {}

    def _folders(self, one: Mapping, root: Path) -> dict[str, str]:
        """Return the path of every folder of a data set by its key."""
        prefix = one["data_prefix"]
        needed = set(self.folders) - ({"seg_map_path"} if self.test_mode else set())
        wrong = sorted(needed - set(prefix)) + sorted(set(prefix) - set(self.folders))
        if wrong:
            raise InputError(f"data_prefix of {one['name']} is {dict(prefix)}: {wrong[0]!r} is missing or unknown")
        return {key: str(root / folder) for key, folder in prefix.items()}

    @property
    def loader(self) -> SecondLoader | None:
        """The loader of the second modality in the pipeline, if there is one."""
        return next((step for step in self.pipeline.transforms if isinstance(step, SecondLoader)), None)

    def prepare_data(self, idx: int) -> Any:
        """Load and transform a sample.

        Raises:
            InputError: the image cannot be read.
        """
        try:
            return super().prepare_data(idx)
        except InputError:
            raise
        except Exception:
            require_image(self.get_data_info(idx)["img_path"], self.max_pixels)
            raise

    def full_init(self) -> None:
        """Load the samples once, and check the values of some files.

        Raises:
            InputError: ``indices`` leaves no sample; and see the class.
        """
        if not self._fully_initialized:
            indices = self._indices
            if indices is not None and not (indices if isinstance(indices, int) else len(indices)):
                raise InputError(f"indices={indices} leaves no sample")
            super().full_init()
            samples = [self.get_data_info(i) for i in range(len(self))]
            for name, members in groupby(samples, key=lambda sample: sample["dataset_name"]):
                self.warn_of_set(name, list(members))

    def warn_of_set(self, name: str, samples: Sequence[dict]) -> None:
        """Warn of images of a set that lose grey levels, and of odd masks, once and not in each worker."""
        chosen = evenly_spread(samples)
        masks = [each["seg_map_path"] for each in chosen if "seg_map_path" in each]
        remarks = {
            "images": [image_remark(each["img_path"], self.max_pixels) for each in chosen],
            "masks": [look_at_mask(path, None, self.max_pixels)[1] for path in masks],
        }
        for kind, lines in remarks.items():
            if odd := [line for line in lines if line]:
                checked = f"{len(odd)} of {len(lines)} {kind} of {name} that were looked at"
                print_log(f"{checked} are odd: {listed(odd, 3)}", "current", level=logging.WARNING)


def _completed(common: Mapping, one: Mapping) -> dict:
    """Return the arguments of one data set, with the common ones as defaults."""
    unknown = set(one) - set(common)
    if unknown or "name" not in one:
        problem = f"unknown key {min(unknown)!r}" if unknown else "no name"
        raise InputError(f"{problem} in {dict(one)} of sets; keys are {', '.join(sorted(common))}")
    return {**common, "data_root": one["name"], **one}
