"""Stop of a training whose loss is not finite, after its batch was saved."""

import math
import os
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from fastreid_mm.common.batch_layout import LAYOUT
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.whole_file import write_whole


class NotFiniteError(InputError, FloatingPointError):
    """Error of a loss that is infinite or not a number."""


def require_finite(
    total: Tensor, losses: Mapping[str, Tensor], batch: Callable[[], Mapping], folder: str, iteration: int, rank: int
) -> None:
    """Stop if the sum of losses is infinite or not a number, and save its batch as plain data.

    Args:
        total, losses: the sum, and the losses by name.
        batch: returns the entries of the batch to be saved, beside the losses, in ``folder``.
        folder: the folder of the file.
        iteration, rank: the number of finished iterations, and the number of this process.

    Raises:
        NotFiniteError: names the losses that are not finite, the iteration and the file.
    """
    if torch.isfinite(total):
        return
    values = {name: value.item() for name, value in losses.items()}
    wrong = ", ".join(f"{name} is {value}" for name, value in values.items() if not math.isfinite(value))
    path = os.path.join(folder, f"not_finite_{iteration:07d}_{rank}.pth")
    plain = {key: value for key, value in batch().items() if key != LAYOUT}  # it can be read from the labels
    kept = {key: value.cpu() if isinstance(value, Tensor) else value for key, value in plain.items()}
    content = {**kept, "iteration": iteration, "losses": values}
    write_whole(path, lambda part: torch.save(content, part))
    reason = wrong or "the sum of losses is not finite"
    raise NotFiniteError(f"{reason} at iteration {iteration}: its batch is in {path}")
