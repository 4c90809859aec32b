"""Distances between every query and every gallery feature."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.evaluation.euclidean import euclidean

METRICS = ("cosine", "euclidean")
Features = Tensor | np.ndarray


_DIRECTED = 0.5**0.5 * 1e-12  # features that are not longer have no direction


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Compute matrix products of float32 in float32: neither in TF32 or bfloat16, nor under autocast."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def _cosine(query: Tensor, gallery: Tensor) -> Tensor:
    """Compute 1 - cos as half the squared distance of vectors of length one, exact even if all are nearly parallel."""
    distance = euclidean(query, gallery, squared=True, unit=True).div_(2)  # (Nq, Ng)
    distance[torch.linalg.vector_norm(query, dim=1) < _DIRECTED] = 1
    distance[:, torch.linalg.vector_norm(gallery, dim=1) < _DIRECTED] = 1
    return distance


def _check(query: Tensor, gallery: Tensor, metric: str) -> None:
    require_choice("metric", metric, METRICS)
    shapes = f"query {tuple(query.shape)} and gallery {tuple(gallery.shape)}"
    if query.ndim != 2 or gallery.ndim != 2 or query.shape[1] != gallery.shape[1]:
        raise InputError(f"features must be (Nq, D) and (Ng, D) of one D, got {shapes}")
    if query.dtype != gallery.dtype or not query.is_floating_point():
        raise InputError(
            f"features must have one floating-point dtype, got query {query.dtype} and gallery {gallery.dtype}"
        )


@torch.no_grad()
def pairwise_distance(query: Features, gallery: Features, metric: str = "cosine") -> Tensor:
    """Compute the distance of every query to every gallery feature, without gradient.

    The error relative to the distance is below 5e-5 in float32, however long the features are against their distances:
    see :func:`~fastreid_mm.evaluation.euclidean.euclidean`.

    Args:
        query: (Nq, D) features, a tensor or an array.
        gallery: (Ng, D) features of the same dtype.
        metric: ``"cosine"`` is 1 - cos, in [0, 2]; ``"euclidean"`` is the distance itself, not its square.

    Returns:
        (Nq, Ng) distances. float64 stays float64; half precision is computed, and returned, in float32.

    Raises:
        InputError: unknown metric, features that are not two-dimensional or not floating-point, or different D or
            dtype.

    Examples:
        >>> pairwise_distance(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), "euclidean")
        tensor([[5.]])
    """
    query, gallery = torch.as_tensor(query), torch.as_tensor(gallery)
    _check(query, gallery, metric)
    if query.dtype in (torch.float16, torch.bfloat16):
        query, gallery = query.float(), gallery.float()
    with full_precision(query.device):
        return euclidean(query, gallery) if metric == "euclidean" else _cosine(query, gallery)
