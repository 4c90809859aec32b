"""Distances for query-adaptive retrieval, where each query modulates the gallery (CMT, section 3.3)."""

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.evaluation.distances import Features, full_precision
from fastreid_mm.layers.modulated_distance import modulated_cosine, modulated_euclidean

_DISTANCES = {"cosine": modulated_cosine, "euclidean": modulated_euclidean}


@torch.no_grad()
def query_adaptive_distance(
    query: Features, gallery: Features, scale: Features, shift: Features, metric: str = "cosine"
) -> Tensor:
    """Compute the distance of each query to every gallery feature as modulated by it, ``y * scale + shift`` (eq. 13).

    The distances are exact, and take two matrix products (euclidean) or three (cosine) instead of a modulated gallery
    for every query; queries are processed in chunks, so that memory stays near that of inputs and result. See
    :mod:`fastreid_mm.layers.modulated_distance`. The query itself is not modulated.

    Args:
        query: (Nq, p, d), p parts of d channels, a tensor or an array like the other arguments.
        gallery: (Ng, p, d).
        scale: (Nq, d), the scale of each query, the same for all parts.
        shift: (Nq, d), the shift of each query.
        metric: distance between vectors of all parts; ``"cosine"`` is 1 - cos, ``"euclidean"`` is not squared.

    Returns:
        (Nq, Ng) distances, without gradient. float64 stays float64; half precision is computed, and returned, in
        float32.

    Raises:
        InputError: unknown metric, or shapes or dtypes that do not go together.

    Examples:
        >>> one = torch.ones(1, 1, 2)
        >>> query_adaptive_distance(one, one, torch.full((1, 2), 2.0), torch.zeros(1, 2), "euclidean")
        tensor([[1.4142]])
    """
    query, gallery, scale, shift = map(torch.as_tensor, (query, gallery, scale, shift))
    _check(query, gallery, scale, shift, metric)
    if query.dtype in (torch.float16, torch.bfloat16):
        query, gallery, scale, shift = query.float(), gallery.float(), scale.float(), shift.float()
    with full_precision(query.device):
        return _DISTANCES[metric](query, gallery, scale, shift)


def _check(query: Tensor, gallery: Tensor, scale: Tensor, shift: Tensor, metric: str) -> None:
    require_choice("metric", metric, _DISTANCES)
    if query.ndim != 3 or gallery.ndim != 3 or query.shape[1:] != gallery.shape[1:]:
        raise InputError(
            f"features must be (Nq, p, d) and (Ng, p, d) of one p and d, got query {tuple(query.shape)} "
            f"and gallery {tuple(gallery.shape)}"
        )
    expected = (query.shape[0], query.shape[2])
    for name, value in (("scale", scale), ("shift", shift)):
        if tuple(value.shape) != expected:
            raise InputError(f"{name} must be {expected}, (Nq, d), got {tuple(value.shape)}")
    dtypes = {tensor.dtype for tensor in (query, gallery, scale, shift)}
    if len(dtypes) > 1:
        raise InputError(f"features, scale and shift must have one dtype, got {', '.join(sorted(map(str, dtypes)))}")
