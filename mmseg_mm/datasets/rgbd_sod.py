"""RGB-D salient object detection data: NJU2K, NLPR, DUT-RGBD, SIP, STEREO, LFSD and data sets with the same layout."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmseg.registry import DATASETS

from fastreid_mm.common.errors import listed, require_choice
from fastreid_mm.saliency.load_depth import DIRECTIONS, DepthLoader
from mmseg_mm.datasets.depth_direction import SUSPICIOUS, farther_than_surroundings
from mmseg_mm.datasets.paired_sod import PairedSODDataset


@DATASETS.register_module()
class RGBDSODDataset(PairedSODDataset):
    """Images with depth maps and saliency masks, see :class:`PairedSODDataset` for the other arguments.

    The default layout is D3Net's: ``RGB``, ``depth`` and ``GT``, with the key ``depth_path`` in ``data_prefix``. Where
    masks are given, it is also checked whether the salient objects are near, as they should be if the depth maps point
    the way the config says.

    Args:
        depth_direction: the direction of the depth maps, see :class:`LoadDepthFromFile`. If it is None, the
            ``direction`` of that transform holds.
        depth_suffix: as ``img_suffix``.
        kwargs: the arguments of :class:`PairedSODDataset`.

    Raises:
        InputError: see :class:`PairedSODDataset`.
    """

    folders = {"img_path": "RGB", "depth_path": "depth", "seg_map_path": "GT"}
    modality = "depth"

    def __init__(self, depth_direction: str | None = None, depth_suffix: str | None = None, **kwargs: Any) -> None:
        super().__init__(of_set={"depth_direction": depth_direction, "depth_suffix": depth_suffix}, **kwargs)

    def facts_of_set(self, one: Mapping, samples: Sequence[dict]) -> dict[str, object]:
        """Return the direction of depth of one of ``sets``, if it is given."""
        direction = one["depth_direction"]
        if direction is None:
            return {}
        require_choice("depth_direction", direction, DIRECTIONS)
        return {"depth_direction": direction}

    def warn_of_set(self, name: str, samples: Sequence[dict]) -> None:
        """Warn if the salient objects are mostly farther away than their surroundings, too."""
        super().warn_of_set(name, samples)
        loader = self.loader
        if not isinstance(loader, DepthLoader):
            return

        def depth(sample: dict) -> np.ndarray:
            return loader.transform(dict(sample))["depth"]

        masked = [sample for sample in samples if "seg_map_path" in sample]
        farther, checked = farther_than_surroundings(masked, depth)
        if farther and len(farther) >= SUSPICIOUS * checked:
            print_log(
                f"the depth of {name} looks inverted: the salient object is farther than its surroundings in "
                f"{len(farther)} of {checked} maps looked at ({listed(farther, separator=', ')}); direction or "
                "depth_direction says which way depth points",
                "current",
                level=logging.WARNING,
            )
