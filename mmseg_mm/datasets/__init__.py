"""RGB-D saliency data set and its transforms."""

from mmseg_mm.datasets.finite_repeat import FiniteRepeatDataset
from mmseg_mm.datasets.rgbd_sod import RGBDSODDataset
from mmseg_mm.datasets.transforms import LoadDepthFromFile, LoadSODMask, RandomBorderCrop, StackDepth

__all__ = [
    "FiniteRepeatDataset",
    "LoadDepthFromFile",
    "LoadSODMask",
    "RGBDSODDataset",
    "RandomBorderCrop",
    "StackDepth",
]
