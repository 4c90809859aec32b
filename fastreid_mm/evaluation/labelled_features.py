"""Features of any origin with their labels, in NumPy files, ranked by the protocols."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.warn_once import warn_once
from fastreid_mm.evaluation.benchmarks import BENCHMARKS
from fastreid_mm.evaluation.distances import pairwise_distance
from fastreid_mm.evaluation.hidden_images import JUNK, RULES
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.table import Table

Arrays = Mapping[str, np.ndarray]

NEEDED_BY_RULE = {rule: ("features", "ids", *Table(rule).goes_by) for rule in RULES}
"""Arrays that one ranking under each rule goes by, a row or a value for each image."""
NEEDED = {name: ("features", "ids", *protocol.goes_by) for name, protocol in BENCHMARKS.items()}
"""The arrays that each protocol goes by, a row or a value an image."""


def read_arrays(path: Path, names: Sequence[str]) -> Arrays:
    """Read arrays from an ``.npz`` file, or from a folder with an ``.npy`` file each.

    Args:
        path: the file or the folder.
        names: names of the arrays, "features" first.

    Returns:
        The arrays by name: (N, D) features, and (N,) of all others.

    Raises:
        InputError: a file or an array is missing, damaged, not finite, or of the wrong kind or length.
    """
    if path.is_dir():
        arrays: Arrays = {name: _load(path / f"{name}.npy", np.ndarray) for name in names}
    else:
        arrays = _of_file(path, names)
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
    """Load a file by NumPy without running any code in it."""
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    try:
        content = np.load(path, allow_pickle=False)
    except Exception as error:  # as above
        raise InputError(f"not a readable file: {path} ({first_line(error)})") from None
    if not isinstance(content, kind):
        raise InputError(f"{path} must be an .npz file, or a folder of .npy files")
    return content


def comparable(query: np.ndarray, gallery: np.ndarray) -> tuple[Tensor, Tensor]:
    """Turn two arrays into tensors of one type: float64 if one has more digits than float32, or else float32."""
    single = np.result_type(query.dtype, gallery.dtype, np.float32) == np.float32
    kind = np.float32 if single else np.float64
    return torch.from_numpy(query.astype(kind)), torch.from_numpy(gallery.astype(kind))


def evaluate_features(
    protocol: str,
    query: Arrays,
    gallery: Arrays,
    metric: str,
    ranks: Sequence[int] = (),
    distractors: Sequence[int] = (),
    rule: str = "",
) -> Settings:
    """Rank as the protocol's evaluator does.

    Args:
        protocol: one of :data:`NEEDED`.
        query: the arrays of that protocol. The query is what the data set has as such: the infrared images of LLCM, the
            visible ones of RegDB.
        gallery: likewise. Of LLCM and RegDB both are queries in their turn.
        metric: see :func:`pairwise_distance`.
        ranks: the k of each Rank-k; none for the protocol's own.
        distractors: identities that are wrong answers in the gallery and no queries, as Market-1501's 0; of a protocol
            whose queries are one side.
        rule: rule of one ranking that takes the place of a protocol, one of :data:`RULES`.

    Returns:
        The metrics in percent by setting.

    Raises:
        InputError: the arrays do not go together.
    """
    ids = query["ids"]
    if (rule or protocol) == "market" and 0 not in distractors and 0 in ids and 0 in gallery["ids"]:
        warn_once("queries of identity 0 are ranked as a person's; if they are Market-1501's, --distractors 0 says so")
    asking = np.where(np.isin(ids, distractors), JUNK, ids.astype(np.int64))
    rules = Table(rule) if rule else BENCHMARKS[protocol]()
    features = comparable(query["features"], gallery["features"])
    first, second = (rules.side(*each) for each in zip(features, ({**query, "ids": asking}, gallery)))

    def distance(query: Tensor, gallery: Tensor) -> Tensor:
        return pairwise_distance(query, gallery, metric)

    return rules.evaluate(first, second, distance, ranks)
