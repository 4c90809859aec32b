"""The demo's network for images of 64 x 64, without pretrained weights."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_mm  # noqa: F401

CONFIGS = Path(__file__).parent.parent.parent / "configs" / "SOD"
HEAD = {
    "input_size": (64, 64),
    "patch_size": 2,
    "patch_strides": (2, 1, 1, 1),
    "channels": 8,
    "fusion": {"num_heads": 2},
}


def small_config(**options: object) -> Config:
    """The demo's config with a smaller head and dotted options."""
    config = Config.fromfile(CONFIGS / "mutualformer_demo.py")
    config.merge_from_dict({"model.decode_head": HEAD, **options})
    return config


def build_model(config: Config | None = None, **options: object) -> torch.nn.Module:
    """A model whose weights depend on nothing but its shape."""
    init_default_scope("mmseg")
    torch.manual_seed(0)
    return MODELS.build((config or small_config(**options)).model)


def build_head(**options: object) -> torch.nn.Module:
    """Its head alone; options are the head's own."""
    return build_model(**{f"model.decode_head.{key}": value for key, value in options.items()}).decode_head


def samples(masks: torch.Tensor, **meta: object) -> list[SegDataSample]:
    """Data samples of (B, 1, H, W) masks."""
    shape = tuple(masks.shape[-2:])
    found = []
    for mask in masks:
        sample = SegDataSample(metainfo={"img_shape": shape, "ori_shape": shape, "pad_shape": shape, **meta})
        sample.gt_sem_seg = PixelData(data=mask)
        found.append(sample)
    return found


def squares(count: int = 2, size: int = 64) -> torch.Tensor:
    """(B, 1, H, W) masks with a square in each."""
    masks = torch.zeros(count, 1, size, size, dtype=torch.uint8)
    for index in range(count):
        masks[index, :, 8 + 8 * index : 40, 16:48] = 1
    return masks
