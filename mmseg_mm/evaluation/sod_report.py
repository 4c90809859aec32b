"""What an evaluation leaves: a table in the log, numbers and curves in files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mmseg_mm.evaluation.saliency_scores import Scores, mean_curves

RESULTS, CURVES, IMAGES = "sod_results.json", "sod_curves.npz", "sod_images.json"


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """One line for each data set, four digits."""
    names = list(next(iter(rows.values())))
    width = max(map(len, ("data set", *rows)))
    lines = [f"{'data set':{width}}" + "".join(f"{name:>8}" for name in names)]
    lines += [f"{key:{width}}" + "".join(f"{row[name]:8.4f}" for name in names) for key, row in rows.items()]
    return "\n".join(lines)


def save_report(
    folder: Path, rows: Mapping[str, Mapping[str, float]], scores: Mapping[str, Sequence[Scores]]
) -> None:
    """Write the table as JSON, and each set's mean curves as ``SET/precision``, ``recall``, ``fm`` and ``em``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).write_text(json.dumps(rows, indent=1) + "\n")
    curves = {f"{name}/{curve}": values for name, members in scores.items()
              for curve, values in mean_curves(members).items()}
    np.savez_compressed(folder / CURVES, **curves)


def save_images(folder: Path, images: Mapping[str, Mapping[str, float]]) -> None:
    """Write every image's own numbers, by its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IMAGES).write_text(json.dumps(images, indent=1) + "\n")
