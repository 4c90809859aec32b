"""Transforms for an image with a second modality, depth or thermal, and a saliency mask."""

from mmseg_mm.datasets.transforms.load_mask import LoadSODMask
from mmseg_mm.datasets.transforms.load_second import LoadDepthFromFile, LoadThermalFromFile
from mmseg_mm.datasets.transforms.random_border_crop import RandomBorderCrop
from mmseg_mm.datasets.transforms.stack_second import StackDepth, StackThermal

__all__ = ["LoadDepthFromFile", "LoadSODMask", "LoadThermalFromFile", "RandomBorderCrop", "StackDepth", "StackThermal"]
