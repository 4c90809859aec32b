"""Checks of ``OUTPUT_DIR``, so that no other training's checkpoints and results are overwritten by mistake."""

import os
from pathlib import Path

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.used_folder import LAST, files_in, refuse_used

LAST_TEST = "last_test"
"""Name of the file that holds the iteration of the last test."""
TRACES = (LAST, "model_*.pth", "results.json")
"""Patterns of files that show that a training has begun."""
WRITTEN = (
    *TRACES,
    *(LAST_TEST, "averaged.pth", "metrics.json", "events.out.tfevents.*", "wandb_run", "references.json", "run.json"),
    *("eval_results.json", "eval_run.json", "*query_scores.npz", "ranked_lists_*.png", "not_finite_*.pth"),
)
"""Patterns of all files of a run that could be mistaken for another's. ``log.txt`` is continued, ``config.yaml``
replaced."""


def clear_output_dir(folder: str, needed: str = "") -> None:
    """Delete the files of an earlier run from the folder of a new one, with no file open yet; others stay.

    Raises:
        InputError: the needed file would be deleted.
    """
    files = files_in(folder, (*WRITTEN, *(f"{pattern}.part" for pattern in WRITTEN)))
    if needed and os.path.realpath(needed) in map(os.path.realpath, files):
        raise InputError(f"--overwrite would delete MODEL.WEIGHTS {needed}: copy it to another folder first")
    for path in files:
        path.unlink()


def refuse_used_output_dir(folder: str, resume: bool = False) -> None:
    """Refuse a folder with a training in it, with ``resume`` because that has no usable checkpoint.

    Raises:
        InputError: names the folder and the files in it.
    """
    names = [path.name for path in files_in(folder, TRACES)]
    resuming = "none of its checkpoints can be resumed" if resume else "--resume goes on with it"
    refuse_used(f"OUTPUT_DIR {folder} has a training in it", names, "OUTPUT_DIR", resuming)


def has_checkpoint(folder: str) -> bool:
    """Tell whether a training has saved a checkpoint in a folder."""
    return Path(folder, LAST).is_file()
