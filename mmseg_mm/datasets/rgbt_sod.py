"""RGB-T salient object detection data: VT5000, VT1000, VT821 and data sets with the same layout."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.logging import print_log
from mmseg.registry import DATASETS

from fastreid_mm.common.grey_range import set_range
from fastreid_mm.saliency.load_thermal import ThermalLoader, require_range
from mmseg_mm.datasets.depth_direction import evenly_spread
from mmseg_mm.datasets.paired_sod import PairedSODDataset


@DATASETS.register_module()
class RGBTSODDataset(PairedSODDataset):
    """Images with thermal images and saliency masks, see :class:`PairedSODDataset` for the other arguments.

    The default layout is that of VT5000, VT1000 and VT821: ``RGB``, ``T`` and ``GT``, with the key ``thermal_path`` in
    ``data_prefix``.

    Args:
        thermal_range: the values of thermal images of more than 8 bits that become black and white, two numbers. If it
            is None, the ``value_range`` of :class:`LoadThermalFromFile` holds; where that is "set", the range is
            measured over evenly spread images of each set when the data set is built, and told.
        thermal_suffix: as ``img_suffix``.
        kwargs: the arguments of :class:`PairedSODDataset`.

    Raises:
        InputError: a range is none; or see :class:`PairedSODDataset`.
    """

    folders = {"img_path": "RGB", "thermal_path": "T", "seg_map_path": "GT"}
    modality = "thermal"

    def __init__(
        self, thermal_range: Sequence[float] | None = None, thermal_suffix: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(of_set={"thermal_range": thermal_range, "thermal_suffix": thermal_suffix}, **kwargs)

    def facts_of_set(self, one: Mapping, samples: Sequence[dict]) -> dict[str, object]:
        """Return the range of the thermal images of one of ``sets``, if it is given or to be measured."""
        found, loader = one["thermal_range"], self.loader
        if found is not None:
            require_range("thermal_range", found)
            return {"thermal_range": tuple(found)}
        if not isinstance(loader, ThermalLoader) or loader.value_range != "set":
            return {}
        values = [loader.deep_values(sample) for sample in evenly_spread(samples)]
        measured = set_range((one for one in values if one is not None), loader.percentiles)
        if measured is None:
            return {}
        print_log(
            f"{one['name']}: thermal values {measured[0]:g} .. {measured[1]:g} become black .. white; "
            f"thermal_range={measured} keeps this range",
            "current",
        )
        return {"thermal_range": measured}
