"""RGB-D and RGB-T saliency data sets and their transforms."""

from mmseg_mm.datasets.rgbd_sod import RGBDSODDataset
from mmseg_mm.datasets.rgbt_sod import RGBTSODDataset
from mmseg_mm.datasets.transforms import (
    LoadDepthFromFile,
    LoadSODMask,
    LoadThermalFromFile,
    RandomBorderCrop,
    StackDepth,
    StackThermal,
)
from mmseg_mm.datasets.wrappers import FiniteRepeatDataset

__all__ = [
    "FiniteRepeatDataset",
    "LoadDepthFromFile",
    "LoadSODMask",
    "LoadThermalFromFile",
    "RGBDSODDataset",
    "RGBTSODDataset",
    "RandomBorderCrop",
    "StackDepth",
    "StackThermal",
]
