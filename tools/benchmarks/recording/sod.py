"""Networks of mmsegmentation's configs for salient objects, at a reduced size."""

import logging

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from recording.record import Network

SIDE, IMAGES = 96, 4
SMALL = {
    "model.backbone": {"depth": 18, "stem_channels": 16, "base_channels": 16, "init_cfg": None},
    "model.decode_head": {
        "in_channels": (16, 32, 64, 128),
        "input_size": (SIDE, SIDE),
        "patch_size": 3,
        "patch_strides": (2, 1, 1, 1),
    },
}
"""Values that make a network small."""


def build(path: str) -> Network:
    """Build a config's network and optimiser, and a batch of noise with a square to find."""
    config = Config.fromfile(path)  # configs are programs of this project
    config.merge_from_dict(SMALL)
    init_default_scope(config.default_scope)
    model = MODELS.build(config.model)
    channels = 3 + len(model.data_preprocessor.second)
    images = torch.rand(IMAGES, channels, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 255
    sizes = {"img_shape": (SIDE, SIDE), "ori_shape": (SIDE, SIDE), "pad_shape": (SIDE, SIDE)}
    samples = [SegDataSample(metainfo=sizes, gt_sem_seg=PixelData(data=_square(place))) for place in range(IMAGES)]

    def losses() -> dict[str, torch.Tensor]:
        data = model.data_preprocessor({"inputs": list(images), "data_samples": samples}, training=True)
        losses = model(**data, mode="loss")
        return {name: value for name, value in losses.items() if "loss" in name}

    def feature() -> torch.Tensor:
        data = model.data_preprocessor({"inputs": list(images), "data_samples": samples}, training=False)
        return torch.stack([sample.seg_logits.data for sample in model(**data, mode="predict")])

    logging.disable(logging.INFO)  # mmengine logs every parameter's learning rate
    optimizer = build_optim_wrapper(model, config.optim_wrapper).optimizer
    logging.disable(logging.NOTSET)
    return Network(model, optimizer, losses, feature)


def _square(place: int) -> torch.Tensor:
    mask = torch.zeros(1, SIDE, SIDE, dtype=torch.long)
    mask[:, 8 * place : 8 * place + 40, 20:70] = 1
    return mask
