"""Transforms for an image with a depth map and a saliency mask."""

from mmseg_mm.datasets.transforms.load_depth import LoadDepthFromFile
from mmseg_mm.datasets.transforms.load_mask import LoadSODMask
from mmseg_mm.datasets.transforms.random_border_crop import RandomBorderCrop
from mmseg_mm.datasets.transforms.stack_depth import StackDepth

__all__ = ["LoadDepthFromFile", "LoadSODMask", "RandomBorderCrop", "StackDepth"]
