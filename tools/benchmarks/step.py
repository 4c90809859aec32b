#!/usr/bin/env python
"""Time training steps of a config at its image and batch size, on random images, and measure the peak memory.

python tools/benchmarks/step.py --config-file configs/SYSU/cmt.yml [--steps 2] [KEY VALUE ...]
"""

import argparse
import resource
import time
from collections.abc import Iterator, Sequence

import torch
from fastreid.modeling import build_model
from yacs.config import CfgNode

import fastreid_mm.methods  # noqa: F401  registers the architectures
from fastreid_mm.common.batch_layout import move_batch
from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.engine.step import TrainingStep, training_precision
from fastreid_mm.settings.load import load_config

IDENTITIES = 395  # number of identities in SYSU-MM01's training set


class RandomBatches:
    """Equal batches of noise, any number of them, laid out as the sampler does."""

    def __init__(self, cfg: CfgNode) -> None:
        half = torch.arange(cfg.SOLVER.IMS_PER_BATCH // 2) // cfg.DATALOADER.NUM_INSTANCE
        images = torch.rand(2 * len(half), 3, *cfg.INPUT.SIZE_TRAIN) * 255
        self.batch = {
            "images": images,
            "targets": half.repeat(2),
            "modalities": torch.arange(2).repeat_interleave(len(half)),
        }
        self.batch = move_batch(self.batch, cfg.MODEL.DEVICE)

    def set_epoch(self, epoch: int, done: int = 0) -> None:
        """Do nothing, since all epochs have the same batches."""

    def __iter__(self) -> Iterator[dict]:
        while True:
            yield self.batch


def peak_memory() -> float:
    """Return the peak memory in GiB, of the GPU if there is one, else of the process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(arguments: Sequence[str] | None = None) -> None:
    """Time the steps, and print the losses, the time and the peak memory of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("opts", nargs=argparse.REMAINDER)
    args = parser.parse_args(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with one_line_errors():
        cfg = load_config(
            args.config_file,
            [
                "MODEL.BACKBONE.PRETRAIN",
                "False",
                "MODEL.HEADS.NUM_CLASSES",
                str(IDENTITIES),
                "MODEL.DEVICE",
                device,
                *args.opts,
            ],
        )
    model = build_model(cfg)
    step = TrainingStep(model.train(), RandomBatches(cfg), build_optimizer(cfg, model), training_precision(cfg))
    step.start_epoch(0)
    step.iter = 0
    step._write_metrics = lambda losses, data_time: print(
        ", ".join(f"{name} {value.item():.3f}" for name, value in losses.items())
    )
    for _ in range(args.steps):
        start = time.perf_counter()
        step.run_step()
        if device == "cuda":
            torch.cuda.synchronize()
        print(
            f"step of {cfg.SOLVER.IMS_PER_BATCH} images of {cfg.INPUT.SIZE_TRAIN} on {device}: "
            f"{time.perf_counter() - start:.2f} s, peak memory {peak_memory():.1f} GiB",
            flush=True,
        )


if __name__ == "__main__":
    main()
