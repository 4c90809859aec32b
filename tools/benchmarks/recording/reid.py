"""Networks of fast-reid's configs, at a reduced size."""

import torch
from fastreid.modeling import build_model
from yacs.config import CfgNode

from fastreid_mm.engine import MMTrainer
from fastreid_mm.settings.load import load_config
from recording.record import Network

IDENTITIES = 4
LONG, SHORT = 192, 96
"""Sides of images; twelve rows of maps, for methods that cut them into four or six parts."""
BACKBONES = {
    "build_timm_vit_backbone": {
        "MODEL.BACKBONE.VIT.PATCH_SIZE": 16,
        "MODEL.BACKBONE.STRIDE_SIZE": "(12, 12)",
        "MODEL.BACKBONE.VIT.EMBED_DIM": 48,
        "MODEL.BACKBONE.VIT.DEPTH": 2,
        "MODEL.BACKBONE.VIT.NUM_HEADS": 4,
    },
    "build_two_stream_resnet_backbone": {"MODEL.BACKBONE.RESNET.NAME": "test_resnet"},
    "build_multi_stream_resnet_backbone": {"MODEL.BACKBONE.RESNET.NAME": "test_resnet"},
}
"""Keys that make a backbone small."""


def build(path: str) -> Network:
    """Build a config's network and optimiser, and a batch of noise that is laid out as its sampler does."""
    shipped = load_config(path, [])
    height, width = shipped.INPUT.SIZE_TRAIN
    sides = [LONG, SHORT] if height > width else [SHORT, LONG]
    aligned = bool(shipped.DATASETS.ALIGNED.MODALITIES)
    small = {
        **BACKBONES[shipped.MODEL.BACKBONE.NAME],
        "MODEL.DEVICE": "cpu",
        "MODEL.BACKBONE.PRETRAIN": False,
        "MODEL.HEADS.NUM_CLASSES": IDENTITIES + 1,
        "INPUT.SIZE_TRAIN": sides,
        "INPUT.SIZE_TEST": sides,
        "SOLVER.IMS_PER_BATCH": IDENTITIES * shipped.DATALOADER.NUM_INSTANCE * (1 if aligned else 2),
    }
    cfg = load_config(path, [str(word) for pair in small.items() for word in pair])
    model = build_model(cfg)
    if hasattr(model, "set_training_length"):
        model.set_training_length(10)
    batch = batch_of(cfg)
    return Network(model, MMTrainer.build_optimizer(cfg, model), lambda: model(batch), lambda: model(batch))


def batch_of(cfg: CfgNode) -> dict:
    """Make a batch of samples with images of all modalities, or of visible images and then infrared ones."""
    targets, size = torch.arange(IDENTITIES).repeat_interleave(cfg.DATALOADER.NUM_INSTANCE), cfg.INPUT.SIZE_TRAIN
    if cfg.DATASETS.ALIGNED.MODALITIES:
        return _batch(targets, (len(cfg.DATASETS.ALIGNED.MODALITIES), 3, *size))
    return _batch(targets.repeat(2), (3, *size)) | {"modalities": torch.arange(2).repeat_interleave(len(targets))}


def _batch(targets: torch.Tensor, shape: tuple[int, ...]) -> dict:
    images = torch.rand(len(targets), *shape, generator=torch.Generator().manual_seed(0)) * 255
    return {"images": images, "targets": targets, "camids": torch.zeros(len(targets), dtype=torch.long)}
