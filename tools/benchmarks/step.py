#!/usr/bin/env python
"""Time training steps of a config at its image and batch size, on random images, and measure the peak memory.

python tools/benchmarks/step.py --config-file configs/SYSU/cmt.yml [--steps 2] [KEY VALUE ...]
"""

import argparse
from collections.abc import Iterator, Sequence

import torch
from fastreid.modeling import build_model
from yacs.config import CfgNode

import fastreid_mm.methods  # noqa: F401  registers the architectures
from fastreid_mm.common.batch_layout import move_batch
from fastreid_mm.common.costs import peak_memory, seconds_of
from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.engine.step import TrainingStep, training_precision
from fastreid_mm.settings.load import load_config

METHODS = {
    "AGW": "SYSU/agw.yml",
    "HCT": "SYSU/hct.yml",
    "CMT": "SYSU/cmt.yml",
    "MUN": "SYSU/mun.yml",
    "CMTR": "SYSU/cmtr.yml",
    "IEEE": "RGBNT201/ieee.yml",
    "MutualFormer": "RGBN300/mutualformer.yml",
    "HAMNet": "RGBN300/hamnet.yml",
}
"""The config of each method at the size of its paper."""
IDENTITIES = 395  # number of identities in SYSU-MM01's training set
TINY = (
    "INPUT.SIZE_TRAIN [32,16] INPUT.SIZE_TEST [32,16] SOLVER.IMS_PER_BATCH 8 DATALOADER.NUM_INSTANCE 2 "
    "TEST.IMS_PER_BATCH 8 MODEL.BACKBONE.RESNET.NAME test_resnet MODEL.BACKBONE.STRIDE_SIZE (4,4) "
    "MODEL.BACKBONE.VIT.PATCH_SIZE 8 MODEL.BACKBONE.VIT.EMBED_DIM 32 MODEL.BACKBONE.VIT.DEPTH 2 "
    "MODEL.BACKBONE.VIT.NUM_HEADS 2 MODEL.HEADS.PARTS 2 MODEL.HEADS.PART_DIM 16 MODEL.MUN.RATIOS [2,4] "
    "MODEL.IEEE.PARTS 2 MODEL.IEEE.REDUCED_DIM 24 MODEL.IEEE.PART_DIM 16 MODEL.MUTUALFORMER.DIM 16 "
    "MODEL.MUTUALFORMER.HEADS 4"
)
"""Options that make the network of any method small enough for a test."""


class RandomBatches:
    """Equal batches of noise, any number of them, laid out as the sampler of the config does."""

    def __init__(self, cfg: CfgNode) -> None:
        count, instances = cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE
        if cfg.DATALOADER.SAMPLER_TRAIN == "CrossModalityIdentitySampler":
            half = torch.arange(count // 2) // instances
            batch = {"targets": half.repeat(2), "modalities": torch.arange(2).repeat_interleave(len(half))}
            modalities = ()
        else:
            batch, modalities = {"targets": torch.arange(count) // instances}, (len(cfg.DATASETS.ALIGNED.MODALITIES),)
        batch["images"] = torch.rand(len(batch["targets"]), *modalities, 3, *cfg.INPUT.SIZE_TRAIN) * 255
        self.batch = move_batch(batch, cfg.MODEL.DEVICE)

    def set_epoch(self, epoch: int, done: int = 0) -> None:
        """Do nothing, since all epochs have the same batches."""

    def __iter__(self) -> Iterator[dict]:
        while True:
            yield self.batch


def config_of(file: str, device: str, *options: str) -> CfgNode:
    """Load a config for random weights on a device."""
    fixed = ("MODEL.BACKBONE.PRETRAIN", "False", "MODEL.HEADS.NUM_CLASSES", str(IDENTITIES), "MODEL.DEVICE", device)
    return load_config(file, [*fixed, *options])


def build_step(cfg: CfgNode, compiled: bool = False) -> TrainingStep:
    """Build a network with random weights, and the training step on noise, at the learning rate of the first one."""
    torch.manual_seed(0)
    model = build_model(cfg).train()
    model.set_training_length(1000)
    optimizer = build_optimizer(cfg, model)
    if cfg.SOLVER.WARMUP_ITERS:
        for group in optimizer.param_groups:
            group["lr"] *= cfg.SOLVER.WARMUP_FACTOR
    step = TrainingStep(model, RandomBatches(cfg), optimizer, training_precision(cfg), compiled=compiled)
    step._is_measured = True  # no warning that another precision is faster: that takes time, and is measured here
    step.start_epoch(0)
    return step


def main(arguments: Sequence[str] | None = None) -> None:
    """Time the steps, and print the losses, the time and the peak memory of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("opts", nargs=argparse.REMAINDER)
    args = parser.parse_args(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with one_line_errors():
        cfg = config_of(args.config_file, device, *args.opts)
        step = build_step(cfg)
    step._write_metrics = lambda losses, data_time: print(
        ", ".join(f"{name} {value.item():.3f}" for name, value in losses.items())
    )
    for _ in range(args.steps):
        print(
            f"step of {cfg.SOLVER.IMS_PER_BATCH} images of {cfg.INPUT.SIZE_TRAIN} on {device}: "
            f"{seconds_of(step.run_step):.2f} s, peak memory {peak_memory():.1f} GiB",
            flush=True,
        )


if __name__ == "__main__":
    main()
