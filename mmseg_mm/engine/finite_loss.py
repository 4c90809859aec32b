"""The stop of a training whose loss is not finite, before anything of it is saved."""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.dist import get_rank
from mmengine.runner import Runner
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.whole_file import write_whole


def require_finite_loss(runner: Runner, batch: Mapping, losses: Mapping[str, Tensor]) -> None:
    """Stop if a loss is infinite or not a number, and keep the batch as plain data in the work folder.

    Args:
        runner: The runner, after an iteration.
        batch: What the loader gave: ``inputs`` and ``data_samples``.
        losses: What the model's ``train_step`` returned.

    Raises:
        InputError: A loss is not finite. It names the loss, the iteration and the file.
    """
    values = {name: float(value.detach()) for name, value in losses.items()}
    wrong = ", ".join(f"{name} is {value}" for name, value in values.items() if not math.isfinite(value))
    if not wrong:
        return
    path = str(Path(runner.work_dir) / f"not_finite_{runner.iter:07d}_{get_rank()}.pth")
    samples = batch["data_samples"]
    content = {
        "inputs": batch["inputs"],
        "masks": [sample.gt_sem_seg.data for sample in samples],
        "img_path": [sample.img_path for sample in samples],
        "iteration": runner.iter,
        "losses": values,
    }
    write_whole(path, lambda part: torch.save(content, part))
    raise InputError(f"{wrong} at iteration {runner.iter}: its batch is in {path}")
