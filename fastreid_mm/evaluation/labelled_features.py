"""Anybody's features with their labels, as NumPy's files, ranked by the protocols."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.errors import InputError
from fastreid_mm.evaluation.distances import pairwise_distance
from fastreid_mm.evaluation.llcm import TRIALS, drawn_columns
from fastreid_mm.evaluation.rank_metrics import rank_metrics
from fastreid_mm.evaluation.results import Metrics, Settings, mean_results
from fastreid_mm.evaluation.sysu_features import SysuFeatures, check_complete
from fastreid_mm.evaluation.sysu_mm01 import evaluate_sysu
from fastreid_mm.evaluation.sysu_splits import INFRARED_CAMERAS, VISIBLE_CAMERAS, Permutation

Arrays = Mapping[str, np.ndarray]

NEEDED = {
    "sysu": ("features", "ids", "cameras", "numbers"),
    "regdb": ("features", "ids"),
    "llcm": ("features", "ids", "cameras", "paths"),
    "market": ("features", "ids", "cameras"),
    "msvr310": ("features", "ids", "scenes"),
}
"""The arrays that each protocol goes by, a row or a value an image."""


def read_arrays(path: Path, names: Sequence[str]) -> Arrays:
    """Read arrays from an ``.npz`` file, or from a folder with an ``.npy`` file each.

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
            raise InputError(f"not a readable file: {path} ({error})") from None


def _load(path: Path, kind: type) -> Any:
    """What NumPy reads of a file without running anything that is in it."""
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    try:
        content = np.load(path, allow_pickle=False)
    except Exception as error:  # as above
        raise InputError(f"not a readable file: {path} ({error})") from None
    if not isinstance(content, kind):
        raise InputError(f"{path} must be an .npz file, or a folder of .npy files")
    return content


def evaluate_features(
    protocol: str, query: Arrays, gallery: Arrays, metric: str, permutation: Permutation | None = None
) -> Settings:
    """Rank as the protocol's evaluator does.

    Args:
        protocol: one of :data:`NEEDED`.
        query: the arrays of that protocol. The query is what the data set has as such: the infrared images of SYSU-MM01
            and LLCM, the visible ones of RegDB.
        gallery: likewise. Of LLCM and RegDB both are queries in their turn.
        metric: see :func:`pairwise_distance`.
        permutation: the official galleries of SYSU-MM01; without it they are drawn with seeds.

    Returns:
        Setting to metric to percent.

    Raises:
        InputError: arrays that do not go together.
    """
    asking, asked = (torch.from_numpy(side["features"]) for side in (query, gallery))
    if not asking.dtype == asked.dtype == torch.float64:
        asking, asked = asking.float(), asked.float()
    distance = pairwise_distance(asking, asked, metric)
    if protocol == "sysu":
        return _sysu(distance, query, gallery, permutation)
    if protocol in ("market", "msvr310"):
        place = "scenes" if protocol == "msvr310" else "cameras"
        labels = (query["ids"], gallery["ids"], query[place], gallery[place])
        return {"test": rank_metrics(distance, *labels, rule="market")}
    names, rank = {
        "regdb": (("visible_to_thermal", "thermal_to_visible"), _regdb),
        "llcm": (("infrared_to_visible", "visible_to_infrared"), _llcm),
    }[protocol]
    back = pairwise_distance(asked, asking, metric)
    return {names[0]: rank(distance, query, gallery), names[1]: rank(back, gallery, query)}


def _sysu(distance: Tensor, query: Arrays, gallery: Arrays, permutation: Permutation | None) -> Settings:
    labels = (query["ids"], query["cameras"], gallery["ids"], gallery["cameras"], gallery["numbers"])
    if permutation is not None:
        ids = np.union1d(query["ids"], gallery["ids"]).tolist()
        for side, cameras in ((query, INFRARED_CAMERAS), (gallery, VISIBLE_CAMERAS)):
            check_complete(SysuFeatures(*(side[name] for name in NEEDED["sysu"])), permutation, ids, cameras)
    return evaluate_sysu(distance, *labels, permutation)


def _regdb(distance: Tensor, query: Arrays, gallery: Arrays) -> Metrics:
    nowhere = np.zeros(len(query["ids"])), np.zeros(len(gallery["ids"]))
    return rank_metrics(distance, query["ids"], gallery["ids"], *nowhere, rule="none", ranks=(1, 10, 20))


def _llcm(distance: Tensor, query: Arrays, gallery: Arrays) -> Metrics:
    labels = (query["ids"], gallery["ids"], query["cameras"], gallery["cameras"])
    by_name = np.argsort(gallery["paths"], kind="stable")
    found = []
    for trial in range(TRIALS):
        columns = by_name[drawn_columns(gallery["ids"][by_name], gallery["cameras"][by_name], trial)]
        found.append(rank_metrics(distance, *labels, "market", True, (1, 10, 20), columns=columns))
    return mean_results([{"": {"": metrics}} for metrics in found])[0][""][""]
