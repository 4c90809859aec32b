"""Euclidean distances as a matrix product, exact within rounding.

The sum |x|^2 + |y|^2 - 2 x y cancels: if features are long and their distances short, no digits are left. So a mean of
the gallery is subtracted from both sides, which changes no distance. Distances that are still short against the
features, as between near duplicates or in a gallery of several far groups, are computed again: pairs by their
differences if they are few, or else all of them in float64.
"""

import torch
from torch import Tensor

_BLOCK = 1 << 22  # distances, or values of features, computed at a time
_ROWS = 64  # fewest queries for which the product is fast
_FEW = 256  # a pair by its difference takes as long as so many pairs by a product in float64
_SAMPLE = 256  # features that are averaged: their mean is near enough to the mean of all
_NEAR, _NEAR_64 = 2.0**-6, 2.0**-26  # below these shares of |x|^2 + |y|^2 a square has too few digits left
_NEAR_TWICE = 2.0**-34  # the same for float64 that is converted to float32
_SMALLEST, _LARGEST = 1e-30, 1e30  # range of squares within float32


def euclidean(query: Tensor, gallery: Tensor, squared: bool = False) -> Tensor:
    """Compute the distance of every query to every gallery feature.

    The error relative to the distance is below 5e-5 in float32, most often 5e-7, and 1e-7 in float64, whatever the
    length of the features. Memory beside the result is a copy of the features, and some blocks.

    Args:
        query: (Nq, D), float32 or float64.
        gallery: (Ng, D) of the same type.
        squared: whether to return the squares of the distances.

    Returns:
        (Nq, Ng) of that type; NaN where a feature is.

    Examples:
        >>> euclidean(torch.tensor([[1e4, 1.0]]), torch.tensor([[1e4, 3.0], [1e4, 1.5]]))
        tensor([[2.0000, 0.5000]])
    """
    distance = query.new_empty(len(query), len(gallery))
    if not distance.numel():
        return distance
    center = _center(gallery)
    centred = gallery - center
    lengths, start = _squares(centred), 0
    for part in query.split(max(_ROWS, _BLOCK // len(gallery))):
        if not _fill(distance[start : start + len(part)], part, gallery, part - center, centred, lengths):
            _fill_in_float64(distance[start:], query[start:], gallery, center, squared)
            return distance
        start += len(part)
    return distance if squared else distance.sqrt_()


def _center(gallery: Tensor) -> Tensor:
    """Average some features, (D,), relative to the first, so that the mean of equal features is exact."""
    sample = gallery[:: -(-len(gallery) // _SAMPLE)]
    first = _finite(sample[0])
    return first + _finite((sample - first).mean(0))


def _finite(values: Tensor) -> Tensor:
    return values.where(values.isfinite(), 0)


def _squares(features: Tensor) -> Tensor:
    """Compute the squared lengths (N,) of features (N, D)."""
    return torch.linalg.vector_norm(features, dim=1).square_()


def _fill(
    squares: Tensor,
    query: Tensor,
    gallery: Tensor,
    centred_query: Tensor,
    centred_gallery: Tensor,
    gallery_lengths: Tensor,
) -> bool:
    """Write the squared distances of some queries; return False if float32 has too few digits for many of them.

    Args:
        squares: (n, Ng), written to.
        query: (n, D).
        gallery: (Ng, D).
        centred_query: (n, D), the queries minus the centre.
        centred_gallery: (Ng, D), the gallery minus the centre.
        gallery_lengths: (Ng,) squared lengths of the centred gallery.
    """
    query_lengths, single = _squares(centred_query), squares.dtype == torch.float32
    most = query_lengths.max() + gallery_lengths.max()
    if single and not _SMALLEST < most < _LARGEST:
        return False
    torch.addmm(
        torch.add(query_lengths[:, None], gallery_lengths, out=squares),
        centred_query,
        centred_gallery.T,
        alpha=-2,
        out=squares,
    )
    share, least = (_NEAR, _SMALLEST) if single else (_NEAR_TWICE if query.dtype == torch.float32 else _NEAR_64, 0)
    lost = torch.nonzero(squares.amin(1) < share * (query_lengths + gallery_lengths.max()) + least).flatten()
    near = squares[lost] < share * (query_lengths[lost, None] + gallery_lengths) + least
    if single and near.count_nonzero() > squares.numel() // _FEW:
        return False
    for pairs in torch.nonzero(near).split(max(1, _BLOCK // max(1, query.shape[1]))):
        rows, columns = lost[pairs[:, 0]], pairs[:, 1]
        squares[rows, columns] = _squares(query[rows].to(squares) - gallery[columns].to(squares))
    return True


def _fill_in_float64(distance: Tensor, query: Tensor, gallery: Tensor, center: Tensor, squared: bool) -> None:
    """Write (n, Ng) distances or squares of float32 features, computed in float64."""
    center, start = center.double(), 0
    centred_query = query - center
    for part in gallery.split(max(_ROWS, _BLOCK // max(gallery.shape[1], len(query)))):
        block = centred_query.new_empty(len(query), len(part))
        centred_gallery = part - center
        _fill(block, query, part, centred_query, centred_gallery, _squares(centred_gallery))
        distance[:, start : start + len(part)] = block if squared else block.sqrt_()
        start += len(part)
