"""Loading of an image's second modality, depth or thermal, in mmsegmentation's pipelines."""

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from fastreid_mm.saliency.load_depth import DepthLoader
from fastreid_mm.saliency.load_thermal import ThermalLoader


@TRANSFORMS.register_module()
class LoadDepthFromFile(DepthLoader, BaseTransform):
    """Transform that loads depth maps, see :class:`DepthLoader`."""


@TRANSFORMS.register_module()
class LoadThermalFromFile(ThermalLoader, BaseTransform):
    """Transform that loads thermal images, see :class:`ThermalLoader`."""
