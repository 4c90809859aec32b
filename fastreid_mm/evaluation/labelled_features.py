"""Anybody's features with their labels, as NumPy's files, ranked by the protocols."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.errors import InputError, first_line
from fastreid_mm.evaluation.distances import pairwise_distance
from fastreid_mm.evaluation.llcm import evaluate_llcm
from fastreid_mm.evaluation.market import evaluate_market
from fastreid_mm.evaluation.regdb import evaluate_regdb
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.side import Side

Arrays = Mapping[str, np.ndarray]

NEEDED = {
    "sysu": ("features", "ids", "cameras", "numbers"),
    "regdb": ("features", "ids"),
    "llcm": ("features", "ids", "cameras", "paths"),
    "market": ("features", "ids", "cameras"),
    "msvr310": ("features", "ids", "scenes"),
}
"""The arrays that each protocol goes by, a row or a value an image."""
EVALUATE = {"regdb": evaluate_regdb, "llcm": evaluate_llcm, "market": evaluate_market, "msvr310": evaluate_market}
"""Protocols of one kind of arguments; SYSU-MM01's is :func:`~fastreid_mm.evaluation.evaluate_sysu`."""


def read_arrays(path: Path, names: Sequence[str]) -> Arrays:
    """Read arrays from an ``.npz`` file, or from a folder with an ``.npy`` file each.

    Args:
        path: the file or the folder.
        names: of the arrays, "features" first.

    Returns:
        Name to array: (N, D) features, and (N,) of all others.

    Raises:
        InputError: a file or an array is missing, damaged, not finite, or of the wrong kind or length.
    """
    arrays = _of_folder(path, names) if path.is_dir() else _of_file(path, names)
    features = arrays["features"]
    if features.ndim != 2 or features.dtype.kind not in "fiu" or not len(features):
        raise InputError(f"features of {path} must be numbers (N, D), got {features.dtype} {features.shape}")
    if not np.isfinite(features).all():
        raise InputError(f"features of {path}: row {np.argwhere(~np.isfinite(features))[0, 0]} is not finite")
    for name in names[1:]:
        kind = "U" if name == "paths" else "iu"
        if arrays[name].shape != (len(features),) or arrays[name].dtype.kind not in kind:
            raise InputError(
                f"{name} of {path} must be {'text' if kind == 'U' else 'whole numbers'} ({len(features)},), "
                f"got {arrays[name].dtype} {arrays[name].shape}"
            )
    return arrays


def _of_folder(folder: Path, names: Sequence[str]) -> Arrays:
    return {name: _load(folder / f"{name}.npy", np.ndarray) for name in names}


def _of_file(path: Path, names: Sequence[str]) -> Arrays:
    with _load(path, np.lib.npyio.NpzFile) as content:
        missing = [name for name in names if name not in content]
        if missing:
            raise InputError(f"{path} has no {', '.join(missing)}, but {', '.join(content) or 'nothing'}")
        try:
            return {name: content[name] for name in names}
        except Exception as error:  # zipfile and NumPy raise many kinds for a damaged file
            raise InputError(f"not a readable file: {path} ({first_line(error)})") from None


def _load(path: Path, kind: type) -> Any:
    """What NumPy reads of a file without running anything that is in it."""
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    try:
        content = np.load(path, allow_pickle=False)
    except Exception as error:  # as above
        raise InputError(f"not a readable file: {path} ({first_line(error)})") from None
    if not isinstance(content, kind):
        raise InputError(f"{path} must be an .npz file, or a folder of .npy files")
    return content


def evaluate_features(protocol: str, query: Arrays, gallery: Arrays, metric: str) -> Settings:
    """Rank as the protocol's evaluator does.

    Args:
        protocol: one of :data:`EVALUATE`.
        query: the arrays of that protocol. The query is what the data set has as such: the infrared images of LLCM, the
            visible ones of RegDB.
        gallery: likewise. Of LLCM and RegDB both are queries in their turn.
        metric: see :func:`pairwise_distance`.

    Returns:
        Setting to metric to percent.

    Raises:
        InputError: arrays that do not go together.
    """
    features = [torch.from_numpy(side["features"]) for side in (query, gallery)]
    if any(each.dtype != torch.float64 for each in features):
        features = [each.float() for each in features]
    asking, asked = (_side(protocol, each, side) for each, side in zip(features, (query, gallery)))
    return EVALUATE[protocol](asking, asked, lambda query, gallery: pairwise_distance(query, gallery, metric))


def _side(protocol: str, features: Tensor, arrays: Arrays) -> Side:
    places = arrays.get("scenes" if protocol == "msvr310" else "cameras", np.zeros(len(features)))
    return Side(features, arrays["ids"], places, arrays.get("paths"))
