"""One folder, one training: another's checkpoints and results are not written over by mistake."""

import os
from pathlib import Path

from fastreid_mm.errors import InputError, listed

TRACES = ("last_checkpoint", "model_*.pth", "results.json")
"""What shows that a training has begun."""
LEFT = (*TRACES, "references.json", "run.json", "eval_results.json", "eval_run.json")
"""What must not be mixed with another training's, nor ``metrics.json``. The log and TensorBoard's events go on."""


def claim_output_dir(folder: str, overwrite: bool = False) -> None:
    """Make sure that a training that begins anew has its folder for itself.

    Args:
        folder: ``OUTPUT_DIR``.
        overwrite: whether to delete what an earlier training has left there.

    Raises:
        InputError: there is a training, and it is not to be deleted.
    """
    if not overwrite:
        refuse_used_output_dir(folder)
    for path in _found(folder, LEFT):
        path.unlink()
    metrics = Path(folder, "metrics.json")
    if metrics.is_file():
        os.truncate(metrics, 0)  # not deleted: the host's writer has it open by now, and appends


def refuse_used_output_dir(folder: str) -> None:
    """Refuse a folder with a training in it.

    Raises:
        InputError: names the folder, and what is there.
    """
    found = [path.name for path in _found(folder, TRACES)]
    if found:
        raise InputError(
            f"OUTPUT_DIR {folder} has a training in it ({listed(found, shown=3, separator=', ')}): --resume goes on "
            "with it, --overwrite deletes it, another OUTPUT_DIR leaves it alone"
        )


def has_checkpoint(folder: str) -> bool:
    """Whether a training has saved a checkpoint in a folder."""
    return Path(folder, "last_checkpoint").is_file()


def _found(folder: str, patterns: tuple[str, ...]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(Path(folder).glob(pattern))]
